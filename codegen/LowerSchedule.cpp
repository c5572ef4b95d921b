//===- LowerSchedule.cpp - a schedule as one function per step ------------===//

#include "codegen/ProgramLowering.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::sigma;
using namespace mlir::rank;

namespace {
class ScheduleLowering {
public:
  ScheduleLowering(ProgramOp program, LLVM::LLVMFuncOp target, RuntimeAbi &abi)
      : program(program),
        emit(abi, OpBuilder::atBlockEnd(&target.getBody().front()), program.getLoc()),
        rt(target.getArgument(0)), arena(target.getArgument(1)), launch(program.getLaunchOp()) {}

  void lower() {
    SpanOfRun update(emit, rt, SIGMA_SPAN_UPDATE);
    for (Operation &op : program.getSchedule().getBody().front()) {
      emit.setLocation(op.getLoc());
      update.next(isa<AdamWOp, BalanceBiasOp>(op));
      lowerStep(&op);
    }
    update.next(false);
    emit.builder.create<LLVM::ReturnOp>(program.getLoc(), ValueRange());
  }

private:
  /// Elements in a row of a flat that are the rank's: where they begin in the flat and in the
  /// rank's part, and how many there are.
  struct OwnRun {
    Value inFlat, inPart, count;
  };

  Value at(int64_t offset) { return emit.address(arena, offset); }
  Value i(int64_t value) { return emit.i64(value); }
  /// The code of an element type: of a value's, of values of parameters, of their gradients.
  Value e(Type type) { return i(elementCode(type)); }
  Value e(Value value) { return e(getElementTypeOrSelf(value)); }

  Value pointer(Value value) {
    auto places = value.getDefiningOp()->getAttrOfType<ArrayAttr>(kPlacesAttr);
    return at(cast<PlaceAttr>(places[cast<OpResult>(value).getResultNumber()]).getOffset());
  }

  static int64_t count(Value value) {
    return cast<RankedTensorType>(value.getType()).getNumElements();
  }
  static int64_t channelCode(Channel channel) {
    return channel == Channel::Forward ? SIGMA_FORWARD : SIGMA_BACKWARD;
  }
  /// Its number among those of the channel between two stages.
  template <typename Op>
  int64_t message(Op op) {
    return op.getChunk() * launch.getNumMicroBatches() + op.getMicroBatch();
  }
  /// In the trace, a call of the pipeline's own functions is a part of a chunk's work. False for
  /// others.
  bool beginSpan(CallOp call) {
    const std::pair<StringRef, int64_t> parts[] = {{kForward, SIGMA_SPAN_FORWARD},
                                                   {kBackward, SIGMA_SPAN_BACKWARD},
                                                   {kInputGradients, SIGMA_SPAN_INPUT_GRADIENTS},
                                                   {kWeightGradients, SIGMA_SPAN_WEIGHT_GRADIENTS}};
    for (auto [name, kind] : parts)
      for (int64_t chunk = 0; chunk < program.getNumChunks(); ++chunk)
        if (call.getCallee() == functionName(name, chunk)) {
          emit.beginSpan(rt, kind, chunk, call.getMicroBatch());
          return true;
        }
    return false;
  }

  Value endsPointer(Value residual) {
    auto call = residual.getDefiningOp<CallOp>();
    StringRef name = call.getResidual(cast<OpResult>(residual)).endsAttr();
    auto place = call->getAttrOfType<PlaceAttr>(name);
    return place ? at(place.getOffset()) : emit.null();
  }

  /// Both parts of each residual, wherever it stands among operands and results, come first.
  void lowerCall(CallOp call) {
    SmallVector<Value> all{rt, arena, at(*program.getTransientOffset())}, arguments;
    for (ValueRange values : {ValueRange(call.getInputs()), ValueRange(call.getOutputs())})
      for (Value value : values) {
        if (isa<ResidualType>(value.getType()))
          all.append({pointer(value), endsPointer(value)});
        else
          arguments.push_back(pointer(value));
      }
    all.append(arguments);
    auto callee = program->getParentOfType<ModuleOp>().lookupSymbol<LLVM::LLVMFuncOp>(
        symbolName(program, call.getCallee()));
    const bool isTraced = beginSpan(call);
    const bool isLast =
        startsSums(call.getFunction()) && call.getMicroBatch() + 1 == launch.getNumMicroBatches();
    if (isLast)
      emit.call("sigma_last_micro_batch", {rt, i(1)});
    emit.builder.create<LLVM::CallOp>(emit.loc, callee, all);
    if (isLast)
      emit.call("sigma_last_micro_batch", {rt, i(0)});
    if (isTraced)
      emit.endSpan(rt);
  }

