//===- Zero.cpp - state that the replicas of parameters share -------------===//

#include "passes/Passes.h"
#include "passes/Pieces.h"
#include "passes/Transforms.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::sigma {
#define GEN_PASS_DEF_ZERO
#include "passes/Passes.h.inc"
} // namespace mlir::sigma

using namespace mlir;
using namespace mlir::rank;
using mlir::sigma::isMovable;
using mlir::sigma::Piece;
using mlir::sigma::PieceWalk;

namespace {
/// Makes the flats of one program: of ZeRO stage 1 one for an axis, which is summed and gathered
/// once a step, of later ones one for a piece, which are with every micro-batch; and one of what
/// several stages hold. Where sums or gathers of pieces are started one by one, stage 1 has flats
/// of pieces, too, and one of what is summed over a tensor group first.
class Flats {
public:
  explicit Flats(ProgramOp program)
      : program(program), launch(program.getLaunchOp()),
        builder(OpBuilder::atBlockBegin(&program.getBody().front())),
        pieces(mlir::sigma::piecesOfParameters(program)) {}

  void make() {
    for (Axis axis : {Axis::Dp, Axis::Edp}) {
      if (launch.getZeroOf(axis) == 0)
        continue;
      SmallVector<std::string> names;
      llvm::StringMap<SmallVector<ParameterOp>> held;
      for (ParameterOp parameter : parametersOf(axis)) {
        const std::string name = flatName(parameter, axis);
        if (!held.count(name))
          names.push_back(name);
        held[name].push_back(parameter);
      }
      for (const std::string &name : names)
        makeFlat(name, axis, held[name]);
    }
  }

private:
  /// What the first and the last stage hold is cut in the same way on both, by itself.
  std::string flatName(ParameterOp parameter, Axis axis) {
    const std::string name = stringifyAxis(axis).str();
    if (parameter.getAtEnds())
      return "ends." + name;
    const bool isOnce = launch.getZeroOf(axis) == 1;
    if (isOnce && !launch.getOverlapsGradients() && !launch.getOverlapsParameters())
      return name;
    if (isOnce && parameter.isHeldInCopy())
      return "copies." + name;
    auto piece = pieces.find(parameter.getSymName());
    return piece == pieces.end() ? name : piece->second + "." + name;
  }

  /// Those that all ranks of a tensor group hold come first: their gradients are summed once more.
  SmallVector<ParameterOp> parametersOf(Axis axis) {
    SmallVector<ParameterOp> parameters;
    for (bool isHeldInCopy : {true, false})
      for (auto parameter : program.getBody().getOps<ParameterOp>())
        if (parameter.getExpert() == (axis == Axis::Edp) && !parameter.isUpdatedByLoad() &&
            parameter.isHeldInCopy() == isHeldInCopy)
          parameters.push_back(parameter);
    return parameters;
  }

  /// Elements up to the next that a buffer may start with, of values and of what is wider.
  int64_t align(int64_t elements) {
    const int64_t bytes = launch.getElementBytes();
    return mlir::sigma::alignOffset(elements * bytes) / bytes;
  }

  void makeFlat(StringRef name, Axis axis, ArrayRef<ParameterOp> parameters) {
    if (parameters.empty())
      return;
    int64_t elements = 0;
    for (ParameterOp parameter : parameters) {
      parameter.setFlat(name);
      parameter.setBegin(elements);
      elements += align(parameter.getTensorType().getNumElements());
    }
    const int64_t replicas = launch.getReplicas(axis);
    builder.create<FlatOp>(program.getLoc(), name, axis, elements,
                           align((elements + replicas - 1) / replicas), IntegerAttr(),
                           IntegerAttr(), IntegerAttr(), IntegerAttr(), IntegerAttr());
  }

