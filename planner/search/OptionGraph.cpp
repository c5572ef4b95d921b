#include "planner/search/OptionGraph.h"

#include "planner/cost/Arithmetic.h"

#include <algorithm>
#include <utility>

using namespace sigma::planner;

// Tables beyond this are left open rather than built; the gap says so.
static constexpr size_t kMaxOptions = 4000000;

bool OptionGraph::empty() const {
  return std::any_of(stages.begin(), stages.end(), [](const auto &stage) { return stage.empty(); });
}

size_t OptionGraph::numOptions() const {
  size_t total = 0;
  for (const auto &stage : stages)
    total += stage.size();
  return total;
}

int64_t OptionGraph::lowerBoundNs() const {
  return addSat(addSat(leastSteadyNs, leastFillNs), leastTailNs);
}

int64_t sigma::planner::costNs(const OptionPath &path) {
  int64_t steady = 0, fill = 0, tail = 0;
  for (const StageOption *option : path) {
    steady = std::max(steady, option->times.steadyNs);
    fill = addSat(fill, option->times.fillNs);
    tail = std::max(tail, option->times.tailNs);
  }
  return addSat(addSat(steady, fill), tail);
}

namespace {

class OptionBuilder {
public:
  OptionBuilder(const StageModel &model, const StageTimes &least, int64_t limitNs)
      : model(model), least(least), limitNs(limitNs), isUneven(model.layout().pp, false) {
    graph.numUnits = model.numUnits();
    for (int64_t stage : model.unevenStages())
      isUneven[stage] = true;
  }

  // False if the table grew too large.
  bool run() {
    int64_t pp = model.layout().pp, units = graph.numUnits;
    std::vector<bool> reached(units + 1, false);
    reached[0] = true;
    for (int64_t stage = 0; stage < pp; ++stage) {
      graph.stages.emplace_back();
      for (int64_t first = 0; first < units; ++first)
        if (reached[first])
          addFrom(stage, first, units - (pp - stage - 1) * model.leastUnits());
      total += graph.stages.back().size();
      if (total > kMaxOptions)
        return false;
      reached.assign(units + 1, false);
      for (const StageOption &option : graph.stages.back())
        reached[option.end()] = true;
    }
    return true;
  }

  OptionGraph graph;

private:
  void addFrom(int64_t stage, int64_t first, int64_t lastEnd) {
    bool isLast = stage == model.layout().pp - 1;
    const int64_t shortest = first + model.leastUnits();
    for (int64_t end = isLast ? std::max(shortest, lastEnd) : shortest; end <= lastEnd; ++end) {
      const StageTimes base = model.base(stage, first, end - first);
      // More layers only take longer and need more memory, so the first that is out ends the row.
      // Not so the tail: more compute may hide more of it. On an uneven stage (FillStages.h) not so
      // the memory, and with it the recomputation.
      if (isBeyondLimit(base, base))
        return;
      std::optional<StageTimes> times = model.evaluate(stage, first, end - first);
      const int64_t tail = times ? std::exchange(times->tailNs, 0) : 0;
      if (!times || isBeyondLimit(base, *times)) {
        if (isUneven[stage])
          continue;
        return;
      }
      times->tailNs = tail;
      if (!isBeyondLimit(base, *times))
        graph.stages.back().push_back({first, end - first, *times});
    }
  }

  bool isBeyondLimit(const StageTimes &base, const StageTimes &times) const {
    int64_t steady = std::max(least.steadyNs, times.steadyNs);
    int64_t fill = addSat(least.fillNs, times.fillNs - base.fillNs);
    return addSat(addSat(steady, fill), std::max(least.tailNs, times.tailNs)) > limitNs;
  }

  const StageModel &model;
  const StageTimes &least;
  int64_t limitNs;
  std::vector<bool> isUneven; // by stage
  size_t total = 0;
};

} // namespace

std::optional<OptionGraph> sigma::planner::buildOptions(const StageModel &model,
                                                        const StageTimes &least, int64_t limitNs) {
  OptionBuilder builder(model, least, limitNs);
  if (!builder.run())
    return std::nullopt;
  return std::move(builder.graph);
}
