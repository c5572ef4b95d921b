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
/// Sums up the gradients of forward's values, in a block that is being built.
class GradientSums : public GradientContext {
public:
  explicit GradientSums(MLIRContext *context) : opBuilder(context) {}

  OpBuilder &builder() override { return opBuilder; }

  Value gradient(Value value) override { return gradients.lookup(value); }

  bool needsGradient(Value value) override {
    return isFloat(value) && !value.getDefiningOp<ConstantOp>();
  }

  void accumulate(Value value, Value gradient) override {
    if (!needsGradient(value))
      return;
    if (WeightOp weight = weightOf(value)) {
      opBuilder.create<AccumulateOp>(gradient.getLoc(), weight.getParameterAttr(), gradient);
      return;
    }
    Value &sum = gradients[value];
    sum = sum ? add(sum, gradient) : gradient;
  }

protected:
  /// Null if the value is none.
  virtual WeightOp weightOf(Value value) { return value.getDefiningOp<WeightOp>(); }

  /// Whether anything depends on the op.
  bool isReached(Operation &op) {
    return isa<ObjectiveOp>(op) ||
           llvm::any_of(op.getResults(), [&](Value result) { return bool(gradient(result)); });
  }

  OpBuilder opBuilder;
  llvm::DenseMap<Value, Value> gradients;

private:
  /// Rows of experts have room for more than there are.
  Value add(Value sum, Value gradient) {
    auto op = opBuilder.create<AddOp>(gradient.getLoc(), sum, gradient);
    if (auto product = gradient.getDefiningOp<GroupedMatmulOp>())
      op.setExpectedRows(product.getExpectedRows());
    return op;
  }
};

/// Builds the backward of a round that keeps nothing: makes the round's values again, and goes back
/// through them.
class RoundGradient : public GradientSums {
public:
  RoundGradient(CollectRoundsOp forward, CollectRoundsOp backward)
      : GradientSums(forward.getContext()), forward(forward),
        body(backward.getBody().emplaceBlock()) {
    for (Value input : backward.getInputs())
      body.addArgument(input.getType(), input.getLoc());
    opBuilder.setInsertionPointToEnd(&body);
  }

  void build() {
    Block &round = forward.getBody().front();
    primals.map(round.getArguments(), body.getArguments().drop_back());
    for (Operation &op : round.without_terminator())
      opBuilder.clone(op, primals);
    accumulate(forward.getYield().getRows(), body.getArguments().back());
    Value rows = goBack(round);
    opBuilder.create<YieldOp>(rows.getLoc(), rows);
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
      if (isOpTriviallyDead(&op))
        op.erase();
  }

  Value primal(Value value) override { return primals.lookup(value); }

private:
  /// The gradient of the rows that were sent.
  Value goBack(Block &round) {
    for (Operation &op : llvm::reverse(round)) {
      auto rule = dyn_cast<DifferentiableOpInterface>(op);
      if (!rule || !isReached(op))
        continue;
      rule.buildGradient(*this);
      if (auto exchange = dyn_cast<AllToAllOp>(op);
          exchange && exchange.getDirection() == Direction::Dispatch)
        return gradient(exchange.getRows());
    }
    llvm_unreachable("a round sends rows and collects them");
  }

  WeightOp weightOf(Value value) override {
    auto argument = dyn_cast<BlockArgument>(value);
    return argument ? forward.getInputs()[argument.getArgNumber()].getDefiningOp<WeightOp>()
                    : WeightOp();
  }

  CollectRoundsOp forward;
  Block &body;
  IRMapping primals;
};

/// Builds backward by walking forward from its end. Forward values become block arguments when a
/// rule asks for them.
class BackwardBuilder : public GradientSums {
public:
  explicit BackwardBuilder(FuncOp forward) : GradientSums(forward.getContext()), forward(forward) {}

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

private:
  Block &body() { return backward.getBody().front(); }

  /// Runs a forward op again where its result is first needed.
  Value repeat(Operation *op, Value result) {
    IRMapping mapping;
    for (Value operand : op->getOperands())
      mapping.map(operand, primal(operand));
    return opBuilder.clone(*op, mapping)->getResult(cast<OpResult>(result).getResultNumber());
  }

  void differentiate(Operation &op) {
    auto rule = dyn_cast<DifferentiableOpInterface>(op);
    if (!rule || !isReached(op))
      return;
    Operation *last = body().empty() ? nullptr : &body().back();
    auto exchange = dyn_cast<AllToAllOp>(op);
    if (CollectRoundsOp rounds = exchange ? exchange.getCollectRounds() : CollectRoundsOp())
      goBackInRounds(exchange, rounds);
    else
      rule.buildGradient(*this);
    if (Attribute layer = op.getAttr(kLayerAttr))
      for (Operation &made :
           llvm::make_range(last ? std::next(last->getIterator()) : body().begin(), body().end()))
        made.setAttr(kLayerAttr, layer);
  }

  /// What was dispatched in rounds comes back in rounds.
  void goBackInRounds(AllToAllOp dispatch, CollectRoundsOp rounds) {
    SmallVector<Value> inputs;
    for (Value input : rounds.getInputs())
      inputs.push_back(primal(input));
    inputs.push_back(gradient(rounds.getResult()));
    auto collect = opBuilder.create<CollectRoundsOp>(
        dispatch.getLoc(), dispatch.getRows().getType(), gradient(dispatch.getResult()),
        primal(rounds.getSizes()), primal(rounds.getTable()), primal(rounds.getBegins()),
        primal(rounds.getRounds()), inputs, dispatch.getExpectedRows(), IntegerAttr());
    RoundGradient(rounds, collect).build();
    accumulate(dispatch.getRows(), collect);
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
  llvm::DenseMap<Value, Value> primals;
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
  SmallVector<AccumulateOp> sums;
  backward.walk([&](AccumulateOp op) { sums.push_back(op); });
  for (AccumulateOp op : sums)
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
