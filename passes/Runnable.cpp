//===- Runnable.cpp - which plans programs can run ------------------------===//

#include "passes/Runnable.h"

using namespace mlir;
using namespace mlir::sigma;

LogicalResult mlir::sigma::requireRunnable(PlanOp plan) {
  if (plan.getSchedule() != Schedule::DualPipeV)
    return success();
  return plan->emitError() << "schedule " << stringifySchedule(plan.getSchedule())
                           << " can be planned, but not run; pin schedule = \"1f1b\", "
                              "\"interleaved\" or \"zb-h1\"";
}

void mlir::sigma::keepToRunnable(planner::Job &job) {
  if (job.pins.schedule != planner::Schedule::DualPipeV)
    job.forbids.schedules.push_back(planner::Schedule::DualPipeV);
}
