//===- SplitBackward.cpp - gradients of inputs first, those of weights later ===//

#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "passes/Transforms.h"

namespace mlir::sigma {
#define GEN_PASS_DEF_SPLITBACKWARD
#include "passes/Passes.h.inc"
} // namespace mlir::sigma

using namespace mlir;
using namespace mlir::rank;
using mlir::sigma::WholeBackward;

/// What only adds to a parameter's gradient, but for that of a table, whose rows would wait. The
/// sums of what norms give wait with the products, so that all of a layer's gradients are whole at
/// once.
static bool isOfWeights(Operation *op) {
  return isa<AccumulateOp>(op) ||
         (isa<MatmulOp, GroupedMatmulGradOp, BiasGradOp>(op) && op->hasAttr("into"));
}

/// Read again by each function.
static bool isReadAgain(Operation *op) { return isa_and_nonnull<WeightOp, ConstantOp>(op); }

namespace {
/// Takes what is put off out of the backward of one chunk.
class BackwardSplitter {
public:
  /// `whole`, which stays, is a copy of `backward`, or null.
  BackwardSplitter(FuncOp forward, FuncOp backward, FuncOp whole)
      : forward(forward), backward(backward), whole(whole) {}

  void split(int64_t chunk) {
    findPutOff();
    findReads();
    backward.setName(functionName(kInputGradients, chunk));
    createWeightGradients(functionName(kWeightGradients, chunk));
    holdInForward();
    holdInBackward();
    for (Operation *op : llvm::reverse(putOff))
      op->erase();
    forgetReads();
    forgetCaptured();
    backward.setType(FunctionType::get(backward.getContext(), body().getArgumentTypes(),
                                       backward.getResultTypes()));
  }

private:
  Block &body() { return backward.getBody().front(); }
  int64_t numSaved() { return *backward.getNumSaved(); }

  /// What feeds nothing but what is put off goes with them: the gathering of rows, whose
  /// parts take less memory. What is recomputed stays, and is held.
  bool goesAlong(Operation *op) {
    return !op->use_empty() && isMemoryEffectFree(op) && !isReadAgain(op) &&
           !op->hasAttr(kRecomputedAttr) &&
           llvm::all_of(op->getUsers(), [&](Operation *user) { return putOff.contains(user); });
  }

  void findPutOff() {
    SmallVector<Operation *> found;
    for (Operation &op : llvm::reverse(body()))
      if (isOfWeights(&op) || goesAlong(&op)) {
        putOff.insert(&op);
        found.push_back(&op);
      }
    putOff.clear();
    putOff.insert(found.rbegin(), found.rend());
  }

  /// Everything that is read there from elsewhere, in the order of where it comes from.
  void findReads() {
    llvm::DenseSet<Value> reads;
    for (Operation *op : putOff)
      for (Value operand : op->getOperands())
        if (!putOff.contains(operand.getDefiningOp()) && !isReadAgain(operand.getDefiningOp()))
          reads.insert(operand);
    const int64_t numPrimals = numSaved() + backward.getCapturedAttr().size();
    for (auto [index, argument] : llvm::enumerate(backward.getArguments())) {
      if (!reads.contains(argument))
        continue;
      const int64_t place = index;
      if (place < numSaved())
        heldSaves.push_back(place);
      else if (place < numPrimals)
        captured.push_back(backward.getCapturedAttr()[place - numSaved()]);
      else
        capturedGradients.push_back(place - numPrimals);
      (place < numSaved() ? heldArguments : otherArguments).push_back(argument);
    }
    for (Operation &op : body())
      for (Value result : op.getResults())
        if (reads.contains(result))
          heldResults.push_back(result);
  }

  void createWeightGradients(StringRef name) {
    SmallVector<Value> inputs = heldArguments;
    inputs.append(heldResults);
    const int64_t numHeld = inputs.size();
    inputs.append(otherArguments);
    OpBuilder builder(backward.getContext());
    builder.setInsertionPointAfter(backward);
    auto weights = builder.create<FuncOp>(
        backward.getLoc(), name, builder.getFunctionType(ValueRange(inputs).getTypes(), {}));
    weights.setNumSaved(numHeld);
    weights.setCaptured(captured);
    weights.setCapturedGradients(capturedGradients);
    builder.setInsertionPointToStart(&weights.getBody().front());
    IRMapping mapping;
    mapping.map(inputs, weights.getArguments());
    for (Operation *op : putOff) {
      for (Value operand : op->getOperands())
        if (isReadAgain(operand.getDefiningOp()) && !mapping.contains(operand))
          builder.clone(*operand.getDefiningOp(), mapping);
      builder.clone(*op, mapping);
    }
    builder.create<ReturnOp>(backward.getLoc(), ValueRange(), ValueRange());
  }

