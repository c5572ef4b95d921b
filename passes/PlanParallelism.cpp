//===- PlanParallelism.cpp - the planner as a pass ------------------------===//

#include "dialects/Rank/RankOps.h"
#include "passes/Passes.h"
#include "passes/PlannerBridge.h"
#include "planner/Planner.h"
#include "llvm/ADT/StringSet.h"

namespace mlir::sigma {
#define GEN_PASS_DEF_PLANPARALLELISM
#include "passes/Passes.h.inc"
} // namespace mlir::sigma

using namespace mlir;
using namespace mlir::sigma;

namespace {
struct PlanParallelism : mlir::sigma::impl::PlanParallelismBase<PlanParallelism> {
  using PlanParallelismBase::PlanParallelismBase;

  void runOnOperation() override {
    llvm::StringSet<> planned;
    for (auto plan : getOperation().getOps<PlanOp>())
      planned.insert(plan.getJob());
    for (auto job : llvm::make_early_inc_range(getOperation().getOps<JobOp>()))
      if (!planned.contains(job.getSymName()) && failed(planJob(job)))
        return signalPassFailure();
  }

  LogicalResult planJob(JobOp job) {
    FailureOr<PlanningTask> task = createPlanningTask(job);
    if (failed(task))
      return failure();
    for (const std::string &remark : task->problem.remarks)
      job.emitRemark() << remark;
    planner::SearchOptions options;
    options.timeLimitS = timeLimitS;
    planner::Answer answer = planner::plan(task->problem, *task->costs, options);
    if (!answer.error.empty())
      return job.emitError() << answer.error;
    if (answer.proof.status == planner::ProofStatus::Infeasible) {
      auto error = job.emitError() << "no plan fits";
      for (const planner::Conflict &conflict : answer.conflicts) {
        error.attachNote() << conflict.limit << ": " << conflict.amount;
        if (!conflict.suggest.empty())
          error.attachNote() << conflict.suggest;
      }
      if (answer.lacksReasons)
        error.attachNote() << "stopped before all reasons were found";
      return error;
    }
    bool optimal = answer.proof.status == planner::ProofStatus::Optimal;
    createPlanOp(job, answer.plan, optimal ? ProofStatus::Optimal : ProofStatus::Gap);
    return success();
  }
};
} // namespace
