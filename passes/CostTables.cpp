//===- CostTables.cpp - the planner's tables, asked of the ops ------------===//

#include "passes/CostTables.h"
#include "dialects/Rank/RematSet.h"
#include "passes/Probe.h"
#include "passes/RematModes.h"
#include "passes/Transforms.h"
#include <numeric>

using namespace mlir;
using namespace mlir::sigma;

CostTables::CostTables(JobOp job, ModelOp model, ArrayRef<Layer> kinds)
    : job(job), model(model), kinds(kinds), modes(kinds.size()) {
  for (Layer kind : kinds) {
    attention.emplace_back(job, model, kind.attention);
    feedForward.emplace_back(job, model, kind.feedForward);
  }
}

/// One gradient of each matrix, in the format of values; of experts, of one of them.
static int64_t scratchBytes(rank::ProgramOp program) {
  int64_t bytes = 0;
  for (auto parameter : program.getBody().getOps<rank::ParameterOp>()) {
    RankedTensorType type = parameter.getTensorType();
    if (type.getRank() >= 2)
      bytes += rank::tensorBytes(type) / (type.getRank() == 3 ? type.getDimSize(0) : 1);
  }
  return bytes;
}

/// Of `f32_logits`, beside what a loss of 16-bit logits takes, bytes for each logit. At the peak
/// there are the logits, their f32 copy and its log-softmax, where there were logits and gradient.
constexpr int64_t kF32LogitBytes = (2 + 4 + 4) - (2 + 2);
/// Read and written: the copy (2 + 4) and the log-softmax (4 + 4), where the logits were read once.
constexpr int64_t kF32ForwardBytes = (2 + 4) + (4 + 4) - 2;
/// The same of their gradient in f32 (4 + 4) and its copy (4 + 2), where logits were read and it
/// was written.
constexpr int64_t kF32BackwardBytes = (4 + 4) + (4 + 2) - (2 + 2);

static void addTransients(planner::RematMode &mode, int64_t bytes) {
  for (std::vector<planner::Peak> *peaks : {&mode.peaks, &mode.splitPeaks})
    for (planner::Peak &peak : *peaks)
      peak.bytes += bytes;
}

static void addF32Logits(planner::LayerCost &head, rank::ProgramOp program) {
  int64_t most = 0;
  program.walk([&](rank::CrossEntropyOp op) {
    if (op.getLogits().getType().getElementTypeBitWidth() != 16)
      return;
    const int64_t logits = op.getLogits().getType().getNumElements();
    most = std::max(most, logits);
    head.forward.ops.push_back({planner::OpClass::Memory, 0, kF32ForwardBytes * logits});
    head.backward.ops.push_back({planner::OpClass::Memory, 0, kF32BackwardBytes * logits});
  });
  for (planner::RematMode &mode : head.modes)
    addTransients(mode, kF32LogitBytes * most);
}

static SmallVector<Operation *> blocksOf(Layer kind) { return {kind.attention, kind.feedForward}; }

/// The experts of a piece, or null. Those of multi-token prediction are with the head.
static MoeOp expertsOf(ModelOp model, ArrayRef<Operation *> blocks) {
  if (MtpOp mtp = model.getMtp(); mtp && isa<HeadOp>(blocks.back()))
    return dyn_cast<MoeOp>(mtp.getLayers().front().feedForward.getOperation());
  return dyn_cast<MoeOp>(blocks.back());
}

/// How the exchanges of a piece go, where they do not send every choice by itself.
static planner::Routing routingOf(JobOp job, MoeOp moe) {
  if (!moe || job.getDispatch() == Dispatch::PerChoice)
    return {};
  return {moe.getExperts(), moe.getTopK(), moe.getGroups().value_or(1),
          moe.getTopGroups().value_or(1)};
}

/// The modes of what is no layer.
static const std::string kNoLayer[] = {rank::RematSet::kNone.str()};

planner::LayerCost CostTables::measure(ArrayRef<Operation *> blocks,
                                       const planner::Sharding &sharding,
                                       ArrayRef<std::string> modes) {
  Probe probe(job, model, sharding, blocks);
  planner::LayerCost cost = workAndParameters(*probe);
  if (!modes.empty()) {
    MeasuredModes measured = rematModes(*probe, modes);
    cost.modes = std::move(measured.modes);
    cost.holdsGradient = measured.holdsGradient;
  }
  const planner::Routing routing = routingOf(job, expertsOf(model, blocks));
  finish(cost.forward, sharding, routing);
  finish(cost.backward, sharding, routing);
  if (job.getF32Logits())
    addF32Logits(cost, *probe);
  const int64_t scratch = job.getScratchGradients() ? scratchBytes(*probe) : 0;
  for (planner::RematMode &mode : cost.modes) {
    finish(mode.recompute, sharding, routing);
    addTransients(mode, scratch);
  }
  return cost;
}

