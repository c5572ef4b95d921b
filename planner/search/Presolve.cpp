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

Potentials forward(const OptionGraph &graph, int64_t StageTimes::*cost, Combine how,
                   int64_t steadyLimit = kSaturated) {
  Potentials best = unreached(graph);
  best[0][0] = 0;
  for (size_t stage = 0; stage < graph.stages.size(); ++stage)
    for (const StageOption &option : graph.stages[stage]) {
      int64_t from = best[stage][option.first];
      if (from < kSaturated && option.times.steadyNs <= steadyLimit) {
        int64_t &to = best[stage + 1][option.end()];
        to = std::min(to, combine(how, from, option.times.*cost));
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
      from = std::min(from, addSat(to, option.times.fillNs));
    }
  return best;
}

// One pass; true if an option was removed.
bool removeHopeless(OptionGraph &graph, int64_t limitNs) {
  Potentials ahead = forward(graph, &StageTimes::fillNs, Combine::Sum), behind = backward(graph);
  auto least = [&](int64_t StageTimes::*cost) {
    return forward(graph, cost, Combine::Max).back()[graph.numUnits];
  };
  graph.leastFillNs = ahead.back()[graph.numUnits];
  graph.leastSteadyNs = least(&StageTimes::steadyNs);
  graph.leastTailNs = least(&StageTimes::tailNs);

  bool removed = false;
  for (size_t stage = 0; stage < graph.stages.size(); ++stage) {
    auto hopeless = [&](StageOption &option) {
      int64_t before = ahead[stage][option.first], after = behind[stage + 1][option.end()];
      if (before >= kSaturated || after >= kSaturated)
        return true;
      const StageTimes &times = option.times;
      option.reducedNs = before + times.fillNs - ahead[stage + 1][option.end()];
      int64_t fill = addSat(addSat(before, times.fillNs), after);
      int64_t steady = std::max(graph.leastSteadyNs, times.steadyNs);
      return addSat(addSat(steady, fill), std::max(graph.leastTailNs, times.tailNs)) > limitNs;
    };
    auto &options = graph.stages[stage];
    auto end = std::remove_if(options.begin(), options.end(), hopeless);
    removed |= end != options.end();
    options.erase(end, options.end());
  }
  return removed;
}

// The path of least fill using only options with steady <= steadyLimit, traced back from the
// potentials.
OptionPath shortestPath(const OptionGraph &graph, int64_t steadyLimit) {
  Potentials best = forward(graph, &StageTimes::fillNs, Combine::Sum, steadyLimit);
  OptionPath path(graph.stages.size());
  if (best.back()[graph.numUnits] >= kSaturated)
    return {};
  int64_t state = graph.numUnits;
  for (size_t stage = graph.stages.size(); stage-- > 0;)
    for (const StageOption &option : graph.stages[stage]) {
      int64_t from = best[stage][option.first];
      if (option.end() == state && option.times.steadyNs <= steadyLimit && from < kSaturated &&
          from + option.times.fillNs == best[stage + 1][state]) {
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
  std::set<int64_t> limits;
  for (const auto &stage : graph.stages)
    for (const StageOption &option : stage)
      limits.insert(option.times.steadyNs);
  auto least = [&](int64_t StageTimes::*cost, Combine how) {
    return forward(graph, cost, how).back()[graph.numUnits];
  };
  const int64_t leastSteady = least(&StageTimes::steadyNs, Combine::Max);
  const int64_t leastFill = least(&StageTimes::fillNs, Combine::Sum);
  if (leastSteady >= kSaturated)
    return std::nullopt;
  std::optional<Split> best;
  int tried = 0;
  for (auto limit = limits.lower_bound(leastSteady); limit != limits.end(); ++limit) {
    int64_t bound = addSat(*limit, leastFill);
    if (++tried > kMaxLimits || (best && bound >= best->costNs))
      break;
    OptionPath path = shortestPath(graph, *limit);
    Split split;
    split.costNs = costNs(path);
    for (const StageOption *option : path)
      split.counts.push_back(option->count);
    if (!best || split.costNs < best->costNs)
      best = split;
  }
  return best;
}
