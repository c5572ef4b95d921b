#include "planner/search/MemoryNeed.h"

#include "planner/cost/Arithmetic.h"
#include "planner/search/FillStages.h"

using namespace sigma::planner;

static std::vector<int64_t> fillMemory(const StageModel &model, int64_t capacity) {
  return fillStages(model.layout().pp, model.numLayers(),
                    [&](int64_t stage, int64_t first, int64_t count) {
                      return model.leastPeakBytes(stage, first, count) <= capacity;
                    });
}

bool sigma::planner::fitsMemory(const StageModel &model, int64_t capacity) {
  return !fillMemory(model, capacity).empty();
}

MemoryNeed sigma::planner::leastMemory(const StageModel &model) {
  int64_t low = 0, high = kSaturated;
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (fitsMemory(model, middle))
      high = middle;
    else
      low = middle + 1;
  }
  return {low, fillMemory(model, low)};
}
