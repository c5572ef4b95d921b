//===- ExpandAttention.cpp - attention in primitive ops -------------------===//

#include "dialects/Sigma/ExpandParts.h"
#include <cmath>

using namespace mlir;
using namespace mlir::sigma;
using rank::BlockBuilder;
using rank::Part;

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
          b.floats({tokens, core.heads * core.valueWidth}), b.wideFloats({tokens, core.heads}),
          query, key, value, sinks, size(tokensPerSequence), size(core.heads), size(core.kvHeads),
          real(core.scale), size(core.window), size(core.chunk), real(core.softcap), size(ring))
      .getResult();
}

static int64_t columnsOf(Value matrix) {
  return cast<RankedTensorType>(matrix.getType()).getDimSize(1);
}

/// The ranks of a context group exchange their shares of the sequence for shares of the heads, and
/// back (Jacobs et al. 2023).
static bool exchangesHeads(const rank::ModelShape &shape) {
  return shape.cp > 1 && shape.contextKind == rank::ContextKind::AllToAll;
}

/// What attention reads, of a rank's share of the sequence.
static Value gatherSequence(BlockBuilder &b, Value share) {
  const rank::ModelShape &shape = b.shape();
  if (!exchangesHeads(shape))
    return share;
  return b.create<rank::GatherSequenceOp>(
      b.floats({shape.tokens() * shape.cp, columnsOf(share) / shape.cp}), share, shape.microBatch);
}

namespace {
/// Gathered, where ranks exchange heads.
struct QueryKeyValue {
  Value query, key, value;
};
} // namespace

static Value attend(BlockBuilder &b, Core core, const QueryKeyValue &in, Value sinks) {
  BlockBuilder::Module module(b, "core_attn");
  const rank::ModelShape &shape = b.shape();
  if (!exchangesHeads(shape))
    return attendShare(b, core, in.query, in.key, in.value, sinks, shape.tokensPerSequence(),
                       shape.cp);
  core.heads /= shape.cp;
  core.kvHeads /= shape.cp;
  Value mixed = attendShare(b, core, in.query, in.key, in.value, /*sinks=*/Value(), shape.sequence,
                            /*ring=*/1);
  return b.create<rank::SplitSequenceOp>(b.floats({shape.tokens(), columnsOf(mixed) * shape.cp}),
                                         mixed, shape.microBatch);
}

static Value project(BlockBuilder &b, Value input, StringRef name, int64_t columns, Part part) {
  return b.matmul(input, b.matrix(name, columnsOf(input), columns, part));
}

/// Of the output, every rank of a tensor group makes a summand for all tokens.
static Value project(BlockBuilder &b, AttentionOp op, Projection projection, Value input,
                     int64_t columns) {
  std::string name = stringifyEnum(projection).str();
  Part part = projection == Projection::Output ? Part::Rows : Part::Columns;
  Value result = project(b, input, name, columns, part);
  if (projection == Projection::Output)
    result = b.scatterTokens(result);
  if (op.hasBias(projection))
    result = b.addBias(result, b.bias(name + "_bias", columns, part));
  if (op.getClip() && projection != Projection::Output)
    result = b.activation(result, rank::Activation::Clamp, *op.getClip());
  return result;
}

/// The norm of queries or keys.
static Value normHeads(BlockBuilder &b, AttentionOp op, Value heads, StringRef name) {
  if (!op.getQkNorm())
    return heads;
  switch (*op.getQkNorm()) {
  case QkNorm::PerHead:
    return b.rmsNorm(heads, b.normWeight(name, op.getHeadWidth()));
  case QkNorm::FullWidth:
    return b.rmsNorm(heads, b.normWeight(name, columnsOf(heads)));
  case QkNorm::L2:
    return b.rmsNorm(heads, b.constant({op.getHeadWidth()}, 1.0));
  }
  llvm_unreachable("unknown kind of norm");
}

