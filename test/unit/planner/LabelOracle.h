// The optimum of larger instances: a dynamic program over (stage, units placed) that keeps every
// Pareto-optimal label (busiest stage, sum of fill times, largest tail), over stages whose remat
// modes come from another one that keeps every Pareto-optimal (time, saved bytes, transient bytes).
// Exact, and different from the search's thresholds and potentials.
#ifndef SIGMA_TEST_PLANNER_LABELORACLE_H
#define SIGMA_TEST_PLANNER_LABELORACLE_H

#include "Exhaustive.h"
#include "planner/search/OptionGraph.h"

namespace sigma::planner::test {

// One of the fastest plans of the space; it has no stages.
std::optional<OraclePlan> labelOracle(Instance &instance);

// The optimum of one layout.
std::optional<int64_t> labelOracle(Instance &instance, const Layout &layout);

// The cost of the cheapest path through a table of options.
std::optional<int64_t> cheapestPath(const OptionGraph &graph);

} // namespace sigma::planner::test

#endif
