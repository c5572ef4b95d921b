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
        rt(target.getArgument(0)), arena(target.getArgument(1)),
        elem(elementCode(program.getLaunchOp().getElementType())) {}

  void lower() {
    bool isUpdating = false;
    for (Operation &op : program.getSchedule().getBody().front()) {
      emit.setLocation(op.getLoc());
      if (isa<AdamWOp, BalanceBiasOp>(op) != isUpdating) {
        isUpdating = !isUpdating;
        isUpdating ? emit.beginSpan(rt, SIGMA_SPAN_UPDATE) : emit.endSpan(rt);
      }
      lowerStep(&op);
    }
    emit.builder.create<LLVM::ReturnOp>(program.getLoc(), ValueRange());
  }

private:
  Value at(int64_t offset) { return emit.address(arena, offset); }
  Value i(int64_t value) { return emit.i64(value); }
  Value e() { return i(elem); }

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
    return op.getChunk() * program.getLaunchOp().getNumMicroBatches() + op.getMicroBatch();
  }
  static int64_t groupCode(Axis axis) {
    return axis == Axis::Tp   ? SIGMA_GROUP_TENSOR
           : axis == Axis::Dp ? SIGMA_GROUP_DATA
                              : SIGMA_GROUP_EXPERT_DATA;
  }

  /// In the trace, a call of the pipeline's own functions is a part of a chunk's work. False for
  /// others.
  bool beginSpan(CallOp call) {
    const std::pair<StringRef, int64_t> parts[] = {{kForward, SIGMA_SPAN_FORWARD},
                                                   {kBackward, SIGMA_SPAN_BACKWARD}};
    for (auto [name, kind] : parts)
      for (int64_t chunk = 0; chunk < program.getNumChunks(); ++chunk)
        if (call.getCallee() == functionName(name, chunk)) {
          emit.beginSpan(rt, kind, chunk, call.getMicroBatch());
          return true;
        }
    return false;
  }

  /// A call of forward or backward: the slot is the residual's memory, wherever it stands among
  /// operands and results.
  void lowerCall(CallOp call) {
    Value slot, ends; // every call has a slot
    SmallVector<Value> arguments;
    for (ValueRange values : {ValueRange(call.getInputs()), ValueRange(call.getOutputs())})
      for (Value value : values) {
        if (isa<ResidualType>(value.getType())) {
          slot = pointer(value);
          auto place = value.getDefiningOp()->getAttrOfType<PlaceAttr>(kEndsAttr);
          ends = place ? at(place.getOffset()) : emit.null();
        } else {
          arguments.push_back(pointer(value));
        }
      }
    SmallVector<Value> all{rt, arena, slot, ends, at(*program.getTransientOffset())};
    all.append(arguments);
    auto callee = program->getParentOfType<ModuleOp>().lookupSymbol<LLVM::LLVMFuncOp>(
        symbolName(program, call.getCallee()));
    const bool isTraced = beginSpan(call);
    emit.builder.create<LLVM::CallOp>(emit.loc, callee, all);
    if (isTraced)
      emit.endSpan(rt);
  }

  void lowerAdamW(AdamWOp op) {
    auto parameter = program.lookupSymbol<ParameterOp>(op.getParameter());
    emit.call("sigma_adamw",
              {rt, e(), at(*parameter.getValueOffset()), at(*parameter.getGradientOffset()),
               at(*parameter.getFirstMomentOffset()), at(*parameter.getSecondMomentOffset()),
               i(parameter.getTensorType().getNumElements()), i(parameter.getDecay())});
  }

  void lowerStep(Operation *op) {
    llvm::TypeSwitch<Operation *>(op)
        .Case([&](LoadBatchOp op) {
          emit.call("sigma_load_batch",
                    {rt, i(op.getMicroBatch()), pointer(op.getTokens()), pointer(op.getTargets())});
        })
        .Case([&](CallOp op) { lowerCall(op); })
        .Case([&](RecvOp op) {
          emit.call("sigma_recv", {rt, e(), pointer(op), i(count(op)), i(op.getStage()),
                                   i(channelCode(op.getChannel())), i(message(op))});
        })
        .Case([&](SendOp op) {
          emit.call("sigma_send",
                    {rt, e(), pointer(op.getValue()), i(count(op.getValue())), i(op.getStage()),
                     i(channelCode(op.getChannel())), i(message(op))});
        })
        .Case([&](WaitSendOp op) {
          emit.call("sigma_wait_send", {rt, i(channelCode(op.getChannel()))});
        })
        .Case([&](ZeroGradientsOp op) {
          emit.call("sigma_fill",
                    {rt, e(), at(*op.getOffset()), i(*op.getElements()), emit.f64(0.0)});
        })
        .Case([&](AllReduceGradientsOp op) {
          emit.call("sigma_all_reduce",
                    {rt, e(), at(*op.getOffset()), i(*op.getElements()), i(groupCode(op.getAxis())),
                     at(*program.getTransientOffset()), i(*op.getWorkspaceBytes())});
        })
        .Case([&](GradientNormOp op) {
          emit.call("sigma_square_sum", {rt, e(), at(*op.getOffset()), i(*op.getElements()),
                                         i(groupCode(op.getAxis()))});
        })
        .Case([&](ReduceStepOp) { emit.call("sigma_reduce_step", {rt}); })
        .Case([&](AdamWOp op) { lowerAdamW(op); })
        .Case([&](BalanceBiasOp op) {
          auto parameter = program.lookupSymbol<ParameterOp>(op.getParameter());
          emit.call("sigma_balance_bias",
                    {rt, e(), at(*parameter.getValueOffset()), at(*parameter.getGradientOffset()),
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
  int64_t elem;
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