static QueryKeyValue expandQkv(BlockBuilder &b, AttentionOp op, Value input) {
  BlockBuilder::Module module(b, "qkv");
  Value tokens = b.gatherTokens(input);
  auto projectHeads = [&](Projection projection, int64_t heads) {
    return project(b, op, projection, tokens, heads / b.shape().tp * op.getHeadWidth());
  };
  auto position = [&](Projection projection, StringRef normName, int64_t heads) {
    Value normed = normHeads(b, op, projectHeads(projection, heads), normName);
    return op.getRope() ? rotate(b, *op.getRope(), normed, heads / b.shape().tp, op.getHeadWidth())
                        : normed;
  };
  Value query = position(Projection::Query, "query_norm", op.getHeads());
  Value key = position(Projection::Key, "key_norm", op.getKvHeads());
  Value value = projectHeads(Projection::Value, op.getKvHeads());
  return {gatherSequence(b, query), gatherSequence(b, key), gatherSequence(b, value)};
}

void AttentionOp::expand(BlockBuilder &b) {
  b.enterBlock("attention", getLoc());
  auto model = (*this)->getParentOfType<ModelOp>();
  int64_t heads = getHeads() / b.shape().tp, kvHeads = getKvHeads() / b.shape().tp;
  QueryKeyValue qkv = expandQkv(b, *this, enterBranch(b, model));
  Value sinks = getSinks() ? b.bias("sinks", heads, Part::Columns) : Value();
  Core core{heads, kvHeads, getHeadWidth(), getWindow(), getChunk(), getScale(), getSoftcap()};
  Value mixed = attend(b, core, qkv, sinks);
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

namespace {
/// What latent attention projects down to; queries may come from the block's input itself.
struct Latents {
  Value query, keyValue, keyRope;
};
} // namespace

static Latents expandDown(BlockBuilder &b, LatentAttentionOp op, Value input) {
  Latents result;
  result.query =
      op.getQRank() ? project(b, input, "query_down", *op.getQRank(), Part::Whole) : input;
  result.keyValue = project(b, input, "key_value_down", op.getKvRank(), Part::Whole);
  result.keyRope = project(b, input, "key_rope", op.getRopeWidth(), Part::Whole);
  return result;
}

/// Within a head, the rotated part comes first, of queries as of keys; scores do not depend on the
/// order. The ranks of a tensor group make the latent vectors of their own tokens, gather those,
/// and have a part of the heads each.
static QueryKeyValue expandUp(BlockBuilder &b, LatentAttentionOp op, const Latents &latents) {
  BlockBuilder::Module module(b, "mla_up_proj");
  int64_t heads = op.getHeads() / b.shape().tp, ropeWidth = op.getRopeWidth();
  int64_t queryWidth = heads * (ropeWidth + op.getNopeWidth());
  auto norm = [&](Value latent, StringRef name) {
    return b.gatherTokens(b.rmsNorm(latent, b.normWeight(name, columnsOf(latent))));
  };
  auto projectUp = [&](Value input, StringRef name, int64_t columns) {
    return project(b, input, name, columns, Part::Columns);
  };
  Value query = op.getQRank() ? projectUp(norm(latents.query, "query_norm"), "query_up", queryWidth)
                              : projectUp(b.gatherTokens(latents.query), "query", queryWidth);
  query = rotate(b, op.getRope(), query, heads, ropeWidth);
  Value keyValue = norm(latents.keyValue, "key_value_norm");
  Value keyRope = rotate(b, op.getRope(), b.gatherTokens(latents.keyRope), 1, ropeWidth);
  Value keyNope = projectUp(keyValue, "key_up", heads * op.getNopeWidth());
  Value value = projectUp(keyValue, "value_up", heads * op.getValueWidth());
  Value key = b.create<rank::JoinHeadsOp>(b.floats({b.shape().tokens(), queryWidth}), keyRope,
                                          keyNope, heads);
  return {gatherSequence(b, query), gatherSequence(b, key), gatherSequence(b, value)};
}

void LatentAttentionOp::expand(BlockBuilder &b) {
  b.enterBlock("attention", getLoc());
  auto model = (*this)->getParentOfType<ModelOp>();
  int64_t heads = getHeads() / b.shape().tp;
  QueryKeyValue qkv = expandUp(b, *this, expandDown(b, *this, enterBranch(b, model)));
  Core core{heads,       heads, getValueWidth(), std::nullopt, std::nullopt, scoreScale(*this),
            std::nullopt};
  Value mixed = attend(b, core, qkv, /*sinks=*/Value());
  leaveBranch(b, model, b.scatterTokens(project(b, mixed, "output", b.shape().width, Part::Rows)));
}
