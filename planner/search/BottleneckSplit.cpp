#include "planner/cost/Arithmetic.h"
#include "planner/search/FillStages.h"
#include "planner/search/OptionGraph.h"

#include <algorithm>

using namespace sigma::planner;

// A split with no steady time above `limitNs`.
static std::vector<int64_t> countsWithin(const StageModel &model, int64_t limitNs) {
  return fillStages(model, [&](int64_t stage, int64_t first, int64_t count) {
    if (model.base(stage, first, count).steadyNs > limitNs)
      return false;
    std::optional<StageTimes> times = model.evaluate(stage, first, count);
    return times && times->steadyNs <= limitNs;
  });
}

static std::vector<StageOption> splitWithin(const StageModel &model, int64_t limitNs) {
  const std::vector<int64_t> counts = countsWithin(model, limitNs);
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
  int64_t largest = 0;
  for (const StageOption &option : options)
    largest = std::max(largest, option.times.steadyNs);
  return largest;
}

bool sigma::planner::fitsWithin(const StageModel &model, int64_t steadyNs) {
  return !countsWithin(model, steadyNs).empty();
}

std::optional<BottleneckSplit> sigma::planner::bottleneckSplit(const StageModel &model,
                                                               const StageTimes &least) {
  std::vector<StageOption> best = splitWithin(model, kSaturated);
  if (best.empty())
    return std::nullopt;
  int64_t low = std::min(least.steadyNs, largestSteadyNs(best)), high = largestSteadyNs(best);
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
  OptionPath path;
  Split split;
  for (const StageOption &option : best) {
    path.push_back(&option);
    split.counts.push_back(option.count);
  }
  split.costNs = costNs(path);
  return BottleneckSplit{split, high};
}
