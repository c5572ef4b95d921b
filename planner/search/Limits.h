// The limits a plan lives under, by name, and the smallest set of them that leaves no plan.
#ifndef SIGMA_PLANNER_SEARCH_LIMITS_H
#define SIGMA_PLANNER_SEARCH_LIMITS_H

#include <cstdint>
#include <vector>

namespace sigma::planner {

enum class Limit {
  Memory,
  DeviceCount,
  Batch,   // globalBatch % (dp * micro-batch) == 0
  Experts, // experts % ep == 0
  Folding, // dp % ep == 0
  Layers,  // pp <= layers
  PinPp,
  PinDp,
  PinEp,
  PinMicroBatch,
  PinRemat,
  Forbid,
};
inline constexpr int kNumLimits = 12;

const char *limitName(Limit limit);

// A set of limits, one bit each.
using LimitSet = uint32_t;
inline LimitSet bit(Limit limit) { return LimitSet(1) << static_cast<int>(limit); }
inline bool contains(LimitSet set, Limit limit) { return (set & bit(limit)) != 0; }

// Each element of `broken` is a candidate plan, given by the limits it breaks. Returns a minimal
// set of limits that every candidate breaks at least one of, by Z3's unsat core over one assumption
// per limit. Deterministic.
LimitSet minimalConflict(const std::vector<LimitSet> &broken);

} // namespace sigma::planner

#endif
