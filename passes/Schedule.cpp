//===- Schedule.cpp - the order of a stage's step -------------------------===//

#include "planner/Schedule.h"
#include "passes/Passes.h"
#include "passes/Transforms.h"
#include "planner/Pipeline.h"
#include <map>

namespace mlir::sigma {
#define GEN_PASS_DEF_SCHEDULE
#include "passes/Passes.h.inc"
} // namespace mlir::sigma

using namespace mlir;
using namespace mlir::rank;

namespace planner = ::sigma::planner;
using planner::Phase;

/// What a schedule knows of the layout.
static planner::Layout layoutOf(LaunchOp launch) {
  planner::Layout layout;
  layout.pp = launch.getPp();
  layout.vpp = launch.getVpp();
  layout.numMicroBatches = launch.getNumMicroBatches();
  layout.schedule = planner::Schedule(launch.getSchedule());
  return layout;
}

namespace {
/// A chunk among the virtual stages of the model.
struct Place {
  Place(const planner::Layout &layout, int64_t stage, int64_t chunk) {
    const int64_t index = planner::virtualIndex(layout, stage, chunk);
    isFirst = index == 0;
    isLast = index + 1 == layout.vpp * layout.pp;
    if (!isFirst)
      before = planner::virtualStage(layout, index - 1);
    if (!isLast)
      after = planner::virtualStage(layout, index + 1);
  }

  bool isFirst, isLast;
  planner::VirtualStage before{}, after{};
};

/// Writes the schedule of one stage. A micro-batch's values live from a chunk's forward to the end
/// of its backward.
class StageSchedule {
public:
  StageSchedule(ProgramOp program, ScheduleOp schedule)
      : program(program), launch(program.getLaunchOp()), layout(layoutOf(launch)),
        builder(OpBuilder::atBlockEnd(&schedule.getBody().front())), loc(program.getLoc()) {
    for (int64_t chunk = 0; chunk < layout.vpp; ++chunk)
      places.emplace_back(layout, program.getStage(), chunk);
  }

  void write() {
    builder.create<ZeroGradientsOp>(loc, IntegerAttr(), IntegerAttr());
    for (const planner::Slot &slot : planner::slotsOf(layout, program.getStage())) {
      run(slot.task);
      if (slot.beside)
        run(*slot.beside);
    }
    for (auto &[to, last] : pending)
      waitForSend(last, to.first);
    update();
  }

private:
  using ChunkOfBatch = std::pair<int64_t, int64_t>; // chunk, micro-batch

  struct InFlight {
    SmallVector<Value> inputs;    // of forward
    SmallVector<Value> residuals; // for what comes next
    Value gradient;               // of forward's result
  };

  void run(const planner::Task &task) {
    switch (task.phase) {
    case Phase::Forward:
      return runForward(task.chunk, task.microBatch);
    case Phase::Backward:
      runBackward(program.getBackward(task.chunk), task);
      break;
    case Phase::InputGradient:
      return runBackward(program.getInputGradients(task.chunk), task);
    case Phase::WeightGradient:
      runWeightGradients(task);
      break;
    }
    flights.erase({task.chunk, task.microBatch});
  }

  /// Calls a function; returns its results, then residuals.
  ResultRange call(FuncOp function, ArrayRef<Value> inputs, int64_t microBatch) {
    SmallVector<Type> types(function.getResultTypes());
    types.append(function.getGivenResiduals().size(), ResidualType::get(builder.getContext()));
    return builder.create<CallOp>(loc, types, function.getName(), microBatch, inputs).getResults();
  }

  /// What a function of backward takes first.
  static SmallVector<Value> primals(FuncOp function, const InFlight &flight) {
    SmallVector<Value> inputs = flight.residuals;
    for (int64_t index : function.getCapturedAttr().asArrayRef())
      inputs.push_back(flight.inputs[index]);
    return inputs;
  }

  void runForward(int64_t chunk, int64_t microBatch) {
    FuncOp forward = program.getForward(chunk);
    const Place &place = places[chunk];
    InFlight flight;
    Value tokens, targets;
    Type ids = RankedTensorType::get({launch.getTokens()}, builder.getI32Type());
    if (place.isFirst || place.isLast) {
      auto batch = builder.create<LoadBatchOp>(loc, ids, ids, microBatch);
      tokens = batch.getTokens(), targets = batch.getTargets();
    }
    flight.inputs.push_back(place.isFirst ? tokens
                                          : receive(forward.getArgumentTypes()[0], place.before,
                                                    Channel::Forward, {chunk, microBatch}));
    if (place.isLast)
      flight.inputs.push_back(targets);

    ResultRange results = call(forward, flight.inputs, microBatch);
    flight.residuals = results.drop_front(forward.getResultTypes().size());
    if (!place.isLast)
      send(results[0], place.after, Channel::Forward, microBatch);
    flights[{chunk, microBatch}] = flight;
  }

