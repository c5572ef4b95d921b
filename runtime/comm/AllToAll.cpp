// Dropless dispatch of tokens to the ranks of their experts, and back.
#include "runtime/comm/RowCalls.h"

#include <cstring>
#include <numeric>

using namespace sigma::runtime;

void sigma_exchange_sizes(sigma_rt rt, sigma_ptr sizes, sigma_ptr table, sigma_ptr localSizes,
                          sigma_i64 experts, sigma_i64 capacity) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::Exchange);
    const Group &group = rt->mesh.expert;
    const int64_t local = experts / group.size;
    int32_t *received = static_cast<int32_t *>(table), *own = static_cast<int32_t *>(localSizes);
    if (group.size == 1) {
      std::memcpy(received, sizes, experts * sizeof(int32_t));
    } else {
      const Parts each = Parts::equal(group.size, local);
      exchangeParts(rt, group, sizes, each, received, each, MPI_INT32_T);
    }
    int64_t rows = 0;
    for (int64_t e = 0; e < local; ++e) {
      own[e] = 0;
      for (int source = 0; source < group.size; ++source)
        own[e] += received[source * local + e];
      rows += own[e];
    }
    if (rows > capacity)
      throw FaultError("capacity",
                       "the router sent " + std::to_string(rows) +
                           " rows to the experts of this rank, and the plan has "
                           "memory for " +
                           std::to_string(capacity) +
                           "; raise the spec's routing imbalance margin, use a "
                           "smaller micro-batch, or a larger balance loss, and build again",
                       SIGMA_EXIT_FAULT);
  });
}

namespace {

/// Rows per peer, which follow each other, or begin where `begins` says.
Parts partsOf(const int32_t *sizes, int peers, int64_t experts, const int32_t *begins = nullptr) {
  List<int> rows;
  for (int peer = 0; peer < peers; ++peer)
    rows.push_back(std::accumulate(sizes + peer * experts, sizes + (peer + 1) * experts, 0));
  return begins ? Parts(rows, List<int>(begins, begins + peers)) : Parts(rows);
}

/// `rows` to `out`; see sigma_all_to_all.
RowExchange exchangeRows(sigma_rt rt, int64_t elem, sigma_ptr rows, sigma_ptr sizes,
                         sigma_ptr begins, sigma_ptr table, sigma_ptr out, int64_t experts,
                         int64_t width, int64_t direction, sigma_ptr workspace,
                         int64_t workspaceBytes) {
  const Group &group = rt->mesh.expert;
  const int64_t local = experts / group.size, rowBytes = width * elemBytes(elem);
  const int32_t *arrivalTable = static_cast<int32_t *>(table);
  Parts away = partsOf(static_cast<int32_t *>(sizes), group.size, local,
                       static_cast<int32_t *>(begins)),
        here = partsOf(arrivalTable, group.size, local);
  RowExchange exchange(rt, group, SpanKind::Exchange, elem, width);
  if (group.size == 1) { // both orders are the same
    std::memcpy(out, rows, here.total() * rowBytes);
    return exchange;
  }
  if (here.total() * rowBytes > workspaceBytes)
    throw std::logic_error("all_to_all: the workspace is smaller than the rows that arrive");
  if (direction == 0) {
    exchange.copy(rows, std::move(away), workspace, here);
    exchange.atEnd({arrivalTable, std::move(here), local, rowBytes, static_cast<char *>(workspace),
                    static_cast<char *>(out), RowOrder::Way::ToExperts});
  } else {
    RowOrder{arrivalTable,
             here,
             local,
             rowBytes,
             static_cast<char *>(rows),
             static_cast<char *>(workspace),
             RowOrder::Way::ToRanks}
        .apply();
    exchange.copy(workspace, std::move(here), out, std::move(away));
  }
  return exchange;
}

} // namespace

void sigma_all_to_all(sigma_rt rt, sigma_i64 elem, sigma_ptr rows, sigma_ptr sizes,
                      sigma_ptr begins, sigma_ptr table, sigma_ptr out, sigma_i64 experts,
                      sigma_i64 width, sigma_i64 direction, sigma_ptr workspace,
                      sigma_i64 workspaceBytes) {
  runRows(rt, SpanKind::Exchange, [&] {
    return exchangeRows(rt, elem, rows, sizes, begins, table, out, experts, width, direction,
                        workspace, workspaceBytes);
  });
}

void sigma_start_all_to_all(sigma_rt rt, sigma_i64 elem, sigma_ptr rows, sigma_ptr sizes,
                            sigma_ptr begins, sigma_ptr table, sigma_ptr out, sigma_i64 experts,
                            sigma_i64 width, sigma_i64 direction, sigma_ptr workspace,
                            sigma_i64 workspaceBytes) {
  startRows(rt, SpanKind::Exchange, out, [&] {
    return exchangeRows(rt, elem, rows, sizes, begins, table, out, experts, width, direction,
                        workspace, workspaceBytes);
  });
}
