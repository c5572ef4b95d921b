//===- RankGradients.cpp - reverse-mode rule of each differentiable op ----===//

#include "dialects/Rank/RankOps.h"

using namespace mlir;
using namespace mlir::rank;

/// The type of what an op gives as the gradient of `value`: of a weight, what is added to its sum.
static RankedTensorType gradientType(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return value.getDefiningOp<WeightOp>() ? wideType(type) : type;
}

void AddOp::buildGradient(GradientContext &context) {
  Value gradient = context.gradient(getResult());
  context.accumulate(getLhs(), gradient);
  context.accumulate(getRhs(), gradient);
}

void ScaleOp::buildGradient(GradientContext &context) {
  context.accumulate(getInput(),
                     context.builder().create<ScaleOp>(getLoc(), getInput().getType(),
                                                       context.gradient(getResult()), getFactor()));
}

void AddBiasOp::buildGradient(GradientContext &context) {
  Value gradient = context.gradient(getResult());
  Value sizes = getSizes() ? context.primal(getSizes()) : Value();
  context.accumulate(getInput(), gradient);
  if (!context.needsGradient(getBias()))
    return;
  auto bias =
      context.builder().create<BiasGradOp>(getLoc(), gradientType(getBias()), gradient, sizes,
                                           getExpectedRowsAttr(), FlatSymbolRefAttr());
  context.accumulate(getBias(), bias.getResult());
}

/// c = op(a) op(b): da = dc op(b)^T and db = op(a)^T dc, each transposed once more where the
/// forward operand was.
void MatmulOp::buildGradient(GradientContext &context) {
  OpBuilder &builder = context.builder();
  Value gradient = context.gradient(getResult());
  auto product = [&](Value like, Value a, Value b, bool transposeA, bool transposeB) {
    auto op = builder.create<MatmulOp>(getLoc(), gradientType(like), a, b, transposeA, transposeB,
                                       FlatSymbolRefAttr());
    context.accumulate(like, op.getResult());
  };
  if (context.needsGradient(getLhs())) {
    Value rhs = context.primal(getRhs());
    if (getTransposeLhs())
      product(getLhs(), rhs, gradient, getTransposeRhs(), /*transposeB=*/true);
    else
      product(getLhs(), gradient, rhs, /*transposeA=*/false, !getTransposeRhs());
  }
  if (context.needsGradient(getRhs())) {
    Value lhs = context.primal(getLhs());
    if (getTransposeRhs())
      product(getRhs(), gradient, lhs, /*transposeA=*/true, getTransposeLhs());
    else
      product(getRhs(), lhs, gradient, !getTransposeLhs(), /*transposeB=*/false);
  }
}

void GroupedMatmulOp::buildGradient(GradientContext &context) {
  OpBuilder &builder = context.builder();
  Value gradient = context.gradient(getResult()), sizes = context.primal(getSizes());
  context.accumulate(getRows(),
                     builder.create<GroupedMatmulOp>(getLoc(), getRows().getType(), gradient,
                                                     context.primal(getWeights()), sizes,
                                                     getExpectedRows(), !getTransposeWeights()));
  Value rows = context.primal(getRows());
  Value lhs = getTransposeWeights() ? gradient : rows,
        rhs = getTransposeWeights() ? rows : gradient;
  auto weights =
      builder.create<GroupedMatmulGradOp>(getLoc(), gradientType(getWeights()), lhs, rhs, sizes,
                                          getExpectedRowsAttr(), FlatSymbolRefAttr());
  context.accumulate(getWeights(), weights.getResult());
}

void RmsNormOp::buildGradient(GradientContext &context) {
  auto op = context.builder().create<RmsNormGradOp>(
      getLoc(), getInput().getType(), wideType(getWeight().getType()), context.primal(getInput()),
      context.primal(getWeight()), context.primal(getRstd()), context.gradient(getResult()));
  context.accumulate(getInput(), op.getInputGradient());
  context.accumulate(getWeight(), op.getWeightGradient());
}

/// Taking the mean off is a symmetric projection.
void CenterOp::buildGradient(GradientContext &context) {
  context.accumulate(getInput(), context.builder().create<CenterOp>(getLoc(), getInput().getType(),
                                                                    context.gradient(getResult())));
}

void RotaryOp::buildGradient(GradientContext &context) {
  auto op = context.builder().create<RotaryOp>(
      getLoc(), getInput().getType(), context.gradient(getResult()), getSequence(), getHeads(),
      getFrequencies(), getMagnitude(), !getTranspose(), getShares());
  context.accumulate(getInput(), op.getResult());
}

void JoinHeadsOp::buildGradient(GradientContext &context) {
  auto op =
      context.builder().create<SplitHeadsOp>(getLoc(), getShared().getType(), getOwn().getType(),
                                             context.gradient(getResult()), getHeads());
  context.accumulate(getShared(), op.getShared());
  context.accumulate(getOwn(), op.getOwn());
}

