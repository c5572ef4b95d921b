//===- ExpandFeedForward.cpp - MLP and MoE in primitive ops ---------------===//

#include "dialects/Sigma/ExpandParts.h"

using namespace mlir;
using namespace mlir::sigma;
using rank::BlockBuilder;
using rank::Part;

/// Of a gated activation, the function of the gate.
static rank::Activation functionOf(Activation activation) {
  switch (activation) {
  case Activation::SwiGlu:
  case Activation::Silu:
    return rank::Activation::Silu;
  case Activation::GeGlu:
  case Activation::Gelu:
    return rank::Activation::Gelu;
  case Activation::GeGluTanh:
  case Activation::GeluTanh:
    return rank::Activation::GeluTanh;
  case Activation::ReGlu:
  case Activation::Relu:
    return rank::Activation::Relu;
  case Activation::ReluSquared:
    return rank::Activation::ReluSquared;
  case Activation::ClampedSwiGlu:
    return rank::Activation::ClampedSilu;
  }
  llvm_unreachable("unknown activation");
}

static bool isGated(Activation activation) {
  switch (activation) {
  case Activation::SwiGlu:
  case Activation::GeGlu:
  case Activation::GeGluTanh:
  case Activation::ReGlu:
  case Activation::ClampedSwiGlu:
    return true;
  default:
    return false;
  }
}

namespace {
/// A feed-forward network, of every token or of each expert's rows.
struct Network {
  std::string prefix;         // of its parameters
  StringRef activationModule; // empty: its activation is no module of its own
  int64_t hidden;
  Activation activation;
  std::optional<double> limit;
  bool bias;
  // Of experts only.
  int64_t experts = 0;
  Value sizes = {};
  IntegerAttr expectedRows = {};
};

/// Ranks that share a network have each a part of its hidden width.
struct Weights {
  StringLiteral name;
  Part part;
};
} // namespace

static constexpr Weights kGate{"gate", Part::Columns}, kUp{"up", Part::Columns},
    kDown{"down", Part::Rows};

static Value addBias(BlockBuilder &b, const Network &net, const Weights &to, Value input) {
  if (!net.bias)
    return input;
  std::string full = (Twine(net.prefix) + to.name + "_bias").str();
  int64_t columns = cast<RankedTensorType>(input.getType()).getDimSize(1);
  Value bias =
      net.sizes ? b.expertBiases(full, net.experts, columns) : b.bias(full, columns, to.part);
  return b.create<rank::AddBiasOp>(input.getType(), input, bias, net.sizes, net.expectedRows);
}

static Value project(BlockBuilder &b, const Network &net, const Weights &to, Value input,
                     int64_t columns) {
  auto type = cast<RankedTensorType>(input.getType());
  int64_t rows = type.getDimSize(0), inner = type.getDimSize(1);
  std::string full = (Twine(net.prefix) + to.name).str();
  if (!net.sizes)
    return b.matmul(input, b.matrix(full, inner, columns, to.part));
  Value weights = b.expertMatrices(full, net.experts, inner, columns, to.part);
  return b.create<rank::GroupedMatmulOp>(b.floats({rows, columns}), input, weights, net.sizes,
                                         net.expectedRows, UnitAttr());
}

/// f(gate(x)) * up(x), or f(up(x)).
static Value expandHidden(BlockBuilder &b, const Network &net, Value input) {
  auto side = [&](const Weights &to) {
    return addBias(b, net, to, project(b, net, to, input, net.hidden));
  };
  Value gate, up;
  if (isGated(net.activation))
    gate = side(kGate);
  up = side(kUp);
  if (!gate)
    std::swap(gate, up);
  std::optional<BlockBuilder::Module> module;
  if (!net.activationModule.empty())
    module.emplace(b, net.activationModule);
  return b.activation(gate, functionOf(net.activation), net.limit.value_or(1.0), up, net.sizes,
                      net.expectedRows);
}

