//===- PlanVerifiers.cpp - what a plan says by itself ---------------------===//

#include "dialects/Sigma/Choices.h"
#include "dialects/Sigma/EnumAssembly.h"
#include "dialects/Sigma/SigmaOps.h"
#include "dialects/Sigma/VerifyHelpers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::sigma;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

static LogicalResult verifySizes(PlanOp plan) {
  for (StringRef name : choices::sizeNames()) {
    int64_t size = plan.getSize(name);
    if (failed(choices::isZeroStage(name) ? requireInRange(plan, name, size, 0, 3)
                                          : requireSize(plan, name, size)))
      return failure();
  }
  if (__int128(plan.getTp()) * plan.getCp() * plan.getDp() > INT64_MAX)
    return plan.emitOpError() << "tp x cp x dp must be a number of ranks, got: " << plan.getTp()
                              << " x " << plan.getCp() << " x " << plan.getDp();
  if (plan.getRanksPerStage() % (plan.getEtp() * plan.getEp()) != 0)
    return plan.emitOpError() << "etp x ep must divide tp x cp x dp (" << plan.getRanksPerStage()
                              << "), got: " << plan.getEtp() << " x " << plan.getEp();
  return success();
}

static LogicalResult verifyZero(PlanOp plan) {
  if (plan.getZero() > 0 && plan.getCp() * plan.getDp() == 1)
    return plan.emitOpError() << "zero must be 0 where cp x dp is 1, got: " << plan.getZero();
  if (plan.getExpertZero() > 0 && plan.getEdp() == 1)
    return plan.emitOpError() << "expert_zero must be 0 where edp is 1, got: "
                              << plan.getExpertZero();
  return success();
}

static LogicalResult verifySchedule(PlanOp plan) {
  auto refuse = [&](StringRef name, StringRef rule) -> LogicalResult {
    return plan.emitOpError() << name << " must be " << rule << " with schedule "
                              << stringifySchedule(plan.getSchedule())
                              << ", got: " << plan.getSize(name);
  };
  switch (plan.getSchedule()) {
  case Schedule::OneFOneB:
    return plan.getVpp() == 1 ? success() : refuse("vpp", "1");
  case Schedule::ZeroBubbleH1:
    if (plan.getVpp() != 1)
      return refuse("vpp", "1");
    break;
  case Schedule::Interleaved:
    if (plan.getVpp() < 2)
      return refuse("vpp", "at least 2");
    break;
  case Schedule::DualPipeV:
    if (plan.getVpp() != 2)
      return refuse("vpp", "2");
    break;
  }
  return plan.getPp() >= 2 ? success() : refuse("pp", "at least 2");
}

/// A pipeline that is one block of devices holds whole groups of etp and of etp x ep, or lies in
/// one.
static LogicalResult verifyPlacement(PlanOp plan) {
  if (plan.getPlacement() == Placement::StagesOutside)
    return success();
  if (plan.getPp() == 1 || plan.getDp() == 1)
    return plan.emitOpError() << "placement " << stringifyPlacement(plan.getPlacement())
                              << " needs pp and dp above 1, got: " << plan.getPp() << " and "
                              << plan.getDp();
  int64_t block = plan.getTp() * plan.getCp();
  const std::pair<StringRef, int64_t> groups[] = {{"etp", plan.getEtp()},
                                                  {"etp x ep", plan.getEtp() * plan.getEp()}};
  for (auto [name, size] : groups)
    if (size % block != 0 && block % size != 0)
      return plan.emitOpError() << "with placement " << stringifyPlacement(plan.getPlacement())
                                << ", " << name
                                << " and tp x cp must divide each other, got: " << size << " and "
                                << block;
  return success();
}

static LogicalResult verifyPrediction(PlanOp plan) {
  const std::pair<StringRef, int64_t> predicted[] = {
      {"predicted p50_ns", plan.getPredictedP50Ns()},
      {"predicted p95_ns", plan.getPredictedP95Ns()},
      {"predicted mean_ns", plan.getPredictedMeanNs()}};
  for (auto [field, value] : predicted)
    if (failed(requireNotNegative(plan, field, value)))
      return failure();
  int64_t numStated = llvm::count_if(predicted, [](const auto &time) { return time.second > 0; });
  if (numStated != 0 && numStated != 3)
    return plan.emitOpError()
           << "predicted times must be all positive or all absent, got: p50_ns = "
           << plan.getPredictedP50Ns() << ", p95_ns = " << plan.getPredictedP95Ns()
           << ", mean_ns = " << plan.getPredictedMeanNs();
  if (plan.getPredictedP95Ns() < plan.getPredictedP50Ns())
    return plan.emitOpError() << "predicted p95_ns must be at least p50_ns ("
                              << plan.getPredictedP50Ns() << "), got: " << plan.getPredictedP95Ns();
  return success();
}

