// The order in which a pipeline stage works on the micro-batches of a step.
#ifndef SIGMA_PLANNER_SIMULATE_SCHEDULE_H
#define SIGMA_PLANNER_SIMULATE_SCHEDULE_H

#include <cstdint>
#include <vector>

namespace sigma::planner {

enum class Direction { Forward, Backward };

struct Slot {
  Direction direction;
  int64_t microBatch;
};

// 1F1B (PipeDream-Flush, Narayanan et al. 2021): as many forwards as stages follow, then one
// forward and one backward in turn, then the backwards that are left.
std::vector<Slot> oneForwardOneBackward(int64_t stage, int64_t numStages, int64_t numMicroBatches);

} // namespace sigma::planner

#endif
