//===- OverlapGradients.cpp - sums over replicas while backward goes on ---===//

#include "passes/Passes.h"
#include "passes/Pieces.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::sigma {
#define GEN_PASS_DEF_OVERLAPGRADIENTS
#include "passes/Passes.h.inc"
} // namespace mlir::sigma

using namespace mlir;
using namespace mlir::rank;

namespace {
/// Gradients that are summed in one go: side by side, and of one piece.
struct Bucket {
  Axis axis;
  SmallVector<Attribute> of;     // parameters, or a flat
  SmallVector<StringRef> adding; // parameters that ops name
};

/// The functions of a stage that add to gradients of a bucket, and where each does so last.
using LastAdds = llvm::MapVector<Operation *, Operation *>;

class Overlap {
public:
  explicit Overlap(ProgramOp program)
      : program(program), launch(program.getLaunchOp()),
        pieces(mlir::sigma::piecesOfParameters(program)) {
    for (auto func : program.getBody().getOps<FuncOp>())
      for (Operation &op : func.getBody().front())
        if (!mlir::sigma::isMovable(op))
          mlir::sigma::eachParameterAddedTo(
              op, [&](StringRef parameter) { lastAdds[parameter][func] = &op; });
  }

  void insert() {
    for (auto func : program.getBody().getOps<FuncOp>())
      startPieces(func);
    SmallVector<Bucket> buckets;
    for (Axis axis : {Axis::Dp, Axis::Edp})
      if (launch.getReplicas(axis) > 1 && launch.getZeroOf(axis) < 2)
        llvm::append_range(buckets, launch.getZeroOf(axis) == 0 ? bucketsOfParameters(axis)
                                                                : bucketsOfFlats(axis));
    if (buckets.empty())
      return;
    dropSums();
    OpBuilder builder(firstNorm());
    for (const Bucket &bucket : buckets) {
      SmallVector<Operation *> places = lastAddsOfStep(bucket);
      if (places.empty())
        start(builder, bucket);
      for (Operation *place : places) {
        OpBuilder behind(place->getBlock(), std::next(place->getIterator()));
        start(behind, bucket);
      }
    }
    builder.create<WaitReduceOp>(program.getLoc());
  }

private:
  /// Where every micro-batch sums, as with ZeRO 2 and 3: the sum of a piece goes on until that of
  /// the next piece starts.
  void startPieces(FuncOp func) {
    llvm::MapVector<Axis, Value> leaving;
    auto wait = [&](OpBuilder &builder, Value gradients) {
      if (gradients)
        builder.create<WaitReduceGradientsOp>(gradients.getLoc(), gradients);
    };
    for (auto reduce : llvm::make_early_inc_range(func.getBody().getOps<ReduceGradientsOp>())) {
      Value &before = leaving[reduce.getFlatOp().getAxis()];
      OpBuilder builder(reduce);
      wait(builder, before);
      builder.create<StartReduceGradientsOp>(reduce.getLoc(), reduce.getGradients());
      before = reduce.getGradients();
      reduce.erase();
    }
    OpBuilder builder(func.getReturn());
    for (auto &[axis, gradients] : leaving)
      wait(builder, gradients);
  }

  /// What is summed over a tensor group, too, or over the ends of the pipeline, has an order of
  /// sums, and stays where the schedule has it.
  static bool isStarted(ParameterOp parameter) {
    return !parameter.isUpdatedByLoad() && !parameter.isHeldInCopy() && !parameter.getAtEnds();
  }

  /// Gradients lie in the order of parameters.
  SmallVector<Bucket> bucketsOfParameters(Axis axis) {
    SmallVector<Bucket> buckets;
    std::optional<std::string> last;
    for (auto parameter : program.getBody().getOps<ParameterOp>()) {
      if (!isStarted(parameter) || parameter.getExpert() != (axis == Axis::Edp))
        continue;
      const std::string piece = pieces.lookup(parameter.getSymName());
      if (last != piece)
        buckets.push_back({axis, {}, {}});
      last = piece;
      buckets.back().of.push_back(FlatSymbolRefAttr::get(parameter.getSymNameAttr()));
      buckets.back().adding.push_back(parameter.getSymName());
    }
    return buckets;
  }

