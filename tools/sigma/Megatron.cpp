//===- Megatron.cpp - sigma export and import of Megatron-LM's flags ------===//

#include "tools/sigma/Megatron.h"
#include "planner/PlanJson.h"
#include "planner/Summary.h"

using namespace sigma::driver;
namespace megatron = sigma::megatron;
namespace planner = sigma::planner;

megatron::Target sigma::driver::megatronTarget(Spec &spec, mlir::sigma::PlanningTask &task) {
  mlir::sigma::MtpOp mtp = spec.job().lookupModel().getMtp();
  return {task.problem, *task.costs, mtp ? mtp.getCount() : 0};
}

static std::string shownPath(const std::string &path) { return path == "-" ? "<stdin>" : path; }

/// As compilers do: "file:3:5: error: ...".
static bool failAt(const std::string &path, const megatron::TextError &error) {
  llvm::errs() << shownPath(path) << ":";
  if (error.line)
    llvm::errs() << error.line << ":" << error.column << ":";
  llvm::errs() << " error: " << error.message << "\n";
  return false;
}

bool sigma::driver::readMegatronPlan(const std::string &path, const megatron::Target &target,
                                     planner::Plan &plan) {
  std::string text;
  if (!readText(path, text))
    return false;
  megatron::LaunchText read = megatron::readLaunch(text);
  if (!read.error.message.empty())
    return failAt(path, read.error);
  megatron::PlanOrError converted = megatron::planOf(read.launch, target);
  if (!converted.error.empty())
    return failAt(path, {converted.error});
  plan = converted.plan;
  return true;
}

int sigma::driver::runMegatronImport(const ImportOptions &options) {
  Spec spec;
  if (!spec.load(options.spec))
    return kUserError;
  auto task = mlir::sigma::createPlanningTask(spec.job());
  planner::Plan plan;
  if (mlir::failed(task) || !readMegatronPlan(options.path, megatronTarget(spec, *task), plan))
    return kUserError;
  planner::CheckResult result = planner::check(task->problem, *task->costs, plan);
  if (!result.legal()) {
    llvm::errs() << planner::summarizeCheck(task->problem, result);
    return fail(shownPath(options.path) + " is not a legal plan of this job"), kUserError;
  }
  planner::Answer answer;
  answer.plan = result.plan;
  answer.proof.status = planner::ProofStatus::Gap; // nothing is proven
  return writeText(options.output.empty() ? "-" : options.output,
                   planner::toJson(task->problem, answer))
             ? kDone
             : kUserError;
}

int sigma::driver::runMegatronExport(const ExportOptions &options) {
  std::string text;
  if (!readText(options.path, text))
    return kUserError;
  planner::PlanDocument document = planner::fromJson(text);
  const planner::Plan &plan = document.answer.plan;
  if (!document.error.empty())
    return fail(shownPath(options.path) + ": " + document.error), kUserError;
  if (plan.stages.empty())
    return fail(shownPath(options.path) + " holds no plan"), kUserError;
  megatron::LaunchOrError converted;
  if (options.spec.path.empty()) {
    converted = megatron::launchOf(plan, document.numExperts, nullptr);
  } else {
    Spec spec;
    if (!spec.load(options.spec))
      return kUserError;
    auto task = mlir::sigma::createPlanningTask(spec.job());
    if (mlir::failed(task))
      return kUserError;
    megatron::Target target = megatronTarget(spec, *task);
    converted = megatron::launchOf(plan, document.numExperts, &target);
  }
  if (!converted.error.empty())
    return fail(shownPath(options.path) + ": " + converted.error), kUserError;
  return writeText(options.output.empty() ? "-" : options.output,
                   megatron::printLaunch(converted.launch))
             ? kDone
             : kUserError;
}
