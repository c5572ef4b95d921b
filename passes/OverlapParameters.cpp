//===- OverlapParameters.cpp - gathers while other layers are at work -----===//

#include "passes/Passes.h"
#include "passes/Pieces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"

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

/// With ZeRO stages 1 and 2, values are gathered when they have been updated, and needed in the
/// next step.
class NextForward {
public:
  explicit NextForward(ProgramOp program) : program(program) {}

  void startGathers() {
    llvm::MapVector<StringRef, SmallVector<Operation *>> readers; // by flat, one of each function
    for (FuncOp forward : program.getForwards())
      noteFirstReaders(forward, readers);
    llvm::StringMap<AllGatherValuesOp> gathers;
    for (auto gather : program.getSchedule().getBody().getOps<AllGatherValuesOp>())
      gathers[gather.getFlat()] = gather;
    for (auto &[flat, ops] : readers) {
      AllGatherValuesOp gather = gathers.lookup(flat);
      gather.setStarted(true);
      gather->moveBefore(endOfStep());
      for (Operation *op : ops)
        OpBuilder(op).create<WaitValuesOp>(op->getLoc(), gather.getFlatAttr());
    }
  }

private:
  /// In the order in which they are needed.
  void noteFirstReaders(FuncOp forward,
                        llvm::MapVector<StringRef, SmallVector<Operation *>> &readers) {
    llvm::StringSet<> known;
    for (Operation &op : forward.getBody().front())
      for (Value operand : op.getOperands())
        if (StringRef flat = wholeFlatOf(operand); !flat.empty() && known.insert(flat).second)
          readers[flat].push_back(&op);
  }

  /// The flat that a value is read in, if the rank holds all its values; or nothing.
  StringRef wholeFlatOf(Value value) {
    auto weight = value.getDefiningOp<WeightOp>();
    FlatOp flat =
        weight ? program.lookupSymbol<ParameterOp>(weight.getParameter()).getFlatOp() : FlatOp();
    return flat && flat.holdsValues() ? flat.getSymName() : StringRef();
  }

  Operation *endOfStep() {
    return *program.getSchedule().getBody().getOps<CheckpointHookOp>().begin();
  }

  ProgramOp program;
};

struct OverlapParameters : mlir::sigma::impl::OverlapParametersBase<OverlapParameters> {
  void runOnOperation() override {
    ProgramOp program = getOperation();
    if (!program.getLaunchOp().getOverlapsParameters())
      return;
    if (!program.getSchedule()) {
      program.emitOpError() << "has no schedule; run sigma-schedule first";
      return signalPassFailure();
    }
    for (auto func : program.getBody().getOps<FuncOp>())
      startEarly(func);
    NextForward(program).startGathers();
  }
};
} // namespace