  void lowerStartAtEnd(StartReduceOp op) {
    emit.call("sigma_last_micro_batch", {rt, i(1)});
    lowerStart(emit, rt, arena, op);
    emit.call("sigma_last_micro_batch", {rt, i(0)});
  }

  void lowerAdamW(AdamWOp op) {
    auto parameter = program.lookupSymbol<ParameterOp>(op.getParameter());
    const int64_t elements = parameter.getTensorType().getNumElements();
    if (FlatOp flat = parameter.getFlatOp())
      return lowerAdamW(parameter, flat, ownRun(flat, *parameter.getBegin(), elements));
    Value value = at(*parameter.getValueOffset());
    const bool hasMaster = parameter.hasMaster();
    emit.call("sigma_adamw",
              {rt, e(parameter.getTensorType().getElementType()),
               hasMaster ? at(*parameter.getMasterOffset()) : value,
               at(*parameter.getGradientOffset()), at(*parameter.getFirstMomentOffset()),
               at(*parameter.getSecondMomentOffset()), hasMaster ? value : emit.null(), i(elements),
               i(parameter.getDecay())});
  }

  void lowerAdamW(ParameterOp parameter, FlatOp flat, const OwnRun &run) {
    auto stateAt = [&](std::optional<int64_t> offset, bool isAll) {
      return addressOf(run, *offset, isAll, launch.getWideBytes());
    };
    Value value =
        addressOf(run, *flat.getValueOffset(), flat.holdsValues(), launch.getElementBytes());
    const bool hasMaster = parameter.hasMaster();
    emit.call("sigma_adamw", {rt, e(launch.getElementType()),
                              hasMaster ? stateAt(flat.getMasterOffset(), /*isAll=*/false) : value,
                              stateAt(flat.getGradientOffset(), flat.holdsGradients()),
                              stateAt(flat.getFirstMomentOffset(), /*isAll=*/false),
                              stateAt(flat.getSecondMomentOffset(), /*isAll=*/false),
                              hasMaster ? value : emit.null(), run.count, i(parameter.getDecay())});
  }

  //===--------------------------------------------------------------------===//
  // Parts of flats: which one is the rank's is known when it runs
  //===--------------------------------------------------------------------===//

  /// Of `elements` from `begin` on.
  OwnRun ownRun(FlatOp flat, int64_t begin, int64_t elements) {
    Value partBegin = emit.mul(slotIn(flat.getAxis()), i(flat.getPart()));
    Value partEnd = emit.add(partBegin, i(flat.getPart()));
    Value first = emit.max(i(begin), partBegin), end = emit.min(i(begin + elements), partEnd);
    return {first, emit.sub(first, partBegin), emit.max(emit.sub(end, first), i(0))};
  }

  /// The same in each call of the step.
  Value slotIn(Axis axis) {
    Value &slot = slots[int(axis)];
    if (!slot)
      slot = emit.call("sigma_group_index", {rt, i(groupCode(axis))});
    return slot;
  }

  /// Of a state at `offset`, whose elements have so many bytes: of the whole flat, or of the rank's
  /// part.
  Value addressOf(const OwnRun &run, int64_t offset, bool isAll, int64_t bytes) {
    Value elements = isAll ? run.inFlat : run.inPart;
    return emit.address(at(offset), emit.mul(elements, i(bytes)));
  }

  FlatOp flatNamed(StringRef name) { return program.lookupSymbol<FlatOp>(name); }

  /// The gradients that an op of the schedule is about: address and number of elements.
  template <typename Op>
  std::pair<Value, Value> gradients(Op op) {
    if (!op.getFlat())
      return {at(*op.getOffset()), i(*op.getElements())};
    FlatOp flat = flatNamed(*op.getFlat());
    const int64_t bytes = launch.getWideBytes();
    OwnRun run = ownRun(flat, *op.getOffset() / bytes, *op.getElements());
    return {addressOf(run, *flat.getGradientOffset(), flat.holdsGradients(), bytes), run.count};
  }

  /// Groups whose ranks hold the same gradients.
  static int64_t copiesOf(GradientNormOp op) {
    const bool isOfReplicas = op.getAxis() == Axis::Dp || op.getAxis() == Axis::Edp;
    const int64_t others = isOfReplicas ? 0 : 1 << groupCode(op.getAxis());
    if (op.getFlat())
      return others;
    return others | 1 << groupCode(op.getAxis() == Axis::Edp ? Axis::Edp : Axis::Dp);
  }

