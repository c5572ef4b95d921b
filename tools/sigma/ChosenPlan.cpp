//===- ChosenPlan.cpp - the plan that a command works on ------------------===//

#include "tools/sigma/ChosenPlan.h"
#include "planner/Explain.h"
#include "planner/PlanJson.h"
#include "planner/Summary.h"

using namespace sigma::driver;
namespace planner = sigma::planner;

static int planAnew(Spec &spec, double timeLimitS, mlir::sigma::PlanningTask &task,
                    planner::Answer &answer) {
  answer = search(task, timeLimitS, /*top=*/1);
  if (!answer.error.empty())
    return mlir::emitError(spec.job().getLoc()) << answer.error, kUserError;
  if (answer.proof.status == planner::ProofStatus::Infeasible)
    return llvm::errs() << planner::explain(task.problem, answer), kInfeasible;
  return kDone;
}

/// A plan that somebody else made is taken if planner::check finds it legal.
static int takePlan(planner::Plan plan, const std::string &origin, mlir::sigma::PlanningTask &task,
                    planner::Answer &answer) {
  mlir::sigma::admitRematModes(task, plan);
  planner::CheckResult result = planner::check(task.problem, *task.costs, plan);
  if (!result.legal()) {
    llvm::errs() << (result.error.empty() ? planner::summarizeCheck(task.problem, result)
                                          : result.error + "\n");
    return fail(origin + " is not a legal plan of this job"), kUserError;
  }
  answer.plan = result.plan;
  return kDone;
}

/// Null if the specification has none for the job.
static mlir::sigma::PlanOp planInSpec(Spec &spec) {
  for (auto plan : spec.module().getOps<mlir::sigma::PlanOp>())
    if (plan.getJob() == spec.job().getSymName())
      return plan;
  return {};
}

bool sigma::driver::isPlanGiven(Spec &spec, const std::string &path) {
  return !path.empty() || planInSpec(spec);
}

int sigma::driver::choosePlan(Spec &spec, const std::string &path, double timeLimitS,
                              mlir::sigma::PlanningTask &task, planner::Answer &answer) {
  if (!isPlanGiven(spec, path))
    return planAnew(spec, timeLimitS, task, answer);
  if (path.empty())
    return takePlan(mlir::sigma::planFromOp(planInSpec(spec)), "the specification's sigma.plan",
                    task, answer);
  std::string text;
  if (!readText(path, text))
    return kUserError;
  planner::PlanDocument document = planner::fromJson(text);
  if (!document.error.empty())
    return fail(path + ": " + document.error), kUserError;
  answer.proof = document.answer.proof;
  return takePlan(document.answer.plan, path, task, answer);
}
