// Splits that fit, found without trying all.
//
// Fewer layers need no more memory and no more time. So when a stage may hold some layers it may
// hold fewer, the fill reaches as far as any split can, and every shorter reach is possible too:
// filling the stages from the first one to the brim finds a split whenever one exists.
//
// Not so with chunks on a stage that also holds layers outside the repeating block: another unit
// may bring down the average of what a layer saves, and with it the memory. Such a stage, at most
// the first and the last, is tried with every number of units.
#ifndef SIGMA_PLANNER_SEARCH_FILLSTAGES_H
#define SIGMA_PLANNER_SEARCH_FILLSTAGES_H

#include "planner/search/MemoryModel.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace sigma::planner {

// The largest count from `least` to `most` that fits, or least - 1.
template <class Fits>
int64_t largestThatFits(int64_t least, int64_t most, Fits fits) {
  int64_t low = least - 1, high = most;
  while (low < high) {
    int64_t middle = low + (high - low + 1) / 2;
    if (fits(middle))
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

// Units of each of `numStages` stages, `least` or more, such that `fits(stage, first, count)` holds
// everywhere; empty if there are none.
template <class Fits>
std::vector<int64_t> fillStages(int64_t numStages, int64_t numUnits, int64_t least, Fits fits) {
  int64_t first = 0;
  std::vector<int64_t> counts;
  for (int64_t stage = 0; stage < numStages; ++stage) {
    const int64_t most = numUnits - first - least * (numStages - stage - 1);
    const int64_t count =
        largestThatFits(least, most, [&](int64_t units) { return fits(stage, first, units); });
    if (count < least || (stage == numStages - 1 && count < most))
      return {};
    counts.push_back(count);
    first += count;
  }
  return counts;
}

// The same where some stages, `uneven`, may hold more units though they cannot hold fewer.
// `fits(stage, count)` does not depend on where the stage begins.
template <class Fits>
std::vector<int64_t> fillUnevenStages(int64_t numStages, int64_t numUnits, int64_t least,
                                      const std::vector<int64_t> &uneven, Fits fits) {
  const int64_t most = numUnits - least * (numStages - 1);
  std::vector<int64_t> brims;
  int64_t sumOfBrims = 0;
  for (int64_t stage = 0; stage < numStages; ++stage) {
    const bool isUneven = std::find(uneven.begin(), uneven.end(), stage) != uneven.end();
    brims.push_back(isUneven ? 0 : largestThatFits(least, most, [&](int64_t units) {
      return fits(stage, units);
    }));
    if (!isUneven && brims.back() < least)
      return {};
    sumOfBrims += brims.back();
  }
  // What the even stages can take together is everything between their least and their brims.
  const int64_t sumOfLeast = least * (numStages - static_cast<int64_t>(uneven.size()));
  auto fill = [&](int64_t rest) {
    std::vector<int64_t> counts(numStages, least);
    rest -= sumOfLeast;
    for (int64_t stage = 0; stage < numStages; ++stage)
      if (brims[stage] > 0) {
        const int64_t more = std::min(rest, brims[stage] - least);
        counts[stage] += more;
        rest -= more;
      }
    return counts;
  };
  auto countsOf = [&](size_t index) {
    std::vector<int64_t> counts;
    for (int64_t units = most; units >= least; --units)
      if (fits(uneven[index], units))
        counts.push_back(units);
    return counts;
  };
  const std::vector<int64_t> seconds = uneven.size() > 1 ? countsOf(1) : std::vector<int64_t>{0};
  for (int64_t one : countsOf(0))
    for (int64_t other : seconds) {
      const int64_t rest = numUnits - one - other;
      if (rest < sumOfLeast || rest > sumOfBrims)
        continue;
      std::vector<int64_t> counts = fill(rest);
      counts[uneven[0]] = one;
      if (uneven.size() > 1)
        counts[uneven[1]] = other;
      return counts;
    }
  return {};
}

// Of a model, by its stages.
template <class Fits>
std::vector<int64_t> fillStages(const MemoryModel &model, Fits fits) {
  const int64_t numStages = model.layout().pp, least = model.leastUnits();
  const std::vector<int64_t> uneven = model.unevenStages();
  if (uneven.empty())
    return fillStages(numStages, model.numUnits(), least, fits);
  return fillUnevenStages(numStages, model.numUnits(), least, uneven,
                          [&](int64_t stage, int64_t count) { return fits(stage, 0, count); });
}

} // namespace sigma::planner

#endif
