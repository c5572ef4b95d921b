#include "planner/search/MemoryNeed.h"

#include "planner/cost/Arithmetic.h"
#include "planner/search/FillStages.h"

using namespace sigma::planner;

static std::vector<int64_t> fillMemory(const StageModel &model, int64_t moreBytes) {
  return fillStages(model, [&](int64_t stage, int64_t first, int64_t count) {
    return model.leastPeakBytes(stage, first, count) <=
           addSat(model.capacityBytes(stage), moreBytes);
  });
}

bool sigma::planner::fitsMemory(const StageModel &model) { return !fillMemory(model, 0).empty(); }

MemoryNeed sigma::planner::leastMemory(const StageModel &model, int64_t mostBytes) {
  int64_t low = 0, high = mostBytes;
  if (fillMemory(model, high).empty())
    return {high, {}};
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (!fillMemory(model, middle).empty())
      high = middle;
    else
      low = middle + 1;
  }
  return {low, fillMemory(model, low)};
}
