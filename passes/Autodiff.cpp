//===- Autodiff.cpp - backward from forward by the ops' rules -------------===//

#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "passes/Transforms.h"

namespace mlir::sigma {
#define GEN_PASS_DEF_AUTODIFF
#include "passes/Passes.h.inc"
} // namespace mlir::sigma

using namespace mlir;
using namespace mlir::rank;

static bool isFloat(Value value) {
  return isa<FloatType>(cast<RankedTensorType>(value.getType()).getElementType());
}

namespace {
/// Builds backward by walking forward from its end. Forward values become block arguments when a
/// rule asks for them.
class BackwardBuilder : public GradientContext {
public:
  explicit BackwardBuilder(FuncOp forward) : forward(forward), opBuilder(forward.getContext()) {}

  FuncOp build(StringRef name) {
    opBuilder.setInsertionPointAfter(forward);
    backward = opBuilder.create<FuncOp>(forward.getLoc(), name, opBuilder.getFunctionType({}, {}));
    opBuilder.setInsertionPointToStart(&body());
    for (Value result : llvm::make_filter_range(forward.getReturn().getResults(), isFloat))
      accumulate(result, body().addArgument(result.getType(), result.getLoc()));
    for (Operation &op : llvm::reverse(forward.getBody().front()))
      differentiate(op);
    finish();
    return backward;
  }

  OpBuilder &builder() override { return opBuilder; }

  Value primal(Value value) override {
    if (Value known = primals.lookup(value))
      return known;
    Operation *producer = value.getDefiningOp();
    if (producer && isa<WeightOp, ConstantOp>(producer)) {
      // Read again, not kept; dominates all uses at the start of the function.
      OpBuilder::InsertionGuard guard(opBuilder);
      opBuilder.setInsertionPointToStart(&body());
      return primals[value] = opBuilder.clone(*producer)->getResult(0);
    }
    auto rule = dyn_cast_or_null<DifferentiableOpInterface>(producer);
    if (rule && rule.isRepeatedInBackward())
      return primals[value] = repeat(producer, value);
    SmallVectorImpl<Value> &kept = producer ? saved : captured;
    kept.push_back(value);
    unsigned index = producer ? saved.size() - 1 : saved.size() + captured.size() - 1;
    return primals[value] = body().insertArgument(index, value.getType(), value.getLoc());
  }

  Value gradient(Value value) override { return gradients.lookup(value); }

  bool needsGradient(Value value) override {
    return isFloat(value) && !value.getDefiningOp<ConstantOp>();
  }

  void accumulate(Value value, Value gradient) override {
    if (!needsGradient(value))
      return;
    if (auto weight = value.getDefiningOp<WeightOp>()) {
      opBuilder.create<AccumulateOp>(gradient.getLoc(), weight.getParameterAttr(), gradient);
      return;
    }
    Value &sum = gradients[value];
    sum = sum ? add(sum, gradient) : gradient;
  }

private:
  Block &body() { return backward.getBody().front(); }

  /// Rows of experts have room for more than there are.
  Value add(Value sum, Value gradient) {
    auto op = opBuilder.create<AddOp>(gradient.getLoc(), sum, gradient);
    if (auto product = gradient.getDefiningOp<GroupedMatmulOp>())
      op.setExpectedRows(product.getExpectedRows());
    return op;
  }

  /// Runs a forward op again where its result is first needed.
  Value repeat(Operation *op, Value result) {
    IRMapping mapping;
    for (Value operand : op->getOperands())
      mapping.map(operand, primal(operand));
    return opBuilder.clone(*op, mapping)->getResult(cast<OpResult>(result).getResultNumber());
  }

  void differentiate(Operation &op) {
    auto rule = dyn_cast<DifferentiableOpInterface>(op);
    bool reached = isa<ObjectiveOp>(op) || llvm::any_of(op.getResults(), [&](Value result) {
                     return bool(gradients.lookup(result));
                   });
    if (!rule || !reached)
      return;
    Operation *last = body().empty() ? nullptr : &body().back();
    rule.buildGradient(*this);
    if (Attribute layer = op.getAttr(kLayerAttr))
      for (Operation &made :
           llvm::make_range(last ? std::next(last->getIterator()) : body().begin(), body().end()))
        made.setAttr(kLayerAttr, layer);
  }

  /// Returns the gradients of forward's float arguments and lets forward save what was asked for.
  void finish() {
    SmallVector<Value> results;
    for (Value argument : forward.getBody().getArguments())
      if (isFloat(argument))
        results.push_back(gradientOrZero(argument));
    opBuilder.create<ReturnOp>(forward.getLoc(), results, ValueRange());
    backward.setType(
        opBuilder.getFunctionType(body().getArgumentTypes(), ValueRange(results).getTypes()));
    backward.setNumSaved(saved.size());
    SmallVector<int64_t> indices;
    for (Value value : captured)
      indices.push_back(cast<BlockArgument>(value).getArgNumber());
    backward.setCaptured(indices);
    forward.getReturn().getSavesMutable().assign(saved);
  }

  Value gradientOrZero(Value value) {
    if (Value gradient = gradients.lookup(value))
      return gradient;
    return opBuilder.create<ConstantOp>(value.getLoc(), value.getType(), 0.0);
  }

  FuncOp forward, backward;
  OpBuilder opBuilder;
  llvm::DenseMap<Value, Value> primals, gradients;
  SmallVector<Value> saved, captured;
};
} // namespace

static LogicalResult differentiate(ProgramOp program, int64_t chunk) {
  FuncOp forward = program.getForward(chunk);
  if (!forward)
    return program.emitOpError() << "has no @" << functionName(kForward, chunk)
                                 << "; run sigma-expand-blocks first";
  if (program.getBackward(chunk))
    return program.emitOpError() << "has a @" << functionName(kBackward, chunk) << " already";
  for (Operation &op : forward.getBody().front())
    if (isa<DispatchOp, CollectOp>(op))
      return op.emitOpError() << "has no gradient; run sigma-shard first";
  FuncOp backward = BackwardBuilder(forward).build(functionName(kBackward, chunk));
  PatternRewriter rewriter(program.getContext());
  for (auto op : llvm::make_early_inc_range(backward.getBody().getOps<AccumulateOp>()))
    (void)AccumulateOp::canonicalize(op, rewriter);
  return success();
}

LogicalResult mlir::sigma::differentiate(ProgramOp program) {
  for (int64_t chunk = 0; chunk < program.getNumChunks(); ++chunk)
    if (failed(::differentiate(program, chunk)))
      return failure();
  return success();
}

namespace {
struct Autodiff : mlir::sigma::impl::AutodiffBase<Autodiff> {
  void runOnOperation() override {
    if (failed(mlir::sigma::differentiate(getOperation())))
      signalPassFailure();
  }
};
} // namespace
