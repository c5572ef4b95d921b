// The exchange of a context group: shares of the sequence for shares of the columns, and back. What
// lies apart in memory is described to MPI, so nothing is packed.
#include "runtime/Runtime.h"
#include "runtime/comm/Datatype.h"
#include "runtime/health/Fault.h"

#include <climits>

using namespace sigma::runtime;

namespace {

/// One message of one type to, or from, each rank; `apart` bytes lie between their beginnings.
struct Side {
  Side(const Group &group, const Datatype &type, int64_t apart)
      : counts(group.size, 1), begins(group.size), types(group.size, type.get()) {
    if (apart > INT_MAX / group.size)
      throw std::logic_error("an exchange of " + std::to_string(apart * group.size) +
                             " bytes is more than MPI can count");
    for (int rank = 0; rank < group.size; ++rank)
      begins[rank] = int(rank * apart);
  }
  std::vector<int> counts, begins;
  std::vector<MPI_Datatype> types;
};

/// How one sequence lies on both sides.
struct Exchange {
  Exchange(const Group &group, int64_t elem, int64_t rows, int64_t width)
      : bytes(rows * width * elemBytes(elem)),
        columnsOfShare(columnsType(elem, rows, width / group.size, width)),
        rowsOfWhole(columnsType(elem, rows, width / group.size, width / group.size)),
        share(group, columnsOfShare, width / group.size * elemBytes(elem)),
        whole(group, rowsOfWhole, bytes / group.size) {}

  int64_t bytes; // of a sequence, on either side
  Datatype columnsOfShare, rowsOfWhole;
  Side share, whole;
};

void exchange(sigma_rt rt, const void *from, const Side &sent, void *to, const Side &received) {
  MPI_Request request;
  checkMpi(MPI_Ialltoallw(from, sent.counts.data(), sent.begins.data(), sent.types.data(), to,
                          received.counts.data(), received.begins.data(), received.types.data(),
                          rt->mesh.context.comm, &request),
           "MPI_Ialltoallw");
  waitFor(rt, request);
}

/// The same of each of `blocks` sequences, from one of their sides to the other.
void exchangeBlocks(sigma_rt rt, const Exchange &each, int64_t blocks, void *from, const Side &sent,
                    void *to, const Side &received) {
  for (int64_t at = 0; at < blocks * each.bytes; at += each.bytes)
    exchange(rt, static_cast<char *>(from) + at, sent, static_cast<char *>(to) + at, received);
}

} // namespace

void sigma_gather_sequence(sigma_rt rt, sigma_i64 elem, sigma_ptr share, sigma_ptr whole,
                           sigma_i64 rows, sigma_i64 width, sigma_i64 blocks) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::Context);
    const Exchange each(rt->mesh.context, elem, rows / blocks, width);
    exchangeBlocks(rt, each, blocks, share, each.share, whole, each.whole);
  });
}

void sigma_split_sequence(sigma_rt rt, sigma_i64 elem, sigma_ptr whole, sigma_ptr share,
                          sigma_i64 rows, sigma_i64 width, sigma_i64 blocks) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::Context);
    const Exchange each(rt->mesh.context, elem, rows / blocks, width);
    exchangeBlocks(rt, each, blocks, whole, each.whole, share, each.share);
  });
}