  /// What forward saved for what is put off, too, it holds; backward takes that behind what is
  /// saved.
  void holdInForward() {
    SmallVector<Value> saves(forward.getReturn().getSaves()), holds;
    llvm::BitVector isHeld(saves.size());
    for (int64_t index : heldSaves)
      isHeld.set(index);
    SmallVector<Value> kept;
    for (auto [index, value] : llvm::enumerate(saves))
      (isHeld[index] ? holds : kept).push_back(value);
    SmallVector<unsigned> order; // of arguments
    for (bool held : {false, true})
      for (unsigned index = 0; index < saves.size(); ++index)
        if (isHeld[index] == held)
          order.push_back(index);
    for (FuncOp taker : {backward, whole})
      if (taker)
        reorder(taker, order);
    forward.getReturn().getSavesMutable().assign(kept);
    forward.getReturn().getHoldsMutable().assign(holds);
  }

  /// The first arguments become those at the places of `order`.
  static void reorder(FuncOp func, ArrayRef<unsigned> order) {
    Block &body = func.getBody().front();
    for (auto [place, index] : llvm::enumerate(order)) {
      BlockArgument old = body.getArgument(place + index); // behind those that are new
      old.replaceAllUsesWith(body.insertArgument(place, old.getType(), old.getLoc()));
    }
    body.eraseArguments(order.size(), order.size());
    func.setType(
        FunctionType::get(func.getContext(), body.getArgumentTypes(), func.getResultTypes()));
  }

  void holdInBackward() { backward.getReturn().getHoldsMutable().assign(heldResults); }

  /// Weights and constants that only what is put off reads.
  void forgetReads() {
    for (Operation &op : llvm::make_early_inc_range(body()))
      if (isReadAgain(&op) && op.use_empty())
        op.erase();
  }

  /// Arguments of forward that only what is put off reads.
  void forgetCaptured() {
    SmallVector<int64_t> kept;
    llvm::BitVector erased(body().getNumArguments());
    for (auto [index, argument] : llvm::enumerate(backward.getCapturedAttr().asArrayRef())) {
      if (body().getArgument(numSaved() + index).use_empty())
        erased.set(numSaved() + index);
      else
        kept.push_back(argument);
    }
    body().eraseArguments(erased);
    backward.setCaptured(kept);
  }

  FuncOp forward, backward, whole;
  llvm::SetVector<Operation *> putOff; // in order
  SmallVector<int64_t> heldSaves, captured, capturedGradients;
  SmallVector<Value> heldArguments, otherArguments, heldResults;
};
} // namespace

static FuncOp copy(FuncOp func) {
  OpBuilder builder(func);
  return cast<FuncOp>(builder.clone(*func));
}

LogicalResult mlir::sigma::splitBackward(ProgramOp program, WholeBackward whole) {
  for (int64_t chunk = 0; chunk < program.getNumChunks(); ++chunk) {
    FuncOp forward = program.getForward(chunk), backward = program.getBackward(chunk);
    if (!forward || !backward)
      return program.emitOpError()
             << "has no @" << functionName(kBackward, chunk) << "; run sigma-autodiff first";
    FuncOp kept = whole == WholeBackward::Stays ? copy(backward) : FuncOp();
    BackwardSplitter(forward, backward, kept).split(chunk);
  }
  return success();
}

namespace {
struct SplitBackward : mlir::sigma::impl::SplitBackwardBase<SplitBackward> {
  void runOnOperation() override {
    LaunchOp launch = getOperation().getLaunchOp();
    if (!launch.splitsBackward())
      return;
    const auto whole = launch.splitsEachBackward() ? WholeBackward::Goes : WholeBackward::Stays;
    if (failed(mlir::sigma::splitBackward(getOperation(), whole)))
      signalPassFailure();
  }
};
} // namespace
