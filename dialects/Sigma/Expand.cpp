//===- Expand.cpp - each block of a model in primitive ops ----------------===//
//
// The only description of what a block computes: costs, gradients, sharding and programs are all
// derived from it.

#include "dialects/Rank/BlockBuilder.h"
#include "dialects/Sigma/SigmaOps.h"

using namespace mlir;
using namespace mlir::sigma;
using rank::BlockBuilder;

void EmbeddingOp::expand(BlockBuilder &b) {
  b.enterBlock("embedding", getLoc());
  Value table = b.matrix("table", getVocabulary(), getWidth());
  b.stream =
      b.create<rank::EmbeddingOp>(b.floats({b.shape().tokens(), getWidth()}), b.tokens, table);
}

void LatentAttentionOp::expand(BlockBuilder &) {
  llvm_unreachable("refused before expansion");
}

void AttentionOp::expand(BlockBuilder &b) {
  b.enterBlock("attention", getLoc());
  int64_t width = b.shape().width, sequence = b.shape().sequence;
  int64_t queryWidth = getHeads() * getHeadWidth(), keyWidth = getKvHeads() * getHeadWidth();

  Value normed = b.rmsNorm(b.stream, "norm", width);
  auto project = [&](StringRef name, int64_t columns) {
    return b.matmul(normed, b.matrix(name, width, columns));
  };
  auto position = [&](Value heads, StringRef normName, int64_t count) -> Value {
    if (getQkNorm())
      heads = b.rmsNorm(heads, normName, getHeadWidth());
    return b.create<rank::RotaryOp>(heads.getType(), heads, sequence, count, getRope()->getBase().getValueAsDouble(),
                                    /*inverse=*/false);
  };
  Value query = position(project("query", queryWidth), "query_norm", getHeads());
  Value key = position(project("key", keyWidth), "key_norm", getKvHeads());
  Value value = project("value", keyWidth);

  auto lse = b.floats({b.shape().tokens(), getHeads()});
  auto core = b.create<rank::AttentionOp>(query.getType(), lse, query, key, value, sequence,
                                          getHeads(), getKvHeads());
  b.stream = b.add(b.stream, b.matmul(core.getResult(), b.matrix("output", queryWidth, width)));
}

/// What the dialect can say and the expansion below cannot do yet.
static StringRef notExpandable(Operation *op) {
  if (auto model = dyn_cast<ModelOp>(op))
    return model.getNorm() != Norm::Rms                      ? "norm"
           : model.getNormPlacement() != NormPlacement::Pre ? "norm_placement"
                                                            : "";
  if (auto embedding = dyn_cast<EmbeddingOp>(op))
    return embedding.getPositions() ? "positions" : embedding.getScale() ? "scale" : "";
  if (auto attention = dyn_cast<AttentionOp>(op))
    return !attention.getRope() || attention.getRope()->getWidth() ||
                   attention.getRope()->getScaling() != RopeScaling::None
               ? "rope"
           : attention.getQkNorm() && attention.getQkNorm() != QkNorm::PerHead ? "qk_norm"
           : attention.getBias()                                              ? "bias"
           : attention.getWindow()                                            ? "window"
           : attention.getChunk()                                             ? "chunk"
           : attention.getSinks()                                             ? "sinks"
           : attention.getScale()                                             ? "scale"
           : attention.getSoftcap()                                           ? "softcap"
           : attention.getClip()                                              ? "clip"
                                                                              : "";
  if (auto mlp = dyn_cast<MlpOp>(op))
    return mlp.getActivation() != Activation::SwiGlu ? "activation" : mlp.getBias() ? "bias" : "";
  if (auto moe = dyn_cast<MoeOp>(op))
    return moe.getActivation() != Activation::SwiGlu ? "activation"
           : moe.getBias()                           ? "bias"
           : moe.getScaling()                        ? "scaling"
           : moe.getSelectionBias()                  ? "selection_bias"
           : moe.getGroups()                         ? "groups"
           : moe.getRouterBias()                     ? "router_bias"
           : moe.getWeighInput()                     ? "weigh_input"
           : moe.getSharedGate()                     ? "shared_gate"
           : moe.getZLoss() != 0.0                   ? "z_loss"
                                                     : "";
  if (auto head = dyn_cast<HeadOp>(op))
    return head.getTying() == HeadTying::Tied ? "tied"
           : head.getBias()                   ? "bias"
           : head.getNormalize()              ? "normalize"
           : head.getScale()                  ? "scale"
           : head.getSoftcap()                ? "softcap"
                                              : "";
  return isa<MtpOp, LatentAttentionOp>(op) ? "the op" : "";
}

