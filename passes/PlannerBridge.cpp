//===- PlannerBridge.cpp - between sigma ops and the planner's tables -----===//

#include "passes/PlannerBridge.h"
#include "mlir/IR/OperationSupport.h"
#include "passes/ClusterBridge.h"

using namespace mlir;
using namespace mlir::sigma;

//===----------------------------------------------------------------------===//
// From ops to the problem
//===----------------------------------------------------------------------===//

/// `moments` are both moments of one parameter.
static planner::Recipe recipe(Precision precision, std::optional<Precision> moments) {
  int64_t momentBytes = moments == Precision::BF16 ? 4 : 8;
  switch (precision) {
  case Precision::F32:
    return {4, 4, momentBytes};
  case Precision::F64:
    return {8, 8, moments ? momentBytes : 16};
  case Precision::BF16:
  case Precision::FP8: // f32 gradients, master copy and moments
    return {2, 4, 4 + momentBytes};
  }
  llvm_unreachable("unknown precision");
}

/// The one mode that is left, if pins and forbids leave one.
static std::optional<RematMode> onlyRemat(JobOp op) {
  if (op.forbidsRemat(RematMode::None))
    return RematMode::Full;
  if (op.forbidsRemat(RematMode::Full))
    return RematMode::None;
  return op.getPinnedRemat();
}

static planner::Job describeJob(JobOp op) {
  planner::Job job;
  job.name = op.getSymName();
  job.globalBatch = op.getBatch();
  job.recipe = recipe(op.getPrecision(), op.getOptimizer().getMoments());
  job.memoryMarginPpm = op.getMemoryMarginPpm();
  job.quantilePpm = op.getQuantilePpm();
  job.maxMicroBatch = op.getMaxMicroBatch();
  job.pins.pp = op.getPinned("pp");
  job.pins.dp = op.getPinned("dp");
  job.pins.ep = op.getPinned("ep");
  job.pins.microBatch = op.getPinned("micro_batch");
  if (auto remat = onlyRemat(op))
    job.pins.remat = *remat == RematMode::Full;
  job.forbids.pp = op.getForbidden("pp").vec();
  job.forbids.dp = op.getForbidden("dp").vec();
  job.forbids.ep = op.getForbidden("ep").vec();
  job.forbids.microBatch = op.getForbidden("micro_batch").vec();
  return job;
}

/// Layers of the same blocks are of one kind, wherever they stand.
static void describeLayers(ModelOp op, planner::Model &model, SmallVectorImpl<Layer> &kinds) {
  for (Layer layer : op.getLayers()) {
    auto known = llvm::find_if(kinds, [&](Layer kind) { return kind.isEquivalentTo(layer); });
    int kind = known - kinds.begin();
    if (known == kinds.end())
      kinds.push_back(layer);
    if (model.layers.empty() || model.layers.back().kind != kind)
      model.layers.push_back({kind, 0});
    ++model.layers.back().count;
  }
}

/// Model FLOPs count a backward as two forwards and no recomputation (Narayanan et al. 2021).
static double modelFlopsPerToken(const planner::Model &model, CostTables &costs) {
  auto flops = [](const planner::LayerCost &cost) {
    double sum = 0;
    for (const planner::OpCost &op : cost.forward.ops)
      sum += op.flops;
    return sum;
  };
  double forward = flops(costs.head(1, 1));
  for (const planner::LayerGroup &group : model.layers)
    forward += group.count * flops(costs.layer(group.kind, 1, 1));
  return 3 * forward / model.sequence;
}

FailureOr<PlanningTask> mlir::sigma::createPlanningTask(JobOp job) {
  ModelOp model = job.lookupModel();
  ClusterOp cluster = job.lookupCluster();
  if (failed(requirePlannable(job, cluster)))
    return failure();
  PlanningTask task;
  task.problem.job = describeJob(job);
  task.problem.cluster = describeCluster(job, cluster, task.problem.remarks);
  SmallVector<Layer> kinds;
  planner::Model &description = task.problem.model;
  description.name = model.getSymName();
  description.sequence = job.getTrainedSequence();
  description.hiddenWidth = model.getEmbedding().getWidth();
  description.numExperts = model.getExpertsDivisor();
  if (sharesEmbedding(model))
    description.sharedParameters = description.hiddenWidth * model.getEmbedding().getVocabulary();
  describeLayers(model, description, kinds);
  task.costs = std::make_unique<CostTables>(job, model, kinds);
  description.flopsPerToken = modelFlopsPerToken(description, *task.costs);
  return task;
}

//===----------------------------------------------------------------------===//
// Between plans
//===----------------------------------------------------------------------===//

PlanOp mlir::sigma::createPlanOp(JobOp job, const planner::Plan &plan, ProofStatus proof) {
  OpBuilder builder(job->getContext());
  builder.setInsertionPointAfter(job);
  auto op = builder.create<PlanOp>(job.getLoc(), job.getSymName(), plan.layout.pp, plan.layout.dp,
                                   plan.layout.ep, plan.layout.microBatch, Schedule::OneFOneB,
                                   int64_t(plan.stepTime.p50Ns), int64_t(plan.stepTime.p95Ns),
                                   int64_t(plan.stepTime.meanNs), proof);
  builder.createBlock(&op.getBodyRegion());
  for (auto [index, stage] : llvm::enumerate(plan.stages)) {
    SmallVector<Attribute> remat;
    for (bool full : stage.remat)
      remat.push_back(
          RematModeAttr::get(job.getContext(), full ? RematMode::Full : RematMode::None));
    builder.create<StageOp>(job.getLoc(), index, stage.firstLayer, stage.endLayer,
                            builder.getArrayAttr(remat), stage.peakBytes);
  }
  return op;
}

planner::Plan mlir::sigma::planFromOp(PlanOp op) {
  planner::Plan plan;
  plan.layout.pp = op.getPp();
  plan.layout.dp = op.getDp();
  plan.layout.ep = op.getEp();
  plan.layout.microBatch = op.getMicroBatch();
  plan.layout.numMicroBatches = op.lookupJob().getBatch() / (op.getDp() * op.getMicroBatch());
  for (StageOp stage : op.getStages()) {
    planner::StagePlan stagePlan;
    stagePlan.firstLayer = stage.getFirstLayer();
    stagePlan.endLayer = stage.getEndLayer();
    for (int64_t i = 0; i < stage.getNumLayers(); ++i)
      stagePlan.remat.push_back(stage.getRematMode(i) == RematMode::Full);
    plan.stages.push_back(stagePlan);
  }
  return plan;
}
