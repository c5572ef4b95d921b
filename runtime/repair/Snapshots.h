// Copies of a rank's state in memory: its own, and one of another rank, its ward, whose state would
// be lost with it. Two generations of each, so that there is always one that all ranks have whole.
// (The buddies of Zheng, Shi, Kale, FTC-Charm++, 2004.)
#ifndef SIGMA_RUNTIME_REPAIR_SNAPSHOTS_H
#define SIGMA_RUNTIME_REPAIR_SNAPSHOTS_H

#include "runtime/Arena.h"
#include "runtime/comm/Mesh.h"
#include "runtime/repair/Control.h"

#include <mpi.h>

#include <cstdint>
#include <vector>

namespace sigma::runtime {

class Snapshots {
public:
  /// What this process has kept whole of earlier epochs. What came from a rank that died meanwhile
  /// need not be: reading a dead process's memory fails, and the message counts as received.
  Kept kept();

  /// Collective: every rank learns how much it keeps of its ward.
  void begin(sigma_rt rt, int copyDistance);
  /// Collective: brings the state of a step back, and to ranks that do not have it.
  void restore(sigma_rt rt, const Restart &restart);
  /// Older ones are of another past.
  void forget();
  /// Starts to copy the state after `step` steps, and waits for nobody.
  void take(sigma_rt rt, int64_t step);
  /// Waits until copies are where they belong.
  void finish(sigma_rt rt);

  /// Whether the ward's copy of the last snapshot is here, and the own one there.
  bool arrived();
  /// All ranks say so: the older generation may be written over.
  void allArrived(bool all) { isSafe = all; }
  /// Whether one may be taken after `step` steps, at intervals of so many.
  bool isDue(int64_t step, int64_t interval) const { return isSafe && step >= last + interval; }

  /// Forgets what was on its way; the memory is where no late message can reach it.
  void abandon();

private:
  struct Copy {
    int64_t step = -1; // -1: not whole
    Arena memory;
  };
  struct Piece {
    int64_t offset, bytes; // in the arena
  };

  static bool isWhole(const Copy &copy);
  Copy *find(Copy (&copies)[2], int64_t step);
  /// That which a copy of `step` may be written over.
  Copy &placeFor(Copy (&copies)[2], int64_t step);

  std::vector<Piece> pieces;
  Copy own[2], ward[2];
  Copy *arriving = nullptr;
  std::vector<MPI_Request> requests;
  Group ring;     // the world
  int guard = -1; // the rank that keeps this one's copy; -1: none does
  int warded = -1;
  int64_t last = -1;
  int64_t taking = -1;
  bool isSafe = false;
};

} // namespace sigma::runtime

#endif