  void lowerStep(Operation *op) {
    llvm::TypeSwitch<Operation *>(op)
        .Case([&](LoadBatchOp op) {
          emit.call("sigma_load_batch",
                    {rt, i(op.getMicroBatch()), pointer(op.getTokens()), pointer(op.getTargets())});
        })
        .Case([&](CallOp op) { lowerCall(op); })
        .Case([&](RecvOp op) {
          emit.call("sigma_recv",
                    {rt, e(op.getResult()), pointer(op), i(count(op)), i(op.getStage()),
                     i(channelCode(op.getChannel())), i(message(op))});
        })
        .Case([&](SendOp op) {
          emit.call("sigma_send",
                    {rt, e(op.getValue()), pointer(op.getValue()), i(count(op.getValue())),
                     i(op.getStage()), i(channelCode(op.getChannel())), i(message(op))});
        })
        .Case([&](WaitSendOp op) {
          emit.call("sigma_wait_send", {rt, i(op.getPending().getDefiningOp<SendOp>().getStage()),
                                        i(channelCode(op.getChannel()))});
        })
        .Case([&](ZeroGradientsOp op) {
          emit.call("sigma_fill", {rt, e(launch.getWideType()), at(*op.getOffset()),
                                   i(*op.getElements()), emit.f64(0.0)});
        })
        .Case([&](AllReduceGradientsOp op) {
          auto [address, elements] = gradients(op);
          emit.call("sigma_all_reduce",
                    {rt, e(launch.getWideType()), address, elements, i(groupCode(op.getAxis())),
                     at(*program.getTransientOffset()), i(*op.getWorkspaceBytes())});
        })
        .Case([&](StartReduceOp op) { lowerStartAtEnd(op); })
        .Case([&](WaitReduceOp) { emit.call("sigma_wait_reduce", {rt}); })
        .Case([&](ReduceScatterGradientsOp op) {
          FlatOp flat = flatNamed(op.getFlat());
          emit.call("sigma_reduce_flat",
                    {rt, e(launch.getWideType()), at(*flat.getGradientOffset()),
                     i(flat.getElements()), i(flat.getPart()), i(groupCode(flat.getAxis())),
                     emit.null(), at(*program.getTransientOffset()), i(*op.getWorkspaceBytes())});
        })
        .Case([&](AllGatherValuesOp op) {
          FlatOp flat = flatNamed(op.getFlat());
          emit.call(op.getStarted() ? "sigma_start_gather" : "sigma_gather_flat",
                    {rt, e(launch.getElementType()), emit.null(), at(*flat.getValueOffset()),
                     i(flat.getElements()), i(flat.getPart()), i(groupCode(flat.getAxis()))});
        })
        .Case([&](GradientNormOp op) {
          auto [address, elements] = gradients(op);
          emit.call("sigma_square_sum",
                    {rt, e(launch.getWideType()), address, elements, i(copiesOf(op))});
        })
        .Case([&](ReduceStepOp) { emit.call("sigma_reduce_step", {rt}); })
        .Case([&](AdamWOp op) { lowerAdamW(op); })
        .Case([&](BalanceBiasOp op) {
          auto parameter = program.lookupSymbol<ParameterOp>(op.getParameter());
          emit.call("sigma_balance_bias",
                    {rt, e(launch.getWideType()), at(*parameter.getValueOffset()),
                     at(*parameter.getGradientOffset()),
                     i(parameter.getTensorType().getNumElements()),
                     emit.f64(parameter.getUpdateRate())});
        })
        .Case([&](CheckpointHookOp) { emit.call("sigma_checkpoint_hook", {rt}); })
        .Default([](Operation *op) {
          llvm::report_fatal_error("no lowering for " + op->getName().getStringRef());
        });
  }

  ProgramOp program;
  Emitter emit;
  Value rt, arena;
  LaunchOp launch;
  Value slots[3]; // of the rank, by axis, where they were asked for
};
} // namespace

void sigma::lowerSchedule(ProgramOp program, RuntimeAbi &abi) {
  Type pointer = LLVM::LLVMPointerType::get(program.getContext());
  OpBuilder builder = OpBuilder::atBlockEnd(program->getParentOfType<ModuleOp>().getBody());
  auto target = builder.create<LLVM::LLVMFuncOp>(
      program.getSchedule().getLoc(), symbolName(program, "step"),
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(program.getContext()),
                                  {pointer, pointer}));
  target.addEntryBlock(builder);
  ScheduleLowering(program, target, abi).lower();
}
