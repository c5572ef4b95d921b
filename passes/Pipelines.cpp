//===- Pipelines.cpp - the passes in order --------------------------------===//

#include "dialects/Rank/RankOps.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Passes.h"

using namespace mlir;

void sigma::buildCompilePipeline(OpPassManager &pm, StringRef precision) {
  pm.addPass(createPlanParallelism());
  ExpandBlocksOptions expand;
  expand.precision = precision.str();
  pm.addPass(createExpandBlocks(expand));
  OpPassManager &program = pm.nest<rank::ProgramOp>();
  program.addPass(createShard());
  program.addPass(createAutodiff());
  program.addPass(createRemat());
  program.addPass(createSplitBackward());
  program.addPass(createOverlapRows());
  program.addPass(createZero());
  program.addPass(createSchedule());
  program.addPass(createOverlapGradients());
  program.addPass(createOverlapParameters());
  program.addPass(createPlanMemory());
}

namespace {
struct CompileOptions : PassPipelineOptions<CompileOptions> {
  Option<std::string> precision{*this, "precision",
                                llvm::cl::desc("f32 or f64 instead of the job's precision")};
};
} // namespace

void sigma::registerPipelines() {
  PassPipelineRegistration<CompileOptions>("sigma-compile", "from a job to complete rank programs",
                                           [](OpPassManager &pm, const CompileOptions &options) {
                                             buildCompilePipeline(pm, options.precision);
                                           });
}
