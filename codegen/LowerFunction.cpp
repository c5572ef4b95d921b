//===- LowerFunction.cpp - a rank.func as calls of the runtime ABI --------===//

#include "codegen/ProgramLowering.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::sigma;
using namespace mlir::rank;

int64_t sigma::elementCode(Type elementType) {
  return elementType.isF64() ? SIGMA_F64 : elementType.isBF16() ? SIGMA_BF16 : SIGMA_F32;
}

int64_t sigma::groupCode(Axis axis) {
  switch (axis) {
  case Axis::Tp:
    return SIGMA_GROUP_TENSOR;
  case Axis::Dp:
    return SIGMA_GROUP_DATA;
  case Axis::Edp:
    return SIGMA_GROUP_EXPERT_DATA;
  case Axis::Ends:
    return SIGMA_GROUP_ENDS;
  }
  llvm_unreachable("unknown axis");
}

std::string sigma::symbolName(ProgramOp program, StringRef function) {
  std::string precision;
  llvm::raw_string_ostream(precision) << program.getLaunchOp().getElementType();
  return precision + "." + program.getSymName().str() + "." + function.str();
}

template <class Op>
static bool has(FuncOp func) {
  auto ops = func.getBody().getOps<Op>();
  return ops.begin() != ops.end();
}

bool sigma::startsSums(FuncOp func) { return has<StartReduceOp>(func); }

static bool startsCollectives(FuncOp func) {
  return startsSums(func) || has<StartReduceGradientsOp>(func) || has<StartGatherOp>(func) ||
         has<WaitOp>(func) || has<WaitValuesOp>(func);
}

/// At what has been started; or takes no time.
static bool looksItself(Operation &op) {
  return op.hasAttr(kStartedAttr) ||
         isa<WeightOp, StartReduceOp, StartReduceGradientsOp, WaitReduceGradientsOp, StartGatherOp,
             WaitGatherOp, WaitOp, WaitValuesOp>(op);
}

void sigma::lowerStart(Emitter &emit, Value rt, Value arena, StartReduceOp op) {
  Type sums = op->getParentOfType<ProgramOp>().getLaunchOp().getWideType();
  const bool gathers = !op.getFlatOp();
  emit.call("sigma_start_reduce",
            {rt, emit.i64(elementCode(sums)), emit.address(arena, *op.getOffset()),
             emit.i64(*op.getElements()), emit.i64(*op.getPart()),
             emit.i64(groupCode(op.getAxis())), emit.i64(gathers),
             emit.address(arena, *op.getWorkspaceOffset()), emit.i64(*op.getWorkspaceBytes())});
}

static RankedTensorType tensor(Value value) { return cast<RankedTensorType>(value.getType()); }
static int64_t count(Value value) { return tensor(value).getNumElements(); }
static int64_t rows(Value value) { return tensor(value).getDimSize(0); }
static int64_t columns(Value value) { return tensor(value).getDimSize(1); }

namespace {
class FunctionLowering {
public:
  FunctionLowering(FuncOp func, LLVM::LLVMFuncOp target, RuntimeAbi &abi)
      : func(func), program(func->getParentOfType<ProgramOp>()),
        emit(abi, OpBuilder::atBlockEnd(&target.getBody().front()), func.getLoc()),
        rt(target.getArgument(0)), arena(target.getArgument(1)), transient(target.getArgument(2)) {
    mapArguments(target.getArguments().drop_front(std::size(kFixedParameters)));
  }

  void lower() {
    SpanOfRun again(emit, rt, SIGMA_SPAN_RECOMPUTE);
    const bool goesOn = startsCollectives(func);
    for (Operation &op : func.getBody().front()) {
      emit.setLocation(op.getLoc());
      again.next(op.hasAttr(kRecomputedAttr));
      if (goesOn && !looksItself(op))
        emit.call("sigma_progress", {rt});
      lowerOp(&op);
    }
  }

private:
  /// Memory of a residual.
  struct Parts {
    Value slot, ends;
  };

