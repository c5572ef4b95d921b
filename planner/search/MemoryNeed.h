// How much memory a layout needs at least, whatever the split and the rematerialization.
#ifndef SIGMA_PLANNER_SEARCH_MEMORYNEED_H
#define SIGMA_PLANNER_SEARCH_MEMORYNEED_H

#include "planner/search/MemoryModel.h"

namespace sigma::planner {

struct MemoryNeed {
  int64_t missingBytes;        // per device, beyond what each stage may use; 0 where it fits
  std::vector<int64_t> counts; // a split that misses no more
};

// With `moreBytes` more on each device.
bool fitsMemory(const MemoryModel &model, int64_t moreBytes = 0);

// No counts if every split misses more than `mostBytes`.
MemoryNeed leastMemory(const MemoryModel &model, int64_t mostBytes);

} // namespace sigma::planner

#endif
