// The optimum of larger instances: a dynamic program over (stage, layers placed) that keeps every
// Pareto-optimal label (slowest stage, sum of stages, largest tail). Exact, and different from the
// search's thresholds and potentials.
#ifndef SIGMA_TEST_PLANNER_LABELORACLE_H
#define SIGMA_TEST_PLANNER_LABELORACLE_H

#include "Exhaustive.h"

namespace sigma::planner::test {

struct OraclePlan {
  Layout layout;
  int64_t objectiveNs;
};

// The first layout in canonical order among the fastest.
std::optional<OraclePlan> labelOracle(Instance &instance);

} // namespace sigma::planner::test

#endif
