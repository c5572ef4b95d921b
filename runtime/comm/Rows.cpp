// Rows of the ranks of a group, gathered, or summed and scattered: of the tokens that a tensor
// group shares, and of those that the ranks of an expert tensor group have for each expert.
#include "runtime/comm/RowCalls.h"

#include <algorithm>

using namespace sigma::runtime;

namespace {

/// f(parts, where the whole begins, where the rank's own part does) of each block: every rank has
/// as many rows of it.
template <class F>
void eachBlock(const Group &group, int64_t rows, int64_t blocks, F f) {
  const Parts parts = Parts::equal(group.size, rows / blocks);
  for (int64_t block = 0; block < blocks; ++block)
    f(parts, block * parts.total(), block * parts.counts[0]);
}

/// The same of each expert, by the table of its rows on each rank.
template <class F>
void eachExpert(const Group &group, const int32_t *table, int64_t experts, F f) {
  int64_t whole = 0, own = 0;
  for (int64_t expert = 0; expert < experts; ++expert) {
    List<int> rows;
    for (int rank = 0; rank < group.size; ++rank)
      rows.push_back(table[rank * experts + expert]);
    const Parts parts(rows);
    f(parts, whole, own);
    whole += parts.total();
    own += rows[group.index];
  }
}

/// A rank's own rows, for every rank.
Parts ownForAll(const Group &group, const Parts &parts) {
  return Parts(List<int>(group.size, parts.counts[group.index]), List<int>(group.size, 0));
}

/// Rows of matrices that begin at `part` and `whole`.
class Rows {
public:
  Rows(sigma_rt rt, const Group &group, int64_t elem, int64_t width, sigma_ptr part,
       sigma_ptr whole)
      : exchange(rt, group, SpanKind::Tensor, elem, width), group(group),
        rowBytes(width * elemBytes(elem)), part(static_cast<char *>(part)),
        whole(static_cast<char *>(whole)) {}

  auto gather() {
    return [this](const Parts &parts, int64_t at, int64_t own) {
      exchange.copy(part + own * rowBytes, ownForAll(group, parts), whole + at * rowBytes, parts);
    };
  }
  auto scatter(sigma_ptr workspace, int64_t workspaceBytes) {
    exchange.setWorkspace(workspace, workspaceBytes);
    return [this](const Parts &parts, int64_t at, int64_t own) {
      exchange.sum(whole + at * rowBytes, parts, part + own * rowBytes);
    };
  }

  RowExchange exchange;

private:
  const Group &group;
  int64_t rowBytes;
  char *part, *whole;
};

RowExchange gatherRows(sigma_rt rt, int64_t elem, sigma_ptr part, sigma_ptr whole, int64_t rows,
                       int64_t width, int64_t blocks, int64_t groupCode) {
  const Group &group = rt->mesh.group(groupCode);
  Rows all(rt, group, elem, width, part, whole);
  eachBlock(group, rows, blocks, all.gather());
  return std::move(all.exchange);
}

RowExchange scatterRows(sigma_rt rt, int64_t elem, sigma_ptr whole, sigma_ptr part, int64_t rows,
                        int64_t width, int64_t blocks, int64_t groupCode, sigma_ptr workspace,
                        int64_t workspaceBytes) {
  const Group &group = rt->mesh.group(groupCode);
  Rows all(rt, group, elem, width, part, whole);
  eachBlock(group, rows, blocks, all.scatter(workspace, workspaceBytes));
  return std::move(all.exchange);
}

RowExchange gatherExpertRows(sigma_rt rt, int64_t elem, sigma_ptr rows, sigma_ptr table,
                             sigma_ptr out, int64_t experts, int64_t width) {
  const Group &group = rt->mesh.expertTensor;
  Rows all(rt, group, elem, width, rows, out);
  eachExpert(group, static_cast<int32_t *>(table), experts, all.gather());
  return std::move(all.exchange);
}

RowExchange scatterExpertRows(sigma_rt rt, int64_t elem, sigma_ptr rows, sigma_ptr table,
                              sigma_ptr out, int64_t experts, int64_t width, sigma_ptr workspace,
                              int64_t workspaceBytes) {
  const Group &group = rt->mesh.expertTensor;
  Rows all(rt, group, elem, width, out, rows);
  eachExpert(group, static_cast<int32_t *>(table), experts, all.scatter(workspace, workspaceBytes));
  return std::move(all.exchange);
}

} // namespace

