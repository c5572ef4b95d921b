// The limits a plan lives under, by name, and the smallest set of them that leaves no plan.
#ifndef SIGMA_PLANNER_SEARCH_LIMITS_H
#define SIGMA_PLANNER_SEARCH_LIMITS_H

#include "planner/Problem.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sigma::planner {

// docs/cost-model.md, "What is legal"; then what the user asked for, where Pin + axis is the pin of
// that axis.
enum class Limit {
  Memory,
  DeviceCount,
  Batch,
  Tensors,
  ExpertTensors,
  Experts,
  Folding,
  Sequence,
  Heads,
  Layers,
  Schedule,
  Zero,
  Pin,
  PinSchedule = Pin + kNumAxes,
  PinRemat,
  Forbid,
};
inline constexpr int kNumLimits = static_cast<int>(Limit::Forbid) + 1;

inline Limit pinOf(Axis axis) {
  return static_cast<Limit>(static_cast<int>(Limit::Pin) + static_cast<int>(axis));
}
inline bool isPin(Limit limit) { return limit >= Limit::Pin && limit < Limit::PinSchedule; }
inline Axis axisOf(Limit pin) {
  return static_cast<Axis>(static_cast<int>(pin) - static_cast<int>(Limit::Pin));
}

std::string limitName(Limit limit);

// A set of limits, one bit each.
using LimitSet = uint32_t;
inline LimitSet bit(Limit limit) { return LimitSet(1) << static_cast<int>(limit); }
inline bool contains(LimitSet set, Limit limit) { return (set & bit(limit)) != 0; }

// The limits of `conflict` without those that are not needed for it. `leavesPlan(kept)`: some plan
// obeys all limits of `kept`; never of all of `conflict`. Several minimal sets may exist; this one
// has few pins, so a pin is named only if giving it up helps.
LimitSet shrinkConflict(LimitSet conflict, const std::function<bool(LimitSet)> &leavesPlan);

// Each element of `broken` is a candidate plan, given by the limits it breaks. Returns a minimal
// set of limits that every candidate breaks at least one of, by Z3's unsat core over one assumption
// per limit. Deterministic.
LimitSet minimalConflict(const std::vector<LimitSet> &broken);

} // namespace sigma::planner

#endif
