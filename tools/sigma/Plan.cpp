//===- Plan.cpp - sigma plan ----------------------------------------------===//

#include "planner/Explain.h"
#include "planner/PlanJson.h"
#include "planner/Summary.h"
#include "tools/sigma/Spec.h"

using namespace sigma::driver;

int sigma::driver::runPlan(const PlanOptions &options) {
  Spec spec;
  if (!spec.load(options.spec))
    return kUserError;
  auto task = spec.createTask();
  if (mlir::failed(task))
    return kUserError;
  planner::SearchOptions wished{options.timeLimitS, options.top};
  wished.alternatives = options.explain;
  planner::Answer answer = search(*task, wished);
  if (!answer.error.empty()) {
    mlir::emitError(spec.job().getLoc()) << answer.error;
    return kUserError;
  }
  std::string json = planner::toJson(task->problem, answer);
  bool jsonToStdout = options.json || options.output == "-";
  if (jsonToStdout)
    llvm::outs() << json;
  else if (options.explain || answer.proof.status == planner::ProofStatus::Infeasible)
    llvm::outs() << planner::explain(task->problem, answer);
  else
    llvm::outs() << planner::summarize(task->problem, answer.plan)
                 << planner::summarizeStages(answer.plan) << planner::summarizeProof(answer.proof);
  if (!options.output.empty() && options.output != "-" && !writeText(options.output, json))
    return kUserError;
  return answer.proof.status == planner::ProofStatus::Infeasible ? kInfeasible : kDone;
}