void AttentionOp::buildGradient(GradientContext &context) {
  SmallVector<Type> types{getQuery().getType(), getKey().getType(), getValue().getType()};
  SmallVector<Value> operands{context.primal(getQuery()), context.primal(getKey()),
                              context.primal(getValue()), context.primal(getResult()),
                              context.primal(getLse()),   context.gradient(getResult())};
  if (getSinks()) {
    types.push_back(wideType(getSinks().getType()));
    operands.push_back(context.primal(getSinks()));
  }
  auto op =
      context.builder().create<AttentionGradOp>(getLoc(), types, operands, (*this)->getAttrs());
  context.accumulate(getQuery(), op.getQueryGradient());
  context.accumulate(getKey(), op.getKeyGradient());
  context.accumulate(getValue(), op.getValueGradient());
  if (getSinks())
    context.accumulate(getSinks(), op.getSinksGradient());
}

void ActivationOp::buildGradient(GradientContext &context) {
  Value sizes = getSizes() ? context.primal(getSizes()) : Value();
  Value up = getUp() ? context.primal(getUp()) : Value();
  auto op = context.builder().create<ActivationGradOp>(
      getLoc(), getGate().getType(), getUp() ? getUp().getType() : Type(),
      context.primal(getGate()), up, context.gradient(getResult()), sizes, getKindAttr(),
      getLimitAttr(), getExpectedRowsAttr());
  context.accumulate(getGate(), op.getGateGradient());
  if (getUp())
    context.accumulate(getUp(), op.getUpGradient());
}

void EmbeddingOp::buildGradient(GradientContext &context) {
  auto op = context.builder().create<EmbeddingGradOp>(
      getLoc(), gradientType(getTable()), context.primal(getTokens()),
      context.gradient(getResult()), FlatSymbolRefAttr(), getShards());
  context.accumulate(getTable(), op.getResult());
}

void CrossEntropyOp::buildGradient(GradientContext &context) {
  auto op = context.builder().create<CrossEntropyGradOp>(
      getLoc(), getLogits().getType(), context.primal(getLogits()), context.primal(getTargets()),
      context.primal(getLse()), context.gradient(getLoss()), getShards());
  context.accumulate(getLogits(), op.getResult());
}

/// The objective is where gradients begin.
void ObjectiveOp::buildGradient(GradientContext &context) {
  context.accumulate(getValue(), context.builder().create<ConstantOp>(
                                     getLoc(), getValue().getType(), getScaleAttr()));
}

void RouterScoresOp::buildGradient(GradientContext &context) {
  auto op = context.builder().create<RouterScoresGradOp>(
      getLoc(), getLogits().getType(), context.primal(getResult()), context.gradient(getResult()),
      getScoreAttr());
  context.accumulate(getLogits(), op.getResult());
}

void ZLossOp::buildGradient(GradientContext &context) {
  context.accumulate(getLogits(), context.builder().create<ZLossGradOp>(
                                      getLoc(), getLogits().getType(), context.primal(getLogits()),
                                      context.primal(getLse()), context.gradient(getLoss())));
}

/// The choice is no function of the bias that has a gradient.
void TopKOp::buildGradient(GradientContext &context) {
  auto op = context.builder().create<TopKGradOp>(
      getLoc(), getScores().getType(), context.primal(getScores()), context.primal(getChosen()),
      context.gradient(getWeights()), getNormalizeAttr());
  context.accumulate(getScores(), op.getResult());
}

/// Without weights, rows of a token's slots are copies and their gradients add up. With weights,
/// this op and combine are each other's transpose: what is the gradient of combine's rows there is
/// the result here.
void GatherRowsOp::buildGradient(GradientContext &context) {
  OpBuilder &builder = context.builder();
  Value gradient = context.gradient(getResult()), position = context.primal(getPosition());
  if (!getWeights()) {
    context.accumulate(getInput(), builder.create<ScatterRowsOp>(getLoc(), getInput().getType(),
                                                                 gradient, position));
    return;
  }
  Value weights = context.primal(getWeights());
  context.accumulate(getInput(), builder.create<CombineOp>(getLoc(), getInput().getType(), gradient,
                                                           position, weights));
  auto products =
      builder.create<CombineGradOp>(getLoc(), getResult().getType(), getWeights().getType(),
                                    gradient, position, weights, context.primal(getInput()));
  context.accumulate(getWeights(), products.getWeightsGradient());
}

void ScatterRowsOp::buildGradient(GradientContext &context) {
  context.accumulate(getRows(), context.builder().create<GatherRowsOp>(
                                    getLoc(), getRows().getType(), context.gradient(getResult()),
                                    context.primal(getPosition()), Value()));
}

void CombineOp::buildGradient(GradientContext &context) {
  auto op = context.builder().create<CombineGradOp>(
      getLoc(), getRows().getType(), getWeights().getType(), context.primal(getRows()),
      context.primal(getPosition()), context.primal(getWeights()), context.gradient(getResult()));
  context.accumulate(getRows(), op.getRowsGradient());
  context.accumulate(getWeights(), op.getWeightsGradient());
}

void BalanceLossOp::buildGradient(GradientContext &context) {
  context.accumulate(getScores(), context.builder().create<BalanceLossGradOp>(
                                      getLoc(), getScores().getType(), context.primal(getScores()),
                                      context.primal(getChosen()), context.gradient(getLoss()),
                                      getSequence(), getShares()));
}
