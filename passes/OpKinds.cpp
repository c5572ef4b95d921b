//===- OpKinds.cpp - which measured kind an op is -------------------------===//

#include "passes/OpKinds.h"
#include "dialects/Rank/RankOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::sigma;
using planner::OpKind;

namespace {

struct Kind {
  OpKind kind = OpKind::Other;
  std::array<int64_t, 2> shape = {};
};

Kind kindOf(rank::MatmulOp op) {
  if (op.getTransposeLhs())
    return {OpKind::MatmulTn, {op.getRows(), op.getColumns()}};
  if (op.getTransposeRhs())
    return {OpKind::MatmulNt, {op.getColumns(), op.getInner()}};
  return {OpKind::MatmulNn, {op.getInner(), op.getColumns()}};
}

/// Experts' weights have their inputs before their outputs.
Kind kindOf(rank::GroupedMatmulOp op) {
  auto weights = op.getWeights().getType();
  return {op.getTransposeWeights() ? OpKind::MatmulNt : OpKind::MatmulNn,
          {weights.getDimSize(1), weights.getDimSize(2)}};
}

Kind kindOf(rank::GroupedMatmulGradOp op) {
  return {OpKind::MatmulTn,
          {op.getLhs().getType().getDimSize(1), op.getRhs().getType().getDimSize(1)}};
}

template <typename Op>
Kind attention(OpKind kind, Op op) {
  return {kind, {op.getSequence(), (op.getHeadWidth() + op.getValueWidth()) / 2}};
}

int64_t columns(Value matrix) { return cast<RankedTensorType>(matrix.getType()).getShape().back(); }

/// Other ops are called alike.
Kind kindByName(Operation *op) {
  const auto kind = planner::opKindNamed(op->getName().stripDialect().str());
  return {kind.value_or(OpKind::Other), {}};
}

} // namespace

void mlir::sigma::describeKind(Operation *op, planner::OpCost &cost) {
  Kind kind =
      llvm::TypeSwitch<Operation *, Kind>(op)
          .Case<rank::MatmulOp, rank::GroupedMatmulOp, rank::GroupedMatmulGradOp>(
              [](auto op) { return kindOf(op); })
          .Case([](rank::AttentionOp op) { return attention(OpKind::Attention, op); })
          .Case([](rank::AttentionGradOp op) { return attention(OpKind::AttentionGrad, op); })
          .Case([](rank::AccumulateOp) { return Kind{OpKind::Add, {}}; })
          .Case<rank::AllToAllOp, rank::CollectRoundsOp, rank::GatherExpertRowsOp,
                rank::ScatterExpertRowsOp>([](auto) { return Kind{OpKind::Exchanged, {}}; })
          .Case<rank::RouterScoresOp, rank::TopKOp, rank::CrossEntropyOp, rank::CrossEntropyGradOp>(
              [](auto op) {
                Kind kind = kindByName(op);
                kind.shape[0] = columns(op->getOperand(0));
                return kind;
              })
          .Default([](Operation *op) { return kindByName(op); });
  cost.kind = kind.kind;
  cost.shape = kind.shape;
}
