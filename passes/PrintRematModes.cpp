//===- PrintRematModes.cpp - the rematerialization modes of a model's layers -===//

#include "passes/Passes.h"
#include "passes/PlannerBridge.h"
#include "planner/memory/StageMemory.h"
#include "llvm/Support/FormatVariadic.h"

namespace mlir::sigma {
#define GEN_PASS_DEF_PRINTREMATMODES
#include "passes/Passes.h.inc"
} // namespace mlir::sigma

using namespace mlir;
using namespace mlir::sigma;

static double gigaflops(const planner::WorkCost &work) {
  double flops = 0;
  for (const planner::OpCost &op : work.ops)
    flops += double(op.flops);
  return flops / 1e9;
}

static double mebibytes(double bytes) { return bytes / (1 << 20); }

/// Among other layers, without ZeRO.
static int64_t transientBytes(const planner::RematMode &mode, int64_t boundaryBytes) {
  planner::Surroundings around;
  for (planner::Beside gradient : {planner::Beside::GradientIn, planner::Beside::GradientOut})
    around.bytes[int(gradient)] = boundaryBytes;
  return around.most(mode.peaks);
}

static void printMode(const planner::RematMode &mode, int64_t boundaryBytes) {
  double touched = 0, exchanged = 0;
  for (const planner::OpCost &op : mode.recompute.ops)
    touched += double(op.bytes);
  for (const planner::CollectiveCost &collective : mode.recompute.collectives)
    exchanged += double(collective.bytes);
  llvm::outs() << llvm::formatv(
      "  {0,-52} {1,10:F1} {2,14:F1} {3,13:F1} {4,12:F1} {5,14:F1}\n", mode.name,
      mebibytes(mode.savedBytes), mebibytes(transientBytes(mode, boundaryBytes)),
      gigaflops(mode.recompute), mebibytes(touched), mebibytes(exchanged));
}

namespace {
struct PrintRematModes : mlir::sigma::impl::PrintRematModesBase<PrintRematModes> {
  using PrintRematModesBase::PrintRematModesBase;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    for (auto job : getOperation().getOps<JobOp>())
      if (failed(printJob(job)))
        return signalPassFailure();
  }

  LogicalResult printJob(JobOp job) {
    FailureOr<PlanningTask> task = createPlanningTask(job);
    if (failed(task))
      return failure();
    const planner::Model &model = task->problem.model;
    if (microBatch < 1 || microBatch > job.getBatch())
      return job.emitError() << "micro-batch is " << int64_t(microBatch)
                             << "; it must be from 1 to the batch, " << job.getBatch();
    if (ep < 1 || std::max<int64_t>(model.numExperts, 1) % ep != 0)
      return job.emitError() << "ep is " << int64_t(ep) << "; it must divide the experts, "
                             << model.numExperts;
    planner::Sharding sharding;
    sharding.microBatch = microBatch;
    sharding.ep = ep;
    int numKinds = 0;
    for (const planner::LayerGroup &group : model.layers)
      numKinds = std::max(numKinds, group.kind + 1);
    for (int kind = 0; kind < numKinds; ++kind)
      printKind(kind, task->costs->layer(kind, sharding), task->costs->boundaryBytes(sharding));
    return success();
  }

  static void printKind(int kind, const planner::LayerCost &cost, int64_t boundaryBytes) {
    llvm::outs() << llvm::formatv("  {0,-52} {1,10} {2,14} {3,13} {4,12} {5,14}\n",
                                  "layer kind " + Twine(kind), "saved MiB", "transient MiB",
                                  "again GFLOP", "touched MiB", "exchanged MiB");
    for (const planner::RematMode &mode : cost.modes)
      printMode(mode, boundaryBytes);
  }
};
} // namespace
