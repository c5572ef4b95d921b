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

/// The enumerations of the planner and of the dialect number their cases alike.
template <typename To, typename From>
static To sameCase(From from) {
  return static_cast<To>(static_cast<int>(from));
}

static void describeChoices(JobOp op, planner::Pins &pins, planner::Forbids &forbids) {
  using planner::Axis;
  static const std::pair<StringRef, Axis> sizes[] = {{"tp", Axis::Tp},
                                                     {"pp", Axis::Pp},
                                                     {"vpp", Axis::Vpp},
                                                     {"dp", Axis::Dp},
                                                     {"ep", Axis::Ep},
                                                     {"etp", Axis::Etp},
                                                     {"cp", Axis::Cp},
                                                     {"zero", Axis::Zero},
                                                     {"expert_zero", Axis::ExpertZero},
                                                     {"micro_batch", Axis::MicroBatch}};
  for (auto [name, axis] : sizes) {
    pins[axis] = op.getPinned(name);
    forbids[axis] = op.getForbidden(name).vec();
  }
  if (auto schedule = op.getPinnedSchedule())
    pins.schedule = sameCase<planner::Schedule>(*schedule);
  for (int i = 0; i < planner::kNumSchedules; ++i)
    if (op.forbids(static_cast<Schedule>(i)))
      forbids.schedules.push_back(static_cast<planner::Schedule>(i));
  if (auto remat = op.getPinnedRemat())
    pins.remat = *remat == RematMode::Full;
  for (RematMode mode : {RematMode::None, RematMode::Full})
    if (op.forbids(mode))
      forbids.remat.push_back(stringifyRematMode(mode).str());
}

static planner::Overlap describeOverlap(OverlapAttr attr) {
  if (!attr)
    return {};
  return {attr.getGradientPpm(), attr.getParameterPpm(), attr.getTensorPpm(),
          attr.getContextPpm(),  attr.getExchangePpm(),  attr.getExpertPpm()};
}

static planner::Job describeJob(JobOp op) {
  planner::Job job;
  job.name = op.getSymName();
  job.globalBatch = op.getBatch();
  job.recipe = recipe(op.getPrecision(), op.getOptimizer().getMoments());
  if (op.getReduce())
    job.recipe.reduceBytes = *op.getReduce() == Precision::BF16 ? 2 : 4;
  job.stepNs = op.getStepNs();
  job.memoryMarginPpm = op.getMemoryMarginPpm();
  job.quantilePpm = op.getQuantilePpm();
  job.maxMicroBatch = op.getMaxMicroBatch();
  job.maxZero = op.getMaxZero().value_or(job.maxZero);
  job.overlap = describeOverlap(op.getOverlapAttr());
  describeChoices(op, job.pins, job.forbids);
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
  double forward = flops(costs.head({}));
  for (const planner::LayerGroup &group : model.layers)
    forward += group.count * flops(costs.layerWork(group.kind, {}));
  return 3 * forward / model.sequence;
}

FailureOr<PlanningTask> mlir::sigma::createPlanningTask(JobOp job) {
  ModelOp model = job.lookupModel();
  ClusterOp cluster = job.lookupCluster();
  if (failed(requirePlannable(cluster)))
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
  // 0, any degree, is no divisor: what cannot be split at all is a number.
  auto divisor = [](int64_t split) { return split ? split : int64_t(1); };
  Splits splits = model.getSplits();
  description.tensorDivisor = divisor(splits.tensor);
  description.expertTensorDivisor = divisor(splits.expertTensor);
  description.headDivisor = divisor(splits.heads);
  description.allowsContext = splits.context;
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
  const planner::Layout &layout = plan.layout;
  auto op =
      builder.create<PlanOp>(job.getLoc(), job.getSymName(), layout.tp, layout.cp,
                             sameCase<ContextKind>(layout.contextKind), layout.pp, layout.vpp,
                             layout.dp, layout.etp, layout.ep, layout.zero, layout.expertZero,
                             layout.microBatch, sameCase<Schedule>(layout.schedule),
                             sameCase<Placement>(layout.placement), int64_t(plan.stepTime.p50Ns),
                             int64_t(plan.stepTime.p95Ns), int64_t(plan.stepTime.meanNs), proof);
  builder.createBlock(&op.getBodyRegion());
  for (auto [index, stage] : llvm::enumerate(plan.stages)) {
    SmallVector<int64_t> firsts, ends;
    for (const planner::LayerRange &chunk : stage.chunks) {
      firsts.push_back(chunk.first);
      ends.push_back(chunk.end);
    }
    SmallVector<StringRef> remat(stage.remat.begin(), stage.remat.end());
    builder.create<StageOp>(job.getLoc(), index, firsts, ends, builder.getStrArrayAttr(remat),
                            stage.peakBytes);
  }
  return op;
}

planner::Plan mlir::sigma::planFromOp(PlanOp op) {
  planner::Plan plan;
  planner::Layout &layout = plan.layout;
  layout.tp = op.getTp();
  layout.cp = op.getCp();
  layout.contextKind = sameCase<planner::ContextKind>(op.getContextKind());
  layout.pp = op.getPp();
  layout.vpp = op.getVpp();
  layout.dp = op.getDp();
  layout.etp = op.getEtp();
  layout.ep = op.getEp();
  layout.zero = op.getZero();
  layout.expertZero = op.getExpertZero();
  layout.microBatch = op.getMicroBatch();
  layout.numMicroBatches = op.lookupJob().getBatch() / (op.getDp() * op.getMicroBatch());
  layout.schedule = sameCase<planner::Schedule>(op.getSchedule());
  layout.placement = sameCase<planner::Placement>(op.getPlacement());
  for (StageOp stage : op.getStages()) {
    planner::StagePlan &stagePlan = plan.stages.emplace_back();
    for (StageOp::Chunk chunk : stage.getChunks())
      stagePlan.chunks.push_back({chunk.first, chunk.end});
    for (StringRef mode : stage.getRemat().getAsValueRange<StringAttr>())
      stagePlan.remat.push_back(mode.str());
  }
  return plan;
}

static SmallVector<int> kindsOfLayers(const planner::Model &model) {
  SmallVector<int> kinds;
  for (const planner::LayerGroup &group : model.layers)
    kinds.append(group.count, group.kind);
  return kinds;
}

void mlir::sigma::admitRematModes(PlanningTask &task, planner::Plan &plan) {
  SmallVector<int> kinds = kindsOfLayers(task.problem.model);
  for (planner::StagePlan &stage : plan.stages) {
    size_t next = 0;
    for (const planner::LayerRange &chunk : stage.chunks)
      for (int64_t layer = chunk.first; layer < chunk.end && next < stage.remat.size(); ++layer) {
        std::string &mode = stage.remat[next++];
        if (layer < 0 || layer >= int64_t(kinds.size())) // planner::check says so
          return;
        if (FailureOr<std::string> listed = task.costs->admitMode(kinds[layer], mode);
            succeeded(listed))
          mode = *listed;
      }
  }
}
