//===- CollectiveGradients.cpp - reverse-mode rules across ranks ----------===//
//
// A rule holds for the group: the gradients of all ranks' results give the gradients of all ranks'
// operands.
//
//===----------------------------------------------------------------------===//

#include "dialects/Rank/RankOps.h"

using namespace mlir;
using namespace mlir::rank;

/// Every rank's use of a row adds to the row's gradient, where it came from.
void AllGatherOp::buildGradient(GradientContext &context) {
  context.accumulate(getInput(), context.builder().create<ReduceScatterOp>(
                                     getLoc(), getInput().getType(), context.gradient(getResult()),
                                     getGroup(), getBlocks()));
}
bool AllGatherOp::isRepeatedInBackward() { return true; }

/// Each rank's summand has the gradient of the sum.
void ReduceScatterOp::buildGradient(GradientContext &context) {
  context.accumulate(getInput(), context.builder().create<AllGatherOp>(
                                     getLoc(), getInput().getType(), context.gradient(getResult()),
                                     getGroup(), getBlocks()));
}

/// What only changes places goes back.
void GatherSequenceOp::buildGradient(GradientContext &context) {
  context.accumulate(
      getInput(), context.builder().create<SplitSequenceOp>(
                      getLoc(), getInput().getType(), context.gradient(getResult()), getBlocks()));
}
void SplitSequenceOp::buildGradient(GradientContext &context) {
  context.accumulate(
      getInput(), context.builder().create<GatherSequenceOp>(
                      getLoc(), getInput().getType(), context.gradient(getResult()), getBlocks()));
}

/// What was dispatched comes back, and the other way round.
void AllToAllOp::buildGradient(GradientContext &context) {
  Direction reverse =
      getDirection() == Direction::Dispatch ? Direction::Collect : Direction::Dispatch;
  context.accumulate(getRows(), context.builder().create<AllToAllOp>(
                                    getLoc(), getRows().getType(), context.gradient(getResult()),
                                    context.primal(getSizes()), context.primal(getTable()),
                                    getBegins() ? context.primal(getBegins()) : Value(), reverse,
                                    getExpectedRows()));
}

/// Of the first round. The later ones stand where the gradients come back (sigma-autodiff).
void CollectRoundsOp::buildGradient(GradientContext &context) {
  context.accumulate(getRows(),
                     context.builder().create<AllToAllOp>(
                         getLoc(), getRows().getType(), context.gradient(getResult()),
                         context.primal(getSizes()), context.primal(getTable()),
                         context.primal(getBegins()), Direction::Dispatch, getExpectedRows()));
}

void GatherExpertRowsOp::buildGradient(GradientContext &context) {
  context.accumulate(getRows(), context.builder().create<ScatterExpertRowsOp>(
                                    getLoc(), getRows().getType(), context.gradient(getResult()),
                                    context.primal(getTable()), getExpectedRows()));
}
void ScatterExpertRowsOp::buildGradient(GradientContext &context) {
  context.accumulate(getRows(), context.builder().create<GatherExpertRowsOp>(
                                    getLoc(), getRows().getType(), context.gradient(getResult()),
                                    context.primal(getTable()), getExpectedRows()));
}