  void mapArguments(ArrayRef<BlockArgument> pointers) {
    auto takeParts = [&] {
      Parts parts{pointers[0], pointers[1]};
      pointers = pointers.drop_front(2);
      return parts;
    };
    auto arguments = func.getArguments();
    for (Residual residual : func.getTakenResiduals()) {
      const Parts parts = takeParts();
      for (Value value : residual.values())
        pointerOf[arguments.front()] = resolveKept(placeOf(value), parts),
        arguments = arguments.drop_front();
    }
    for (Residual residual : func.getGivenResiduals())
      (residual.isHeld ? held : saved) = takeParts();
    for (auto [argument, pointer] : llvm::zip(arguments, pointers))
      pointerOf[argument] = pointer;
    results.assign(pointers.begin() + arguments.size(), pointers.end());
  }

  Value resolveKept(PlaceAttr place, const Parts &parts) {
    const bool isOfEnds = place.getSpace() == Space::Ends || place.getSpace() == Space::HeldEnds;
    return emit.address(isOfEnds ? parts.ends : parts.slot, place.getOffset());
  }

  static PlaceAttr placeOf(Value value) {
    auto places = value.getDefiningOp()->getAttrOfType<ArrayAttr>(kPlacesAttr);
    return cast<PlaceAttr>(places[cast<OpResult>(value).getResultNumber()]);
  }

  Value resolve(PlaceAttr place) {
    switch (place.getSpace()) {
    case Space::Arena:
      return emit.address(arena, place.getOffset());
    case Space::Slot:
    case Space::Ends:
      return resolveKept(place, saved);
    case Space::Held:
    case Space::HeldEnds:
      return resolveKept(place, held);
    case Space::Transient:
      return emit.address(transient, place.getOffset());
    case Space::Result:
      return results[place.getOffset()];
    }
    llvm_unreachable("unknown space");
  }

  Value pointer(Value value) {
    if (!value)
      return emit.null();
    Value &known = pointerOf[value];
    if (known)
      return known;
    if (auto weight = value.getDefiningOp<WeightOp>())
      return known = weightAddress(weight);
    return known = resolve(placeOf(value));
  }

  Value weightAddress(WeightOp weight) {
    ParameterOp read = parameter(weight.getParameter());
    if (weight.getValues())
      return inFlat(pointer(weight.getValues()), read, read.getTensorType());
    return emit.address(arena, *read.getValueOffset());
  }

  /// Where gradients of a parameter are added up: in the arena, or, where a rank keeps a part of
  /// them, in what the piece has for a while.
  Value gradientAddress(StringRef name) {
    ParameterOp added = parameter(name);
    if (FlatOp flat = added.getFlatOp(); flat && !flat.holdsGradients())
      return inFlat(flatGradients.at(flat), added, added.getWideType());
    return emit.address(arena, *added.getGradientOffset());
  }

  Value inFlat(Value flat, ParameterOp parameter, RankedTensorType type) {
    return emit.address(flat, *parameter.getBegin() * type.getElementTypeBitWidth() / 8);
  }

  ParameterOp parameter(StringRef name) { return program.lookupSymbol<ParameterOp>(name); }

  /// Where an accumulating op puts its result, and the flag that goes with it.
  template <typename Op>
  std::pair<Value, int64_t> destination(Op op) {
    if (op.getInto())
      return {gradientAddress(*op.getInto()), SIGMA_ACCUMULATE};
    return {pointer(op.getResult()), 0};
  }

  /// Calls `name` with the runtime's handle and, in order, pointers of values and integers.
  void call(StringRef name, ArrayRef<Value> arguments) {
    SmallVector<Value> all{rt};
    all.append(arguments.begin(), arguments.end());
    emit.call(name, all);
  }
  /// The code of a value's elements.
  Value e(Value value) { return emit.i64(elementCode(getElementTypeOrSelf(value))); }
  Value p(Value value) { return pointer(value); }
  Value i(int64_t value) { return emit.i64(value); }
  Value f(double value) { return emit.f64(value); }

  /// Null where the op needs none.
  Value workspace(Operation *op) {
    auto place = op->getAttrOfType<PlaceAttr>(kWorkspaceAttr);
    return place ? resolve(place) : emit.null();
  }

