//===- ExpandAttention.cpp - attention in primitive ops -------------------===//

#include "dialects/Sigma/ExpandParts.h"
#include <cmath>

using namespace mlir;
using namespace mlir::sigma;
using rank::BlockBuilder;

/// Rotary positions of `heads` heads side by side; `width` numbers of a head know positions.
static Value rotate(BlockBuilder &b, RopeAttr rope, Value input, int64_t heads, int64_t width) {
  const rank::ModelShape &shape = b.shape();
  return b.create<rank::RotaryOp>(input.getType(), input, shape.tokensPerSequence(), heads,
                                  rope.getFrequencies(width, shape.sequence), rope.getMagnitude(),
                                  /*transpose=*/false, shape.cp);
}

namespace {
/// What the attention core is told besides its operands. Heads are those of a rank.
struct Core {
  int64_t heads, kvHeads, valueWidth;
  std::optional<int64_t> window, chunk;
  std::optional<double> scale, softcap;
};
} // namespace

/// Attention of whole sequences, or of shares of them with keys and values that go round.
static Value attendShare(BlockBuilder &b, const Core &core, Value query, Value key, Value value,
                         Value sinks, int64_t tokensPerSequence, int64_t ring) {
  OpBuilder &builder = b.builder();
  auto size = [&](std::optional<int64_t> v) {
    return v ? builder.getI64IntegerAttr(*v) : IntegerAttr();
  };
  auto real = [&](std::optional<double> v) {
    return v ? builder.getF64FloatAttr(*v) : FloatAttr();
  };
  int64_t tokens = b.shape().microBatch * tokensPerSequence;
  return b
      .create<rank::AttentionOp>(
          b.floats({tokens, core.heads * core.valueWidth}), b.floats({tokens, core.heads}), query,
          key, value, sinks, size(tokensPerSequence), size(core.heads), size(core.kvHeads),
          real(core.scale), size(core.window), size(core.chunk), real(core.softcap), size(ring))
      .getResult();
}

/// The ranks of a context group exchange their shares of the sequence for shares of the heads
/// (Jacobs et al. 2023).
static Value attendExchanged(BlockBuilder &b, Core core, Value query, Value key, Value value) {
  const rank::ModelShape &shape = b.shape();
  auto columns = [](Value value) { return cast<RankedTensorType>(value.getType()).getDimSize(1); };
  auto gather = [&](Value share) -> Value {
    return b.create<rank::GatherSequenceOp>(
        b.floats({shape.tokens() * shape.cp, columns(share) / shape.cp}), share, shape.microBatch);
  };
  core.heads /= shape.cp;
  core.kvHeads /= shape.cp;
  query = gather(query);
  key = gather(key);
  value = gather(value);
  Value mixed = attendShare(b, core, query, key, value, /*sinks=*/Value(), shape.sequence,
                            /*ring=*/1);
  return b.create<rank::SplitSequenceOp>(
      b.floats({shape.tokens(), columns(mixed) * shape.cp}), mixed, shape.microBatch);
}

static Value attend(BlockBuilder &b, const Core &core, Value query, Value key, Value value,
                    Value sinks) {
  const rank::ModelShape &shape = b.shape();
  if (shape.cp > 1 && shape.contextKind == rank::ContextKind::AllToAll)
    return attendExchanged(b, core, query, key, value);
  return attendShare(b, core, query, key, value, sinks, shape.tokensPerSequence(), shape.cp);
}

/// Of the output, every rank of a tensor group makes a summand for all tokens.
static Value project(BlockBuilder &b, AttentionOp op, Projection projection, Value input,
                     int64_t columns) {
  int64_t inner = cast<RankedTensorType>(input.getType()).getDimSize(1);
  std::string name = stringifyEnum(projection).str();
  Value result = b.matmul(input, b.matrix(name, inner, columns));
  if (projection == Projection::Output)
    result = b.scatterTokens(result);
  if (op.hasBias(projection))
    result = b.addBias(result, b.bias(name + "_bias", columns));
  if (op.getClip() && projection != Projection::Output)
    result = b.activation(result, rank::Activation::Clamp, *op.getClip());
  return result;
}

