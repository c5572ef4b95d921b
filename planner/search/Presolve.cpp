// Bounds, reduced-cost fixing and the heuristic incumbent: everything on the option graph that
// needs no solver.
#include "planner/cost/Arithmetic.h"
#include "planner/search/OptionGraph.h"

#include <algorithm>
#include <set>

using namespace sigma::planner;

namespace {

// Values per (stages passed, units passed).
using Potentials = std::vector<std::vector<int64_t>>;
enum class Combine { Sum, Max };

int64_t combine(Combine how, int64_t a, int64_t b) {
  return how == Combine::Sum ? addSat(a, b) : std::max(a, b);
}

Potentials unreached(const OptionGraph &graph) {
  return Potentials(graph.stages.size() + 1, std::vector<int64_t>(graph.numUnits + 1, kSaturated));
}

Potentials forward(const OptionGraph &graph, int64_t StageOption::*cost, Combine how,
                   int64_t timeLimit = kSaturated) {
  Potentials best = unreached(graph);
  best[0][0] = 0;
  for (size_t stage = 0; stage < graph.stages.size(); ++stage)
    for (const StageOption &option : graph.stages[stage]) {
      int64_t from = best[stage][option.first];
      if (from < kSaturated && option.timeNs <= timeLimit) {
        int64_t &to = best[stage + 1][option.end()];
        to = std::min(to, combine(how, from, option.*cost));
      }
    }
  return best;
}

Potentials backward(const OptionGraph &graph) {
  Potentials best = unreached(graph);
  best.back()[graph.numUnits] = 0;
  for (size_t stage = graph.stages.size(); stage-- > 0;)
    for (const StageOption &option : graph.stages[stage]) {
      int64_t to = best[stage + 1][option.end()];
      int64_t &from = best[stage][option.first];
      from = std::min(from, addSat(to, option.timeNs));
    }
  return best;
}

// One pass; true if an option was removed.
bool removeHopeless(OptionGraph &graph, int64_t limitNs) {
  Potentials ahead = forward(graph, &StageOption::timeNs, Combine::Sum), behind = backward(graph);
  auto least = [&](int64_t StageOption::*cost) {
    return forward(graph, cost, Combine::Max).back()[graph.numUnits];
  };
  graph.leastSumNs = ahead.back()[graph.numUnits];
  graph.leastSlowestNs = least(&StageOption::timeNs);
  graph.leastTailNs = least(&StageOption::tailNs);

  bool removed = false;
  for (size_t stage = 0; stage < graph.stages.size(); ++stage) {
    auto hopeless = [&](StageOption &option) {
      int64_t before = ahead[stage][option.first], after = behind[stage + 1][option.end()];
      if (before >= kSaturated || after >= kSaturated)
        return true;
      int64_t sum = addSat(addSat(before, option.timeNs), after);
      option.reducedNs = before + option.timeNs - ahead[stage + 1][option.end()];
      int64_t slowest = std::max(graph.leastSlowestNs, option.timeNs);
      return graph.weights.costNs(slowest, sum, std::max(graph.leastTailNs, option.tailNs)) >
             limitNs;
    };
    auto &options = graph.stages[stage];
    auto end = std::remove_if(options.begin(), options.end(), hopeless);
    removed |= end != options.end();
    options.erase(end, options.end());
  }
  return removed;
}

// The shortest path using only options with t <= timeLimit, traced back from the potentials.
std::vector<const StageOption *> shortestPath(const OptionGraph &graph, int64_t timeLimit) {
  Potentials best = forward(graph, &StageOption::timeNs, Combine::Sum, timeLimit);
  std::vector<const StageOption *> path(graph.stages.size());
  if (best.back()[graph.numUnits] >= kSaturated)
    return {};
  int64_t state = graph.numUnits;
  for (size_t stage = graph.stages.size(); stage-- > 0;)
    for (const StageOption &option : graph.stages[stage]) {
      int64_t from = best[stage][option.first];
      if (option.end() == state && option.timeNs <= timeLimit && from < kSaturated &&
          from + option.timeNs == best[stage + 1][state]) {
        path[stage] = &option;
        state = option.first;
        break;
      }
    }
  return path;
}

} // namespace

void sigma::planner::presolve(OptionGraph &graph, int64_t limitNs) {
  while (!graph.empty() && removeHopeless(graph, limitNs)) {
  }
}

std::optional<Split> sigma::planner::shortestSplit(const OptionGraph &graph) {
  // Enough limits to be optimal on almost every graph; what this misses, the solver finds.
  constexpr int kMaxLimits = 100;
  std::set<int64_t> times;
  for (const auto &stage : graph.stages)
    for (const StageOption &option : stage)
      times.insert(option.timeNs);
  int64_t leastSlowest = forward(graph, &StageOption::timeNs, Combine::Max).back()[graph.numUnits];
  int64_t leastSum = forward(graph, &StageOption::timeNs, Combine::Sum).back()[graph.numUnits];
  if (leastSlowest >= kSaturated)
    return std::nullopt;
  std::optional<Split> best;
  int tried = 0;
  for (auto limit = times.lower_bound(leastSlowest); limit != times.end(); ++limit) {
    int64_t bound = graph.weights.costNs(*limit, leastSum, 0);
    if (++tried > kMaxLimits || (best && bound >= best->costNs))
      break;
    std::vector<const StageOption *> path = shortestPath(graph, *limit);
    Split split;
    split.costNs = graph.costNs(path);
    for (const StageOption *option : path)
      split.counts.push_back(option->count);
    if (!best || split.costNs < best->costNs)
      best = split;
  }
  return best;
}