void sigma_all_gather(sigma_rt rt, sigma_i64 elem, sigma_ptr part, sigma_ptr whole, sigma_i64 rows,
                      sigma_i64 width, sigma_i64 blocks, sigma_i64 group) {
  runRows(rt, SpanKind::Tensor,
          [&] { return gatherRows(rt, elem, part, whole, rows, width, blocks, group); });
}

void sigma_start_all_gather(sigma_rt rt, sigma_i64 elem, sigma_ptr part, sigma_ptr whole,
                            sigma_i64 rows, sigma_i64 width, sigma_i64 blocks, sigma_i64 group) {
  startRows(rt, SpanKind::Tensor, whole,
            [&] { return gatherRows(rt, elem, part, whole, rows, width, blocks, group); });
}

void sigma_reduce_scatter(sigma_rt rt, sigma_i64 elem, sigma_ptr whole, sigma_ptr part,
                          sigma_i64 rows, sigma_i64 width, sigma_i64 blocks, sigma_i64 group,
                          sigma_ptr workspace, sigma_i64 workspaceBytes) {
  runRows(rt, SpanKind::Tensor, [&] {
    return scatterRows(rt, elem, whole, part, rows, width, blocks, group, workspace,
                       workspaceBytes);
  });
}

void sigma_start_reduce_scatter(sigma_rt rt, sigma_i64 elem, sigma_ptr whole, sigma_ptr part,
                                sigma_i64 rows, sigma_i64 width, sigma_i64 blocks, sigma_i64 group,
                                sigma_ptr workspace, sigma_i64 workspaceBytes) {
  startRows(rt, SpanKind::Tensor, part, [&] {
    return scatterRows(rt, elem, whole, part, rows, width, blocks, group, workspace,
                       workspaceBytes);
  });
}

void sigma_gather_sizes(sigma_rt rt, sigma_ptr sizes, sigma_ptr table, sigma_ptr allSizes,
                        sigma_i64 experts, sigma_ptr rounds, sigma_ptr mostRounds) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::Tensor);
    const Group &group = rt->mesh.expertTensor;
    const int32_t *own = static_cast<int32_t *>(sizes);
    int32_t *all = static_cast<int32_t *>(table), *sums = static_cast<int32_t *>(allSizes);
    const int64_t each = experts + 1;
    List<int32_t> mine(own, own + experts), whole(group.size * each);
    mine.push_back(rounds ? *static_cast<int32_t *>(rounds) : 1);
    gatherParts(rt, group, mine.data(), whole.data(), Parts::equal(group.size, each), MPI_INT32_T);
    std::fill(sums, sums + experts, 0);
    int32_t most = 1;
    for (int rank = 0; rank < group.size; ++rank) {
      const int32_t *of = whole.data() + rank * each;
      std::copy(of, of + experts, all + rank * experts);
      for (int64_t expert = 0; expert < experts; ++expert)
        sums[expert] += of[expert];
      most = std::max(most, of[experts]);
    }
    if (rounds)
      *static_cast<int32_t *>(mostRounds) = most;
  });
}

void sigma_gather_expert_rows(sigma_rt rt, sigma_i64 elem, sigma_ptr rows, sigma_ptr table,
                              sigma_ptr out, sigma_i64 experts, sigma_i64 width) {
  runRows(rt, SpanKind::Tensor,
          [&] { return gatherExpertRows(rt, elem, rows, table, out, experts, width); });
}

void sigma_start_gather_expert_rows(sigma_rt rt, sigma_i64 elem, sigma_ptr rows, sigma_ptr table,
                                    sigma_ptr out, sigma_i64 experts, sigma_i64 width) {
  startRows(rt, SpanKind::Tensor, out,
            [&] { return gatherExpertRows(rt, elem, rows, table, out, experts, width); });
}

void sigma_scatter_expert_rows(sigma_rt rt, sigma_i64 elem, sigma_ptr rows, sigma_ptr table,
                               sigma_ptr out, sigma_i64 experts, sigma_i64 width,
                               sigma_ptr workspace, sigma_i64 workspaceBytes) {
  runRows(rt, SpanKind::Tensor, [&] {
    return scatterExpertRows(rt, elem, rows, table, out, experts, width, workspace, workspaceBytes);
  });
}

void sigma_start_scatter_expert_rows(sigma_rt rt, sigma_i64 elem, sigma_ptr rows, sigma_ptr table,
                                     sigma_ptr out, sigma_i64 experts, sigma_i64 width,
                                     sigma_ptr workspace, sigma_i64 workspaceBytes) {
  startRows(rt, SpanKind::Tensor, out, [&] {
    return scatterExpertRows(rt, elem, rows, table, out, experts, width, workspace, workspaceBytes);
  });
}
