//===- JobVerifiers.cpp - what legal jobs are -----------------------------===//

#include "dialects/Sigma/Choices.h"
#include "dialects/Sigma/SigmaOps.h"
#include "dialects/Sigma/VerifyHelpers.h"

using namespace mlir;
using namespace mlir::sigma;

static constexpr int64_t kMillion = 1000000;

LogicalResult OverlapAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                                  int64_t gradientPpm, int64_t parameterPpm, int64_t tensorPpm,
                                  int64_t contextPpm, int64_t exchangePpm, int64_t expertPpm) {
  const std::pair<StringRef, int64_t> shares[] = {
      {"gradient_ppm", gradientPpm}, {"parameter_ppm", parameterPpm}, {"tensor_ppm", tensorPpm},
      {"context_ppm", contextPpm},   {"exchange_ppm", exchangePpm},   {"expert_ppm", expertPpm}};
  for (auto [name, ppm] : shares)
    if (ppm < 0 || ppm > kMillion)
      return emitError() << "overlap " << name << " must be from 0 to " << kMillion
                         << ", got: " << ppm;
  return success();
}

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
  if (getReduce() && *getReduce() != Precision::F32 && *getReduce() != Precision::BF16)
    return emitOpError() << "reduce must be f32 or bf16, got: " << stringifyPrecision(*getReduce());
  if (failed(requireNotNegative(*this, "step_ns", getStepNs())))
    return failure();
  if (failed(choices::verify(*this, getPinAttr(), getForbidAttr())))
    return failure();
  for (StringRef name : {"zero", "expert_zero"}) {
    std::optional<int64_t> zero = getPinned(name);
    if (zero && getMaxZero() && *zero > *getMaxZero())
      return emitOpError() << "pin " << name << " must be at most max_zero (" << *getMaxZero()
                           << "), got: " << *zero;
  }
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
  FailureOr<ModelOp> model = lookupSymbol<ModelOp>(*this, symbolTable, getModelAttr(), "model");
  if (failed(model))
    return failure();
  FailureOr<ClusterOp> cluster =
      lookupSymbol<ClusterOp>(*this, symbolTable, getClusterAttr(), "cluster");
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
