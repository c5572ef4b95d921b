//===- ChosenPlan.cpp - the plan that a command works on ------------------===//

#include "tools/sigma/ChosenPlan.h"
#include "planner/Explain.h"
#include "planner/Summary.h"

using namespace sigma::driver;
namespace planner = sigma::planner;

static int planAnew(Spec &spec, double timeLimitS, mlir::sigma::PlanningTask &task,
                    planner::Answer &answer) {
  answer = search(task, {timeLimitS});
  if (!answer.error.empty())
    return mlir::emitError(spec.job().getLoc()) << answer.error, kUserError;
  if (answer.proof.status == planner::ProofStatus::Infeasible)
    return llvm::errs() << planner::explain(task.problem, answer), kInfeasible;
  return kDone;
}

bool sigma::driver::readPlan(const std::string &path, planner::PlanDocument &document) {
  std::string text;
  if (!readText(path, text))
    return false;
  document = planner::fromJson(text);
  return document.error.empty() || fail(shownPath(path) + ": " + document.error);
}

int sigma::driver::takePlan(planner::Plan plan, const std::string &origin,
                            mlir::sigma::PlanningTask &task, planner::Answer &answer) {
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
  planner::PlanDocument document;
  if (!readPlan(path, document))
    return kUserError;
  answer.proof = document.answer.proof;
  return takePlan(document.answer.plan, shownPath(path), task, answer);
}
