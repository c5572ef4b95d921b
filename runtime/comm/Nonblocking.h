// Collectives that go on while the rank computes: sums of gradients, and gathers of parameters.
// There is no thread for them: the program and those that wait look at them now and then. Bits are
// those of Flat.cpp and AllReduce.cpp.
#ifndef SIGMA_RUNTIME_COMM_NONBLOCKING_H
#define SIGMA_RUNTIME_COMM_NONBLOCKING_H

#include "runtime/List.h"
#include "runtime/Trace.h"
#include "runtime/abi/abi.h"
#include "runtime/comm/Mesh.h"

#include <mpi.h>

#include <cstdint>
#include <deque>

namespace sigma::runtime {

/// One that was started.
struct Started {
  /// Sums replace a rank's part, or all, or are added to its own part.
  enum class What { Sum, SumToAll, SumToOwn, Gather };

  What what;
  int64_t elem;
  char *flat;
  int64_t n, part; // elements
  const Group *group;
  int64_t startNs;
  char *own = nullptr;       // the rank's part, of SumToOwn and Gather
  char *workspace = nullptr; // of sums
  int64_t workspaceBytes = 0;
};

/// One after the other, in pieces: of sums, such as fit half of the workspace. Two pieces are on
/// their way: while the sums of one are given back, the next is collected. A piece is summed when
/// it is the older one, so all ranks of a group post their messages in one order.
class NonblockingCollectives {
public:
  /// Of a micro-batch after which there is more to add, no sum is started.
  void setLast(bool is) { isLast = is; }
  bool isInLast() const { return isLast; }
  void start(sigma_rt rt, const Started &started);

  bool isIdle() const { return pieces.empty(); }
  SpanKind kind() const;
  /// Whether there is something to go on with.
  bool hasArrived();
  /// Goes on as far as messages have arrived; waits for nobody.
  void progress(sigma_rt rt);
  void waitForAll(sigma_rt rt);
  /// For what goes to `flat`.
  void waitFor(sigma_rt rt, const void *flat);

private:
  enum class Stage { Collect, Gather };
  /// Up to `length` elements of each part, from `offset` on.
  struct Piece {
    Started of;
    int64_t offset, length;
    char *collected;
    Stage stage;
    List<MPI_Request> requests = {};
  };

  void fill(sigma_rt rt);
  Piece nextPiece();
  Piece nextSum();
  Piece nextGather() const;
  static void post(sigma_rt rt, Piece &piece);
  static void collect(sigma_rt rt, Piece &piece);
  static void sum(sigma_rt rt, Piece &piece);
  static void gather(sigma_rt rt, Piece &piece);
  bool isPending(const void *flat) const;

  bool isLast = false;
  std::deque<Started, ListAllocator<Started>> waiting; // of the first, from `offset` on
  int64_t offset = 0;
  std::deque<Piece, ListAllocator<Piece>> pieces; // on their way
  int half = 0;                                   // of the workspace, for the next
};

} // namespace sigma::runtime

#endif