LogicalResult PlanOp::verify() {
  if (failed(verifySizes(*this)) || failed(verifyZero(*this)))
    return failure();
  if (getCp() == 1 && getContextKind() != ContextKind::Ring)
    return emitOpError() << "context must be ring where cp is 1, got: "
                         << stringifyContextKind(getContextKind());
  if (failed(verifySchedule(*this)) || failed(verifyPlacement(*this)))
    return failure();
  return verifyPrediction(*this);
}

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

static LogicalResult verifyStageList(PlanOp plan) {
  SmallVector<StageOp, 4> stages = plan.getStages();
  if (static_cast<int64_t>(stages.size()) != plan.getPp())
    return plan.emitOpError() << "body must have pp (" << plan.getPp()
                              << ") stages, got: " << stages.size();
  for (auto [position, stage] : llvm::enumerate(stages)) {
    if (stage.getIndex() != static_cast<int64_t>(position))
      return stage.emitOpError() << "index must be the stage's position (" << position
                                 << "), got: " << stage.getIndex();
    if (static_cast<int64_t>(stage.getChunks().size()) != plan.getVpp())
      return stage.emitOpError() << "must have vpp (" << plan.getVpp()
                                 << ") chunks, got: " << stage.getChunks().size();
  }
  return success();
}

/// Each layer once, in the order in which the schedule goes through the chunks.
static LogicalResult verifyChunkOrder(PlanOp plan) {
  SmallVector<StageOp, 4> stages = plan.getStages();
  StageOp before;
  int64_t nextLayer = 0;
  for (auto [position, chunk] : plan.getChunkOrder()) {
    StageOp stage = stages[position];
    StageOp::Chunk layers = stage.getChunks()[chunk];
    if (layers.first != nextLayer) {
      InFlightDiagnostic diag = stage.emitOpError();
      if (plan.getVpp() > 1)
        diag << "chunk " << chunk << " ";
      diag << "must begin at layer " << nextLayer;
      if (before) {
        diag << ", where the " << (plan.getVpp() > 1 ? "chunk" : "stage") << " before ends";
        diag.attachNote(before.getLoc())
            << "the " << (plan.getVpp() > 1 ? "chunk" : "stage") << " before is here";
      }
      return diag << ", got: " << layers.first;
    }
    nextLayer = layers.end;
    before = stage;
  }
  return success();
}

LogicalResult PlanOp::verifyRegions() {
  for (Operation &op : *getBody())
    if (!isa<StageOp>(op))
      return op.emitOpError("does not belong into the body of a sigma.plan; allowed: sigma.stage");
  if (failed(verifyStageList(*this)))
    return failure();
  return verifyChunkOrder(*this);
}

LogicalResult StageOp::verify() {
  if (failed(requireNotNegative(*this, "index", getIndex())))
    return failure();
  if (getFirstLayers().empty() || getFirstLayers().size() != getEndLayers().size())
    return emitOpError() << "first_layers and end_layers must have one entry per chunk, got: "
                         << getFirstLayers().size() << " and " << getEndLayers().size();
  int64_t numLayers = 0;
  for (Chunk chunk : getChunks()) {
    if (failed(requireNotNegative(*this, "first layer", chunk.first)))
      return failure();
    if (chunk.end <= chunk.first)
      return emitOpError() << "must have at least one layer: the end must be greater than "
                           << chunk.first << ", got: " << chunk.end;
    if (chunk.end > kMaxSize)
      return emitOpError() << "end layer must be at most " << kMaxSize << ", got: " << chunk.end;
    numLayers += chunk.end - chunk.first;
  }
  if (static_cast<int64_t>(getRemat().size()) != numLayers)
    return emitOpError() << "remat must have one mode per layer (" << numLayers
                         << "), got: " << getRemat().size();
  for (StringRef mode : getRemat().getAsValueRange<StringAttr>())
    if (mode.empty())
      return emitOpError("remat must name each layer's mode, got: an empty name");
  return requireNotNegative(*this, "peak_bytes", getPeakBytes());
}
