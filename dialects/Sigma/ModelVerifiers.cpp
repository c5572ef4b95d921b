//===- ModelVerifiers.cpp - what a legal model is -------------------------===//

#include "dialects/Sigma/SigmaOps.h"
#include "dialects/Sigma/VerifyHelpers.h"

using namespace mlir;
using namespace mlir::sigma;

/// Far above every model there is; catches the mistake of a digit too many before sizes are
/// multiplied.
static constexpr int64_t kMaxSize = 1 << 24;
static constexpr int64_t kMaxLayers = 4096;

/// A length, width or count: from 1 to kMaxSize.
static LogicalResult requireSize(Operation *op, StringRef field, int64_t value) {
  if (failed(requirePositive(op, field, value)))
    return failure();
  if (value > kMaxSize)
    return op->emitOpError() << field << " must be at most " << kMaxSize << ", got: " << value;
  return success();
}

LogicalResult ModelOp::verify() {
  if (failed(requireSize(*this, "sequence", getSequence())) ||
      failed(requirePositive(*this, "norm_epsilon", getNormEpsilon())) ||
      failed(requirePositive(*this, "init_std", getInitStd())))
    return failure();
  return success();
}

static LogicalResult verifyNumLayers(ModelOp model) {
  int64_t left = kMaxLayers;
  for (RepeatOp repeat : model.getBody()->getOps<RepeatOp>()) {
    if (repeat.getCount() > left)
      return repeat.emitOpError() << "makes the model deeper than the allowed " << kMaxLayers
                                  << " layers: " << kMaxLayers - left << " before, "
                                  << repeat.getCount() << " here";
    left -= repeat.getCount();
  }
  return success();
}

LogicalResult ModelOp::verifyRegions() {
  Block &body = *getBody();
  for (Operation &op : body)
    if (!isa<EmbeddingOp, RepeatOp, HeadOp>(op))
      return op.emitOpError() << "does not belong into the body of a sigma.model; allowed: "
                                 "sigma.embedding, sigma.repeat, sigma.head";

  if (body.empty() || !isa<EmbeddingOp>(body.front()))
    return emitOpError("body must begin with a sigma.embedding");
  for (EmbeddingOp embedding : body.getOps<EmbeddingOp>())
    if (embedding != getEmbedding())
      return (embedding.emitOpError("must be the only one of the model"))
                 .attachNote(getEmbedding().getLoc())
             << "the first is here";
  if (!isa<HeadOp>(body.back()))
    return emitOpError("body must end with a sigma.head");
  for (HeadOp head : body.getOps<HeadOp>())
    if (head->getNextNode())
      return head.emitOpError("must be the last op of the model").attachNote(body.back().getLoc())
             << "the last op is here";
  if (body.getOps<RepeatOp>().empty())
    return emitOpError("body must have at least one sigma.repeat");
  return verifyNumLayers(*this);
}

LogicalResult EmbeddingOp::verify() {
  if (failed(requireSize(*this, "vocabulary", getVocabulary())) ||
      failed(requireSize(*this, "width", getWidth())))
    return failure();
  return success();
}

LogicalResult RepeatOp::verify() { return requirePositive(*this, "count", getCount()); }

LogicalResult RepeatOp::verifyRegions() {
  constexpr StringLiteral kRule = "body must be one sigma.attention followed by one sigma.mlp or "
                                  "one sigma.moe";
  Block &body = *getBody();
  if (body.empty())
    return emitOpError(kRule) << ", got an empty body";
  Operation *attention = &body.front();
  if (!isa<AttentionOp>(attention))
    return emitOpError(kRule).attachNote(attention->getLoc()) << "expected sigma.attention here";
  Operation *feedForward = attention->getNextNode();
  if (!feedForward)
    return emitOpError(kRule).attachNote(attention->getLoc()) << "nothing follows this op";
  if (!isa<MlpOp, MoeOp>(feedForward))
    return emitOpError(kRule).attachNote(feedForward->getLoc())
           << "expected sigma.mlp or sigma.moe here";
  if (Operation *extra = feedForward->getNextNode())
    return emitOpError(kRule).attachNote(extra->getLoc()) << "this op is one too many";
  return success();
}

LogicalResult AttentionOp::verify() {
  if (failed(requireSize(*this, "heads", getHeads())) ||
      failed(requireSize(*this, "kv_heads", getKvHeads())) ||
      failed(requireSize(*this, "head_width", getHeadWidth())))
    return failure();
  if (getHeads() % getKvHeads() != 0)
    return emitOpError() << "kv_heads must divide heads (" << getHeads()
                         << "), got: " << getKvHeads();
  if (getHeadWidth() % 2 != 0)
    return emitOpError() << "head_width must be even, because rotary positions rotate pairs, got: "
                         << getHeadWidth();
  return requirePositive(*this, "rope", getRopeBase());
}

LogicalResult MlpOp::verify() { return requireSize(*this, "width", getWidth()); }

LogicalResult MoeOp::verify() {
  if (failed(requireSize(*this, "experts", getExperts())) ||
      failed(requireSize(*this, "top_k", getTopK())))
    return failure();
  if (getTopK() > getExperts())
    return emitOpError() << "top_k must be at most experts (" << getExperts()
                         << "), got: " << getTopK();
  if (failed(requireSize(*this, "width", getWidth())) ||
      failed(requireNotNegative(*this, "shared", getSharedExperts())))
    return failure();
  if (getSharedExperts() > 0 && getSharedWidth() <= 0)
    return emitOpError() << "shared_width must be positive with shared experts ("
                         << getSharedExperts() << "), got: " << getSharedWidth();
  if (getSharedExperts() == 0 && getSharedWidth() != 0)
    return emitOpError() << "shared_width must be absent without shared experts, got: "
                         << getSharedWidth();
  return requireNotNegative(*this, "balance_loss", getBalanceLoss());
}

LogicalResult HeadOp::verify() {
  if (getTying() == HeadTying::Tied)
    return emitOpError("tied is not supported; allowed: untied");
  return success();
}
