//===- PlanVerifiers.cpp - what legal jobs and plans are ------------------===//

#include "dialects/Sigma/Choices.h"
#include "dialects/Sigma/SigmaOps.h"
#include "dialects/Sigma/VerifyHelpers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace mlir::sigma;

static constexpr int64_t kMillion = 1000000;

//===----------------------------------------------------------------------===//
// Jobs
//===----------------------------------------------------------------------===//

LogicalResult JobOp::verify() {
  if (failed(requirePositive(*this, "batch", getBatch())) ||
      failed(requireSize(*this, "sequence", getSequence())) ||
      failed(requireInRange(*this, "quantile_ppm", getQuantilePpm(), 1, kMillion - 1)) ||
      failed(requireInRange(*this, "time_margin_ppm", getTimeMarginPpm(), 0, kMillion)) ||
      failed(requireInRange(*this, "memory_margin_ppm", getMemoryMarginPpm(), 0, kMillion - 1)) ||
      failed(requirePositive(*this, "max_micro_batch", getMaxMicroBatch())) ||
      failed(requireInRange(*this, "max_zero", getMaxZero().value_or(0), 0, 3)))
    return failure();
  if (std::optional<int64_t> capacity = getExpertCapacityPpm(); capacity && *capacity < kMillion)
    return emitOpError() << "expert_capacity_ppm must be at least " << kMillion
                         << ", the even share, got: " << *capacity;
  if (failed(choices::verify(*this, getPinAttr(), getForbidAttr())))
    return failure();
  std::optional<int64_t> zero = getPinned("zero");
  if (zero && getMaxZero() && *zero > *getMaxZero())
    return emitOpError() << "pin zero must be at most max_zero (" << *getMaxZero()
                         << "), got: " << *zero;
  return success();
}

LogicalResult JobOp::verifyRegions() {
  Block &body = *getBody();
  if (body.empty())
    return emitOpError("body must be one sigma.adamw, got an empty body");
  for (Operation &op : body) {
    if (!isa<AdamWOp>(op))
      return op.emitOpError("does not belong into the body of a sigma.job; allowed: sigma.adamw");
    if (&op != &body.front())
      return op.emitOpError("must be the only one of its job").attachNote(body.front().getLoc())
             << "the first is here";
  }
  return success();
}

/// Looks a symbol up and fails with a note when it is something else.
template <typename OpT>
static FailureOr<OpT> lookup(Operation *user, SymbolTableCollection &symbolTable,
                             FlatSymbolRefAttr name, StringRef field) {
  Operation *symbol = symbolTable.lookupNearestSymbolFrom(user, name);
  if (auto op = dyn_cast_or_null<OpT>(symbol))
    return op;
  InFlightDiagnostic diag = user->emitOpError()
                            << field << " " << name << " must name a " << OpT::getOperationName();
  if (!symbol)
    return diag << ", but there is no such symbol";
  diag << ", got: " << symbol->getName();
  diag.attachNote(symbol->getLoc()) << "the symbol is here";
  return diag;
}

static LogicalResult verifyPositions(JobOp job, ModelOp model) {
  EmbeddingOp embedding = model.getEmbedding();
  std::optional<int64_t> positions = embedding ? embedding.getPositions() : std::nullopt;
  if (!job.getSequence() || !positions || *positions >= *job.getSequence())
    return success();
  return (job.emitOpError() << "sequence must be at most the model's learned positions ("
                            << *positions << "), got: " << *job.getSequence())
             .attachNote(embedding.getLoc())
         << "the positions are here";
}

LogicalResult JobOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  FailureOr<ModelOp> model = lookup<ModelOp>(*this, symbolTable, getModelAttr(), "model");
  if (failed(model))
    return failure();
  FailureOr<ClusterOp> cluster = lookup<ClusterOp>(*this, symbolTable, getClusterAttr(), "cluster");
  if (failed(cluster))
    return failure();
  if (failed(verifyPositions(*this, *model)))
    return failure();
  for (AcceleratorOp accelerator : cluster->getAccelerators())
    for (Precision needed : peaksOf(getPrecision()))
      if (peakOf(accelerator.getFigures(), needed) <= 0)
        return (emitOpError() << "precision " << stringifyPrecision(getPrecision())
                              << " needs peak_" << stringifyPrecision(needed)
                              << "_flops_per_s, which the accelerator of @" << getCluster()
                              << " does not state")
                   .attachNote(accelerator.getLoc())
               << "the accelerator is here";
  return success();
}

