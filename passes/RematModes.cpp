//===- RematModes.cpp - what a layer may keep from forward to backward ----===//

#include "passes/RematModes.h"
#include "dialects/Rank/RematSet.h"
#include "passes/Probe.h"
#include "passes/Transforms.h"
#include "llvm/ADT/StringExtras.h"
#include <set>

using namespace mlir;
using namespace mlir::sigma;
using namespace mlir::rank;

/// Bytes of the activation that the function captures of those that forward was given.
static int64_t capturedBytes(FuncOp func) {
  int64_t bytes = 0;
  for (int64_t index : func.getCapturedAttr().asArrayRef()) {
    auto type = cast<RankedTensorType>(func.getForward().getArgumentTypes()[index]);
    if (isa<FloatType>(type.getElementType()))
      bytes += alignOffset(tensorBytes(type));
  }
  return bytes;
}

static int64_t keptBytes(FuncOp func) {
  int64_t bytes = 0;
  for (Residual residual : func.getGivenResiduals())
    bytes += residual.slotBytes() + residual.endsBytes();
  return bytes;
}

/// Bytes that stay from forward to backward: what forward saves and the activation it was given.
static int64_t savedBytes(ProgramOp program) {
  return keptBytes(program.getForward()) + capturedBytes(program.getBackward());
}

namespace {
/// Of a module with a launch and one program.
class Copy {
public:
  explicit Copy(ProgramOp original)
      : module(original->getParentOfType<ModuleOp>().clone()),
        program(*module->getOps<ProgramOp>().begin()) {}

  ProgramOp operator*() { return program; }

private:
  OwningOpRef<ModuleOp> module;
  ProgramOp program;
};
} // namespace

static Copy withMode(ProgramOp original, StringRef name) {
  Copy copy(original);
  (*copy).setRematAttr(Builder(original.getContext()).getStrArrayAttr(name));
  if (failed(rematerialize(*copy)))
    llvm::report_fatal_error("a block that the verifier accepted cannot be rematerialized");
  placeKept((*copy).getForward());
  return copy;
}

/// Of all functions together, with all state spread, as the program is afterwards.
static std::vector<planner::Peak> spreadPeaks(ProgramOp program) {
  overlapRows(program);
  LaunchOp launch = program.getLaunchOp();
  launch.setZero(3);
  launch.setExpertZero(3);
  spreadState(program);
  std::vector<planner::Peak> peaks;
  for (auto func : program.getBody().getOps<FuncOp>())
    llvm::append_range(peaks, peaksOf(func));
  return highest(peaks);
}

static planner::RematMode measure(ProgramOp program, StringRef name) {
  auto isRecomputed = [](Operation *op) { return op->hasAttr(kRecomputedAttr); };
  planner::RematMode mode;
  mode.name = name.str();
  mode.recompute = workOf(program.getBackward(), isRecomputed);
  mode.savedBytes = savedBytes(program);
  mode.peaks = spreadPeaks(*Copy(program));
  return mode;
}

/// Splits the program's backward and measures what that changes; tells whether a gradient that
/// comes in is held. Nothing else can be measured of the program afterwards.
static bool measureSplit(ProgramOp program, planner::RematMode &mode) {
  if (failed(splitBackward(program, WholeBackward::Goes)))
    llvm::report_fatal_error("a block that the verifier accepted cannot be split");
  FuncOp forward = program.getForward(), inputs = program.getInputGradients(),
         weights = program.getWeightGradients();
  placeKept(forward);
  placeKept(inputs);
  int64_t gradientBytes = 0;
  for (Type type : weights.getArgumentTypes().take_back(weights.getCapturedGradientsAttr().size()))
    gradientBytes += alignOffset(tensorBytes(type));
  mode.madeBytes = keptBytes(inputs) + gradientBytes;
  mode.heldBytes = mode.madeBytes + capturedBytes(weights);
  for (Residual residual : weights.getTakenResiduals())
    if (residual.giver == forward)
      mode.heldBytes += residual.slotBytes() + residual.endsBytes();
  mode.splitPeaks = spreadPeaks(program);
  const bool isHeld = gradientBytes > 0; // and counts there
  if (isHeld)
    for (planner::Peak &peak : mode.splitPeaks)
      peak.beside &= ~planner::Peak::bit(planner::Beside::GradientIn);
  mode.splitPeaks = highest(mode.splitPeaks);
  return isHeld;
}

MeasuredModes mlir::sigma::rematModes(ProgramOp original, ArrayRef<std::string> names) {
  MeasuredModes measured;
  for (const std::string &name : names) {
    Copy program = withMode(original, name);
    measured.modes.push_back(measure(*program, name));
    // No mode changes what is held of the gradient that comes in.
    measured.holdsGradient = measureSplit(*program, measured.modes.back());
  }
  return measured;
}

