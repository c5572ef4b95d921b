//===- PlannerBridge.cpp - between sigma ops and the planner's tables -----===//

#include "passes/PlannerBridge.h"
#include "mlir/IR/OperationSupport.h"

using namespace mlir;
using namespace mlir::sigma;

//===----------------------------------------------------------------------===//
// From ops to the problem
//===----------------------------------------------------------------------===//

static planner::Recipe recipe(Precision precision) {
  switch (precision) {
  case Precision::F32:
    return {4, 4, 8};
  case Precision::F64:
    return {8, 8, 16};
  case Precision::BF16: // f32 gradients, master copy and two moments
    return {2, 4, 12};
  }
  llvm_unreachable("unknown precision");
}

static planner::Job describeJob(JobOp op) {
  planner::Job job;
  job.name = op.getSymName();
  job.globalBatch = op.getBatch();
  job.recipe = recipe(op.getPrecision());
  job.memoryMarginPpm = op.getMemoryMarginPpm();
  job.quantilePpm = op.getQuantilePpm();
  job.maxMicroBatch = op.getMaxMicroBatch();
  job.pins.pp = op.getPinPp();
  job.pins.dp = op.getPinDp();
  job.pins.ep = op.getPinEp();
  job.pins.microBatch = op.getPinMicroBatch();
  if (auto remat = op.getPinRemat())
    job.pins.remat = *remat == RematMode::Full;
  return job;
}

static planner::Cluster describeCluster(ClusterOp op, Precision precision) {
  planner::Cluster cluster;
  cluster.name = op.getSymName();
  cluster.numDevices = op.getDevices();
  for (Operation &member : op.getBodyRegion().front()) {
    if (auto device = dyn_cast<AcceleratorOp>(member)) {
      double bandwidth =
          double(device.getMemoryBandwidthBytesPerS()) * device.getMemoryEfficiencyPpm() / 1e6;
      cluster.device.name = device.getSymName();
      cluster.device.peakFlopsPerS = device.getPeakFlopsPerS(precision);
      cluster.device.memoryBytes = device.getMemoryBytes();
      cluster.device.memoryBandwidthBytesPerS = std::max<int64_t>(1, int64_t(bandwidth));
      cluster.device.launchNs = device.getLaunchNs();
      using planner::OpClass;
      cluster.device.efficiencyPpm[int(OpClass::Matmul)] = device.getMatmulEfficiencyPpm();
      cluster.device.efficiencyPpm[int(OpClass::GroupedMatmul)] =
          device.getGroupedMatmulEfficiencyPpm();
      cluster.device.efficiencyPpm[int(OpClass::Attention)] = device.getAttentionEfficiencyPpm();
    } else if (auto tier = dyn_cast<TierOp>(member)) {
      cluster.tiers.push_back({tier.getSymName().str(), tier.getDevices(),
                               tier.getBandwidthBytesPerS(), tier.getLatencyNs(),
                               tier.getJitterPpm()});
    } else if (auto noise = dyn_cast<NoiseOp>(member)) {
      cluster.device.jitterPpm = noise.getComputeJitterPpm();
      cluster.routingJitterPpm = noise.getRoutingJitterPpm();
      cluster.spikes = {noise.getSpikesPerMillionSteps(), noise.getSpikeNs()};
    }
  }
  return cluster;
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
  PlanningTask task;
  task.problem.job = describeJob(job);
  task.problem.cluster = describeCluster(cluster, job.getPrecision());
  if (task.problem.cluster.device.peakFlopsPerS == 0) {
    auto precision = stringifyPrecision(job.getPrecision());
    auto error = job.emitError() << "'precision' is " << precision
                                 << ", for which the accelerator states no peak";
    error.attachNote(cluster.getLoc())
        << "state peak_" << precision << "_flops_per_s, or choose another precision";
    return error;
  }
  SmallVector<Layer> kinds;
  planner::Model &description = task.problem.model;
  description.name = model.getSymName();
  description.sequence = model.getSequence();
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
