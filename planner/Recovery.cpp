#include "planner/Recovery.h"

#include <algorithm>
#include <cmath>

namespace sigma::planner {

static int64_t roundedUpToOne(double count) {
  constexpr double kMost = 1e15; // a double of plan.json holds it
  return std::llround(std::clamp(count, 1.0, kMost));
}

std::optional<Recovery> chooseRecovery(const Problem &problem, const Plan &plan) {
  const double stepS = plan.stepTime.meanNs / 1e9;
  if (problem.cluster.failures.failuresPerHour <= 0 || stepS <= 0)
    return std::nullopt;
  FailureModel model = withBestIntervals(problem.cluster.failures);
  Recovery recovery;
  recovery.checkpointIntervalSteps = roundedUpToOne(model.checkpointIntervalS / stepS);
  if (model.takesSnapshots()) {
    const int64_t steps = roundedUpToOne(model.snapshotIntervalS / stepS);
    recovery.snapshotIntervalSteps = steps;
    recovery.checkpointIntervalSteps =
        steps * roundedUpToOne(model.checkpointIntervalS / stepS / double(steps));
  }
  model.checkpointIntervalS = double(recovery.checkpointIntervalSteps) * stepS;
  model.snapshotIntervalS = double(recovery.snapshotIntervalSteps) * stepS;
  recovery.keptShare = expectedGoodput(model).kept;
  recovery.bestSpareNodes = bestSpareNodes(model);
  if (!(recovery.keptShare > 0))
    return std::nullopt;
  return recovery;
}

} // namespace sigma::planner