LogicalResult AdamWOp::verify() {
  auto requireDecay = [&](StringRef field, double value) -> LogicalResult {
    if (value >= 0 && value < 1)
      return success();
    return emitOpError() << field << " must be at least 0 and below 1, got: " << value;
  };
  if (failed(requirePositive(*this, "learning_rate", getLearningRate())) ||
      failed(requireNotNegative(*this, "warmup", getWarmup())) ||
      failed(requireDecay("beta1", getBeta1())) || failed(requireDecay("beta2", getBeta2())) ||
      failed(requirePositive(*this, "epsilon", getEpsilon())) ||
      failed(requireNotNegative(*this, "weight_decay", getWeightDecay())) ||
      failed(requireNotNegative(*this, "clip", getClip())))
    return failure();
  if (getMoments() && *getMoments() != Precision::F32 && *getMoments() != Precision::BF16)
    return emitOpError() << "moments must be f32 or bf16, got: "
                         << stringifyPrecision(*getMoments());
  return success();
}

//===----------------------------------------------------------------------===//
// Plans: what a plan says by itself
//===----------------------------------------------------------------------===//

LogicalResult PlanOp::verify() {
  if (failed(requirePositive(*this, "pp", getPp())) ||
      failed(requirePositive(*this, "dp", getDp())) ||
      failed(requirePositive(*this, "ep", getEp())) ||
      failed(requirePositive(*this, "micro_batch", getMicroBatch())))
    return failure();
  if (getDp() % getEp() != 0)
    return emitOpError() << "ep must divide dp (" << getDp() << "), got: " << getEp();
  const std::pair<StringRef, int64_t> predicted[] = {{"predicted p50_ns", getPredictedP50Ns()},
                                                     {"predicted p95_ns", getPredictedP95Ns()},
                                                     {"predicted mean_ns", getPredictedMeanNs()}};
  for (auto [field, value] : predicted)
    if (failed(requireNotNegative(*this, field, value)))
      return failure();
  int64_t numStated = llvm::count_if(predicted, [](const auto &time) { return time.second > 0; });
  if (numStated != 0 && numStated != 3)
    return emitOpError() << "predicted times must be all positive or all absent, got: p50_ns = "
                         << getPredictedP50Ns() << ", p95_ns = " << getPredictedP95Ns()
                         << ", mean_ns = " << getPredictedMeanNs();
  if (getPredictedP95Ns() < getPredictedP50Ns())
    return emitOpError() << "predicted p95_ns must be at least p50_ns (" << getPredictedP50Ns()
                         << "), got: " << getPredictedP95Ns();
  return success();
}

LogicalResult PlanOp::verifyRegions() {
  for (Operation &op : *getBody())
    if (!isa<StageOp>(op))
      return op.emitOpError("does not belong into the body of a sigma.plan; allowed: sigma.stage");
  SmallVector<StageOp> stages = getStages();
  if (static_cast<int64_t>(stages.size()) != getPp())
    return emitOpError() << "body must have pp (" << getPp() << ") stages, got: " << stages.size();
  int64_t nextLayer = 0;
  for (auto [position, stage] : llvm::enumerate(stages)) {
    if (stage.getIndex() != static_cast<int64_t>(position))
      return stage.emitOpError() << "index must be the stage's position (" << position
                                 << "), got: " << stage.getIndex();
    if (stage.getFirstLayer() != nextLayer) {
      InFlightDiagnostic diag = stage.emitOpError() << "must begin at layer " << nextLayer;
      if (position > 0) {
        diag << ", where the stage before ends";
        diag.attachNote(stages[position - 1].getLoc()) << "the stage before is here";
      }
      diag << ", got: " << stage.getFirstLayer();
      return diag;
    }
    nextLayer = stage.getEndLayer();
  }
  return success();
}

LogicalResult StageOp::verify() {
  if (failed(requireNotNegative(*this, "index", getIndex())) ||
      failed(requireNotNegative(*this, "first layer", getFirstLayer())))
    return failure();
  if (getEndLayer() <= getFirstLayer())
    return emitOpError() << "must have at least one layer: the end must be greater than "
                         << getFirstLayer() << ", got: " << getEndLayer();
  if (static_cast<int64_t>(getRemat().size()) != getNumLayers())
    return emitOpError() << "remat must have one mode per layer (" << getNumLayers()
                         << "), got: " << getRemat().size();
  return requireNotNegative(*this, "peak_bytes", getPeakBytes());
}

//===----------------------------------------------------------------------===//
// Plans: what a plan says about its job
//===----------------------------------------------------------------------===//