  /// All of it, or the gradients of inputs: then what is held stays for those of weights.
  void runBackward(FuncOp backward, const planner::Task &task) {
    const Place &place = places[task.chunk];
    InFlight &flight = flights[{task.chunk, task.microBatch}];
    SmallVector<Value> inputs = primals(backward, flight);
    if (!place.isLast) {
      Type type = program.getForward(task.chunk).getResultTypes()[0];
      flight.gradient =
          receive(type, place.after, Channel::Backward, {task.chunk, task.microBatch});
      inputs.push_back(flight.gradient);
    }
    ResultRange results = call(backward, inputs, task.microBatch);
    flight.residuals.erase(flight.residuals.begin());
    llvm::append_range(flight.residuals, results.drop_front(backward.getResultTypes().size()));
    if (!place.isFirst)
      send(results[0], place.before, Channel::Backward, task.microBatch);
  }

  void runWeightGradients(const planner::Task &task) {
    FuncOp weights = program.getWeightGradients(task.chunk);
    const InFlight &flight = flights[{task.chunk, task.microBatch}];
    SmallVector<Value> inputs = primals(weights, flight);
    inputs.append(weights.getCapturedGradientsAttr().size(), flight.gradient);
    call(weights, inputs, task.microBatch);
  }

  void waitForSend(Value &last, Channel channel) {
    if (last)
      builder.create<WaitSendOp>(loc, last, channel);
    last = Value();
  }

  /// Waiting for the send before cannot deadlock, even where sends wait for their receivers: two
  /// stages take the messages of a channel between them in the order in which they are sent.
  void send(Value value, planner::VirtualStage to, Channel channel, int64_t microBatch) {
    if (isHere(to)) {
      handedOver[{channel, to.chunk, microBatch}] = value;
      return;
    }
    Value &last = pending[{channel, to.stage}];
    waitForSend(last, channel);
    last = builder.create<SendOp>(loc, value, to.stage, channel, to.chunk, microBatch);
  }

  Value receive(Type type, planner::VirtualStage from, Channel channel, const ChunkOfBatch &to) {
    if (isHere(from))
      return handedOver.at({channel, to.first, to.second});
    return builder.create<RecvOp>(loc, type, from.stage, channel, to.first, to.second);
  }

  bool isHere(planner::VirtualStage place) { return place.stage == program.getStage(); }

  void reduce(Axis axis, FlatOp flat = FlatOp()) {
    builder.create<AllReduceGradientsOp>(loc, axis, /*loads=*/false, nameOf(flat), IntegerAttr(),
                                         IntegerAttr(), IntegerAttr());
  }

  void reduceLoads(Axis axis) {
    builder.create<AllReduceGradientsOp>(loc, axis, /*loads=*/true, FlatSymbolRefAttr(),
                                         IntegerAttr(), IntegerAttr(), IntegerAttr());
  }

  void addNorm(Axis axis, FlatOp flat = FlatOp()) {
    builder.create<GradientNormOp>(loc, axis, nameOf(flat), IntegerAttr(), IntegerAttr());
  }

  static FlatSymbolRefAttr nameOf(FlatOp flat) {
    return flat ? FlatSymbolRefAttr::get(flat.getSymNameAttr()) : FlatSymbolRefAttr();
  }

  /// ZeRO's parts of what replicas along `axis` hold; none without ZeRO.
  auto flatsOf(Axis axis) {
    return llvm::make_filter_range(program.getBody().getOps<FlatOp>(),
                                   [axis](FlatOp flat) { return flat.getAxis() == axis; });
  }

  /// What all ranks of a tensor group hold is summed over that group, too: before all else, or, of
  /// gradients that backward has reduced, in the rank's part.
  void reduceCopies() {
    if (launch.getTp() == 1)
      return;
    if (launch.getZero() < 2)
      return reduce(Axis::Tp);
    for (FlatOp flat : flatsOf(Axis::Dp))
      if (flat.getCopiesEnd() > 0)
        reduce(Axis::Tp, flat);
  }

  void reduceReplicas(Axis axis) {
    if (launch.getZeroOf(axis) == 0)
      return reduce(axis);
    for (FlatOp flat : flatsOf(axis))
      if (flat.holdsGradients())
        builder.create<ReduceScatterGradientsOp>(loc, nameOf(flat), IntegerAttr());
  }

  bool holdsEnds() {
    return llvm::any_of(program.getBody().getOps<ParameterOp>(),
                        [](ParameterOp parameter) { return parameter.getAtEnds(); });
  }

  /// What the first and the last stage hold is summed over them, after their replicas: with ZeRO no
  /// more than the rank's part.
  void reduceEnds() {
    if (launch.getZero() == 0 && holdsEnds())
      reduce(Axis::Ends);
    for (FlatOp flat : flatsOf(Axis::Dp))
      if (flat.isAtEnds())
        reduce(Axis::Ends, flat);
  }

  void addNorms(Axis axis) {
    if (launch.getZeroOf(axis) == 0) {
      if (axis == Axis::Dp && launch.getTp() > 1)
        addNorm(Axis::Tp);
      if (axis == Axis::Dp && holdsEnds())
        addNorm(Axis::Ends);
      return addNorm(axis);
    }
    for (FlatOp flat : flatsOf(axis)) {
      if (flat.getCopiesEnd() > 0)
        addNorm(Axis::Tp, flat);
      addNorm(flat.isAtEnds() ? Axis::Ends : axis, flat);
    }
  }

