// The inner problem of one layout as a layered graph: a state is how many units of layers lie in the
// first s stages, an option of stage s is an edge from one state to the next (stage options and prefix
// states). A plan is a path from (0, 0) to (pp, all units), its cost is that of
// StageModel.h, without the layout's noise.
#ifndef SIGMA_PLANNER_SEARCH_OPTIONGRAPH_H
#define SIGMA_PLANNER_SEARCH_OPTIONGRAPH_H

#include "planner/search/StageModel.h"

#include <optional>
#include <vector>

namespace sigma::planner {

struct StageOption {
  int64_t first, count;
  int64_t timeNs, tailNs;
  // Presolve: F(first) + time - F(end) with F the shortest path from the start. Not negative, and
  // along a path these add up to the path's time less the shortest one's.
  int64_t reducedNs = 0;

  int64_t end() const { return first + count; }
};

// Units of each stage, and what they cost.
struct Split {
  std::vector<int64_t> counts;
  int64_t costNs = 0; // without the layout's constant
};

struct OptionGraph {
  int64_t numUnits = 0;
  StepWeights weights;
  std::vector<std::vector<StageOption>> stages;
  // Presolve: least of max t, sum t and max tail over all paths.
  int64_t leastSlowestNs = 0, leastSumNs = 0, leastTailNs = 0;

  bool empty() const;
  size_t numOptions() const;
  // No path is cheaper.
  int64_t lowerBoundNs() const;
  int64_t costNs(const std::vector<const StageOption *> &path) const;
};

// All options that fit the memory, can be reached from the first layer, and whose own bound does
// not exceed `limitNs`. Empty if there are too many to hold.
std::optional<OptionGraph> buildOptions(const StageModel &model, int64_t limitNs);

// Removes every option that lies on no path of cost <= limitNs, as far as bounds tell: an option o
// from state a to b is dropped when the step of max(leastSlowest, t_o), F(a) + t_o + B(b) and
// max(leastTail, tail_o) costs more than limitNs, F and B being shortest-path potentials. They are the optimal
// Lagrange multipliers of the flow constraints, so this is reduced-cost fixing, and each removal is
// one line of integer arithmetic. Repeats until nothing changes.
void presolve(OptionGraph &graph, int64_t limitNs);

// A good path: for rising limits on t, the shortest path under the limit. Empty if the graph
// has no path.
std::optional<Split> shortestSplit(const OptionGraph &graph);

// The split with the least slowest stage: an incumbent before any table is built, and its slowest
// stage is a bound for all. Empty if and only if no split fits the memory.
struct BottleneckSplit {
  Split split;
  int64_t slowestNs;
};
std::optional<BottleneckSplit> bottleneckSplit(const StageModel &model);

} // namespace sigma::planner

#endif
