//===- OverlapParameters.cpp - gathers while the layer before is at work --===//

#include "passes/Passes.h"
#include "passes/Pieces.h"

namespace mlir::sigma {
#define GEN_PASS_DEF_OVERLAPPARAMETERS
#include "passes/Passes.h.inc"
} // namespace mlir::sigma

using namespace mlir;
using namespace mlir::rank;
using mlir::sigma::Piece;

namespace {
using Gathers = SmallVector<GatherValuesOp, 2>; // of one piece

/// Memory of gradients, and sums, stand around the ops of a piece.
bool isOfPiece(Operation &op) {
  return !mlir::sigma::isMovable(op) &&
         !isa<FlatGradientsOp, ReduceGradientsOp, StartReduceGradientsOp, WaitReduceGradientsOp>(
             op);
}

/// In the order in which the function comes to the pieces.
SmallVector<Gathers> gathersByPiece(FuncOp func) {
  SmallVector<Gathers> all;
  Gathers open; // before the first op that needs them
  std::optional<Piece> last;
  mlir::sigma::PieceWalk walk(func);
  for (Operation &op : func.getBody().front()) {
    if (auto gather = dyn_cast<GatherValuesOp>(op)) {
      open.push_back(gather);
    } else if (isOfPiece(op)) {
      const Piece piece = walk.at(op);
      if (open.empty())
        continue;
      if (!(last == piece))
        all.emplace_back();
      last = piece;
      all.back().append(open);
      open.clear();
    }
  }
  return all;
}

void startEarly(FuncOp func) {
  SmallVector<Gathers> pieces = gathersByPiece(func);
  OpBuilder builder(func.getContext());
  for (size_t i = pieces.size(); i-- > 1;) {
    builder.setInsertionPointAfter(pieces[i - 1].front());
    for (GatherValuesOp gather : pieces[i]) {
      const Location loc = gather.getLoc();
      Value started = builder.create<StartGatherOp>(loc, gather.getType(), gather.getFlatAttr());
      OpBuilder(gather).create<WaitGatherOp>(loc, started);
      gather.replaceAllUsesWith(started);
      gather.erase();
    }
  }
}

struct OverlapParameters : mlir::sigma::impl::OverlapParametersBase<OverlapParameters> {
  void runOnOperation() override {
    ProgramOp program = getOperation();
    if (program.getLaunchOp().getOverlapsParameters())
      for (auto func : program.getBody().getOps<FuncOp>())
        startEarly(func);
  }
};
} // namespace
