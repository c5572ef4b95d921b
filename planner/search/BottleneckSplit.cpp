#include "planner/cost/Arithmetic.h"
#include "planner/search/FillStages.h"
#include "planner/search/OptionGraph.h"

#include <algorithm>

using namespace sigma::planner;

// A split with no steady time above `limitNs`.
static std::vector<StageOption> splitWithin(const StageModel &model, int64_t limitNs) {
  std::vector<int64_t> counts = fillStages(
      model.layout().pp, model.numUnits(), model.leastUnits(), [&](int64_t stage, int64_t first, int64_t count) {
        if (model.base(stage, first, count).steadyNs > limitNs)
          return false;
        std::optional<StageTimes> times = model.evaluate(stage, first, count);
        return times && times->steadyNs <= limitNs;
      });
  std::vector<StageOption> options;
  int64_t first = 0;
  for (size_t stage = 0; stage < counts.size(); ++stage) {
    StageTimes times = *model.evaluate(static_cast<int64_t>(stage), first, counts[stage]);
    options.push_back({first, counts[stage], times});
    first += counts[stage];
  }
  return options;
}

static int64_t largestSteadyNs(const std::vector<StageOption> &options) {
  int64_t slowest = 0;
  for (const StageOption &option : options)
    slowest = std::max(slowest, option.times.steadyNs);
  return slowest;
}

std::optional<BottleneckSplit> sigma::planner::bottleneckSplit(const StageModel &model) {
  std::vector<StageOption> best = splitWithin(model, kSaturated);
  if (best.empty())
    return std::nullopt;
  int64_t low = std::min(model.leastTimes().steadyNs, largestSteadyNs(best)), high = largestSteadyNs(best);
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    std::vector<StageOption> options = splitWithin(model, middle);
    if (options.empty()) {
      low = middle + 1;
    } else {
      best = std::move(options);
      high = largestSteadyNs(best);
    }
  }
  OptionGraph graph;
  std::vector<const StageOption *> path;
  Split split;
  for (const StageOption &option : best) {
    path.push_back(&option);
    split.counts.push_back(option.count);
  }
  split.costNs = graph.costNs(path);
  return BottleneckSplit{split, high};
}
