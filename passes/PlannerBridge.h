//===- PlannerBridge.h - between sigma ops and the planner's tables -*- C++ -*-===//

#ifndef PASSES_PLANNERBRIDGE_H
#define PASSES_PLANNERBRIDGE_H

#include "dialects/Sigma/SigmaOps.h"
#include "passes/CostTables.h"
#include "planner/Plan.h"
#include "planner/Problem.h"
#include <memory>

namespace mlir::sigma {

/// A job as the planner sees it. Lives as long as the job's ops.
struct PlanningTask {
  planner::Problem problem;
  std::unique_ptr<CostTables> costs;
};

/// Fails, with a located error, on what no plan can honour yet.
FailureOr<PlanningTask> createPlanningTask(JobOp job);

/// Writes a planner's plan behind its job.
PlanOp createPlanOp(JobOp job, const planner::Plan &plan, ProofStatus proof);

/// The other way round; predictions are left for planner::check.
planner::Plan planFromOp(PlanOp op);

/// Lets the task's tables know the rematerialization modes of a plan that somebody else made, which
/// are free to choose any modules, in any order. What is no mode stays as it is, for planner::check.
void admitRematModes(PlanningTask &task, planner::Plan &plan);

} // namespace mlir::sigma

#endif