  void lowerOp(Operation *op);
  void lowerMoeOp(Operation *op);
  void lowerCollective(Operation *op);
  void lowerRounds(CollectRoundsOp op);
  void lowerReturn(ReturnOp op);
  void lowerZero(FlatGradientsOp op);
  void lowerZero(ReduceGradientsOp op);
  void lowerZero(StartReduceGradientsOp op);
  template <class Op>
  void lowerReduce(Op op, StringRef function, Value workspace, int64_t workspaceBytes);
  template <class Op>
  void lowerGather(Op op, StringRef function);
  template <typename Op>
  SmallVector<Value> attentionSpec(Op op);
  template <typename Op>
  void lowerAllToAll(Op op, Direction direction);
  void lowerElementwise(Operation *op);
  void lowerAttention(AttentionOp op);
  void lowerAttentionGrad(AttentionGradOp op);

  FuncOp func;
  ProgramOp program;
  Emitter emit;
  Value rt, arena, transient;
  Parts saved, held; // what it keeps itself
  SmallVector<Value> results;
  llvm::DenseMap<Value, Value> pointerOf;
  llvm::DenseMap<FlatOp, Value> flatGradients; // of the piece that is at work
};
} // namespace

void FunctionLowering::lowerReturn(ReturnOp op) {
  for (auto [index, value] : llvm::enumerate(op.getResults())) {
    bool inPlace = value.getDefiningOp() && !value.getDefiningOp<WeightOp>() &&
                   placeOf(value) == PlaceAttr::get(op.getContext(), Space::Result, index);
    if (!inPlace)
      call("sigma_copy", {results[index], p(value), i(tensorBytes(value.getType()))});
  }
  emit.builder.create<LLVM::ReturnOp>(op.getLoc(), ValueRange());
}

void FunctionLowering::lowerZero(FlatGradientsOp op) {
  flatGradients[program.lookupSymbol<FlatOp>(op.getFlat())] = p(op);
  call("sigma_fill", {e(op), p(op), i(count(op)), f(0.0)});
}

template <class Op>
void FunctionLowering::lowerReduce(Op op, StringRef function, Value workspace,
                                   int64_t workspaceBytes) {
  FlatOp flat = op.getFlatOp();
  call(function, {e(op.getGradients()), p(op.getGradients()), i(flat.getElements()),
                  i(flat.getPart()), i(groupCode(flat.getAxis())),
                  emit.address(arena, *flat.getGradientOffset()), workspace, i(workspaceBytes)});
}

void FunctionLowering::lowerZero(ReduceGradientsOp op) {
  lowerReduce(op, "sigma_reduce_flat", workspace(op), op.getFlatOp().getWorkspaceBytes());
}

void FunctionLowering::lowerZero(StartReduceGradientsOp op) {
  lowerReduce(op, "sigma_start_reduce_flat", emit.address(arena, *op.getWorkspaceOffset()),
              *op.getWorkspaceBytes());
}

template <class Op>
void FunctionLowering::lowerGather(Op op, StringRef function) {
  auto flat = program.lookupSymbol<FlatOp>(op.getFlat());
  call(function, {e(op), emit.address(arena, *flat.getValueOffset()), p(op), i(flat.getElements()),
                  i(flat.getPart()), i(groupCode(flat.getAxis()))});
}

/// What attention and its gradient are told after their tensors.
template <typename Op>
SmallVector<Value> FunctionLowering::attentionSpec(Op op) {
  return {i(rows(op.getQuery()) / op.getSequence()),
          i(op.getSequence()),
          i(op.getHeads()),
          i(op.getKvHeads()),
          i(op.getHeadWidth()),
          i(op.getValueWidth()),
          f(op.getScoreScale()),
          i(op.getWindow().value_or(0)),
          i(op.getChunk().value_or(0)),
          f(op.getSoftcap().value_or(0.0)),
          i(op.getRing()),
          workspace(op),
          i(op.getWorkspaceBytes())};
}

void FunctionLowering::lowerAttention(AttentionOp op) {
  SmallVector<Value> arguments{e(op.getQuery()), p(op.getQuery()), p(op.getKey()),
                               p(op.getValue()), p(op.getSinks()), p(op.getResult()),
                               p(op.getLse())};
  arguments.append(attentionSpec(op));
  call("sigma_attention", arguments);
}

