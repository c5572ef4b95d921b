// The step in the order of its schedule: every stage does one slot after the other, each as soon as
// what it needs has come.
#ifndef SIGMA_PLANNER_CHECK_CHECKORDER_H
#define SIGMA_PLANNER_CHECK_CHECKORDER_H

#include "planner/Layout.h"
#include "planner/check/Wide.h"

#include <vector>

namespace sigma::planner {

// One micro-batch of a chunk.
struct ChunkTimes {
  struct Direction {
    Wide workNs = 0, receiveNs = 0; // received: from another stage
    Wide pairedNs = 0;              // of the work, less beside the other direction
  };
  Direction forward, backward;
  Wide weightsNs = 0; // of backward, where it is split
};

// When each stage has done its last slot; `stages`: the times of their chunks.
std::vector<Wide> stageEndsNs(const Layout &layout,
                              const std::vector<std::vector<ChunkTimes>> &stages);

} // namespace sigma::planner

#endif