  ProgramOp program;
  LaunchOp launch;
  OpBuilder builder;
  llvm::StringMap<std::string> pieces; // by parameter
};

/// Gathers the values that a function's pieces read, and reduces the gradients that they add to,
/// where a rank keeps only a part of them: each piece has them whole from the first op that needs
/// them to the last.
class PiecewiseState {
public:
  explicit PiecewiseState(FuncOp func)
      : program(func->getParentOfType<ProgramOp>()), block(func.getBody().front()),
        builder(func.getContext()) {
    PieceWalk walk(func);
    for (Operation &op : block)
      if (!isMovable(op))
        note(op, walk.at(op));
  }

  void insert() {
    for (Span &span : values)
      gather(span);
    for (Span &span : gradients)
      reduce(span);
    for (Operation *weight : replaced)
      if (weight->use_empty())
        weight->erase();
  }

private:
  /// The ops of a piece that need a state of a flat.
  struct Span {
    FlatOp flat;
    Piece piece;
    SmallVector<Operation *> ops;
  };

  void note(Operation &op, const Piece &piece) {
    for (Value operand : op.getOperands())
      if (auto weight = operand.getDefiningOp<WeightOp>())
        if (FlatOp flat = flatOf(weight.getParameter()); flat && !flat.holdsValues())
          add(values, flat, piece, op);
    mlir::sigma::eachParameterAddedTo(op, [&](StringRef parameter) {
      if (FlatOp flat = flatOf(parameter); flat && !flat.holdsGradients())
        add(gradients, flat, piece, op);
    });
  }

  FlatOp flatOf(StringRef parameter) {
    return program.lookupSymbol<ParameterOp>(parameter).getFlatOp();
  }

  static void add(SmallVector<Span> &spans, FlatOp flat, const Piece &piece, Operation &op) {
    auto known = llvm::find_if(
        spans, [&](const Span &span) { return span.flat == flat && span.piece == piece; });
    if (known == spans.end()) {
      spans.push_back({flat, piece, {}});
      known = std::prev(spans.end());
    }
    known->ops.push_back(&op);
  }

  RankedTensorType valuesOf(FlatOp flat) {
    return RankedTensorType::get({int64_t(flat.getElements())},
                                 program.getLaunchOp().getElementType());
  }

  void gather(Span &span) {
    builder.setInsertionPoint(span.ops.front());
    Value gathered = builder.create<GatherValuesOp>(span.ops.front()->getLoc(), valuesOf(span.flat),
                                                    span.flat.getSymName());
    llvm::StringMap<Value> weights;
    for (Operation *op : span.ops)
      for (OpOperand &operand : op->getOpOperands()) {
        auto weight = operand.get().getDefiningOp<WeightOp>();
        if (!weight || flatOf(weight.getParameter()) != span.flat)
          continue;
        Value &read = weights[weight.getParameter()];
        if (!read)
          read = builder.create<WeightOp>(weight.getLoc(), weight.getResult().getType(),
                                          weight.getParameterAttr(), gathered);
        replaced.insert(weight);
        operand.set(read);
      }
  }

  void reduce(Span &span) {
    builder.setInsertionPoint(span.ops.front());
    Value whole = builder.create<FlatGradientsOp>(
        span.ops.front()->getLoc(), wideType(valuesOf(span.flat)), span.flat.getSymName());
    builder.setInsertionPointAfter(span.ops.back());
    builder.create<ReduceGradientsOp>(span.ops.back()->getLoc(), whole);
  }

  ProgramOp program;
  Block &block;
  OpBuilder builder;
  SmallVector<Span> values, gradients;
  llvm::SetVector<Operation *> replaced;
};

struct Zero : mlir::sigma::impl::ZeroBase<Zero> {
  void runOnOperation() override { mlir::sigma::spreadState(getOperation()); }
};
} // namespace

void mlir::sigma::spreadState(ProgramOp program) {
  Flats(program).make();
  for (auto func : program.getBody().getOps<FuncOp>())
    PiecewiseState(func).insert();
}