void FunctionLowering::lowerAttentionGrad(AttentionGradOp op) {
  SmallVector<Value> arguments{
      e(op.getQuery()),       p(op.getQuery()),         p(op.getKey()),
      p(op.getValue()),       p(op.getSinks()),         p(op.getOutput()),
      p(op.getLse()),         p(op.getGradient()),      p(op.getQueryGradient()),
      p(op.getKeyGradient()), p(op.getValueGradient()), p(op.getSinksGradient())};
  arguments.append(attentionSpec(op));
  call("sigma_attention_grad", arguments);
}

static int64_t activationCode(Activation kind) {
  switch (kind) {
  case Activation::Silu:
    return SIGMA_SILU;
  case Activation::Gelu:
    return SIGMA_GELU;
  case Activation::GeluTanh:
    return SIGMA_GELU_TANH;
  case Activation::Relu:
    return SIGMA_RELU;
  case Activation::ReluSquared:
    return SIGMA_RELU_SQUARED;
  case Activation::ClampedSilu:
    return SIGMA_CLAMPED_SILU;
  case Activation::TanhCap:
    return SIGMA_TANH_CAP;
  case Activation::Clamp:
    return SIGMA_CLAMP;
  }
  llvm_unreachable("unknown activation");
}

void FunctionLowering::lowerOp(Operation *op) {
  llvm::TypeSwitch<Operation *>(op)
      .Case<WeightOp>([](WeightOp) {}) // an address, no work
      .Case([&](ReturnOp op) { lowerReturn(op); })
      .Case<FlatGradientsOp, ReduceGradientsOp, StartReduceGradientsOp>(
          [&](auto op) { lowerZero(op); })
      .Case(
          [&](WaitReduceGradientsOp op) { call("sigma_wait_reduce_flat", {p(op.getGradients())}); })
      .Case([&](GatherValuesOp op) { lowerGather(op, "sigma_gather_flat"); })
      .Case([&](StartGatherOp op) { lowerGather(op, "sigma_start_gather"); })
      .Case([&](WaitGatherOp op) { call("sigma_wait_gather", {p(op.getValues())}); })
      .Case([&](WaitValuesOp op) {
        FlatOp flat = program.lookupSymbol<FlatOp>(op.getFlat());
        call("sigma_wait_gather", {emit.address(arena, *flat.getValueOffset())});
      })
      .Case([&](StartReduceOp op) { lowerStart(emit, rt, arena, op); })
      .Case([&](ConstantOp op) {
        call("sigma_fill", {e(op), p(op), i(count(op)), f(op.getValue())});
      })
      .Case([&](AccumulateOp op) {
        call("sigma_accumulate", {e(op.getValue()), p(op.getValue()),
                                  gradientAddress(op.getParameter()), i(count(op.getValue()))});
      })
      .Case([&](AddOp op) {
        call("sigma_add", {e(op), p(op.getLhs()), p(op.getRhs()), p(op), i(count(op))});
      })
      .Case([&](MatmulOp op) {
        auto [to, accumulate] = destination(op);
        int64_t flags = (op.getTransposeLhs() ? SIGMA_TRANSPOSE_A : 0) |
                        (op.getTransposeRhs() ? SIGMA_TRANSPOSE_B : 0);
        Value result = op.getInto()
                           ? i(elementCode(parameter(*op.getInto()).getWideType().getElementType()))
                           : e(op.getResult());
        call("sigma_matmul",
             {e(op.getLhs()), e(op.getRhs()), result, p(op.getLhs()), p(op.getRhs()), to,
              i(op.getRows()), i(op.getColumns()), i(op.getInner()), i(flags | accumulate)});
      })
      .Case([&](RmsNormOp op) {
        int64_t width = count(op.getWeight());
        call("sigma_rms_norm",
             {e(op.getInput()), p(op.getInput()), p(op.getWeight()), p(op.getResult()),
              p(op.getRstd()), i(count(op.getInput()) / width), i(width), f(op.getEpsilon())});
      })
      .Case([&](RmsNormGradOp op) {
        int64_t width = count(op.getWeight());
        call("sigma_rms_norm_grad",
             {e(op.getInput()), p(op.getInput()), p(op.getWeight()), p(op.getRstd()),
              p(op.getGradient()), p(op.getInputGradient()), p(op.getWeightGradient()),
              i(count(op.getInput()) / width), i(width), i(0)});
      })
      .Case([&](RotaryOp op) {
        call("sigma_rotary", {e(op), p(op.getInput()), p(op), i(rows(op)), i(op.getSequence()),
                              i(op.getHeads()), i(columns(op) / op.getHeads()),
                              emit.constants(op.getFrequencies()), i(op.getFrequencies().size()),
                              f(op.getMagnitude()), i(op.getTranspose()), i(op.getShares())});
      })
      .Case([&](JoinHeadsOp op) {
        call("sigma_join_heads",
             {e(op), p(op.getShared()), p(op.getOwn()), p(op), i(rows(op)), i(op.getHeads()),
              i(columns(op.getShared())), i(columns(op.getOwn()) / op.getHeads())});
      })
      .Case([&](SplitHeadsOp op) {
        call("sigma_split_heads",
             {e(op.getInput()), p(op.getInput()), p(op.getShared()), p(op.getOwn()),
              i(rows(op.getInput())), i(op.getHeads()), i(columns(op.getShared())),
              i(columns(op.getOwn()) / op.getHeads())});
      })
      .Case([&](AttentionOp op) { lowerAttention(op); })
      .Case([&](AttentionGradOp op) { lowerAttentionGrad(op); })
      .Case([&](EmbeddingOp op) {
        call("sigma_embedding", {e(op), p(op.getTokens()), p(op.getTable()), p(op), i(rows(op)),
                                 i(columns(op)), i(rows(op.getTable())), i(op.getShards())});
      })
      .Case([&](EmbeddingGradOp op) {
        auto [to, accumulate] = destination(op);
        auto table =
            op.getInto() ? parameter(*op.getInto()).getTensorType() : tensor(op.getResult());
        call("sigma_embedding_grad", {e(op.getGradient()), p(op.getTokens()), p(op.getGradient()),
                                      to, i(rows(op.getGradient())), i(columns(op.getGradient())),
                                      i(table.getDimSize(0)), i(op.getShards()), i(accumulate)});
      })
      .Case([&](CrossEntropyOp op) {
        call("sigma_cross_entropy",
             {e(op.getLogits()), p(op.getLogits()), p(op.getTargets()), p(op.getLse()),
              p(op.getLoss()), i(rows(op.getLogits())), i(columns(op.getLogits())),
              i(op.getShards()), workspace(op), i(op.getWorkspaceBytes())});
      })
      .Case([&](CrossEntropyGradOp op) {
        call("sigma_cross_entropy_grad",
             {e(op.getLogits()), p(op.getLogits()), p(op.getTargets()), p(op.getLse()),
              p(op.getGradient()), p(op), i(rows(op.getLogits())), i(columns(op.getLogits())),
              i(op.getShards())});
      })
      .Case([&](ObjectiveOp op) {
        int64_t term = op.getTerm() == Term::Loss ? SIGMA_TERM_LOSS : SIGMA_TERM_BALANCE;
        call("sigma_add_objective",
             {e(op.getValue()), p(op.getValue()), f(op.getScale()), i(term)});
      })
      .Case([&](PositionsOp op) {
        call("sigma_positions", {p(op), i(count(op)), i(op.getSequence()), i(op.getShares())});
      })
      .Case([&](NextTargetsOp op) {
        call("sigma_next_targets", {p(op.getTargets()), p(op), i(count(op)), i(op.getSequence())});
      })
      .Default([&](Operation *op) { lowerElementwise(op); });
}

