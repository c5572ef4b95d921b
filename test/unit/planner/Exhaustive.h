// The optimum by trying everything: every layout, every split, every choice of remat modes.
//
// Of layers of one kind in a stage it only matters how many have which mode, and the stages of a
// split choose apart: the step never gets shorter when a stage gets slower.
#ifndef SIGMA_TEST_PLANNER_EXHAUSTIVE_H
#define SIGMA_TEST_PLANNER_EXHAUSTIVE_H

#include "Instances.h"

#include <optional>

namespace sigma::planner::test {

struct OraclePlan {
  Plan plan; // the decisions, without figures
  int64_t objectiveNs = 0;
};

// One of the fastest plans of each layout that has one.
std::vector<OraclePlan> exhaustiveByLayout(Instance &instance);

// One of the fastest plans of the space.
std::optional<OraclePlan> exhaustive(Instance &instance);

bool isFeasible(Instance instance);

} // namespace sigma::planner::test

#endif
