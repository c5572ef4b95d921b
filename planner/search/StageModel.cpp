#include "planner/search/StageModel.h"

#include "planner/cost/Arithmetic.h"
#include "planner/cost/Roofline.h"
#include "planner/memory/StageMemory.h"

#include <algorithm>
#include <cmath>

using namespace sigma::planner;

StageModel::StageModel(const Problem &problem, const LayerSequence &sequence, const CostSet &costs,
                       const Layout &layout)
    : problem(problem), sequence(sequence), costs(costs), shape(layout), topology(problem.cluster) {
  capacity = usableMemoryBytes(problem.cluster.device.memoryBytes, problem.job.memoryMarginPpm);
  std::vector<int64_t> transfer;
  for (int64_t stage = 0; stage + 1 < shape.pp; ++stage)
    transfer.push_back(topology.stageTransferNs(costs.boundaryBytes, stage * shape.dp, shape.dp));
  for (int64_t stage = 0; stage < shape.pp; ++stage)
    receiveNs.push_back(
        addSat(stage > 0 ? transfer[stage - 1] : 0, stage + 1 < shape.pp ? transfer[stage] : 0));
  totalNs = addSat(costs.embedding.baseNs, costs.head.baseNs);
  for (size_t kind = 0; kind < costs.kinds.size(); ++kind)
    totalNs = addSat(totalNs, mulSat(sequence.count(kind, 0, sequence.size()), layerNs(kind)));
  for (int64_t time : receiveNs)
    totalNs = addSat(totalNs, time);

  noise.cellSigmaNs = std::sqrt(cellVariance());
  noise.numMicroBatches = shape.numMicroBatches;
  noise.numStages = shape.pp;
  noise.numReplicas = shape.dp / shape.ep;
  noise.numDevices = problem.cluster.numDevices;
  noise.spikes = problem.cluster.spikes;
  double quantile = noise.quantileNs(problem.job.quantilePpm * 1e-6);
  quantileNs = static_cast<int64_t>(std::ceil(std::min(quantile, double(kSaturated))));
}

int64_t StageModel::layerNs(size_t kind) const {
  bool remat = problem.job.pins.remat.value_or(false);
  return addSat(costs.kinds[kind].baseNs, remat ? costs.kinds[kind].extraNs : 0);
}

double StageModel::cellVariance() const {
  auto variance = [](const PieceCost &piece) {
    return piece.forward.varianceNs2 + piece.backward.varianceNs2;
  };
  double total = variance(costs.embedding) + variance(costs.head);
  for (size_t kind = 0; kind < costs.kinds.size(); ++kind)
    total += double(sequence.count(kind, 0, sequence.size())) * variance(costs.kinds[kind]);
  return total / double(shape.pp);
}

StageModel::Contents StageModel::contents(int64_t stage, int64_t first, int64_t count) const {
  Contents result{stage, first, {}, {}, 0, 0, receiveNs[stage]};
  if (stage == 0)
    result.ends.push_back(&costs.embedding);
  if (stage == shape.pp - 1)
    result.ends.push_back(&costs.head);
  auto add = [&](const PieceCost &piece, int64_t times, int64_t time) {
    result.denseParameters = addSat(result.denseParameters, mulSat(times, piece.denseParameters));
    result.expertParameters =
        addSat(result.expertParameters, mulSat(times, piece.expertParameters));
    result.baseNs = addSat(result.baseNs, mulSat(times, time));
  };
  for (const PieceCost *end : result.ends)
    add(*end, 1, end->baseNs);
  if (shape.pp == 1)
    result.denseParameters -= problem.model.sharedParameters;
  for (size_t kind = 0; kind < costs.kinds.size(); ++kind) {
    result.counts.push_back(sequence.count(kind, first, first + count));
    add(costs.kinds[kind], result.counts.back(), layerNs(kind));
  }
  return result;
}

int64_t StageModel::baseNs(int64_t stage, int64_t first, int64_t count) const {
  int64_t total = receiveNs[stage];
  if (stage == 0)
    total = addSat(total, costs.embedding.baseNs);
  if (stage == shape.pp - 1)
    total = addSat(total, costs.head.baseNs);
  for (size_t kind = 0; kind < costs.kinds.size(); ++kind)
    total = addSat(total, mulSat(sequence.count(kind, first, first + count), layerNs(kind)));
  return total;
}

RematProblem StageModel::rematProblem(const Contents &contents) const {
  int64_t inFlight = microBatchesInFlight(contents.stage, shape.pp, shape.numMicroBatches);
  RematProblem result;
  result.pinned = problem.job.pins.remat;
  result.fixedTransientBytes = costs.workspaceBytes;
  for (const PieceCost *end : contents.ends)
    result.fixedTransientBytes = std::max(result.fixedTransientBytes, end->transientBytes);
  for (size_t kind = 0; kind < costs.kinds.size(); ++kind) {
    const PieceCost &cost = costs.kinds[kind];
    result.kinds.push_back({contents.counts[kind], cost.extraNs, mulSat(cost.savedBytes, inFlight),
                            mulSat(cost.rematSavedBytes, inFlight), cost.transientBytes,
                            cost.rematTransientBytes});
  }
  return result;
}

