//===- PlanLaunch.cpp - what a plan says of its launch --------------------===//

#include "tools/sigma/PlanLaunch.h"
#include <algorithm>
#include <cmath>

using namespace sigma::driver;
using sigma::launch::Launch;
using sigma::planner::StagePlan;

/// Of a rank that takes snapshots: two generations of its own state and of another rank's.
static int64_t snapshotBytes(const StagePlan &stage) {
  return 4 * (stage.parameterBytes + stage.optimizerBytes);
}

Launch sigma::driver::launchOf(const planner::PlanDocument &document) {
  const planner::Plan &plan = document.answer.plan;
  Launch launch;
  launch.model = document.model;
  launch.ranks = plan.layout.numRanks();
  launch.ranksPerNode = std::min(launch.ranks, document.devicesPerNode.value_or(launch.ranks));
  launch.spareNodes = document.spareNodes;
  if (document.recovery) {
    launch.checkpointIntervalSteps = document.recovery->checkpointIntervalSteps;
    launch.snapshotIntervalSteps = document.recovery->snapshotIntervalSteps;
  }
  for (const StagePlan &stage : plan.stages) {
    const int64_t bytes =
        stage.peakBytes + (launch.snapshotIntervalSteps > 0 ? snapshotBytes(stage) : 0);
    launch.nodeBytes = std::max(launch.nodeBytes, bytes * launch.ranksPerNode);
  }
  launch.stepS = int64_t(std::ceil(plan.stepTime.p95Ns / 1e9));
  return launch;
}