LogicalResult sigma::requireExpandable(ModelOp model) {
  WalkResult result = model.walk([](Operation *op) {
    StringRef feature = notExpandable(op);
    if (feature.empty())
      return WalkResult::advance();
    op->emitOpError() << feature << " cannot be expanded yet";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

/// down(silu(gate(x)) * up(x)) of every token.
static Value swiGlu(BlockBuilder &b, Value input, const Twine &prefix, int64_t hidden) {
  int64_t width = b.shape().width;
  Value gate = b.matmul(input, b.matrix((prefix + "gate").str(), width, hidden));
  Value up = b.matmul(input, b.matrix((prefix + "up").str(), width, hidden));
  Value inner = b.create<rank::SiluMulOp>(gate.getType(), gate, up, Value(), IntegerAttr());
  return b.matmul(inner, b.matrix((prefix + "down").str(), hidden, width));
}

void MlpOp::expand(BlockBuilder &b) {
  b.enterBlock("mlp", getLoc());
  Value normed = b.rmsNorm(b.stream, "norm", b.shape().width);
  b.stream = b.add(b.stream, swiGlu(b, normed, "", getWidth()));
}

/// The same for the rows of each expert.
static Value expertSwiGlu(BlockBuilder &b, MoeOp moe, Value rows, Value sizes) {
  int64_t width = b.shape().width, experts = moe.getExperts(), hidden = moe.getWidth();
  int64_t count = cast<RankedTensorType>(rows.getType()).getDimSize(0);
  auto expected = b.builder().getI64IntegerAttr(count);
  auto multiply = [&](Value input, StringRef name, int64_t inner, int64_t columns) -> Value {
    Value weights = b.expertMatrices(name, experts, inner, columns);
    return b.create<rank::GroupedMatmulOp>(b.floats({count, columns}), input, weights, sizes,
                                           expected, UnitAttr());
  };
  Value gate = multiply(rows, "expert_gate", width, hidden);
  Value up = multiply(rows, "expert_up", width, hidden);
  Value inner = b.create<rank::SiluMulOp>(gate.getType(), gate, up, sizes, expected);
  return multiply(inner, "expert_down", hidden, width);
}

void MoeOp::expand(BlockBuilder &b) {
  b.enterBlock("moe", getLoc());
  int64_t tokens = b.shape().tokens(), width = b.shape().width, slots = tokens * getTopK();
  auto score = getRouter() == RouterScore::Softmax ? rank::Score::Softmax : rank::Score::Sigmoid;

  Value normed = b.rmsNorm(b.stream, "norm", width);
  Value logits = b.matmul(normed, b.matrix("router", width, getExperts()));
  Value scores = b.create<rank::RouterScoresOp>(logits.getType(), logits, score);
  auto best = b.create<rank::TopKOp>(b.floats({tokens, getTopK()}), b.indices({tokens, getTopK()}),
                                     scores, isNormalized());
  if (double factor = getBalanceLoss()) {
    Value loss =
        b.create<rank::BalanceLossOp>(b.floats({1}), scores, best.getChosen(), b.shape().sequence);
    b.objective(loss, rank::Term::Balance, factor / b.shape().globalBatch);
  }

  auto groups = b.create<rank::GroupTokensOp>(b.indices({slots}), b.indices({getExperts()}),
                                              best.getChosen());
  Value rows = b.create<rank::GatherRowsOp>(b.floats({slots, width}), normed, groups.getPosition());
  rows = b.create<rank::DispatchOp>(rows, groups.getSizes());
  rows = expertSwiGlu(b, *this, rows, groups.getSizes());
  rows = b.create<rank::CollectOp>(rows, groups.getSizes());
  Value mixed =
      b.create<rank::CombineOp>(normed.getType(), rows, groups.getPosition(), best.getWeights());

  for (int64_t i = 0; i < getSharedExperts(); ++i)
    mixed = b.add(mixed, swiGlu(b, normed, "shared_" + Twine(i) + "_", getSharedWidth()));
  b.stream = b.add(b.stream, mixed);
}

void HeadOp::expand(BlockBuilder &b) {
  b.enterBlock("head", getLoc());
  int64_t vocabulary = b.shape().vocabulary, tokens = b.shape().tokens();
  Value normed = b.rmsNorm(b.stream, "norm", b.shape().width);
  Value logits = b.matmul(normed, b.matrix("output", b.shape().width, vocabulary));
  auto entropy =
      b.create<rank::CrossEntropyOp>(b.floats({1}), b.floats({tokens}), logits, b.targets);
  b.objective(entropy.getLoss(), rank::Term::Loss,
              1.0 / (double(b.shape().globalBatch) * b.shape().sequence));
  b.stream = Value();
}
