//===- ExpandModel.cpp - embedding, head and further tokens in primitive ops -===//

#include "dialects/Sigma/ExpandParts.h"
#include <cmath>

using namespace mlir;
using namespace mlir::sigma;
using rank::BlockBuilder;
using rank::Part;

/// The rows of the table that belong to `ids`; the table is one of `shards` parts.
static Value lookUp(BlockBuilder &b, Value ids, Value table, int64_t shards) {
  int64_t count = cast<RankedTensorType>(ids.getType()).getNumElements();
  return b.create<rank::EmbeddingOp>(b.floats({count, b.shape().width}), ids, table, shards);
}

/// The vocabulary is split over the tensor group: of a token's row, all ranks but one add zeros.
static Value embedTokens(BlockBuilder &b, Value ids) {
  int64_t tp = b.shape().tp;
  Value table = b.embeddingTable(b.shape().vocabulary / tp, b.shape().width);
  return b.scatterTokens(lookUp(b, ids, table, tp));
}

void EmbeddingOp::expand(BlockBuilder &b) {
  b.enterBlock("embedding", getLoc());
  b.stream = embedTokens(b, b.tokens);
  if (getPositions()) {
    const rank::ModelShape &shape = b.shape();
    Value position = b.create<rank::PositionsOp>(
        b.indices({shape.streamTokens()}), shape.streamTokensPerSequence(), shape.tp * shape.cp);
    Value table = b.matrix("positions", *getPositions(), getWidth(), Part::Whole);
    b.stream = b.add(b.stream, lookUp(b, position, table, /*shards=*/1));
  }
  if (getScale())
    b.stream = b.scale(b.stream, *getScale());
}

/// A row of the projection per token of the vocabulary, each of length one.
static Value unitRows(BlockBuilder &b, Value matrix) {
  constexpr double kEpsilon = 1.0e-12; // of a mean square; only a row of zeros is near it
  auto type = cast<RankedTensorType>(matrix.getType());
  Value length = b.constant({type.getDimSize(1)}, 1.0 / std::sqrt(double(type.getDimSize(1))));
  return b
      .create<rank::RmsNormOp>(type, b.wideFloats({type.getDimSize(0)}), matrix, length, kEpsilon)
      .getResult();
}

namespace {
/// From the width to logits; the head's, also for further tokens. Split over the vocabulary.
struct VocabularyProjection {
  HeadOp head;
  Value matrix, bias;

  bool hasRowPerToken() { return head.getTying() == HeadTying::Tied || head.getNormalize(); }
};
} // namespace

static VocabularyProjection createProjection(BlockBuilder &b, HeadOp head) {
  int64_t width = b.shape().width, vocabulary = b.shape().vocabulary / b.shape().tp;
  VocabularyProjection projection{head, Value(), Value()};
  if (head.getTying() == HeadTying::Tied)
    projection.matrix = b.embeddingTable(vocabulary, width);
  else if (projection.hasRowPerToken())
    projection.matrix = b.matrix("output", vocabulary, width, Part::Rows);
  else
    projection.matrix = b.matrix("output", width, vocabulary, Part::Columns);
  if (head.getNormalize())
    projection.matrix = unitRows(b, projection.matrix);
  if (head.getBias())
    projection.bias = b.bias("output_bias", vocabulary, Part::Columns);
  return projection;
}

static Value expandLogits(BlockBuilder &b, VocabularyProjection projection, Value input) {
  HeadOp head = projection.head;
  input = b.gatherTokens(input);
  Value logits = projection.hasRowPerToken() ? b.matmulTransposed(input, projection.matrix)
                                             : b.matmul(input, projection.matrix);
  if (projection.bias)
    logits = b.addBias(logits, projection.bias);
  if (head.getScale())
    logits = b.scale(logits, *head.getScale());
  if (head.getSoftcap())
    logits = b.activation(logits, rank::Activation::TanhCap, *head.getSoftcap());
  return logits;
}

/// The mean cross entropy over the global batch, times `factor`.
static void addLoss(BlockBuilder &b, Value logits, Value targets, rank::Term term, double factor) {
  auto entropy = b.create<rank::CrossEntropyOp>(
      b.wideFloats({1}), b.wideFloats({b.shape().tokens()}), logits, targets, b.shape().tp);
  b.objective(entropy.getLoss(), term,
              factor / (double(b.shape().globalBatch) * b.shape().sequence));
}

/// What a block for a further token works on: the stream and the embedding of the token before the
/// one it predicts, each normed, projected together.
static Value mergeWithToken(BlockBuilder &b, ModelOp model, Value stream, Value ids) {
  int64_t width = b.shape().width;
  auto project = [&](Value input, StringRef name) {
    Value normed = expandNorm(b, model, input, (name + "_norm").str());
    return b.matmul(normed, b.matrix((name + "_projection").str(), width, width, Part::Whole));
  };
  Value token = embedTokens(b, ids);
  if (std::optional<double> scale = model.getEmbedding().getScale())
    token = b.scale(token, *scale);
  return b.add(project(stream, "stream"), project(token, "token"));
}

/// DeepSeek-V3, equations 21 to 25.
static void expandMtp(BlockBuilder &b, MtpOp mtp, VocabularyProjection projection) {
  auto model = mtp->getParentOfType<ModelOp>();
  Layer layer = mtp.getLayers().front();
  Value ids = b.targets;
  for (int64_t depth = 0; depth < mtp.getCount(); ++depth) {
    b.enterScope(("mtp." + Twine(depth) + ".").str());
    b.enterBlock("input", mtp.getLoc());
    b.stream = mergeWithToken(b, model, b.stream, ids);
    layer.attention.expand(b);
    layer.feedForward.expand(b);
    b.enterBlock("output", mtp.getLoc());
    Value logits = expandLogits(b, projection, expandNorm(b, model, b.stream, "norm"));
    ids = b.create<rank::NextTargetsOp>(ids, b.shape().tokensPerSequence());
    addLoss(b, logits, ids, rank::Term::Balance, mtp.getLossFactor() / mtp.getCount());
  }
}

void HeadOp::expand(BlockBuilder &b) {
  b.enterScope("");
  b.enterBlock("head", getLoc());
  auto model = (*this)->getParentOfType<ModelOp>();
  Value input = b.stream;
  if (model.getNormPlacement() != NormPlacement::Post)
    input = expandNorm(b, model, input, "norm");
  VocabularyProjection projection = createProjection(b, *this);
  addLoss(b, expandLogits(b, projection, input), b.targets, rank::Term::Loss, 1.0);
  if (MtpOp mtp = model.getMtp())
    expandMtp(b, mtp, projection);
  b.stream = Value();
}
