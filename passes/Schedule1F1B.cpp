//===- Schedule1F1B.cpp - the one-forward-one-backward schedule -----------===//

#include "passes/Passes.h"
#include "passes/Transforms.h"

namespace mlir::sigma {
#define GEN_PASS_DEF_SCHEDULE1F1B
#include "passes/Passes.h.inc"
} // namespace mlir::sigma

using namespace mlir;
using namespace mlir::rank;

namespace {
/// Writes the schedule of one stage. A micro-batch's values live from its forward to its backward.
class StageSchedule {
public:
  StageSchedule(ProgramOp program, ScheduleOp schedule)
      : forward(program.getForward()), backward(program.getBackward()),
        launch(program.getLaunchOp()), stage(program.getStage()), isFirst(stage == 0),
        isLast(stage + 1 == int64_t(launch.getPp())),
        builder(OpBuilder::atBlockEnd(&schedule.getBody().front())), loc(program.getLoc()) {}

  void write(ProgramOp program) {
    builder.create<ZeroGradientsOp>(loc, IntegerAttr(), IntegerAttr());
    int64_t count = launch.getNumMicroBatches();
    int64_t warmup = std::min<int64_t>(launch.getPp() - stage - 1, count);
    for (int64_t i = 0; i < warmup; ++i)
      runForward(i);
    for (int64_t i = warmup; i < count; ++i) {
      runForward(i);
      runBackward(i - warmup);
    }
    for (int64_t i = count - warmup; i < count; ++i)
      runBackward(i);
    for (Channel channel : {Channel::Forward, Channel::Backward})
      waitForSend(channel);
    update(program);
  }

private:
  struct InFlight {
    SmallVector<Value> inputs; // of forward
    Value residual;
  };

  void runForward(int64_t microBatch) {
    InFlight flight;
    Value tokens, targets;
    Type ids = RankedTensorType::get({launch.getTokens()}, builder.getI32Type());
    if (isFirst || isLast) {
      auto batch = builder.create<LoadBatchOp>(loc, ids, ids, microBatch);
      tokens = batch.getTokens(), targets = batch.getTargets();
    }
    if (isFirst)
      flight.inputs.push_back(tokens);
    else
      flight.inputs.push_back(builder.create<RecvOp>(loc, forward.getArgumentTypes()[0], stage - 1,
                                                     Channel::Forward, microBatch));
    if (isLast)
      flight.inputs.push_back(targets);

    SmallVector<Type> types(forward.getResultTypes());
    types.push_back(ResidualType::get(builder.getContext()));
    auto call = builder.create<CallOp>(loc, types, kForward, microBatch, flight.inputs);
    flight.residual = call.getResults().back();
    if (!isLast)
      send(call.getResult(0), stage + 1, Channel::Forward, microBatch);
    flights[microBatch] = flight;
  }

  void runBackward(int64_t microBatch) {
    InFlight flight = flights[microBatch];
    SmallVector<Value> inputs{flight.residual};
    for (int64_t index : backward.getCapturedAttr().asArrayRef())
      inputs.push_back(flight.inputs[index]);
    if (!isLast)
      inputs.push_back(builder.create<RecvOp>(loc, forward.getResultTypes()[0], stage + 1,
                                              Channel::Backward, microBatch));
    auto call =
        builder.create<CallOp>(loc, backward.getResultTypes(), kBackward, microBatch, inputs);
    if (!isFirst)
      send(call.getResult(0), stage - 1, Channel::Backward, microBatch);
    flights.erase(microBatch);
  }

  void waitForSend(Channel channel) {
    Value &last = pending[int(channel)];
    if (last)
      builder.create<WaitSendOp>(loc, last, channel);
    last = Value();
  }

  void send(Value value, int64_t to, Channel channel, int64_t microBatch) {
    waitForSend(channel);
    pending[int(channel)] = builder.create<SendOp>(loc, value, to, channel, microBatch);
  }

