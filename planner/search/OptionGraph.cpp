#include "planner/search/OptionGraph.h"

#include "planner/cost/Arithmetic.h"

#include <algorithm>

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
  return weights.costNs(leastSlowestNs, leastSumNs, leastTailNs);
}

int64_t OptionGraph::costNs(const std::vector<const StageOption *> &path) const {
  int64_t slowest = 0, sum = 0, tail = 0;
  for (const StageOption *option : path) {
    slowest = std::max(slowest, option->timeNs);
    sum = addSat(sum, option->timeNs);
    tail = std::max(tail, option->tailNs);
  }
  return weights.costNs(slowest, sum, tail);
}

namespace {

class OptionBuilder {
public:
  OptionBuilder(const StageModel &model, int64_t limitNs) : model(model), limitNs(limitNs) {
    graph.numUnits = model.numUnits();
    graph.weights = model.weights();
    averageNs = ceilDiv(model.totalBaseNs(), model.layout().pp);
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
    const int64_t least = first + model.leastUnits();
    for (int64_t end = isLast ? std::max(least, lastEnd) : least; end <= lastEnd; ++end) {
      int64_t base = model.baseNs(stage, first, end - first);
      // More layers only take longer and need more memory, so the first that is out ends the row. Not
      // so the tail: more compute may hide more of it.
      if (isBeyondLimit(base, base, 0))
        return;
      std::optional<StageTimes> times = model.evaluate(stage, first, end - first);
      if (!times || isBeyondLimit(base, times->microBatchNs, 0))
        return;
      if (!isBeyondLimit(base, times->microBatchNs, times->tailNs))
        graph.stages.back().push_back({first, end - first, times->microBatchNs, times->tailNs});
    }
  }

  bool isBeyondLimit(int64_t base, int64_t time, int64_t tail) const {
    int64_t slowest = std::max(averageNs, time);
    int64_t sum = addSat(model.totalBaseNs(), time - base);
    return graph.weights.costNs(slowest, sum, tail) > limitNs;
  }

  const StageModel &model;
  int64_t limitNs, averageNs;
  size_t total = 0;
};

} // namespace

std::optional<OptionGraph> sigma::planner::buildOptions(const StageModel &model, int64_t limitNs) {
  OptionBuilder builder(model, limitNs);
  if (!builder.run())
    return std::nullopt;
  return std::move(builder.graph);
}
