// The optimum of larger instances: a dynamic program over (stage, units placed) that keeps every
// Pareto-optimal label (slowest stage, sum of stages, largest tail), over stages whose remat modes
// come from another one that keeps every Pareto-optimal (time, saved bytes, transient bytes).
// Exact, and different from the search's thresholds and potentials.
#ifndef SIGMA_TEST_PLANNER_LABELORACLE_H
#define SIGMA_TEST_PLANNER_LABELORACLE_H

#include "Exhaustive.h"

namespace sigma::planner::test {

// One of the fastest plans of the space; it has no stages.
std::optional<OraclePlan> labelOracle(Instance &instance);

} // namespace sigma::planner::test

#endif