static LogicalResult verifyAgainstModel(PlanOp plan, ModelOp model) {
  StageOp last = plan.getStages().back();
  if (last.getEndLayer() != model.getNumLayers())
    return (last.emitOpError() << "must end at the model's number of layers ("
                               << model.getNumLayers() << "), got: " << last.getEndLayer())
               .attachNote(model.getLoc())
           << "the model is here";
  if (model.getExpertsDivisor() == 0 && plan.getEp() != 1)
    return (plan.emitOpError() << "ep must be 1 for a model without MoE layers, got: "
                               << plan.getEp())
               .attachNote(model.getLoc())
           << "the model is here";
  WalkResult result = model.walk([&](MoeOp moe) {
    if (moe.getExperts() % plan.getEp() == 0)
      return WalkResult::advance();
    (plan.emitOpError() << "ep must divide the number of experts (" << moe.getExperts()
                        << "), got: " << plan.getEp())
            .attachNote(moe.getLoc())
        << "the experts are here";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

static LogicalResult verifyAgainstCluster(PlanOp plan, ClusterOp cluster) {
  int64_t world = 0;
  if (llvm::MulOverflow(plan.getPp(), plan.getDp(), world) || world != cluster.getDevices())
    return (plan.emitOpError() << "pp x dp must be the cluster's number of devices ("
                               << cluster.getDevices() << "), got: " << plan.getPp() << " x "
                               << plan.getDp())
               .attachNote(cluster.getLoc())
           << "the cluster is here";
  return success();
}

/// A size that plans do not state is 1, and the ZeRO stage 0.
static int64_t sizeOf(PlanOp plan, StringRef name) {
  return llvm::StringSwitch<int64_t>(name)
      .Case("pp", plan.getPp())
      .Case("dp", plan.getDp())
      .Case("ep", plan.getEp())
      .Case("micro_batch", plan.getMicroBatch())
      .Case("zero", 0)
      .Default(1);
}

static LogicalResult verifyChoice(PlanOp plan, JobOp job, StringRef name) {
  int64_t chosen = sizeOf(plan, name);
  std::optional<int64_t> pin = job.getPinned(name);
  if (pin && chosen != *pin)
    return (plan.emitOpError() << name << " must be the pinned " << *pin << ", got: " << chosen)
               .attachNote(job.getLoc())
           << "the job pins it here";
  if (llvm::is_contained(job.getForbidden(name), chosen))
    return (plan.emitOpError() << name << " must not be " << chosen << ", which the job forbids")
               .attachNote(job.getLoc())
           << "the job forbids it here";
  return success();
}

static LogicalResult verifyRemat(StageOp stage, int64_t i, JobOp job) {
  RematMode chosen = stage.getRematMode(i);
  std::optional<RematMode> pin = job.getPinnedRemat();
  int64_t layer = stage.getFirstLayer() + i;
  if (pin && chosen != *pin)
    return (stage.emitOpError() << "remat of layer " << layer << " must be the pinned "
                                << stringifyRematMode(*pin)
                                << ", got: " << stringifyRematMode(chosen))
               .attachNote(job.getLoc())
           << "the job pins it here";
  if (job.forbidsRemat(chosen))
    return (stage.emitOpError() << "remat of layer " << layer << " must not be "
                                << stringifyRematMode(chosen) << ", which the job forbids")
               .attachNote(job.getLoc())
           << "the job forbids it here";
  return success();
}

static LogicalResult verifyAgainstJob(PlanOp plan, JobOp job) {
  int64_t together = 0;
  if (llvm::MulOverflow(plan.getDp(), plan.getMicroBatch(), together) ||
      job.getBatch() % together != 0)
    return (plan.emitOpError() << "dp x micro_batch must divide the batch (" << job.getBatch()
                               << "), got: " << plan.getDp() << " x " << plan.getMicroBatch())
               .attachNote(job.getLoc())
           << "the job is here";
  for (StringRef name : choices::sizeNames())
    if (failed(verifyChoice(plan, job, name)))
      return failure();
  for (StageOp stage : plan.getStages())
    for (int64_t i = 0; i < stage.getNumLayers(); ++i)
      if (failed(verifyRemat(stage, i, job)))
        return failure();
  return success();
}

LogicalResult PlanOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  FailureOr<JobOp> job = lookup<JobOp>(*this, symbolTable, getJobAttr(), "job");
  if (failed(job))
    return failure();
  auto model = symbolTable.lookupNearestSymbolFrom<ModelOp>(*job, job->getModelAttr());
  auto cluster = symbolTable.lookupNearestSymbolFrom<ClusterOp>(*job, job->getClusterAttr());
  // The job reports what it does not find.
  if (!model || !cluster)
    return success();
  if (failed(verifyAgainstModel(*this, model)) || failed(verifyAgainstCluster(*this, cluster)))
    return failure();
  return verifyAgainstJob(*this, *job);
}
