#include "planner/search/ConflictCandidates.h"

#include <algorithm>
#include <set>

using namespace sigma::planner;

Problem sigma::planner::without(Problem problem, Limit limit) {
  Pins &pins = problem.job.pins;
  if (isPin(limit))
    pins[axisOf(limit)].reset();
  else if (limit == Limit::PinSchedule)
    pins.schedule.reset();
  else if (limit == Limit::PinRemat)
    pins.remat.reset();
  else if (limit == Limit::Forbid)
    problem.job.forbids = {};
  return problem;
}

Problem sigma::planner::withDevices(Problem problem, int64_t numDevices) {
  Cluster &cluster = problem.cluster;
  if (!cluster.groups.empty())
    cluster.groups.back().count += numDevices - cluster.numDevices;
  cluster.numDevices = numDevices;
  if (!cluster.tiers.empty())
    cluster.tiers.back().devices = std::max(cluster.tiers.back().devices, numDevices);
  return problem;
}

std::vector<int64_t> sigma::planner::largerClusters(int64_t numDevices) {
  std::vector<int64_t> sizes;
  for (int64_t factor : {2, 3, 4, 6, 8, 12, 16, 32, 64})
    if (numDevices * factor <= (int64_t(1) << 24))
      sizes.push_back(numDevices * factor);
  return sizes;
}

namespace {

// Whether some layout fits the memory when only some limits hold.
class MemoryConflict {
public:
  MemoryConflict(const Problem &problem, AskedCosts &asked, const Deadline &deadline)
      : problem(problem), asked(asked), deadline(deadline) {
    const Pins &pins = problem.job.pins;
    for (int i = 0; i < kNumLimits; ++i) {
      const Limit limit = static_cast<Limit>(i);
      const bool isAsked =
          (isPin(limit) && pins[axisOf(limit)]) || (limit == Limit::PinSchedule && pins.schedule) ||
          (limit == Limit::PinRemat && pins.remat) || (limit == Limit::Forbid && forbidsAnything());
      if (isAsked)
        wished |= bit(limit);
    }
  }

  LimitSet run() {
    return shrinkConflict(wished | bit(Limit::Memory) | bit(Limit::DeviceCount),
                          [&](LimitSet kept) { return leavesPlan(kept); });
  }

private:
  bool forbidsAnything() const {
    const Forbids &forbids = problem.job.forbids;
    return !forbids.schedules.empty() || !forbids.remat.empty() ||
           std::any_of(forbids.sizes.begin(), forbids.sizes.end(),
                       [](const std::vector<int64_t> &values) { return !values.empty(); });
  }

  bool leavesPlan(LimitSet kept) {
    if (!contains(kept, Limit::Memory))
      return true; // the problem has layouts
    Problem free = problem;
    for (int i = 0; i < kNumLimits; ++i)
      if (Limit limit = static_cast<Limit>(i); contains(wished & ~kept, limit))
        free = without(std::move(free), limit);
    // Of the problem itself it is known.
    if ((wished & ~kept) != 0 && anyFits(free))
      return true;
    if (contains(kept, Limit::DeviceCount) || problem.cluster.tiers.empty())
      return false;
    const std::vector<int64_t> sizes = largerClusters(problem.cluster.numDevices);
    return std::any_of(sizes.begin(), sizes.end(),
                       [&](int64_t size) { return anyFits(withDevices(free, size)); });
  }

  bool anyFits(const Problem &changed) {
    CostCache costs(changed, asked);
    return MemorySpace(changed, asked.sequence(), costs).findFitting(deadline).has_value();
  }

  const Problem &problem;
  AskedCosts &asked;
  const Deadline &deadline;
  LimitSet wished = 0; // limits that are the user's
};

} // namespace

LimitSet sigma::planner::memoryConflict(const Problem &problem, AskedCosts &asked,
                                        const Deadline &deadline) {
  return MemoryConflict(problem, asked, deadline).run();
}
