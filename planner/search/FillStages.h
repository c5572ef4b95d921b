// Filling the stages from the first one to the brim.
//
// Fewer layers need no more memory and no more time. So when a stage may hold some layers it may
// hold fewer, the fill reaches as far as any split can, and every shorter reach is possible too: it
// finds a split whenever one exists.
#ifndef SIGMA_PLANNER_SEARCH_FILLSTAGES_H
#define SIGMA_PLANNER_SEARCH_FILLSTAGES_H

#include <cstdint>
#include <vector>

namespace sigma::planner {

// Units of each of `numStages` stages, `least` or more, such that `fits(stage, first, count)` holds
// everywhere; empty if there are none.
template <class Fits>
std::vector<int64_t> fillStages(int64_t numStages, int64_t numUnits, int64_t least, Fits fits) {
  int64_t first = 0;
  std::vector<int64_t> counts;
  for (int64_t stage = 0; stage < numStages; ++stage) {
    int64_t most = numUnits - first - least * (numStages - stage - 1);
    // The largest count that fits lies in [low, high]; below `least` there is none.
    int64_t low = least - 1, high = most;
    while (low < high) {
      int64_t middle = low + (high - low + 1) / 2;
      if (fits(stage, first, middle))
        low = middle;
      else
        high = middle - 1;
    }
    if (low < least || (stage == numStages - 1 && low < most))
      return {};
    counts.push_back(low);
    first += low;
  }
  return counts;
}

} // namespace sigma::planner

#endif
