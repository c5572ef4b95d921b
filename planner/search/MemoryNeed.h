// How much memory a layout needs at least, whatever the split and the rematerialization.
#ifndef SIGMA_PLANNER_SEARCH_MEMORYNEED_H
#define SIGMA_PLANNER_SEARCH_MEMORYNEED_H

#include "planner/search/StageModel.h"

namespace sigma::planner {

struct MemoryNeed {
  int64_t bytes;               // usable bytes per device below which no split fits
  std::vector<int64_t> counts; // a split that reaches it
};

bool fitsMemory(const StageModel &model, int64_t capacity);

MemoryNeed leastMemory(const StageModel &model);

} // namespace sigma::planner

#endif
