//===- Megatron.cpp - sigma export and import of Megatron-LM's flags ------===//

#include "tools/sigma/Megatron.h"
#include "tools/sigma/ChosenPlan.h"

using namespace sigma::driver;
namespace megatron = sigma::megatron;
namespace planner = sigma::planner;

megatron::Target sigma::driver::megatronTarget(Spec &spec, mlir::sigma::PlanningTask &task) {
  mlir::sigma::MtpOp mtp = spec.job().lookupModel().getMtp();
  return {task.problem, *task.costs, mtp ? mtp.getCount() : 0};
}

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
  auto task = spec.createTask();
  planner::Plan plan;
  if (mlir::failed(task) || !readMegatronPlan(options.path, megatronTarget(spec, *task), plan))
    return kUserError;
  planner::Answer answer;
  if (int status = takePlan(std::move(plan), shownPath(options.path), *task, answer))
    return status;
  answer.proof.status = planner::ProofStatus::Gap; // nothing is proven
  return writeText(options.output.empty() ? "-" : options.output,
                   planner::toJson(task->problem, answer))
             ? kDone
             : kUserError;
}

int sigma::driver::runMegatronExport(const ExportOptions &options) {
  planner::PlanDocument document;
  if (!readPlan(options.path, document))
    return kUserError;
  const planner::Plan &plan = document.answer.plan;
  if (plan.stages.empty())
    return fail(shownPath(options.path) + " holds no plan"), kUserError;
  megatron::LaunchOrError converted;
  if (options.spec.path.empty()) {
    converted = megatron::launchOf(plan, document.numExperts, nullptr);
  } else {
    Spec spec;
    if (!spec.load(options.spec))
      return kUserError;
    auto task = spec.createTask();
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