void FunctionLowering::lowerElementwise(Operation *op) {
  auto groups = [](Value sizes) { return sizes ? count(sizes) : 0; };
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](ScaleOp op) {
        call("sigma_scale", {e(op), p(op.getInput()), p(op), i(count(op)), f(op.getFactor())});
      })
      .Case([&](CenterOp op) {
        call("sigma_center", {e(op), p(op.getInput()), p(op), i(rows(op)), i(columns(op))});
      })
      .Case([&](AddBiasOp op) {
        call("sigma_add_bias",
             {e(op), e(op.getBias()), p(op.getInput()), p(op.getBias()), p(op), p(op.getSizes()),
              i(groups(op.getSizes())), i(rows(op)), i(columns(op))});
      })
      .Case([&](BiasGradOp op) {
        auto [to, accumulate] = destination(op);
        Value gradient = op.getGradient();
        call("sigma_bias_grad",
             {e(gradient), p(gradient), to, p(op.getSizes()), i(groups(op.getSizes())),
              i(rows(gradient)), i(columns(gradient)), i(accumulate)});
      })
      .Case([&](ActivationOp op) {
        call("sigma_activation", {e(op), p(op.getGate()), p(op.getUp()), p(op), p(op.getSizes()),
                                  i(groups(op.getSizes())), i(rows(op)), i(columns(op)),
                                  i(activationCode(op.getKind())), f(op.getLimit())});
      })
      .Case([&](ActivationGradOp op) {
        Value gate = op.getGate();
        call("sigma_activation_grad",
             {e(gate), p(gate), p(op.getUp()), p(op.getGradient()), p(op.getGateGradient()),
              p(op.getUpGradient()), p(op.getSizes()), i(groups(op.getSizes())), i(rows(gate)),
              i(columns(gate)), i(activationCode(op.getKind())), f(op.getLimit())});
      })
      .Default([&](Operation *op) { lowerMoeOp(op); });
}

