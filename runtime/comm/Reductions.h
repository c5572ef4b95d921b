// Sums of gradients that go on while the rank computes. There is no thread for them: the program
// and those that wait look at them now and then. Bits are those of Flat.cpp and AllReduce.cpp.
#ifndef SIGMA_RUNTIME_COMM_REDUCTIONS_H
#define SIGMA_RUNTIME_COMM_REDUCTIONS_H

#include "runtime/abi/abi.h"
#include "runtime/comm/Mesh.h"

#include <mpi.h>

#include <cstdint>
#include <deque>
#include <vector>

namespace sigma::runtime {

/// One that was started.
struct Reduction {
  int64_t elem;
  char *flat;
  int64_t n, part; // elements
  const Group *group;
  bool gathers; // the sums of all parts, to all
  char *workspace;
  int64_t workspaceBytes;
  int64_t startNs;
};

/// One after the other, in pieces that fit half of the workspace. Two pieces are on their way:
/// while the sums of one are given back, the next is collected. A piece is summed when it is the
/// older one, so all ranks of a group post their messages in one order.
class Reductions {
public:
  /// Of a micro-batch after which there is more to add, nothing is started.
  void setLast(bool is) { isLast = is; }
  void start(sigma_rt rt, const Reduction &reduction);

  bool isIdle() const { return pieces.empty(); }
  /// Whether there is something to go on with.
  bool hasArrived();
  /// Goes on as far as messages have arrived; waits for nobody.
  void progress(sigma_rt rt);
  void wait(sigma_rt rt);

private:
  enum class Stage { Collect, Gather };
  /// Up to `length` elements of each part, from `offset` on.
  struct Piece {
    Reduction of;
    int64_t offset, length;
    char *collected;
    Stage stage = Stage::Collect;
    std::vector<MPI_Request> requests = {};
  };

  void fill(sigma_rt rt);
  Piece nextPiece();
  static void collect(sigma_rt rt, Piece &piece);
  static void sum(sigma_rt rt, Piece &piece);
  static void gather(sigma_rt rt, Piece &piece);

  bool isLast = false;
  std::deque<Reduction> waiting; // of the first, from `offset` on
  int64_t offset = 0;
  std::deque<Piece> pieces; // on their way
  int half = 0;             // of the workspace, for the next
};

} // namespace sigma::runtime

#endif
