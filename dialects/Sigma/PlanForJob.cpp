//===- PlanForJob.cpp - what a plan says about its job --------------------===//

#include "dialects/Sigma/Choices.h"
#include "dialects/Sigma/SigmaOps.h"
#include "dialects/Sigma/VerifyHelpers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::sigma;

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

/// Plans split layers over stages whatever they are made of: the last chunk in the schedule's order
/// ends the model.
static LogicalResult verifyLayers(PlanOp plan, ModelOp model) {
  auto [position, chunk] = plan.getChunkOrder().back();
  StageOp last = plan.getStages()[position];
  int64_t end = last.getChunks()[chunk].end;
  if (end == model.getNumLayers())
    return success();
  return (last.emitOpError() << "must end at the model's number of layers (" << model.getNumLayers()
                             << "), got: " << end)
             .attachNote(model.getLoc())
         << "the model is here";
}

static LogicalResult verifyExperts(PlanOp plan, ModelOp model) {
  bool isDense = model.getExpertsDivisor() == 0;
  for (StringRef name : {"ep", "etp"})
    if (isDense && plan.getSize(name) != 1)
      return (plan.emitOpError() << name << " must be 1 for a model without MoE layers, got: "
                                 << plan.getSize(name))
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

static LogicalResult verifySplit(PlanOp plan, BlockOpInterface block) {
  auto refuse = [&](const Twine &rule, const Twine &got) -> LogicalResult {
    return (plan.emitOpError() << rule << ", got: " << got).attachNote(block.getLoc())
           << "the block is here";
  };
  Splits splits = block.getSplits();
  int64_t tp = plan.getTp(), cp = plan.getCp();
  if (splits.tensor % tp != 0)
    return refuse("tp must divide what can be split (" + Twine(splits.tensor) + ")", Twine(tp));
  if (splits.expertTensor % plan.getEtp() != 0)
    return refuse("etp must divide the width of experts (" + Twine(splits.expertTensor) + ")",
                  Twine(plan.getEtp()));
  if (cp > 1 && !splits.context)
    return refuse("cp must be 1 with a block that needs whole sequences", Twine(cp));
  if (plan.getContextKind() == ContextKind::AllToAll && splits.heads % (tp * cp) != 0)
    return refuse("with context all-to-all, tp x cp must divide the heads (" + Twine(splits.heads) +
                      ")",
                  Twine(tp) + " x " + Twine(cp));
  return success();
}

static LogicalResult verifyAgainstModel(PlanOp plan, ModelOp model) {
  if (failed(verifyLayers(plan, model)) || failed(verifyExperts(plan, model)))
    return failure();
  WalkResult result =
      model.walk([&](BlockOpInterface block) { return WalkResult(verifySplit(plan, block)); });
  return failure(result.wasInterrupted());
}

//===----------------------------------------------------------------------===//
// The cluster
//===----------------------------------------------------------------------===//

static LogicalResult verifyAgainstCluster(PlanOp plan, ClusterOp cluster) {
  if (__int128(plan.getRanksPerStage()) * plan.getPp() == cluster.getDevices())
    return success();
  return (plan.emitOpError() << "tp x cp x dp x pp must be the cluster's number of devices ("
                             << cluster.getDevices() << "), got: " << plan.getTp() << " x "
                             << plan.getCp() << " x " << plan.getDp() << " x " << plan.getPp())
             .attachNote(cluster.getLoc())
         << "the cluster is here";
}

//===----------------------------------------------------------------------===//
// The job
//===----------------------------------------------------------------------===//

static LogicalResult verifySequence(PlanOp plan, JobOp job) {
  int64_t shares = plan.getTp() * plan.getCp(), sequence = job.getTrainedSequence();
  bool isRing = plan.getCp() > 1 && plan.getContextKind() == ContextKind::Ring;
  if (sequence % shares != 0)
    return (plan.emitOpError() << "tp x cp must divide the sequence (" << sequence
                               << "), got: " << plan.getTp() << " x " << plan.getCp())
               .attachNote(job.getLoc())
           << "the job is here";
  if (isRing && sequence % (2 * plan.getCp()) != 0)
    return (plan.emitOpError() << "with context ring, 2 x cp must divide the sequence (" << sequence
                               << "), got: 2 x " << plan.getCp())
               .attachNote(job.getLoc())
           << "the job is here";
  return success();
}

static LogicalResult verifyBatch(PlanOp plan, JobOp job) {
  int64_t together = plan.getDp() * plan.getMicroBatch();
  if (job.getBatch() % together != 0)
    return (plan.emitOpError() << "dp x micro_batch must divide the batch (" << job.getBatch()
                               << "), got: " << plan.getDp() << " x " << plan.getMicroBatch())
               .attachNote(job.getLoc())
           << "the job is here";
  int64_t numMicroBatches = job.getBatch() / together;
  if (plan.getSchedule() == Schedule::Interleaved && numMicroBatches % plan.getPp() != 0)
    return plan.emitOpError() << "pp must divide the micro-batches (" << numMicroBatches
                              << ") with schedule interleaved, got: " << plan.getPp();
  if (plan.getSchedule() == Schedule::DualPipeV && numMicroBatches < 2 * plan.getPp())
    return plan.emitOpError() << "micro-batches must be at least 2 x pp (" << 2 * plan.getPp()
                              << ") with schedule dualpipev, got: " << numMicroBatches;
  return success();
}

static InFlightDiagnostic &&pinnedHere(InFlightDiagnostic &&diag, JobOp job) {
  diag.attachNote(job.getLoc()) << "the job pins it here";
  return std::move(diag);
}
static InFlightDiagnostic &&forbiddenHere(InFlightDiagnostic &&diag, JobOp job) {
  diag.attachNote(job.getLoc()) << "the job forbids it here";
  return std::move(diag);
}

static LogicalResult verifySize(PlanOp plan, JobOp job, StringRef name) {
  int64_t chosen = plan.getSize(name);
  std::optional<int64_t> pin = job.getPinned(name);
  if (pin && chosen != *pin)
    return pinnedHere(
        plan.emitOpError() << name << " must be the pinned " << *pin << ", got: " << chosen, job);
  if (llvm::is_contained(job.getForbidden(name), chosen))
    return forbiddenHere(
        plan.emitOpError() << name << " must not be " << chosen << ", which the job forbids", job);
  if (choices::isZeroStage(name) && chosen > job.getMaxZero().value_or(chosen))
    return (plan.emitOpError() << name << " must be at most the job's max_zero ("
                               << *job.getMaxZero() << "), got: " << chosen)
               .attachNote(job.getLoc())
           << "the job is here";
  return success();
}

static LogicalResult verifySchedule(PlanOp plan, JobOp job) {
  StringRef chosen = stringifySchedule(plan.getSchedule());
  std::optional<Schedule> pin = job.getPinnedSchedule();
  if (pin && *pin != plan.getSchedule())
    return pinnedHere(plan.emitOpError() << "schedule must be the pinned "
                                         << stringifySchedule(*pin) << ", got: " << chosen,
                      job);
  if (job.forbids(plan.getSchedule()))
    return forbiddenHere(
        plan.emitOpError() << "schedule must not be " << chosen << ", which the job forbids", job);
  return success();
}

static LogicalResult verifyRemat(StageOp stage, int64_t layer, StringRef chosen, JobOp job) {
  std::optional<RematMode> pin = job.getPinnedRemat();
  if (pin && chosen != stringifyRematMode(*pin))
    return pinnedHere(stage.emitOpError() << "remat of layer " << layer << " must be the pinned "
                                          << stringifyRematMode(*pin) << ", got: " << chosen,
                      job);
  std::optional<RematMode> named = symbolizeRematMode(chosen);
  if (named && job.forbids(*named))
    return forbiddenHere(stage.emitOpError() << "remat of layer " << layer << " must not be "
                                             << chosen << ", which the job forbids",
                         job);
  return success();
}

static LogicalResult verifyAgainstJob(PlanOp plan, JobOp job) {
  if (failed(verifySequence(plan, job)) || failed(verifyBatch(plan, job)))
    return failure();
  for (StringRef name : choices::sizeNames())
    if (failed(verifySize(plan, job, name)))
      return failure();
  if (failed(verifySchedule(plan, job)))
    return failure();
  for (StageOp stage : plan.getStages())
    for (auto [i, layer] : llvm::enumerate(stage.getLayers()))
      if (failed(verifyRemat(stage, layer, stage.getRematMode(i), job)))
        return failure();
  return success();
}

LogicalResult PlanOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  FailureOr<JobOp> job = lookupSymbol<JobOp>(*this, symbolTable, getJobAttr(), "job");
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