//===----------------------------------------------------------------------===//
// The front
//===----------------------------------------------------------------------===//

static ArrayRef<StringRef> modulesOf(const LayerModules &layers) {
  return layers.empty() ? ArrayRef<StringRef>() : ArrayRef(layers.front().second);
}

FailureOr<std::string> mlir::sigma::rematModeName(ProgramOp program, StringRef name) {
  LayerModules layers = layerModules(program.getForward());
  FailureOr<RematSet> set = RematSet::parse(name, modulesOf(layers));
  if (failed(set))
    return failure();
  return set->name();
}

/// Every set of modules, by name.
static std::set<std::string> moduleSets(ArrayRef<StringRef> modules) {
  std::set<std::string> names;
  for (uint64_t bits = 0; bits < uint64_t(1) << modules.size(); ++bits) {
    SmallVector<StringRef> chosen;
    for (auto [index, path] : llvm::enumerate(modules))
      if (bits >> index & 1)
        chosen.push_back(moduleName(path));
    std::string name = chosen.empty() ? RematSet::kNone.str() : llvm::join(chosen, "+");
    names.insert(RematSet::parse(name, modules)->name());
  }
  return names;
}

namespace {
struct WeighedMode {
  planner::RematMode mode;
  double cost; // of recomputation
};
} // namespace

/// In bytes of memory traffic that take as long, on an accelerator like those of these years: the
/// order in which modes pay hardly depends on it, and the planner judges what is left for its own.
static double costOf(const planner::WorkCost &work) {
  constexpr double kFlopsPerByte = 256, kBytesPerLinkByte = 20;
  double cost = 0;
  for (const planner::OpCost &op : work.ops)
    cost += std::max(double(op.flops) / kFlopsPerByte, double(op.bytes));
  for (const planner::CollectiveCost &collective : work.collectives)
    cost += double(collective.bytes) * kBytesPerLinkByte;
  return cost;
}

/// How many bytes `mode` saves beyond the mixture of its neighbours that costs the same.
static double gainOver(const WeighedMode &before, const WeighedMode &mode,
                       const WeighedMode &after) {
  double share = (mode.cost - before.cost) / (after.cost - before.cost);
  return double(before.mode.savedBytes - mode.mode.savedBytes) -
         share * double(before.mode.savedBytes - after.mode.savedBytes);
}

/// Of modes in order of cost, those that no mixture of others beats.
static std::vector<WeighedMode> convexFront(std::vector<WeighedMode> sorted) {
  std::vector<WeighedMode> front;
  for (WeighedMode &next : sorted) {
    if (!front.empty() && next.mode.savedBytes >= front.back().mode.savedBytes)
      continue;
    while (front.size() > 1 && gainOver(front[front.size() - 2], front.back(), next) <= 0)
      front.pop_back();
    front.push_back(std::move(next));
  }
  return front;
}

/// Leaves out the modes that are missed least.
static void thin(std::vector<WeighedMode> &front, size_t most) {
  while (front.size() > most) {
    size_t least = 1;
    auto gain = [&](size_t i) { return gainOver(front[i - 1], front[i], front[i + 1]); };
    for (size_t i = 2; i + 1 < front.size(); ++i)
      if (gain(i) < gain(least))
        least = i;
    front.erase(front.begin() + least);
  }
}

std::vector<std::string> mlir::sigma::rematFront(ProgramOp program) {
  constexpr size_t kMostModes = 8;
  LayerModules layers = layerModules(program.getForward());
  std::vector<WeighedMode> all;
  auto add = [&](StringRef name) {
    planner::RematMode mode = measure(*withMode(program, name), name);
    double cost = costOf(mode.recompute);
    all.push_back({std::move(mode), cost});
  };
  for (const std::string &name : moduleSets(modulesOf(layers)))
    add(name);
  add(RematSet::kFull);
  // Of equal cost, what saves the most, then what needs the least memory for a while.
  auto key = [](const WeighedMode &weighed) {
    int64_t most = 0;
    for (const planner::Peak &peak : weighed.mode.peaks)
      most = std::max(most, peak.bytes);
    return std::tuple(weighed.cost, weighed.mode.savedBytes, most);
  };
  llvm::stable_sort(all,
                    [&](const WeighedMode &a, const WeighedMode &b) { return key(a) < key(b); });
  std::vector<WeighedMode> front = convexFront(std::move(all));
  thin(front, kMostModes);
  std::vector<std::string> names{RematSet::kNone.str()};
  for (const WeighedMode &mode : front)
    if (mode.mode.name != RematSet::kNone && mode.mode.name != RematSet::kFull)
      names.push_back(mode.mode.name);
  names.push_back(RematSet::kFull.str());
  return names;
}