/// A network that every token sees, `hidden` of it on each rank of a tensor group: from all tokens
/// of the group to the rank's own.
static Value expandDense(BlockBuilder &b, const Network &net, Value tokens) {
  Value summand = project(b, net, kDown, expandHidden(b, net, tokens), b.shape().width);
  return addBias(b, net, kDown, b.scatterTokens(summand));
}

static Value expandMlp(BlockBuilder &b, MlpOp op, Value input) {
  BlockBuilder::Module module(b, "mlp");
  Network net{
      "", "mlp_act", op.getWidth() / b.shape().tp, op.getActivation(), op.getLimit(), op.getBias()};
  return expandDense(b, net, b.gatherTokens(input));
}

void MlpOp::expand(BlockBuilder &b) {
  b.enterBlock("mlp", getLoc());
  auto model = (*this)->getParentOfType<ModelOp>();
  leaveBranch(b, model, expandMlp(b, *this, enterBranch(b, model)));
}

//===----------------------------------------------------------------------===//
// Mixture of experts
//===----------------------------------------------------------------------===//

static Value expandLogits(BlockBuilder &b, MoeOp op, Value input) {
  Value logits =
      b.wideMatmul(input, b.matrix("router", b.shape().width, op.getExperts(), Part::Whole));
  if (op.getRouterBias())
    logits = b.addBias(logits, b.bias("router_bias", op.getExperts(), Part::Whole));
  if (double factor = op.getZLoss()) {
    Value loss =
        b.create<rank::ZLossOp>(b.wideFloats({1}), b.wideFloats({b.shape().streamTokens()}), logits)
            .getLoss();
    b.objective(loss, rank::Term::Balance,
                factor / (double(b.shape().globalBatch) * b.shape().sequence));
  }
  return logits;
}

/// The experts of each token, and their weights.
static rank::TopKOp choose(BlockBuilder &b, MoeOp op, Value scores) {
  constexpr double kBiasUpdateRate = 1.0e-3; // DeepSeek-V3, 4.2
  const rank::ModelShape &shape = b.shape();
  int64_t tokens = shape.streamTokens();
  Value bias;
  if (op.getSelectionBias())
    bias = b.loadBias("selection_bias", op.getExperts(),
                      op.getBiasUpdateRate().value_or(kBiasUpdateRate));
  auto best = b.create<rank::TopKOp>(
      b.wideFloats({tokens, op.getTopK()}), b.indices({tokens, op.getTopK()}), scores, bias,
      op.isNormalized(), op.getGroups().value_or(1), op.getTopGroups().value_or(1),
      /*group_candidates=*/op.getGroups() && op.getSelectionBias() ? 2 : 1);
  if (auto weight = bias ? bias.getDefiningOp<rank::WeightOp>() : rank::WeightOp())
    b.create<rank::CountLoadOp>(weight.getParameterAttr(), best.getChosen());
  if (double factor = op.getBalanceLoss()) {
    Value loss =
        b.create<rank::BalanceLossOp>(b.wideFloats({1}), scores, best.getChosen(),
                                      shape.streamTokensPerSequence(), shape.tp * shape.cp);
    b.objective(loss, rank::Term::Balance, factor / b.shape().globalBatch);
  }
  return best;
}

/// A row for each choice of each token, where its expert is.
static Value expandDispatch(BlockBuilder &b, MoeOp op, Value input, rank::GroupTokensOp groups,
                            Value weights) {
  BlockBuilder::Module module(b, "moe_dispatch");
  int64_t slots = b.shape().streamTokens() * op.getTopK();
  Value rows =
      b.create<rank::GatherRowsOp>(b.floats({slots, b.shape().width}), input, groups.getPosition(),
                                   op.getWeighInput() ? weights : Value());
  return b.create<rank::DispatchOp>(rows, groups.getSizes());
}

