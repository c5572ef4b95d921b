#include "planner/search/MemoryNeed.h"

#include "planner/cost/Arithmetic.h"
#include "planner/search/FillStages.h"

using namespace sigma::planner;

static std::vector<int64_t> fillMemory(const MemoryModel &model, int64_t moreBytes) {
  return fillStages(model, [&](int64_t stage, int64_t first, int64_t count) {
    return model.leastPeakBytes(stage, first, count) <=
           addSat(model.capacityBytes(stage), moreBytes);
  });
}

bool sigma::planner::fitsMemory(const MemoryModel &model, int64_t moreBytes) {
  return !fillMemory(model, moreBytes).empty();
}

MemoryNeed sigma::planner::leastMemory(const MemoryModel &model, int64_t mostBytes) {
  int64_t low = 0, high = mostBytes;
  if (!fitsMemory(model, high))
    return {high, {}};
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (fitsMemory(model, middle))
      high = middle;
    else
      low = middle + 1;
  }
  return {low, fillMemory(model, low)};
}
