#include "planner/simulate/Schedule.h"

#include <algorithm>

using namespace sigma::planner;

std::vector<Slot> sigma::planner::oneForwardOneBackward(int64_t stage, int64_t numStages,
                                                        int64_t numMicroBatches) {
  const int64_t warmUp = std::min(numStages - stage - 1, numMicroBatches);
  std::vector<Slot> slots;
  slots.reserve(2 * numMicroBatches);
  for (int64_t m = 0; m < warmUp; ++m)
    slots.push_back({Direction::Forward, m});
  for (int64_t m = 0; m < numMicroBatches; ++m) {
    if (m + warmUp < numMicroBatches)
      slots.push_back({Direction::Forward, m + warmUp});
    slots.push_back({Direction::Backward, m});
  }
  return slots;
}