/// Rows go through their experts. Of each expert, the ranks of its group have a part of the width;
/// sigma-shard lets each of them see all rows.
static Value expandExperts(BlockBuilder &b, MoeOp op, Value rows, Value sizes) {
  int64_t count = cast<RankedTensorType>(rows.getType()).getDimSize(0);
  Network net{"expert_",          "moe_act",     op.getWidth() / b.shape().etp,
              op.getActivation(), op.getLimit(), op.getBias(),
              op.getExperts(),    sizes,         b.builder().getI64IntegerAttr(count)};
  std::optional<BlockBuilder::Module> module(std::in_place, b, "experts");
  Value hidden = expandHidden(b, net, rows);
  module.reset(); // what experts answer has to come back: it is as dear as the whole layer
  return addBias(b, net, kDown, project(b, net, kDown, hidden, b.shape().width));
}

static Value expandRouted(BlockBuilder &b, MoeOp op, Value input, rank::TopKOp best) {
  int64_t slots = b.shape().streamTokens() * op.getTopK();
  Value weights = best.getWeights();
  if (op.getScaling())
    weights = b.scale(weights, *op.getScaling());
  auto groups = b.create<rank::GroupTokensOp>(b.indices({slots}), b.indices({op.getExperts()}),
                                              best.getChosen());
  Value rows = expandDispatch(b, op, input, groups, weights);
  rows = expandExperts(b, op, rows, groups.getSizes());
  rows = b.create<rank::CollectOp>(rows, groups.getSizes());
  if (op.getWeighInput())
    return b.create<rank::ScatterRowsOp>(input.getType(), rows, groups.getPosition());
  return b.create<rank::CombineOp>(input.getType(), rows, groups.getPosition(), weights);
}

/// Each row times the sigmoid of a projection of the token: a weighted sum of one choice, which
/// stands where the token does.
static Value expandSharedGate(BlockBuilder &b, Value input, Value shared) {
  int64_t tokens = b.shape().streamTokens();
  Value logits = b.wideMatmul(input, b.matrix("shared_gate", b.shape().width, 1, Part::Whole));
  Value gate = b.create<rank::RouterScoresOp>(logits.getType(), logits, rank::Score::Sigmoid);
  Value position = b.create<rank::PositionsOp>(b.indices({tokens}), tokens);
  return b.create<rank::CombineOp>(shared.getType(), shared, position, gate);
}

/// Null without shared experts.
static Value expandShared(BlockBuilder &b, MoeOp op, Value input) {
  if (op.getSharedExperts() == 0)
    return {};
  BlockBuilder::Module module(b, "shared_experts");
  Value sum, tokens = b.gatherTokens(input);
  for (int64_t i = 0; i < op.getSharedExperts(); ++i) {
    Network net{("shared_" + Twine(i) + "_").str(),
                /*activationModule=*/"",
                op.getSharedWidth() / b.shape().tp,
                op.getActivation(),
                op.getLimit(),
                op.getBias()};
    Value one = expandDense(b, net, tokens);
    sum = sum ? b.add(sum, one) : one;
  }
  return op.getSharedGate() ? expandSharedGate(b, input, sum) : sum;
}

static Value expandMoe(BlockBuilder &b, MoeOp op, Value input) {
  BlockBuilder::Module module(b, "moe");
  auto score = op.getRouter() == RouterScore::Softmax ? rank::Score::Softmax : rank::Score::Sigmoid;
  Value logits = expandLogits(b, op, input);
  Value scores = b.create<rank::RouterScoresOp>(logits.getType(), logits, score);
  Value mixed = expandRouted(b, op, input, choose(b, op, scores));
  Value shared = expandShared(b, op, input);
  return shared ? b.add(mixed, shared) : mixed;
}

void MoeOp::expand(BlockBuilder &b) {
  b.enterBlock("moe", getLoc());
  auto model = (*this)->getParentOfType<ModelOp>();
  leaveBranch(b, model, expandMoe(b, *this, enterBranch(b, model)));
}
