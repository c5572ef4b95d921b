//===- RankToLLVM.cpp - rank programs as LLVM functions -------------------===//

#include "codegen/Codegen.h"
#include "codegen/ProgramLowering.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

namespace mlir::sigma {
#define GEN_PASS_DEF_RANKTOLLVM
#include "codegen/Passes.h.inc"
} // namespace mlir::sigma

using namespace mlir;
using namespace mlir::sigma;
using namespace mlir::rank;

/// Names the program in logs and checkpoints.
static std::string hashOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream(text) << module;
  return llvm::utohexstr(llvm::xxh3_64bits(text), /*LowerCase=*/true, /*Width=*/16);
}

/// Whether each residual that the call fills has a place for its `ends` part, if it has one.
static bool hasPlacesOfEnds(CallOp call) {
  return llvm::all_of(call.getFunction().getGivenResiduals(), [&](Residual residual) {
    return residual.endsBytes() == 0 || call->getAttrOfType<PlaceAttr>(residual.endsAttr());
  });
}

/// Of each state: what a flat has, its parameters need not.
template <typename Op>
static bool hasOffsets(Op op, bool hasMaster) {
  return op.getValueOffset() && op.getGradientOffset() && op.getFirstMomentOffset() &&
         op.getSecondMomentOffset() && (op.getMasterOffset() || !hasMaster);
}

/// Whether sigma-plan-memory, or a person, gave this op all the places that lowering asks for.
static bool hasPlaces(Operation *op) {
  if (auto flat = dyn_cast<FlatOp>(op))
    return hasOffsets(flat, op->getParentOfType<ProgramOp>().getLaunchOp().hasMasters());
  if (auto parameter = dyn_cast<ParameterOp>(op))
    return parameter.getFlat() || hasOffsets(parameter, parameter.hasMaster());
  if (auto scatter = dyn_cast<ReduceScatterGradientsOp>(op))
    return scatter.getWorkspaceBytes().has_value();
  if (auto zero = dyn_cast<ZeroGradientsOp>(op))
    return zero.getOffset() && zero.getElements();
  if (auto norm = dyn_cast<GradientNormOp>(op))
    return norm.getOffset() && norm.getElements();
  if (auto reduce = dyn_cast<AllReduceGradientsOp>(op))
    return reduce.getOffset() && reduce.getElements() && reduce.getWorkspaceBytes();
  auto cost = dyn_cast<CostOpInterface>(op);
  if (cost && cost.getWorkspaceBytes() > 0 && !op->getAttrOfType<PlaceAttr>(kWorkspaceAttr))
    return false;
  if (op->getNumResults() == 0 || isa<WeightOp, SendOp>(op))
    return true;
  auto call = dyn_cast<CallOp>(op);
  if (call && !hasPlacesOfEnds(call))
    return false;
  auto places = op->getAttrOfType<ArrayAttr>(kPlacesAttr);
  return places && places.size() == op->getNumResults() &&
         llvm::all_of(places, [](Attribute place) { return isa<PlaceAttr>(place); });
}

static LogicalResult checkMemoryPlan(ProgramOp program) {
  if (!program.getArenaBytes() || !program.getTransientOffset() || !program.getForward() ||
      !program.getSchedule())
    return program.emitOpError() << "has no memory plan; run sigma-plan-memory first";
  WalkResult result = program.walk([](Operation *op) {
    if (hasPlaces(op))
      return WalkResult::advance();
    op->emitOpError() << "has no place in memory; run sigma-plan-memory first";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

/// What the passes before codegen replace.
static LogicalResult checkLowerable(ProgramOp program) {
  WalkResult result = program.walk([](Operation *op) {
    if (!isa<DispatchOp, CollectOp>(op))
      return WalkResult::advance();
    op->emitOpError() << "has no lowering; run sigma-shard first";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

static LogicalResult checkComplete(ModuleOp module) {
  auto launches = llvm::to_vector(module.getOps<LaunchOp>());
  if (launches.size() != 1)
    return module.emitError() << "the module has " << launches.size()
                              << " rank.launch ops; codegen takes exactly one";
  int64_t stages = 0;
  for (auto program : module.getOps<ProgramOp>()) {
    ++stages;
    if (failed(checkLowerable(program)) || failed(checkMemoryPlan(program)))
      return failure();
  }
  if (stages != int64_t(launches.front().getPp()))
    return launches.front().emitOpError()
           << "has " << launches.front().getPp() << " stages, but the module has " << stages
           << " programs";
  return success();
}

namespace {
struct RankToLLVM : sigma::impl::RankToLLVMBase<RankToLLVM> {
  using RankToLLVMBase::RankToLLVMBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(checkComplete(module)))
      return signalPassFailure();
    std::string hash = hashOf(module);
    RuntimeAbi abi(module);
    for (auto program : module.getOps<ProgramOp>()) {
      for (auto func : program.getBody().getOps<FuncOp>())
        lowerFunction(func, abi);
      lowerSchedule(program, abi);
    }
    emitDescription(module, abi, hash);
    if (entryPoint)
      emitEntryPoint(module, abi);
    for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
      if (isa<ProgramOp, LaunchOp>(op))
        op.erase();
  }
};
} // namespace

LogicalResult sigma::lowerToLLVM(ModuleOp module, bool entryPoint) {
  PassManager pm(module.getContext());
  RankToLLVMOptions options;
  options.entryPoint = entryPoint;
  pm.addPass(createRankToLLVM(options));
  pm.addPass(createDebugInfo());
  return pm.run(module);
}
