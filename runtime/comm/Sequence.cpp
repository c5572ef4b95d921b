// The exchange of a context group: shares of the sequence for shares of the columns, and back. What
// lies apart in memory is described to MPI, so nothing is packed.
#include "runtime/Runtime.h"
#include "runtime/comm/Exchange.h"
#include "runtime/health/Fault.h"

using namespace sigma::runtime;

namespace {

/// One message of one type to, or from, each rank; `apart` bytes lie between their beginnings.
struct Side {
  MPI_Datatype type;
  int64_t apart;
};

/// How one sequence lies on both sides.
struct Shares {
  Shares(sigma_rt rt, int64_t elem, int64_t rows, int64_t width)
      : bytes(rows * width * elemBytes(elem)) {
    const int64_t ranks = rt->mesh.context.size, columns = width / ranks;
    share = {rt->datatypes.columns(elem, rows, columns, width), columns * elemBytes(elem)};
    whole = {rt->datatypes.columns(elem, rows, columns, columns), bytes / ranks};
  }

  int64_t bytes; // of a sequence, on either side
  Side share, whole;
};

/// Each of `blocks` sequences, from one of their sides to the other.
void exchangeBlocks(sigma_rt rt, const Shares &each, int64_t blocks, void *from, const Side &sent,
                    void *to, const Side &received) {
  const Group &group = rt->mesh.context;
  for (int64_t at = 0; at < blocks * each.bytes; at += each.bytes) {
    Exchange exchange(rt, group);
    for (int rank = 0; rank < group.size; ++rank)
      exchange.receive(rank, static_cast<char *>(to) + at + rank * received.apart, 1,
                       received.type);
    for (int rank = 0; rank < group.size; ++rank)
      exchange.send(rank, static_cast<char *>(from) + at + rank * sent.apart, 1, sent.type);
    exchange.wait();
  }
}

} // namespace

void sigma_gather_sequence(sigma_rt rt, sigma_i64 elem, sigma_ptr share, sigma_ptr whole,
                           sigma_i64 rows, sigma_i64 width, sigma_i64 blocks) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::Context);
    const Shares each(rt, elem, rows / blocks, width);
    exchangeBlocks(rt, each, blocks, share, each.share, whole, each.whole);
  });
}

void sigma_split_sequence(sigma_rt rt, sigma_i64 elem, sigma_ptr whole, sigma_ptr share,
                          sigma_i64 rows, sigma_i64 width, sigma_i64 blocks) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::Context);
    const Shares each(rt, elem, rows / blocks, width);
    exchangeBlocks(rt, each, blocks, whole, each.whole, share, each.share);
  });
}
