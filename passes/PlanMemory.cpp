//===- PlanMemory.cpp - every value a place in one arena ------------------===//

#include "passes/BufferLayout.h"
#include "passes/Passes.h"
#include "passes/Transforms.h"
#include <array>
#include <map>

namespace mlir::sigma {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"
} // namespace mlir::sigma

using namespace mlir;
using namespace mlir::rank;
using mlir::sigma::alignOffset;
using mlir::sigma::BufferLayout;
using mlir::sigma::highest;
namespace planner = ::sigma::planner;

/// Lifetimes count ops of the block.
static llvm::DenseMap<Operation *, int64_t> numberOps(Block &block) {
  llvm::DenseMap<Operation *, int64_t> order;
  for (Operation &op : block)
    order[&op] = order.size();
  return order;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

namespace {
/// Values of one block that die in it.
class BlockMemory {
public:
  explicit BlockMemory(Block &block) : block(block), order(numberOps(block)) {}

protected:
  /// When the op is done: what is started, at the wait for it.
  int64_t endOf(Operation *op) {
    WaitOp wait = waitOf(op);
    return order[wait ? wait : op];
  }

  /// What is read in gathered values is a use of these.
  int64_t lastUse(Value value, int64_t begin) {
    for (Operation *user : value.getUsers()) {
      begin = std::max(begin, endOf(user));
      if (auto weight = dyn_cast<WeightOp>(user))
        begin = lastUse(weight.getResult(), begin);
    }
    return begin;
  }

  PlaceAttr place(Space space, int64_t offset) {
    return PlaceAttr::get(block.getParentOp()->getContext(), space, offset);
  }

  static bool hasPlace(Operation &op) { return !isa<WeightOp, ReturnOp, YieldOp>(op); }

  void addTransients() {
    for (Operation &op : block)
      if (hasPlace(op))
        addTransients(op);
  }

  void packTransients() {
    addTransients();
    transients.pack();
  }

  void writePlaces() {
    for (Operation &op : block) {
      if (!hasPlace(op))
        continue;
      SmallVector<Attribute> places;
      for (Value value : op.getResults())
        places.push_back(placed.contains(value)
                             ? placed[value]
                             : place(Space::Transient, transients.offset(buffers[value])));
      if (!places.empty())
        op.setAttr(kPlacesAttr, ArrayAttr::get(op.getContext(), places));
      if (workspaces.contains(&op))
        op.setAttr(kWorkspaceAttr, place(Space::Transient, transients.offset(workspaces[&op])));
    }
  }

  Block &block;
  llvm::DenseMap<Operation *, int64_t> order;
  llvm::DenseMap<Value, PlaceAttr> placed;
  llvm::DenseSet<Operation *> placesApart; // ops whose workspace is no transient
  BufferLayout transients;

private:
  void addTransients(Operation &op);

  llvm::DenseMap<Value, int64_t> buffers;
  llvm::DenseMap<Operation *, int64_t> workspaces;
};

/// The body of later rounds, in the scratch memory of the op; what it yields is the op's result.
class RoundMemory : BlockMemory {
public:
  explicit RoundMemory(CollectRoundsOp rounds)
      : BlockMemory(rounds.getBody().front()), rounds(rounds) {}

  void plan() {
    placed[rounds.getYield().getRows()] = place(Space::Result, 0);
    packTransients();
    writePlaces();
    rounds.setBodyBytes(transients.bytes());
  }

private:
  CollectRoundsOp rounds;
};

/// What collectives go on with while other pieces are at work.
static BufferLayout::Stay stayOf(Operation &op) {
  const bool isSummed =
      isa<FlatGradientsOp>(op) && llvm::any_of(op.getUsers(), [](Operation *user) {
        return isa<StartReduceGradientsOp>(user);
      });
  return isSummed || isa<StartGatherOp>(op) ? BufferLayout::Stay::Lasting
                                            : BufferLayout::Stay::Short;
}

void BlockMemory::addTransients(Operation &op) {
  int64_t begin = order[&op];
  for (Value value : op.getResults()) {
    if (placed.contains(value))
      continue;
    buffers[value] =
        transients.add(tensorBytes(value.getType()), begin, lastUse(value, begin), stayOf(op));
  }
  if (auto rounds = dyn_cast<CollectRoundsOp>(op))
    RoundMemory(rounds).plan();
  auto cost = dyn_cast<CostOpInterface>(op);
  if (cost && !placesApart.contains(&op) && cost.getWorkspaceBytes() > 0)
    workspaces[&op] = transients.add(cost.getWorkspaceBytes(), begin, endOf(&op));
}

class FunctionMemory : BlockMemory {
public:
  explicit FunctionMemory(FuncOp func) : BlockMemory(func.getBody().front()), func(func) {}

  void plan() {
    placeKept();
    placeResults();
    packTransients();
    writePlaces();
    func.setTransientBytes(transients.bytes());
  }

  void placeKept() {
    ReturnOp kept = func.getReturn();
    place(kept.getSaves(), Space::Slot, Space::Ends);
    place(kept.getHolds(), Space::Held, Space::HeldEnds);
    func.setSlotBytes(bytesOf(Space::Slot));
    if (int64_t bytes = bytesOf(Space::Ends))
      func.setEndsBytes(bytes);
    if (int64_t bytes = bytesOf(Space::Held))
      func.setHeldBytes(bytes);
    if (int64_t bytes = bytesOf(Space::HeldEnds))
      func.setHeldEndsBytes(bytes);
  }

  std::vector<planner::Peak> peaks() {
    placeKept();
    placeResults();
    std::vector<planner::Peak> peaks(block.getOperations().size());
    noteGradients(peaks);
    noteState(peaks);
    addTransients();
    for (auto [op, bytes] : llvm::enumerate(transients.aliveBytes()))
      peaks[op].bytes = bytes;
    return peaks;
  }

private:
  using BlockMemory::place;
  using Peaks = std::vector<planner::Peak>; // by op
  using Beside = planner::Beside;

  static void note(Peaks &peaks, Beside what, int64_t begin, int64_t end) {
    for (int64_t op = begin; op <= end; ++op)
      peaks[op].beside |= planner::Peak::bit(what);
  }

  /// Those that weights read later are held from where they come in.
  void noteGradients(Peaks &peaks) {
    if (!func.getNumSaved() || func.getCapturedGradients())
      return;
    const int64_t numPrimals = *func.getNumSaved() + func.getCapturedAttr().size();
    for (Value gradient : block.getArguments().drop_front(numPrimals))
      note(peaks, Beside::GradientIn, 0, lastUse(gradient, 0));
    for (Value gradient : func.getReturn().getResults())
      if (Operation *op = gradient.getDefiningOp())
        note(peaks, Beside::GradientOut, order[op], lastUse(gradient, order[op]));
  }

  void noteState(Peaks &peaks) {
    for (Operation &op : block) {
      const int64_t begin = order[&op];
      if (auto gather = dyn_cast<GatherValuesOp>(op)) {
        note(peaks,
             besideOf(flatOf(gather),
                      {Beside::DenseValues, Beside::SharedValues, Beside::ExpertValues}),
             begin, lastUse(gather, begin));
        placed[gather] = place(Space::Result, 0);
      } else if (auto whole = dyn_cast<FlatGradientsOp>(op)) {
        note(peaks,
             besideOf(flatOf(whole),
                      {Beside::DenseGradients, Beside::SharedGradients, Beside::ExpertGradients}),
             begin, lastUse(whole, begin));
        placed[whole] = place(Space::Result, 0);
      } else if (auto reduce = dyn_cast<ReduceGradientsOp>(op)) {
        note(peaks,
             besideOf(reduce.getFlatOp(),
                      {Beside::DenseSums, Beside::SharedSums, Beside::ExpertSums}),
             begin, begin);
        placesApart.insert(reduce);
      }
    }
  }

  /// Of dense, shared and expert parameters.
  static Beside besideOf(FlatOp flat, std::array<Beside, 3> states) {
    return flat.getAxis() == Axis::Edp ? states[2] : states[flat.isAtEnds()];
  }

  template <class Op>
  FlatOp flatOf(Op op) {
    return func->getParentOfType<ProgramOp>().lookupSymbol<FlatOp>(op.getFlat());
  }

  /// What the last layer hands to the head is kept for the head.
  static bool isKeptByLayer(Value value) {
    auto isInLayer = [](Operation *op) { return op->hasAttr(kLayerAttr); };
    auto readers =
        llvm::make_filter_range(value.getUsers(), [](Operation *op) { return !isa<ReturnOp>(op); });
    return isInLayer(value.getDefiningOp()) &&
           (readers.empty() || llvm::any_of(readers, isInLayer));
  }

  void place(ValueRange kept, Space ofLayers, Space ofEnds) {
    for (Value value : kept) {
      const Space space = isKeptByLayer(value) ? ofLayers : ofEnds;
      int64_t &bytes = keptBytes[int(space)];
      placed[value] = place(space, bytes);
      bytes += alignOffset(tensorBytes(value.getType()));
    }
  }

  int64_t bytesOf(Space space) const { return keptBytes[int(space)]; }

  /// A result is computed where the caller wants it, unless it is saved (then it is copied) or is
  /// an argument.
  void placeResults() {
    for (auto [index, value] : llvm::enumerate(func.getReturn().getResults()))
      if (value.getDefiningOp() && !value.getDefiningOp<WeightOp>())
        placed.try_emplace(value, place(Space::Result, index));
  }

  FuncOp func;
  int64_t keptBytes[getMaxEnumValForSpace() + 1] = {};
};

//===----------------------------------------------------------------------===//
// The program
//===----------------------------------------------------------------------===//

class ProgramMemory {
public:
  explicit ProgramMemory(ProgramOp program)
      : program(program), builder(program.getContext()),
        parameters(program.getBody().getOps<ParameterOp>()),
        flats(program.getBody().getOps<FlatOp>()),
        valueBytes(program.getLaunchOp().getElementBytes()),
        stateBytes(program.getLaunchOp().getWideBytes()) {}

  void plan() {
    for (auto func : program.getBody().getOps<FuncOp>())
      FunctionMemory(func).plan();
    placeParameters();
    placeSchedule();
    placeStarted();
    program.setTransientOffset(end);
    int64_t transient = scheduleWorkspace;
    for (auto func : program.getBody().getOps<FuncOp>())
      transient = std::max<int64_t>(transient, *func.getTransientBytes());
    program.setArenaBytes(end + alignOffset(transient));
  }

private:
  struct Bucket {
    int64_t offset = 0, bytes = 0;
  };

  /// Of its gradient, its moments and its master.
  static int64_t bytesOfState(ParameterOp parameter) {
    return alignOffset(tensorBytes(parameter.getWideType()));
  }

  /// Which gradients are reduced together. Loads are no part of the gradient's norm.
  enum BucketKind { kHeldInCopy, kAtEnds, kDense, kExpert, kLoads, kNumBuckets };

  static BucketKind bucketOf(ParameterOp parameter) {
    if (parameter.isUpdatedByLoad())
      return kLoads;
    if (parameter.getExpert())
      return kExpert;
    return parameter.isHeldInCopy() ? kHeldInCopy : parameter.getAtEnds() ? kAtEnds : kDense;
  }

  /// Gradients whose squares the norm counts over `axis`.
  Bucket normed(Axis axis) const {
    switch (axis) {
    case Axis::Tp:
      return gradients[kHeldInCopy];
    case Axis::Ends:
      return gradients[kAtEnds];
    case Axis::Dp:
      return gradients[kDense];
    case Axis::Edp:
      return gradients[kExpert];
    }
    llvm_unreachable("unknown axis");
  }

  /// Gradients that are summed over `axis`: over dp, those that are summed over tp or ends, too.
  Bucket reduced(AllReduceGradientsOp op) {
    Bucket bucket = op.getLoads() ? gradients[kLoads] : normed(op.getAxis());
    if (op.getAxis() == Axis::Dp && !op.getLoads()) {
      const int64_t before = gradients[kHeldInCopy].bytes + gradients[kAtEnds].bytes;
      bucket.offset = gradients[kHeldInCopy].offset;
      bucket.bytes = isStarted(Axis::Dp) ? before : before + bucket.bytes;
    }
    return bucket;
  }

  /// Whether sums over replicas go on beside backward.
  bool isStarted(Axis axis) {
    LaunchOp launch = program.getLaunchOp();
    return launch.getOverlapsGradients() && launch.getReplicas(axis) > 1;
  }

  void placeParameters() {
    placeValues();
    placeGradients();
    if (program.getLaunchOp().hasMasters())
      placeOptimizer(&ParameterOp::setMasterOffset, &FlatOp::setMasterOffset,
                     [](ParameterOp parameter) { return parameter.hasMaster(); });
    auto hasMoments = [](ParameterOp) { return true; };
    placeOptimizer(&ParameterOp::setFirstMomentOffset, &FlatOp::setFirstMomentOffset, hasMoments);
    placeOptimizer(&ParameterOp::setSecondMomentOffset, &FlatOp::setSecondMomentOffset, hasMoments);
  }

  /// Of the parameters of a flat, only those states have places of their own that a rank holds all
  /// of.
  void placeValues() {
    for (ParameterOp parameter : parameters)
      if (!parameter.getFlat())
        parameter.setValueOffset(take(alignOffset(tensorBytes(parameter.getType()))));
    for (FlatOp flat : flats)
      flat.setValueOffset(take(flat, flat.holdsValues(), valueBytes));
    for (ParameterOp parameter : parameters)
      if (FlatOp flat = parameter.getFlatOp(); flat && flat.holdsValues())
        parameter.setValueOffset(*flat.getValueOffset() + *parameter.getBegin() * valueBytes);
  }

  /// Gradients of one bucket lie side by side, so that each is reduced in one go; and so do all, to
  /// be cleared.
  void placeGradients() {
    gradientsBegin = end;
    for (int kind = 0; kind < kNumBuckets; ++kind) {
      Bucket &bucket = gradients[kind];
      bucket.offset = end;
      for (ParameterOp parameter : parameters)
        if (!parameter.getFlat() && bucketOf(parameter) == kind)
          parameter.setGradientOffset(take(bytesOfState(parameter)));
      bucket.bytes = end - bucket.offset;
    }
    for (FlatOp flat : flats) {
      flat.setGradientOffset(take(flat, flat.holdsGradients(), stateBytes));
      if (flat.getCopiesEnd() > 0 && flat.holdsGradients())
        gradients[kHeldInCopy] = {int64_t(*flat.getGradientOffset()),
                                  flat.getCopiesEnd() * stateBytes};
    }
    for (ParameterOp parameter : parameters)
      if (FlatOp flat = parameter.getFlatOp(); flat && flat.holdsGradients())
        parameter.setGradientOffset(*flat.getGradientOffset() + *parameter.getBegin() * stateBytes);
    gradientsBytes = end - gradientsBegin;
  }

  /// A state of those parameters that have it.
  template <typename Has>
  void placeOptimizer(void (ParameterOp::*setOffset)(std::optional<int64_t>),
                      void (FlatOp::*setPartOffset)(std::optional<int64_t>), Has has) {
    for (ParameterOp parameter : parameters)
      if (!parameter.getFlat() && has(parameter))
        (parameter.*setOffset)(take(bytesOfState(parameter)));
    for (FlatOp flat : flats)
      (flat.*setPartOffset)(take(flat, /*isAll=*/false, stateBytes));
  }

  int64_t take(FlatOp flat, bool isAll, int64_t elementBytes) {
    return take((isAll ? flat.getElements() : flat.getPart()) * elementBytes);
  }

  int64_t take(int64_t size) {
    int64_t offset = end;
    end += size;
    return offset;
  }

  int64_t bytes(Value value) {
    if (isa<ResidualType>(value.getType()))
      return residualOf(value).slotBytes();
    return isa<PendingType>(value.getType()) ? 0 : tensorBytes(value.getType());
  }

  static Residual residualOf(Value value) {
    return value.getDefiningOp<CallOp>().getResidual(cast<OpResult>(value));
  }

  /// A buffer that is being sent is in use until the wait.
  static int64_t lastUse(Value value, const llvm::DenseMap<Operation *, int64_t> &order) {
    int64_t last = order.lookup(value.getDefiningOp());
    for (Operation *user : value.getUsers()) {
      last = std::max(last, order.lookup(user));
      if (auto send = dyn_cast<SendOp>(user))
        last = std::max(last, lastUse(send.getPending(), order));
    }
    return last;
  }

  void placeSchedule() {
    Block &block = program.getSchedule().getBody().front();
    auto order = numberOps(block);
    BufferLayout layout;
    llvm::DenseMap<Value, int64_t> buffers;
    llvm::DenseMap<Value, int64_t> ends; // of residuals
    for (Operation &op : block)
      for (Value value : op.getResults()) {
        buffers[value] = layout.add(bytes(value), order[&op], lastUse(value, order));
        if (isa<ResidualType>(value.getType()))
          if (int64_t endsBytes = residualOf(value).endsBytes())
            ends[value] = layout.add(endsBytes, order[&op], lastUse(value, order));
      }
    layout.pack();
    auto placeOf = [&](int64_t buffer) {
      return PlaceAttr::get(builder.getContext(), Space::Arena, end + layout.offset(buffer));
    };
    for (Operation &op : block) {
      SmallVector<Attribute> places;
      for (Value value : op.getResults()) {
        places.push_back(placeOf(buffers[value]));
        if (auto known = ends.find(value); known != ends.end())
          op.setAttr(residualOf(value).endsAttr(), placeOf(known->second));
      }
      if (!places.empty() && !isa<SendOp>(op))
        op.setAttr(kPlacesAttr, builder.getArrayAttr(places));
      placeBuckets(&op);
    }
    end += layout.bytes();
  }

  void placeBuckets(Operation *op) {
    if (auto zero = dyn_cast<ZeroGradientsOp>(op)) {
      zero.setOffset(gradientsBegin);
      zero.setElements(gradientsBytes / stateBytes);
    } else if (auto reduce = dyn_cast<AllReduceGradientsOp>(op)) {
      placeReduce(reduce);
    } else if (auto scatter = dyn_cast<ReduceScatterGradientsOp>(op)) {
      const int64_t workspace = program.lookupSymbol<FlatOp>(scatter.getFlat()).getWorkspaceBytes();
      scatter.setWorkspaceBytes(workspace);
      scheduleWorkspace = std::max(scheduleWorkspace, workspace);
    } else if (auto norm = dyn_cast<GradientNormOp>(op)) {
      const Bucket bucket =
          norm.getFlat() ? normed(flatOf(norm), norm.getAxis()) : normed(norm.getAxis());
      norm.setOffset(bucket.offset);
      norm.setElements(bucket.bytes / stateBytes);
    }
  }

  void placeReduce(AllReduceGradientsOp reduce) {
    const Bucket bucket =
        reduce.getFlat() ? normed(flatOf(reduce), reduce.getAxis()) : reduced(reduce);
    const bool hasReplicas = program.getLaunchOp().getReplicas(reduce.getAxis()) > 1;
    const int64_t workspace = hasReplicas ? std::min(kReduceChunkBytes, bucket.bytes) : 0;
    reduce.setOffset(bucket.offset);
    reduce.setElements(bucket.bytes / stateBytes);
    reduce.setWorkspaceBytes(workspace);
    scheduleWorkspace = std::max(scheduleWorkspace, workspace);
  }

  /// Memory of a gradient that is not updated by load.
  static int64_t bytesOfSum(ParameterOp parameter, Axis axis) {
    const bool isOf = parameter.getExpert() == (axis == Axis::Edp) && !parameter.isUpdatedByLoad();
    return isOf ? bytesOfState(parameter) : 0;
  }

  /// Scratch memory of sums that go on beside backward, for as much of an axis at a time as without
  /// that: two pieces of half of it are on their way. At least a line of each rank fits a half.
  int64_t startedWorkspaceBytes() {
    int64_t most = 0;
    for (Axis axis : {Axis::Dp, Axis::Edp}) {
      if (!isStarted(axis))
        continue;
      int64_t bytes = 0;
      for (ParameterOp parameter : parameters)
        bytes += bytesOfSum(parameter, axis);
      const int64_t lines = 2 * program.getLaunchOp().getReplicas(axis) * alignOffset(1);
      if (bytes > 0)
        most = std::max({most, lines, std::min(kReduceChunkBytes, bytes)});
    }
    return most;
  }

  void placeStarted() {
    SmallVector<StartReduceOp> once;
    SmallVector<StartReduceGradientsOp> ofPieces;
    program.walk([&](StartReduceOp op) { once.push_back(op); });
    program.walk([&](StartReduceGradientsOp op) { ofPieces.push_back(op); });
    if (once.empty() && ofPieces.empty())
      return;
    const int64_t workspaceBytes = startedWorkspaceBytes(), workspace = take(workspaceBytes);
    const auto placeWorkspace = [&](auto op) {
      op.setWorkspaceOffset(workspace);
      op.setWorkspaceBytes(workspaceBytes);
    };
    llvm::for_each(once, [&](StartReduceOp op) { placeGradients(op); });
    llvm::for_each(once, placeWorkspace);
    llvm::for_each(ofPieces, placeWorkspace);
  }

  void placeGradients(StartReduceOp op) {
    if (FlatOp flat = op.getFlatOp()) {
      op.setOffset(*flat.getGradientOffset());
      op.setElements(flat.getElements());
      op.setPart(flat.getPart());
      return;
    }
    int64_t bytes = 0;
    for (ParameterOp parameter : op.getParameters())
      bytes += bytesOfState(parameter);
    const int64_t replicas = program.getLaunchOp().getReplicas(op.getAxis());
    op.setOffset(*op.getParameters().front().getGradientOffset());
    op.setElements(bytes / stateBytes);
    op.setPart(alignOffset((bytes + replicas - 1) / replicas) / stateBytes);
  }

  template <typename Op>
  FlatOp flatOf(Op op) {
    return program.lookupSymbol<FlatOp>(*op.getFlat());
  }

  /// The same within a flat: what all ranks of a tensor group hold comes first.
  Bucket normed(FlatOp flat, Axis axis) const {
    const int64_t copies = flat.getCopiesEnd() * stateBytes;
    return axis == Axis::Tp ? Bucket{0, copies}
                            : Bucket{copies, int64_t(flat.getElements()) * stateBytes - copies};
  }

  ProgramOp program;
  Builder builder;
  SmallVector<ParameterOp> parameters;
  SmallVector<FlatOp> flats;
  int64_t valueBytes, stateBytes; // of an element
  Bucket gradients[kNumBuckets];  // of no flat, and what is reduced over tp
  int64_t gradientsBegin = 0, gradientsBytes = 0;
  int64_t end = 0, scheduleWorkspace = 0;
};

struct PlanMemory : mlir::sigma::impl::PlanMemoryBase<PlanMemory> {
  void runOnOperation() override {
    ProgramOp program = getOperation();
    if (!program.getForward() || !program.getSchedule()) {
      program.emitOpError() << "has no schedule; run sigma-schedule first";
      return signalPassFailure();
    }
    ProgramMemory(program).plan();
  }
};
} // namespace

void mlir::sigma::placeKept(FuncOp func) { FunctionMemory(func).placeKept(); }

std::vector<planner::Peak> mlir::sigma::peaksOf(FuncOp func) {
  return highest(FunctionMemory(func).peaks());
}

std::vector<planner::Peak> mlir::sigma::highest(ArrayRef<planner::Peak> peaks) {
  std::map<uint32_t, int64_t> most; // bytes by what is beside
  for (const planner::Peak &peak : peaks)
    most[peak.beside] = std::max(most[peak.beside], peak.bytes);
  std::vector<planner::Peak> left;
  for (auto [beside, bytes] : most)
    if (llvm::none_of(most, [&, beside = beside, bytes = bytes](const auto &other) {
          return other.first != beside && (other.first & beside) == beside && other.second >= bytes;
        }))
      left.push_back({bytes, beside});
  return left;
}