/// Without experts, it does not matter how they are spread.
const planner::LayerCost &CostTables::measureEnd(Operation *block, planner::Sharding sharding) {
  if (!expertsOf(model, block))
    sharding.etp = sharding.ep = 1;
  auto [position, isNew] = ends.try_emplace({block, sharding.microBatch, sharding.tp, sharding.cp,
                                             sharding.contextKind, sharding.etp, sharding.ep});
  if (isNew)
    position->second = measure(block, sharding, kNoLayer);
  return position->second;
}

planner::LayerCost CostTables::embedding(const planner::Sharding &sharding) {
  return measureEnd(model.getEmbedding(), sharding);
}

/// One sharding at which modes are compared, with rows of experts exchanged.
static planner::Sharding referenceFor(ModelOp model) {
  constexpr int64_t kRanks = 8;
  planner::Sharding sharding;
  sharding.ep = std::gcd(std::max<int64_t>(model.getExpertsDivisor(), 1), kRanks);
  return sharding;
}

std::vector<std::string> &CostTables::modesOf(int kind) {
  std::vector<std::string> &names = modes[kind];
  if (names.empty())
    names = rematFront(*Probe(job, model, referenceFor(model), blocksOf(kinds[kind])));
  return names;
}

FailureOr<std::string> CostTables::admitMode(int kind, StringRef name) {
  FailureOr<std::string> listed =
      rematModeName(*Probe(job, model, referenceFor(model), blocksOf(kinds[kind])), name);
  if (failed(listed))
    return failure();
  std::vector<std::string> &names = modesOf(kind);
  if (!llvm::is_contained(names, *listed))
    names.insert(std::prev(names.end()), *listed);
  return listed;
}

planner::LayerCost CostTables::layer(int kind, const planner::Sharding &sharding) {
  return measure(blocksOf(kinds[kind]), sharding, modesOf(kind));
}

/// Scratch gradients of the layers before it stay while the head works.
planner::LayerCost CostTables::head(const planner::Sharding &sharding) {
  planner::LayerCost cost = measureEnd(model.getHead(), sharding);
  if (!job.getScratchGradients())
    return cost;
  int64_t most = 0;
  for (Layer kind : kinds)
    most = std::max(most, scratchBytes(*Probe(job, model, sharding, blocksOf(kind))));
  for (planner::RematMode &mode : cost.modes)
    addTransients(mode, most);
  return cost;
}

/// The memory plan of a head with experts takes long, and there is one for each spread of them.
planner::LayerCost CostTables::headWork(const planner::Sharding &sharding) {
  Operation *block = model.getHead();
  return expertsOf(model, block) ? measure(block, sharding, /*modes=*/{}) : head(sharding);
}

/// Backward goes through the blocks in reverse.
planner::LayerCost CostTables::layerWork(int kind, const planner::Sharding &sharding) {
  planner::LayerCost cost = attention[kind].at(sharding), after = feedForward[kind].at(sharding);
  append(cost.forward, after.forward);
  append(after.backward, cost.backward);
  cost.backward = std::move(after.backward);
  cost.denseParameters += after.denseParameters;
  cost.expertParameters += after.expertParameters;
  const planner::Routing routing = routingOf(job, expertsOf(model, blocksOf(kinds[kind])));
  finish(cost.forward, sharding, routing);
  finish(cost.backward, sharding, routing);
  return cost;
}

rank::ModelShape CostTables::shapeAt(const planner::Sharding &sharding) {
  return modelShape(job, model, elementType(job.getPrecision(), job.getContext()), sharding);
}

int64_t CostTables::boundaryBytes(const planner::Sharding &sharding) {
  rank::ModelShape shape = shapeAt(sharding);
  return alignOffset(shape.streamTokens() * shape.width * shape.elementType.getWidth() / 8);
}

int64_t CostTables::batchBytes(const planner::Sharding &sharding) {
  return 2 * alignOffset(shapeAt(sharding).tokens() * int64_t(sizeof(int32_t)));
}

int64_t CostTables::workspaceBytes(const planner::Sharding &) { return rank::kReduceChunkBytes; }