  SmallVector<Bucket> bucketsOfFlats(Axis axis) {
    llvm::MapVector<Attribute, Bucket> buckets;
    for (auto parameter : program.getBody().getOps<ParameterOp>()) {
      if (!isStarted(parameter) || parameter.getExpert() != (axis == Axis::Edp))
        continue;
      Bucket &bucket = buckets[parameter.getFlatAttr()];
      bucket.axis = axis;
      bucket.of = {parameter.getFlatAttr()};
      bucket.adding.push_back(parameter.getSymName());
    }
    return llvm::to_vector(llvm::make_second_range(buckets));
  }

  /// Behind which ops all has been added in a step; none where functions of several chunks add.
  /// Gradients of weights come after those of inputs of the same micro-batch.
  SmallVector<Operation *> lastAddsOfStep(const Bucket &bucket) {
    LastAdds adds;
    for (StringRef parameter : bucket.adding)
      for (auto [func, op] : lastAdds[parameter]) {
        Operation *&last = adds[func];
        if (!last || last->isBeforeInBlock(op))
          last = op;
      }
    for (int64_t chunk = 0; chunk < program.getNumChunks(); ++chunk) {
      const LastAdds all = adds;
      if (all.count(program.getInputGradients(chunk)) &&
          all.count(program.getWeightGradients(chunk)))
        adds.erase(program.getInputGradients(chunk));
    }
    FuncOp forward;
    SmallVector<Operation *> places;
    for (auto [func, op] : adds) {
      FuncOp ofChunk = cast<FuncOp>(func).getForward();
      if (forward && ofChunk != forward)
        return {};
      forward = ofChunk;
      places.push_back(op);
    }
    return places;
  }

  void start(OpBuilder &builder, const Bucket &bucket) {
    builder.create<StartReduceOp>(program.getLoc(), bucket.axis, builder.getArrayAttr(bucket.of));
  }

  bool isAnyLeft(Axis axis) {
    return llvm::any_of(program.getBody().getOps<ParameterOp>(), [&](ParameterOp parameter) {
      return !parameter.isUpdatedByLoad() && !isStarted(parameter) &&
             parameter.getExpert() == (axis == Axis::Edp);
    });
  }

  /// The schedule's own sums of what is started; what is left of an axis is summed as before.
  void dropSums() {
    for (Operation &op : llvm::make_early_inc_range(program.getSchedule().getBody().front())) {
      if (auto reduce = dyn_cast<AllReduceGradientsOp>(op)) {
        const bool isOfReplicas = reduce.getAxis() == Axis::Dp || reduce.getAxis() == Axis::Edp;
        if (isOfReplicas && !reduce.getLoads() && !isAnyLeft(reduce.getAxis()))
          reduce.erase();
      } else if (auto scatter = dyn_cast<ReduceScatterGradientsOp>(op)) {
        auto flat = program.lookupSymbol<FlatOp>(scatter.getFlat());
        if (!flat.isAtEnds() && flat.getCopiesEnd() == 0)
          scatter.erase();
      }
    }
  }

  Operation *firstNorm() {
    return *program.getSchedule().getBody().getOps<GradientNormOp>().begin();
  }

  ProgramOp program;
  LaunchOp launch;
  llvm::StringMap<std::string> pieces;
  llvm::StringMap<LastAdds> lastAdds; // by parameter
};

struct OverlapGradients : mlir::sigma::impl::OverlapGradientsBase<OverlapGradients> {
  void runOnOperation() override {
    ProgramOp program = getOperation();
    if (!program.getLaunchOp().getOverlapsGradients())
      return;
    if (!program.getSchedule()) {
      program.emitOpError() << "has no schedule; run sigma-schedule first";
      return signalPassFailure();
    }
    Overlap(program).insert();
  }
};
} // namespace