  void update() {
    auto parameters = llvm::to_vector(program.getBody().getOps<ParameterOp>());
    auto isAny = [&](auto predicate) { return llvm::any_of(parameters, predicate); };
    SmallVector<Axis> axes{Axis::Dp};
    if (isAny([](ParameterOp parameter) { return parameter.getExpert(); }))
      axes.push_back(Axis::Edp);
    reduceCopies();
    for (Axis axis : axes)
      reduceReplicas(axis);
    reduceEnds();
    if (isAny([](ParameterOp parameter) { return parameter.isUpdatedByLoad(); })) {
      if (launch.getTp() > 1)
        reduceLoads(Axis::Tp);
      reduceLoads(Axis::Dp);
    }
    for (Axis axis : axes)
      addNorms(axis);
    builder.create<ReduceStepOp>(loc);
    for (ParameterOp parameter : parameters) {
      if (parameter.isUpdatedByLoad())
        builder.create<BalanceBiasOp>(loc, parameter.getSymName());
      else
        builder.create<AdamWOp>(loc, parameter.getSymName());
    }
    for (auto flat : program.getBody().getOps<FlatOp>())
      if (flat.holdsValues())
        builder.create<AllGatherValuesOp>(loc, nameOf(flat), UnitAttr());
    builder.create<CheckpointHookOp>(loc);
  }

  ProgramOp program;
  LaunchOp launch;
  planner::Layout layout;
  SmallVector<Place> places; // by chunk
  OpBuilder builder;
  Location loc;
  llvm::DenseMap<ChunkOfBatch, InFlight> flights;
  std::map<std::pair<Channel, int64_t>, Value> pending; // by channel and stage
  // Between chunks that follow each other on the stage.
  std::map<std::tuple<Channel, int64_t, int64_t>, Value> handedOver; // by channel, chunk, batch
};

/// Token ids or the previous chunk's activation come in, target ids where the loss is; an
/// activation goes out.
LogicalResult checkSignature(ProgramOp program, int64_t chunk) {
  FuncOp forward = program.getForward(chunk);
  LaunchOp launch = program.getLaunchOp();
  const Place place(layoutOf(launch), program.getStage(), chunk);
  Type ids =
      RankedTensorType::get({launch.getTokens()}, IntegerType::get(program.getContext(), 32));
  ArrayRef<Type> inputs = forward.getArgumentTypes(), results = forward.getResultTypes();
  auto isActivation = [](Type type) { return isa<FloatType>(getElementTypeOrSelf(type)); };
  bool fits = inputs.size() == (place.isLast ? 2 : 1) && results.size() == (place.isLast ? 0 : 1) &&
              (place.isFirst ? inputs[0] == ids : isActivation(inputs[0])) &&
              (!place.isLast || inputs[1] == ids) && llvm::all_of(results, isActivation);
  if (fits)
    return success();
  InFlightDiagnostic error = forward.emitOpError() << "does not fit stage " << program.getStage()
                                                   << " of " << launch.getPp();
  if (launch.getVpp() > 1)
    error << ", chunk " << chunk << " of " << launch.getVpp();
  return error << ": it must take "
               << (place.isFirst ? "token ids" : "the previous stage's activation")
               << (place.isLast ? " and target ids, and return nothing"
                                : ", and return one activation")
               << "; ids are " << ids;
}

LogicalResult requireFunctions(ProgramOp program, int64_t chunk) {
  LaunchOp launch = program.getLaunchOp();
  auto refuse = [&](StringRef name, StringRef pass) {
    return program.emitOpError() << "has no @" << functionName(name, chunk) << "; run " << pass
                                 << " first";
  };
  if (!program.getForward(chunk) || (!launch.splitsEachBackward() && !program.getBackward(chunk)))
    return refuse(kBackward, "sigma-autodiff");
  if (launch.splitsBackward() && !program.getInputGradients(chunk))
    return refuse(kInputGradients, "sigma-split-backward");
  return success();
}

struct Schedule : mlir::sigma::impl::ScheduleBase<Schedule> {
  void runOnOperation() override {
    ProgramOp program = getOperation();
    for (int64_t chunk = 0; chunk < program.getNumChunks(); ++chunk)
      if (failed(requireFunctions(program, chunk)))
        return signalPassFailure();
    if (program.getSchedule()) {
      program.emitOpError() << "has a schedule already";
      return signalPassFailure();
    }
    for (int64_t chunk = 0; chunk < program.getNumChunks(); ++chunk)
      if (failed(checkSignature(program, chunk)))
        return signalPassFailure();
    OpBuilder builder = OpBuilder::atBlockEnd(&program.getBody().front());
    auto schedule = builder.create<ScheduleOp>(program.getLoc());
    StageSchedule(program, schedule).write();
  }
};
} // namespace