/// The norm of queries or keys.
static Value normHeads(BlockBuilder &b, AttentionOp op, Value heads, StringRef name) {
  if (!op.getQkNorm())
    return heads;
  int64_t fullWidth = cast<RankedTensorType>(heads.getType()).getDimSize(1);
  switch (*op.getQkNorm()) {
  case QkNorm::PerHead:
    return b.rmsNorm(heads, b.normWeight(name, op.getHeadWidth()));
  case QkNorm::FullWidth:
    return b.rmsNorm(heads, b.normWeight(name, fullWidth));
  case QkNorm::L2:
    return b.rmsNorm(heads, b.constant({op.getHeadWidth()}, 1.0));
  }
  llvm_unreachable("unknown kind of norm");
}

void AttentionOp::expand(BlockBuilder &b) {
  b.enterBlock("attention", getLoc());
  auto model = (*this)->getParentOfType<ModelOp>();
  int64_t heads = getHeads() / b.shape().tp, kvHeads = getKvHeads() / b.shape().tp;
  Value input = b.gatherTokens(enterBranch(b, model));

  auto position = [&](Projection projection, StringRef normName, int64_t heads) {
    Value projected = project(b, *this, projection, input, heads * getHeadWidth());
    Value normed = normHeads(b, *this, projected, normName);
    return getRope() ? rotate(b, *getRope(), normed, heads, getHeadWidth()) : normed;
  };
  Value query = position(Projection::Query, "query_norm", heads);
  Value key = position(Projection::Key, "key_norm", kvHeads);
  Value value = project(b, *this, Projection::Value, input, kvHeads * getHeadWidth());
  Value sinks = getSinks() ? b.bias("sinks", heads) : Value();

  Core core{heads,      kvHeads,    getHeadWidth(), getWindow(),
            getChunk(), getScale(), getSoftcap()};
  Value mixed = attend(b, core, query, key, value, sinks);
  leaveBranch(b, model, project(b, *this, Projection::Output, mixed, b.shape().width));
}

/// The factor of the scores where it differs from that of a head's width.
static std::optional<double> scoreScale(LatentAttentionOp op) {
  if (op.getScale())
    return *op.getScale();
  double factor = op.getRope().getSoftmaxFactor();
  if (factor == 1)
    return std::nullopt;
  return factor / std::sqrt(double(op.getNopeWidth() + op.getRopeWidth()));
}

/// Within a head, the rotated part comes first, of queries as of keys; scores do not depend on the
/// order. The ranks of a tensor group make the latent vectors of their own tokens, gather those, and
/// have a part of the heads each.
void LatentAttentionOp::expand(BlockBuilder &b) {
  b.enterBlock("attention", getLoc());
  auto model = (*this)->getParentOfType<ModelOp>();
  int64_t width = b.shape().width, heads = getHeads() / b.shape().tp;
  int64_t queryWidth = heads * (getRopeWidth() + getNopeWidth());
  Value input = enterBranch(b, model);

  auto project = [&](Value from, StringRef name, int64_t columns) {
    int64_t inner = cast<RankedTensorType>(from.getType()).getDimSize(1);
    return b.matmul(from, b.matrix(name, inner, columns));
  };
  auto latent = [&](StringRef name, StringRef normName, int64_t rank) {
    Value normed = b.rmsNorm(project(input, name, rank), b.normWeight(normName, rank));
    return b.gatherTokens(normed);
  };
  Value query =
      getQRank() ? project(latent("query_down", "query_norm", *getQRank()), "query_up", queryWidth)
                 : project(b.gatherTokens(input), "query", queryWidth);
  query = rotate(b, getRope(), query, heads, getRopeWidth());
  Value keyValue = latent("key_value_down", "key_value_norm", getKvRank());
  Value keyRope = b.gatherTokens(project(input, "key_rope", getRopeWidth()));
  keyRope = rotate(b, getRope(), keyRope, 1, getRopeWidth());
  Value keyNope = project(keyValue, "key_up", heads * getNopeWidth());
  Value value = project(keyValue, "value_up", heads * getValueWidth());
  Value key = b.create<rank::JoinHeadsOp>(b.floats({b.shape().tokens(), queryWidth}), keyRope,
                                          keyNope, heads);

  Core core{heads,       heads, getValueWidth(), std::nullopt, std::nullopt, scoreScale(*this),
            std::nullopt};
  Value mixed = attend(b, core, query, key, value, /*sinks=*/Value());
  leaveBranch(b, model, b.scatterTokens(project(mixed, "output", width)));
}