static int64_t scoreCode(Score score) {
  return score == Score::Softmax ? SIGMA_SOFTMAX : SIGMA_SIGMOID;
}

void FunctionLowering::lowerMoeOp(Operation *op) {
  // `rows of position` / `rows of tokens` = choices per token.
  auto choices = [](Value position, Value tokens) { return count(position) / rows(tokens); };
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](RouterScoresOp op) {
        call("sigma_router_scores", {e(op), p(op.getLogits()), p(op), i(rows(op)), i(columns(op)),
                                     i(scoreCode(op.getScore()))});
      })
      .Case([&](RouterScoresGradOp op) {
        call("sigma_router_scores_grad",
             {e(op), p(op.getScores()), p(op.getGradient()), p(op), i(rows(op)), i(columns(op)),
              i(scoreCode(op.getScore()))});
      })
      .Case([&](ZLossOp op) {
        Value logits = op.getLogits();
        call("sigma_z_loss", {e(logits), p(logits), p(op.getLse()), p(op.getLoss()),
                              i(rows(logits)), i(columns(logits))});
      })
      .Case([&](ZLossGradOp op) {
        call("sigma_z_loss_grad", {e(op), p(op.getLogits()), p(op.getLse()), p(op.getGradient()),
                                   p(op), i(rows(op)), i(columns(op))});
      })
      .Case([&](CountLoadOp op) {
        ParameterOp counted = parameter(op.getParameter());
        Value load = emit.address(arena, *counted.getGradientOffset());
        call("sigma_count_load", {i(elementCode(counted.getWideType().getElementType())),
                                  p(op.getChosen()), load, i(count(op.getChosen()))});
      })
      .Case([&](TopKOp op) {
        call("sigma_top_k",
             {e(op.getScores()), p(op.getScores()), p(op.getBias()), p(op.getWeights()),
              p(op.getChosen()), i(rows(op.getScores())), i(columns(op.getScores())),
              i(columns(op.getWeights())), i(op.getNormalize()), i(op.getGroups()),
              i(op.getTopGroups()), i(op.getGroupCandidates())});
      })
      .Case([&](TopKGradOp op) {
        call("sigma_top_k_grad",
             {e(op), p(op.getScores()), p(op.getChosen()), p(op.getGradient()), p(op), i(rows(op)),
              i(columns(op)), i(columns(op.getChosen())), i(op.getNormalize())});
      })
      .Case([&](GroupTokensOp op) {
        call("sigma_group_tokens", {p(op.getChosen()), p(op.getPosition()), p(op.getSizes()),
                                    i(count(op.getChosen())), i(count(op.getSizes()))});
      })
      .Case([&](GatherRowsOp op) {
        Value input = op.getInput();
        call("sigma_gather_rows",
             {e(op), p(input), p(op.getPosition()), p(op.getWeights()), p(op), i(rows(input)),
              i(choices(op.getPosition(), input)), i(columns(input))});
      })
      .Case([&](ScatterRowsOp op) {
        call("sigma_scatter_rows", {e(op), p(op.getRows()), p(op.getPosition()), p(op), i(rows(op)),
                                    i(choices(op.getPosition(), op)), i(columns(op))});
      })
      .Case([&](CombineOp op) {
        call("sigma_combine", {e(op), p(op.getRows()), p(op.getPosition()), p(op.getWeights()),
                               p(op), i(rows(op)), i(columns(op.getWeights())), i(columns(op))});
      })
      .Case([&](CombineGradOp op) {
        call("sigma_combine_grad",
             {e(op.getRows()), p(op.getRows()), p(op.getPosition()), p(op.getWeights()),
              p(op.getGradient()), p(op.getRowsGradient()), p(op.getWeightsGradient()),
              i(rows(op.getWeights())), i(columns(op.getWeights())), i(columns(op.getGradient()))});
      })
      .Case([&](GroupedMatmulOp op) {
        int64_t flags = op.getTransposeWeights() ? SIGMA_TRANSPOSE_B : 0;
        call("sigma_grouped_matmul",
             {e(op), p(op.getRows()), p(op.getWeights()), p(op), p(op.getSizes()),
              i(count(op.getSizes())), i(columns(op)), i(columns(op.getRows())), i(flags)});
      })
      .Case([&](GroupedMatmulGradOp op) {
        auto [to, accumulate] = destination(op);
        call("sigma_grouped_matmul_grad",
             {e(op.getLhs()), p(op.getLhs()), p(op.getRhs()), to, p(op.getSizes()),
              i(count(op.getSizes())), i(columns(op.getRhs())), i(columns(op.getLhs())),
              i(accumulate)});
      })
      .Case([&](BalanceLossOp op) {
        Value scores = op.getScores();
        call("sigma_balance_loss",
             {e(scores), p(scores), p(op.getChosen()), p(op), i(rows(scores) / op.getSequence()),
              i(op.getSequence()), i(columns(scores)), i(columns(op.getChosen())),
              i(op.getShares())});
      })
      .Case([&](BalanceLossGradOp op) {
        Value scores = op.getScores();
        call("sigma_balance_loss_grad",
             {e(op), p(scores), p(op.getChosen()), p(op.getGradient()), p(op),
              i(rows(scores) / op.getSequence()), i(op.getSequence()), i(columns(scores)),
              i(columns(op.getChosen())), i(op.getShares())});
      })
      .Default([&](Operation *op) { lowerCollective(op); });
}