  void reduce(Axis axis, bool loads) {
    builder.create<AllReduceGradientsOp>(loc, axis, loads, IntegerAttr(), IntegerAttr(),
                                         IntegerAttr());
  }

  void update(ProgramOp program) {
    auto parameters = llvm::to_vector(program.getBody().getOps<ParameterOp>());
    auto isAny = [&](auto predicate) { return llvm::any_of(parameters, predicate); };
    SmallVector<Axis> dense{Axis::Dp};
    if (launch.getTp() > 1)
      dense.insert(dense.begin(), Axis::Tp);
    SmallVector<Axis> axes = dense;
    if (isAny([](ParameterOp parameter) { return parameter.getExpert(); }))
      axes.push_back(Axis::Edp);
    for (Axis axis : axes)
      reduce(axis, /*loads=*/false);
    if (isAny([](ParameterOp parameter) { return parameter.isUpdatedByLoad(); }))
      for (Axis axis : dense)
        reduce(axis, /*loads=*/true);
    for (Axis axis : axes)
      builder.create<GradientNormOp>(loc, axis, IntegerAttr(), IntegerAttr());
    builder.create<ReduceStepOp>(loc);
    for (ParameterOp parameter : parameters) {
      if (parameter.isUpdatedByLoad())
        builder.create<BalanceBiasOp>(loc, parameter.getSymName());
      else
        builder.create<AdamWOp>(loc, parameter.getSymName());
    }
    builder.create<CheckpointHookOp>(loc);
  }

  FuncOp forward, backward;
  LaunchOp launch;
  int64_t stage;
  bool isFirst, isLast;
  OpBuilder builder;
  Location loc;
  llvm::DenseMap<int64_t, InFlight> flights;
  Value pending[2];
};

/// Token ids or the previous stage's activation come in, target ids where the loss is; an
/// activation goes out.
LogicalResult checkSignature(ProgramOp program) {
  FuncOp forward = program.getForward();
  LaunchOp launch = program.getLaunchOp();
  bool isFirst = program.getStage() == 0, isLast = program.getStage() + 1 == launch.getPp();
  Type ids =
      RankedTensorType::get({launch.getTokens()}, IntegerType::get(program.getContext(), 32));
  ArrayRef<Type> inputs = forward.getArgumentTypes(), results = forward.getResultTypes();
  auto isActivation = [](Type type) { return isa<FloatType>(getElementTypeOrSelf(type)); };
  bool fits = inputs.size() == (isLast ? 2 : 1) && results.size() == (isLast ? 0 : 1) &&
              (isFirst ? inputs[0] == ids : isActivation(inputs[0])) &&
              (!isLast || inputs[1] == ids) && llvm::all_of(results, isActivation);
  if (fits)
    return success();
  return forward.emitOpError() << "does not fit stage " << program.getStage() << " of "
                               << launch.getPp() << ": it must take "
                               << (isFirst ? "token ids" : "the previous stage's activation")
                               << (isLast ? " and target ids, and return nothing"
                                          : ", and return one activation")
                               << "; ids are " << ids;
}

struct Schedule1F1B : mlir::sigma::impl::Schedule1F1BBase<Schedule1F1B> {
  void runOnOperation() override {
    ProgramOp program = getOperation();
    if (!program.getForward() || !program.getBackward()) {
      program.emitOpError() << "has no @backward; run sigma-autodiff first";
      return signalPassFailure();
    }
    if (program.getSchedule()) {
      program.emitOpError() << "has a schedule already";
      return signalPassFailure();
    }
    if (failed(checkSignature(program)))
      return signalPassFailure();
    OpBuilder builder = OpBuilder::atBlockEnd(&program.getBody().front());
    auto schedule = builder.create<ScheduleOp>(program.getLoc());
    StageSchedule(program, schedule).write(program);
  }
};
} // namespace