// Everything but what the layers save and their working sets.
StageMemoryInput StageModel::memoryInput(const Contents &contents) const {
  StageMemoryInput input;
  input.stage = contents.stage;
  input.numStages = shape.pp;
  input.numMicroBatches = shape.numMicroBatches;
  input.parameters = addSat(contents.denseParameters, contents.expertParameters);
  for (const PieceCost *end : contents.ends)
    input.savedBytes = addSat(input.savedBytes, end->savedBytes);
  input.boundaryBytes = costs.boundaryBytes;
  input.batchBytes = costs.batchBytes;
  return input;
}

int64_t StageModel::fixedBytes(const Contents &contents) const {
  return stageMemory(problem.job.recipe, memoryInput(contents)).totalBytes();
}

int64_t StageModel::syncNs(int64_t denseParameters, int64_t expertParameters) const {
  int64_t gradient = problem.job.recipe.gradientBytes;
  auto reduce = [&](int64_t parameters, int64_t size, int64_t stride) {
    int64_t mean = topology.allReduceNs(mulSat(parameters, gradient), size, stride);
    return addSat(mean, slowestOfNs(mean, size, topology.groupJitterPpm(size, stride) * 1e-6));
  };
  return addSat(reduce(denseParameters, shape.dp, 1),
                reduce(expertParameters, shape.dp / shape.ep, shape.ep));
}

// Adam reads the gradient, reads and writes values, master copy and moments, and computes
// next to nothing.
int64_t StageModel::optimizerNs(int64_t parameters) const {
  const Recipe &recipe = problem.job.recipe;
  int64_t perParameter = recipe.gradientBytes + 2 * (recipe.valueBytes + recipe.optimizerBytes);
  return memoryTimeNs(problem.cluster.device, mulSat(parameters, perParameter));
}

std::optional<StageTimes> StageModel::evaluate(int64_t stage, int64_t first, int64_t count) const {
  Contents held = contents(stage, first, count);
  int64_t fixed = fixedBytes(held);
  if (fixed > capacity)
    return std::nullopt;
  std::optional<RematChoice> choice = chooseRemat(rematProblem(held), capacity - fixed);
  if (!choice)
    return std::nullopt;
  // A pinned rematerialization is in baseNs already.
  int64_t extra = problem.job.pins.remat ? 0 : choice->extraNs;
  int64_t parameters = addSat(held.denseParameters, held.expertParameters);
  return StageTimes{
      addSat(held.baseNs, extra),
      addSat(syncNs(held.denseParameters, held.expertParameters), optimizerNs(parameters))};
}

int64_t StageModel::leastPeakBytes(int64_t stage, int64_t first, int64_t count) const {
  Contents held = contents(stage, first, count);
  return addSat(fixedBytes(held), leastRematBudget(rematProblem(held)));
}

int64_t StageModel::totalParameters(bool experts) const {
  auto of = [&](const PieceCost &piece) {
    return experts ? piece.expertParameters : piece.denseParameters;
  };
  int64_t total = addSat(of(costs.embedding), of(costs.head));
  for (size_t kind = 0; kind < costs.kinds.size(); ++kind)
    total = addSat(total, mulSat(sequence.count(kind, 0, sequence.size()), of(costs.kinds[kind])));
  return shape.pp == 1 && !experts ? total - problem.model.sharedParameters : total;
}

bool StageModel::staticMemoryFits() const {
  const Recipe &recipe = problem.job.recipe;
  int64_t perParameter = recipe.valueBytes + recipe.gradientBytes + recipe.optimizerBytes;
  int64_t total = addSat(totalParameters(false), totalParameters(true));
  return mulSat(total / shape.pp, perParameter) <= capacity;
}

int64_t StageModel::lowerBoundNs(int64_t slowestNs) const {
  int64_t slowest = std::max(slowestNs, ceilDiv(totalNs, shape.pp));
  for (size_t kind = 0; kind < costs.kinds.size(); ++kind)
    slowest = std::max(slowest, layerNs(kind));
  slowest = std::max(slowest, baseNs(0, 0, 1));
  slowest = std::max(slowest, baseNs(shape.pp - 1, sequence.size() - 1, 1));
  // Some stage has at least the average tail, and tails are linear in the parameters up
  // to rounding: each of the few dozen roundings inside adds less than 2 ns to what
  // stands for the average.
  constexpr int64_t kRoundingNs = 256;
  int64_t dense = totalParameters(false) / shape.pp, expert = totalParameters(true) / shape.pp;
  int64_t tail = addSat(syncNs(dense, expert), optimizerNs(addSat(dense, expert)));
  int64_t steady = mulSat(shape.numMicroBatches - 1, slowest);
  return addSat(addSat(steady, totalNs),
                addSat(std::max<int64_t>(0, tail - kRoundingNs), quantileNs));
}
