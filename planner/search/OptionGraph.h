// The inner problem of one layout as a layered graph: a state is how many units of layers lie in
// the first s stages, an option of stage s is an edge from one state to the next (stage options and
// prefix states). A plan is a path from (0, 0) to (pp, all units), its cost is that of
// StageModel.h, without the layout's noise.
#ifndef SIGMA_PLANNER_SEARCH_OPTIONGRAPH_H
#define SIGMA_PLANNER_SEARCH_OPTIONGRAPH_H

#include "planner/search/StageModel.h"

#include <optional>
#include <vector>

namespace sigma::planner {

struct StageOption {
  int64_t first, count;
  StageTimes times;
  // Presolve: F(first) + fill - F(end) with F the shortest path from the start. Not negative, and
  // along a path these add up to the path's fill less the shortest one's.
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
  std::vector<std::vector<StageOption>> stages;
  // Presolve: least of max steady, sum fill and max tail over all paths.
  int64_t leastSteadyNs = 0, leastFillNs = 0, leastTailNs = 0;

  bool empty() const;
  size_t numOptions() const;
  // No path is cheaper.
  int64_t lowerBoundNs() const;
};

// One option of each stage.
using OptionPath = std::vector<const StageOption *>;
int64_t costNs(const OptionPath &path);

// All options that fit the memory, can be reached from the first layer, and whose own bound does
// not exceed `limitNs`. Empty if there are too many to hold.
// `least`: no path has less of any of the terms.
std::optional<OptionGraph> buildOptions(const StageModel &model, const StageTimes &least,
                                        int64_t limitNs);

// Removes every option that lies on no path of cost <= limitNs, as far as bounds tell: an option o
// from state a to b is dropped when max(leastSteady, steady_o) + F(a) + fill_o + B(b) +
// max(leastTail, tail_o) > limitNs, F and B being shortest-path potentials. They are the optimal
// Lagrange multipliers of the flow constraints, so this is reduced-cost fixing, and each removal is
// one line of integer arithmetic. Repeats until nothing changes.
void presolve(OptionGraph &graph, int64_t limitNs);

// A good path: for rising limits on steady times, the shortest path under the limit. Empty if the
// graph has no path.
std::optional<Split> shortestSplit(const OptionGraph &graph);

// The split whose largest steady time is least: an incumbent before any table is built, and a bound
// for all. Empty if and only if no split fits the memory.
struct BottleneckSplit {
  Split split;
  int64_t steadyNs;
};
std::optional<BottleneckSplit> bottleneckSplit(const StageModel &model, const StageTimes &least);

// Whether some split fits the memory with no steady time above `steadyNs`.
bool fitsWithin(const StageModel &model, int64_t steadyNs);

} // namespace sigma::planner

#endif
