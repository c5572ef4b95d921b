//===- Check.cpp - sigma check --------------------------------------------===//

#include "planner/PlanJson.h"
#include "planner/Summary.h"
#include "tools/sigma/Spec.h"
#include "llvm/Support/JSON.h"

using namespace sigma::driver;

static void printJson(const sigma::planner::CheckResult &result) {
  llvm::json::OStream json(llvm::outs(), 2);
  json.object([&] {
    json.attribute("legal", result.legal());
    json.attributeArray("violations", [&] {
      for (const auto &violation : result.violations)
        json.object([&] {
          json.attribute("limit", violation.limit);
          json.attribute("amount", violation.amount);
        });
    });
    json.attributeObject("stepTimeNs", [&] {
      json.attribute("mean", result.plan.stepTime.meanNs);
      json.attribute("p50", result.plan.stepTime.p50Ns);
      json.attribute("p95", result.plan.stepTime.p95Ns);
    });
    json.attributeArray("peakMemoryBytes", [&] {
      for (const auto &stage : result.plan.stages)
        json.value(stage.peakBytes);
    });
  });
  llvm::outs() << "\n";
}

int sigma::driver::runCheck(const CheckOptions &options) {
  Spec spec;
  std::string text;
  if (!spec.load(options.spec) || !readText(options.plan, text))
    return kUserError;
  planner::PlanDocument document = planner::fromJson(text);
  if (!document.error.empty())
    return fail(options.plan + ": " + document.error), kUserError;
  auto task = mlir::sigma::createPlanningTask(spec.job());
  if (mlir::failed(task))
    return kUserError;
  planner::CheckResult result = planner::check(task->problem, *task->costs, document.answer.plan);
  if (!result.error.empty())
    return fail(result.error), kUserError;
  if (options.json)
    printJson(result);
  else
    llvm::outs() << planner::summarizeCheck(task->problem, result);
  return result.legal() ? kDone : kUserError;
}
