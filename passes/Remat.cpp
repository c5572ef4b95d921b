//===- Remat.cpp - recomputation cloned into backward ---------------------===//

#include "dialects/Rank/RematSet.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "passes/Transforms.h"

namespace mlir::sigma {
#define GEN_PASS_DEF_REMAT
#include "passes/Passes.h.inc"
} // namespace mlir::sigma

using namespace mlir;
using namespace mlir::rank;

static std::optional<int64_t> layerOf(Operation *op) {
  auto layer = op ? op->getAttrOfType<IntegerAttr>(kLayerAttr) : IntegerAttr();
  return layer ? std::optional(layer.getInt()) : std::nullopt;
}

namespace {
/// Replaces what backward takes from forward by recomputation, layer by layer.
class Rematerializer {
public:
  Rematerializer(FuncOp forward, FuncOp backward)
      : forward(forward), backward(backward), saved(forward.getReturn().getSaves()) {
    auto arguments = backward.getArguments();
    for (auto [value, argument] : llvm::zip(saved, arguments))
      available[value] = argument;
    ArrayRef<int64_t> captured = backward.getCapturedAttr().asArrayRef();
    for (auto [index, argument] : llvm::zip(captured, arguments.drop_front(saved.size())))
      available[forward.getArgument(index)] = argument;
  }

  void recompute(int64_t layer, const RematSet &set) {
    auto isDropped = [&](Value value) {
      return layerOf(value.getDefiningOp()) == layer && !boundary.contains(value) &&
             set.drops(value);
    };
    auto wanted = llvm::to_vector(llvm::make_filter_range(saved, isDropped));
    if (wanted.empty())
      return;
    dropped.insert(wanted.begin(), wanted.end());
    sink(cloneSlice(wanted, isDropped));
  }

  /// Values that go from one layer to another are not recomputed: recomputation starts from them,
  /// and a layer's output that a later layer keeps would else be made again when that layer's
  /// backward begins, with all that this layer needs for it.
  void keepBoundaries() {
    for (Operation &op : forward.getBody().front().without_terminator())
      for (Value operand : op.getOperands())
        if (layerOf(operand.getDefiningOp()) != layerOf(&op) && !isWeight(operand))
          boundary.insert(operand);
  }

  /// Removes the arguments that are no longer taken and adds those that the clones start from.
  void finish() {
    llvm::BitVector erased(backward.getNumArguments());
    SmallVector<Value> kept;
    for (auto [index, value] : llvm::enumerate(saved)) {
      if (dropped.contains(value))
        erased.set(index);
      else
        kept.push_back(value);
    }
    Block &body = backward.getBody().front();
    body.eraseArguments(erased);
    forward.getReturn().getSavesMutable().assign(kept);
    backward.setNumSaved(kept.size());
    backward.setType(FunctionType::get(backward.getContext(), body.getArgumentTypes(),
                                       backward.getResultTypes()));
  }

private:
  static bool isWeight(Value value) {
    return value.getDefiningOp<WeightOp>() || value.getDefiningOp<ConstantOp>();
  }

  static Operation *firstUser(ValueRange values) {
    Operation *first = nullptr;
    for (Value value : values)
      for (Operation *user : value.getUsers())
        if (!first || user->isBeforeInBlock(first))
          first = user;
    return first;
  }

  /// The value in backward of something that a clone reads from outside its layer.
  Value inputOf(Value value) {
    if (Value known = available.lookup(value))
      return known;
    Block &body = backward.getBody().front();
    if (value.getDefiningOp()) {
      unsigned index = saved.size();
      saved.push_back(value);
      return available[value] = body.insertArgument(index, value.getType(), value.getLoc());
    }
    SmallVector<int64_t> captured(*backward.getCaptured());
    unsigned index = saved.size() + captured.size();
    captured.push_back(cast<BlockArgument>(value).getArgNumber());
    backward.setCaptured(captured);
    return available[value] = body.insertArgument(index, value.getType(), value.getLoc());
  }

  /// Clones what makes the wanted values, from values that are kept, to the start of backward.
  SmallVector<Operation *> cloneSlice(ArrayRef<Value> wanted,
                                      llvm::function_ref<bool(Value)> isDropped) {
    llvm::DenseSet<Operation *> slice;
    SmallVector<Value> worklist(wanted);
    while (!worklist.empty()) {
      Value value = worklist.pop_back_val();
      if ((isWeight(value) || isDropped(value)) && slice.insert(value.getDefiningOp()).second)
        llvm::append_range(worklist, value.getDefiningOp()->getOperands());
    }
    OpBuilder builder = OpBuilder::atBlockBegin(&backward.getBody().front());
    SmallVector<Operation *> clones;
    IRMapping mapping;
    for (Operation &op : forward.getBody().front()) {
      if (!slice.contains(&op))
        continue;
      for (Value operand : op.getOperands())
        if (!mapping.contains(operand))
          mapping.map(operand, inputOf(operand));
      clones.push_back(builder.clone(op, mapping));
      clones.back()->setAttr(kRecomputedAttr, builder.getUnitAttr());
    }
    for (Value value : wanted)
      available.lookup(value).replaceAllUsesWith(mapping.lookup(value));
    return clones;
  }

  /// Recomputes each value as late as can be: it takes no memory before.
  static void sink(ArrayRef<Operation *> clones) {
    for (Operation *op : llvm::reverse(clones)) {
      if (Operation *user = firstUser(op->getResults()))
        op->moveBefore(user);
      else
        op->erase();
    }
  }

  FuncOp forward, backward;
  SmallVector<Value> saved;
  llvm::DenseMap<Value, Value> available; // forward value -> backward argument
  llvm::DenseSet<Value> boundary, dropped;
};
} // namespace

/// One chunk; `sets` are those of its layers, from `firstLayer` on.
static void rematerializeChunk(FuncOp forward, FuncOp backward, int64_t firstLayer,
                               ArrayRef<RematSet> sets) {
  if (llvm::all_of(sets, [](const RematSet &set) { return set.dropsNothing(); }))
    return;
  Rematerializer rematerializer(forward, backward);
  rematerializer.keepBoundaries();
  for (auto [index, set] : llvm::enumerate(sets))
    rematerializer.recompute(firstLayer + index, set);
  rematerializer.finish();
}

LogicalResult mlir::sigma::rematerialize(ProgramOp program) {
  for (int64_t chunk = 0; chunk < program.getNumChunks(); ++chunk)
    if (!program.getForward(chunk) || !program.getBackward(chunk))
      return program.emitOpError() << "has no @backward; run sigma-autodiff first";
  FailureOr<SmallVector<RematSet>> sets = rematSets(program);
  if (failed(sets))
    return failure();
  ArrayRef<RematSet> rest(*sets);
  for (int64_t chunk = 0; chunk < program.getNumChunks(); ++chunk) {
    const int64_t first = program.getFirstLayers()[chunk];
    const int64_t numLayers = program.getEndLayers()[chunk] - first;
    rematerializeChunk(program.getForward(chunk), program.getBackward(chunk), first,
                       rest.take_front(numLayers));
    rest = rest.drop_front(numLayers);
  }
  return success();
}

namespace {
struct Remat : mlir::sigma::impl::RematBase<Remat> {
  void runOnOperation() override {
    if (failed(mlir::sigma::rematerialize(getOperation())))
      signalPassFailure();
  }
};
} // namespace