static int64_t groupCode(Group group) {
  switch (group) {
  case Group::Tensor:
    return SIGMA_GROUP_TENSOR;
  case Group::Context:
    return SIGMA_GROUP_CONTEXT;
  case Group::ExpertTensor:
    return SIGMA_GROUP_EXPERT_TENSOR;
  case Group::Expert:
    return SIGMA_GROUP_EXPERT;
  }
  llvm_unreachable("unknown group");
}

/// Which of the functions for a collective of rows.
static std::string functionOf(StringRef collective, Operation *op) {
  return ((op->hasAttr(kStartedAttr) ? "sigma_start_" : "sigma_") + collective).str();
}

void FunctionLowering::lowerCollective(Operation *op) {
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](AllGatherOp op) {
        call(functionOf("all_gather", op),
             {e(op), p(op.getInput()), p(op), i(rows(op.getInput())), i(columns(op)),
              i(op.getBlocks()), i(groupCode(op.getGroup()))});
      })
      .Case([&](ReduceScatterOp op) {
        call(functionOf("reduce_scatter", op),
             {e(op), p(op.getInput()), p(op), i(rows(op)), i(columns(op)), i(op.getBlocks()),
              i(groupCode(op.getGroup())), workspace(op), i(op.getWorkspaceBytes())});
      })
      .Case([&](GatherSequenceOp op) {
        call("sigma_gather_sequence", {e(op), p(op.getInput()), p(op), i(rows(op.getInput())),
                                       i(columns(op.getInput())), i(op.getBlocks())});
      })
      .Case([&](SplitSequenceOp op) {
        call("sigma_split_sequence",
             {e(op), p(op.getInput()), p(op), i(rows(op)), i(columns(op)), i(op.getBlocks())});
      })
      .Case([&](GatherSizesOp op) {
        call("sigma_gather_sizes",
             {p(op.getSizes()), p(op.getTable()), p(op.getAllSizes()), i(count(op.getSizes())),
              p(op.getRounds()), p(op.getMostRounds())});
      })
      .Case([&](GatherExpertRowsOp op) {
        call(functionOf("gather_expert_rows", op), {e(op), p(op.getRows()), p(op.getTable()), p(op),
                                                    i(columns(op.getTable())), i(columns(op))});
      })
      .Case([&](ScatterExpertRowsOp op) {
        call(functionOf("scatter_expert_rows", op),
             {e(op), p(op.getRows()), p(op.getTable()), p(op), i(columns(op.getTable())),
              i(columns(op)), workspace(op), i(op.getWorkspaceBytes())});
      })
      .Case([&](ExchangeSizesOp op) {
        call("sigma_exchange_sizes", {p(op.getSizes()), p(op.getTable()), p(op.getLocalSizes()),
                                      i(count(op.getSizes())), i(op.getCapacity())});
      })
      .Case([&](ExchangeRoutesOp op) {
        call("sigma_exchange_routes",
             {p(op.getSizes()), p(op.getRoutes()), p(op.getRounds()), i(count(op.getSizes())),
              i(op.getCapacity()), i(op.getLaterCapacity())});
      })
      .Case([&](RoundOp op) {
        call("sigma_round",
             {p(op.getSizes()), p(op.getRoutes()), p(op.getSent()), p(op.getBegins()),
              p(op.getTable()), p(op.getLocalSizes()), i(count(op.getSizes())), i(op.getCapacity()),
              i(op.getLaterCapacity())});
      })
      .Case([&](AllToAllOp op) { lowerAllToAll(op, op.getDirection()); })
      .Case([&](CollectRoundsOp op) { lowerRounds(op); })
      .Case([&](WaitOp op) { call("sigma_wait_rows", {p(op.getRows())}); })
      .Default([](Operation *op) {
        llvm::report_fatal_error("no lowering for " + op->getName().getStringRef());
      });
}

