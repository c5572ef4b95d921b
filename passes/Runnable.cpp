//===- Runnable.cpp - which plans programs can run ------------------------===//

#include "passes/Runnable.h"

using namespace mlir;
using namespace mlir::sigma;

LogicalResult mlir::sigma::requireRunnable(PlanOp plan) {
  if (plan.getSchedule() == Schedule::OneFOneB || plan.getSchedule() == Schedule::Interleaved)
    return success();
  return plan->emitError() << "schedule " << stringifySchedule(plan.getSchedule())
                           << " can be planned, but not run; pin schedule = \"1f1b\" or "
                              "\"interleaved\"";
}

void mlir::sigma::keepToRunnable(planner::Job &job) {
  for (planner::Schedule unwritten :
       {planner::Schedule::ZeroBubbleH1, planner::Schedule::DualPipeV})
    if (job.pins.schedule != unwritten)
      job.forbids.schedules.push_back(unwritten);
}
