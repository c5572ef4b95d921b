//===- ElementTypes.cpp - which tensors of an op are not rounded ----------===//

#include "dialects/Rank/VerifyHelpers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::rank;

using Values = SmallVector<Value, 2>;

/// Statistics, losses, weights of choices, and what is added to gradients.
static Values wideValues(Operation *op) {
  return llvm::TypeSwitch<Operation *, Values>(op)
      .Case([](RmsNormOp op) { return Values{op.getRstd()}; })
      .Case([](RmsNormGradOp op) { return Values{op.getRstd(), op.getWeightGradient()}; })
      .Case([](AttentionOp op) { return Values{op.getLse()}; })
      .Case([](AttentionGradOp op) { return Values{op.getLse(), op.getSinksGradient()}; })
      .Case([](CrossEntropyOp op) { return Values{op.getLoss(), op.getLse()}; })
      .Case([](CrossEntropyGradOp op) { return Values{op.getLse(), op.getGradient()}; })
      .Case([](GatherRowsOp op) { return Values{op.getWeights()}; })
      .Case([](CombineOp op) { return Values{op.getWeights()}; })
      .Case([](CombineGradOp op) { return Values{op.getWeights(), op.getWeightsGradient()}; })
      .Case<BiasGradOp, EmbeddingGradOp, GroupedMatmulGradOp>(
          [](auto op) { return Values{op.getResult()}; })
      .Default({});
}

/// Ops that only the wide type goes through.
static bool isWide(Operation *op) {
  return isa<ObjectiveOp, RouterScoresOp, RouterScoresGradOp, ZLossOp, ZLossGradOp, TopKOp,
             TopKGradOp, BalanceLossOp, BalanceLossGradOp, FlatGradientsOp, ReduceGradientsOp,
             StartReduceGradientsOp, WaitReduceGradientsOp>(op);
}

static LogicalResult requireType(Operation *op, Value value, FloatType type) {
  if (getElementTypeOrSelf(value) == type)
    return success();
  const bool isResult = value.getDefiningOp() == op;
  const unsigned number =
      isResult ? cast<OpResult>(value).getResultNumber()
               : std::distance(op->operand_begin(), llvm::find(op->getOperands(), value));
  return op->emitOpError() << (isResult ? "result" : "operand") << " #" << number
                           << " has elements of " << getElementTypeOrSelf(value)
                           << "; they must be " << type;
}

LogicalResult rank::requireElementTypes(Operation *op) {
  if (isa<MatmulOp, AddBiasOp, WeightOp, AccumulateOp, FuncOp, ReturnOp, CallOp, CollectRoundsOp>(
          op))
    return success();
  const Values wide = wideValues(op);
  FloatType first;
  for (ValueRange values : {ValueRange(op->getOperands()), ValueRange(op->getResults())})
    for (Value value : values) {
      auto type = dyn_cast<FloatType>(getElementTypeOrSelf(value));
      if (!type || llvm::is_contained(wide, value))
        continue;
      if (!first)
        first = isWide(op) ? wideType(type) : type;
      if (failed(requireType(op, value, first)))
        return failure();
    }
  for (Value value : wide)
    if (value && first && failed(requireType(op, value, wideType(first))))
      return failure();
  return success();
}