template <typename Op>
void FunctionLowering::lowerAllToAll(Op op, Direction direction) {
  call(functionOf("all_to_all", op),
       {e(op), p(op.getRows()), p(op.getSizes()), p(op.getBegins()), p(op.getTable()), p(op),
        i(count(op.getSizes())), i(columns(op)), i(direction == Direction::Dispatch ? 0 : 1),
        workspace(op), i(op.getWorkspaceBytes())});
}

/// All pointers from outside are there before the loop begins.
void FunctionLowering::lowerRounds(CollectRoundsOp op) {
  lowerAllToAll(op, Direction::Collect);
  Block &body = op.getBody().front();
  for (auto [argument, input] : llvm::zip(body.getArguments(), op.getInputs()))
    pointerOf[argument] = p(input);
  Value rounds = p(op.getRounds()), outerTransient = transient;
  SmallVector<Value> outerResults = std::exchange(results, {p(op)});
  transient = workspace(op);
  emit.loop([&] { return emit.call("sigma_next_round", {rt, rounds}); },
            [&] {
              for (Operation &nested : body.without_terminator()) {
                emit.setLocation(nested.getLoc());
                lowerOp(&nested);
              }
            });
  transient = outerTransient;
  results = outerResults;
}

void sigma::lowerFunction(FuncOp func, RuntimeAbi &abi) {
  auto program = func->getParentOfType<ProgramOp>();
  MLIRContext *context = func.getContext();
  const size_t numResiduals = func.getTakenResiduals().size() + func.getGivenResiduals().size();
  const size_t pointers = std::size(kFixedParameters) + 2 * numResiduals + func.getNumArguments() -
                          func.getNumSaved().value_or(0) + func.getResultTypes().size();
  SmallVector<Type> parameters(pointers, LLVM::LLVMPointerType::get(context));
  OpBuilder builder = OpBuilder::atBlockEnd(program->getParentOfType<ModuleOp>().getBody());
  auto target = builder.create<LLVM::LLVMFuncOp>(
      func.getLoc(), symbolName(program, func.getName()),
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), parameters));
  target.addEntryBlock(builder);
  FunctionLowering(func, target, abi).lower();
}
