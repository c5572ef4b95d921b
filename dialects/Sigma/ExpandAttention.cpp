//===- ExpandAttention.cpp - attention in primitive ops -------------------===//

#include "dialects/Sigma/ExpandParts.h"
#include <cmath>

using namespace mlir;
using namespace mlir::sigma;
using rank::BlockBuilder;

/// Rotary positions of `heads` heads side by side; `width` numbers of a head know positions.
static Value rotate(BlockBuilder &b, RopeAttr rope, Value input, int64_t heads, int64_t width) {
  return b.create<rank::RotaryOp>(input.getType(), input, b.shape().sequence, heads,
                                  rope.getFrequencies(width, b.shape().sequence),
                                  rope.getMagnitude(), /*transpose=*/false);
}

namespace {
/// What the attention core is told besides its operands.
struct Core {
  int64_t heads, kvHeads, valueWidth;
  std::optional<int64_t> window, chunk;
  std::optional<double> scale, softcap;
};
} // namespace

static Value attend(BlockBuilder &b, const Core &core, Value query, Value key, Value value,
                    Value sinks) {
  OpBuilder &builder = b.builder();
  auto size = [&](std::optional<int64_t> v) {
    return v ? builder.getI64IntegerAttr(*v) : IntegerAttr();
  };
  auto real = [&](std::optional<double> v) {
    return v ? builder.getF64FloatAttr(*v) : FloatAttr();
  };
  int64_t tokens = b.shape().tokens();
  return b
      .create<rank::AttentionOp>(
          b.floats({tokens, core.heads * core.valueWidth}), b.floats({tokens, core.heads}), query,
          key, value, sinks, size(b.shape().sequence), size(core.heads), size(core.kvHeads),
          real(core.scale), size(core.window), size(core.chunk), real(core.softcap))
      .getResult();
}

static Value project(BlockBuilder &b, AttentionOp op, Projection projection, Value input,
                     int64_t columns) {
  int64_t inner = cast<RankedTensorType>(input.getType()).getDimSize(1);
  std::string name = stringifyEnum(projection).str();
  Value result = b.matmul(input, b.matrix(name, inner, columns));
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
  int64_t keyWidth = getKvHeads() * getHeadWidth();
  Value input = enterBranch(b, model);

  auto position = [&](Projection projection, StringRef normName, int64_t heads) {
    Value projected = project(b, *this, projection, input, heads * getHeadWidth());
    Value normed = normHeads(b, *this, projected, normName);
    return getRope() ? rotate(b, *getRope(), normed, heads, getHeadWidth()) : normed;
  };
  Value query = position(Projection::Query, "query_norm", getHeads());
  Value key = position(Projection::Key, "key_norm", getKvHeads());
  Value value = project(b, *this, Projection::Value, input, keyWidth);
  Value sinks = getSinks() ? b.bias("sinks", getHeads()) : Value();

  Core core{getHeads(), getKvHeads(), getHeadWidth(), getWindow(),
            getChunk(), getScale(),   getSoftcap()};
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
/// order.
void LatentAttentionOp::expand(BlockBuilder &b) {
  b.enterBlock("attention", getLoc());
  auto model = (*this)->getParentOfType<ModelOp>();
  int64_t width = b.shape().width, heads = getHeads(), tokens = b.shape().tokens();
  int64_t queryWidth = heads * (getRopeWidth() + getNopeWidth());
  Value input = enterBranch(b, model);

  auto project = [&](Value from, StringRef name, int64_t columns) {
    int64_t inner = cast<RankedTensorType>(from.getType()).getDimSize(1);
    return b.matmul(from, b.matrix(name, inner, columns));
  };
  auto latent = [&](StringRef name, StringRef normName, int64_t rank) {
    return b.rmsNorm(project(input, name, rank), b.normWeight(normName, rank));
  };
  Value query =
      getQRank() ? project(latent("query_down", "query_norm", *getQRank()), "query_up", queryWidth)
                 : project(input, "query", queryWidth);
  query = rotate(b, getRope(), query, heads, getRopeWidth());
  Value keyValue = latent("key_value_down", "key_value_norm", getKvRank());
  Value keyRope =
      rotate(b, getRope(), project(input, "key_rope", getRopeWidth()), 1, getRopeWidth());
  Value keyNope = project(keyValue, "key_up", heads * getNopeWidth());
  Value value = project(keyValue, "value_up", heads * getValueWidth());
  Value key = b.create<rank::JoinHeadsOp>(b.floats({tokens, queryWidth}), keyRope, keyNope, heads);

  Core core{heads,       heads, getValueWidth(), std::nullopt, std::nullopt, scoreScale(*this),
            std::nullopt};
  Value mixed = attend(b, core, query, key, value, /*sinks=*/Value());
  leaveBranch(b, model, project(mixed, "output", width));
}
