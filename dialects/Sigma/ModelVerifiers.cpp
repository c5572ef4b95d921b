//===- ModelVerifiers.cpp - what a legal model is -------------------------===//

#include "dialects/Sigma/SigmaOps.h"
#include "dialects/Sigma/VerifyHelpers.h"

using namespace mlir;
using namespace mlir::sigma;

static constexpr int64_t kMaxLayers = 4096;
// Each is expanded for itself. Published models have up to three.
static constexpr int64_t kMaxFurtherTokens = 64;

LogicalResult ModelOp::verify() {
  if (failed(requireSize(*this, "sequence", getSequence())) ||
      failed(requirePositive(*this, "norm_epsilon", getNormEpsilon())) ||
      failed(requirePositive(*this, "init_std", getInitStd())))
    return failure();
  return requirePositive(*this, "residual_scale", getResidualScale());
}

static LogicalResult verifyNumLayers(ModelOp model) {
  int64_t left = kMaxLayers;
  for (RepeatOp repeat : model.getBody()->getOps<RepeatOp>()) {
    int64_t period = repeat.getLayers().size();
    if (repeat.getCount() > left / period)
      return repeat.emitOpError() << "makes the model deeper than the allowed " << kMaxLayers
                                  << " layers: " << kMaxLayers - left << " before, "
                                  << repeat.getCount() << (period == 1 ? "" : " x ")
                                  << (period == 1 ? "" : std::to_string(period)) << " here";
    left -= repeat.getCount() * period;
  }
  return success();
}

/// The first op is the embedding, the last the head, and there is no other of either.
static LogicalResult verifyEnds(ModelOp model) {
  Block &body = *model.getBody();
  if (body.empty() || !isa<EmbeddingOp>(body.front()))
    return model.emitOpError("body must begin with a sigma.embedding");
  for (EmbeddingOp embedding : body.getOps<EmbeddingOp>())
    if (embedding != model.getEmbedding())
      return (embedding.emitOpError("must be the only one of the model"))
                 .attachNote(model.getEmbedding().getLoc())
             << "the first is here";
  if (!isa<HeadOp>(body.back()))
    return model.emitOpError("body must end with a sigma.head");
  for (HeadOp head : body.getOps<HeadOp>())
    if (head->getNextNode())
      return head.emitOpError("must be the last op of the model").attachNote(body.back().getLoc())
             << "the last op is here";
  return success();
}

static LogicalResult verifyMtp(ModelOp model) {
  for (MtpOp mtp : model.getBody()->getOps<MtpOp>())
    if (!isa<HeadOp>(mtp->getNextNode()))
      return mtp.emitOpError("must stand right before the sigma.head")
                 .attachNote(mtp->getNextNode()->getLoc())
             << "this op is between them";
  return success();
}

static LogicalResult verifyPositions(ModelOp model) {
  EmbeddingOp embedding = model.getEmbedding();
  std::optional<int64_t> positions = embedding.getPositions();
  if (!positions || *positions >= model.getSequence())
    return success();
  return (embedding.emitOpError() << "positions must be at least the model's sequence ("
                                  << model.getSequence() << "), got: " << *positions)
             .attachNote(model.getLoc())
         << "the model is here";
}

LogicalResult ModelOp::verifyRegions() {
  Block &body = *getBody();
  for (Operation &op : body)
    if (!isa<EmbeddingOp, RepeatOp, MtpOp, HeadOp>(op))
      return op.emitOpError() << "does not belong into the body of a sigma.model; allowed: "
                                 "sigma.embedding, sigma.repeat, sigma.mtp, sigma.head";
  if (failed(verifyEnds(*this)) || failed(verifyMtp(*this)))
    return failure();
  if (body.getOps<RepeatOp>().empty())
    return emitOpError("body must have at least one sigma.repeat");
  if (failed(verifyPositions(*this)))
    return failure();
  return verifyNumLayers(*this);
}

LogicalResult EmbeddingOp::verify() {
  if (failed(requireSize(*this, "vocabulary", getVocabulary())) ||
      failed(requireSize(*this, "width", getWidth())) ||
      failed(requireSize(*this, "positions", getPositions())))
    return failure();
  return requirePositive(*this, "scale", getScale());
}

/// The body of a repeat or mtp: pairs of an attention and a feed-forward op.
static LogicalResult verifyLayers(Operation *op, Block &body) {
  constexpr StringLiteral kRule =
      "body must be layers, each an attention op followed by a feed-forward op";
  if (body.empty())
    return op->emitOpError(kRule) << ", got an empty body";
  bool expectsAttention = true;
  for (Operation &block : body) {
    if (expectsAttention && !isa<AttentionOp, LatentAttentionOp>(block))
      return op->emitOpError(kRule).attachNote(block.getLoc())
             << "expected sigma.attention or sigma.latent_attention here";
    if (!expectsAttention && !isa<MlpOp, MoeOp>(block))
      return op->emitOpError(kRule).attachNote(block.getLoc())
             << "expected sigma.mlp or sigma.moe here";
    expectsAttention = !expectsAttention;
  }
  if (!expectsAttention)
    return op->emitOpError(kRule).attachNote(body.back().getLoc()) << "nothing follows this op";
  return success();
}

LogicalResult RepeatOp::verify() { return requirePositive(*this, "count", getCount()); }

LogicalResult RepeatOp::verifyRegions() { return verifyLayers(*this, *getBody()); }

LogicalResult MtpOp::verify() {
  if (getCount() < 1 || getCount() > kMaxFurtherTokens)
    return emitOpError() << "count must be from 1 to " << kMaxFurtherTokens
                         << ", got: " << getCount();
  return requirePositive(*this, "loss_factor", getLossFactor());
}

LogicalResult MtpOp::verifyRegions() {
  if (failed(verifyLayers(*this, *getBody())))
    return failure();
  if (size_t layers = getLayers().size(); layers != 1)
    return emitOpError() << "body must be one layer, got: " << layers;
  return success();
}

LogicalResult HeadOp::verify() {
  if (failed(requirePositive(*this, "scale", getScale())))
    return failure();
  return requirePositive(*this, "softcap", getSoftcap());
}
