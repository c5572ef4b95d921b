#include "planner/search/StageModel.h"

#include "planner/cost/Arithmetic.h"
#include "planner/cost/Roofline.h"

#include <algorithm>
#include <cmath>

using namespace sigma::planner;

StepNoise sigma::planner::stepNoise(const Problem &problem, const Layout &layout,
                                    double pieceVariance) {
  StepNoise noise;
  noise.cellSigmaNs = std::sqrt(pieceVariance / double(layout.pp));
  noise.numMicroBatches = layout.numMicroBatches;
  noise.numStages = layout.pp;
  noise.numReplicas = independentReplicas(layout);
  noise.numDevices = problem.cluster.numDevices;
  noise.spikes = problem.cluster.spikes;
  return noise;
}

int64_t sigma::planner::noiseAtQuantileNs(const Problem &problem, const StepNoise &noise) {
  double quantile = noise.quantileNs(problem.job.quantilePpm * 1e-6);
  return static_cast<int64_t>(std::ceil(std::min(quantile, double(kSaturated))));
}

StageModel::StageModel(const Problem &problem, const LayerSequence &sequence, CostCache &costs,
                       const Layout &layout)
    : problem(problem), sequence(sequence), shape(layout), zeroTime(problem, layout) {
  units = shape.vpp == 1 ? sequence.size() : sequence.repeat().repeats;
  for (int64_t stage = 0; stage < shape.pp; ++stage) {
    stages.push_back(makeStage(stage, costs));
    devices.push_back(&costs.device(stages.back().devices));
  }
  // Stages differ only in their devices, and layers are spread evenly over them on average.
  auto varianceOf = [](const PieceCost &piece) {
    return piece.forward.varianceNs2 + piece.backward.varianceNs2;
  };
  double variance = 0;
  for (const Stage &stage : stages) {
    double here =
        varianceOf(stages[0].costs->embedding) + varianceOf(stages[headStage(shape)].costs->head);
    for (size_t kind = 0; kind < sequence.kinds.size(); ++kind)
      here +=
          double(sequence.count(kind, 0, sequence.size())) * varianceOf(stage.costs->kinds[kind]);
    variance += here / double(shape.pp);
  }
  layoutNoise = stepNoise(problem, shape, variance);
  quantileNs = noiseAtQuantileNs(problem, layoutNoise);
}

int64_t StageModel::constantNs() const { return addSat(problem.job.stepNs, quantileNs); }

StageModel::Stage StageModel::makeStage(int64_t index, CostCache &cache) const {
  Stage stage;
  stage.devices = kindsOf(problem.cluster, shape, index);
  stage.costs = &cache.whole(shape, stage.devices);
  stage.embeddingZero = zeroTime.everyMicroBatch(stage.costs->embedding.replicated());
  stage.headZero = zeroTime.everyMicroBatch(stage.costs->head.replicated());
  for (const PieceCost &kind : stage.costs->kinds)
    stage.kindZero.push_back(zeroTime.everyMicroBatch(kind.replicated()));
  auto cellOf = [](const PieceCost &piece, const ZeroEach &zero) {
    CellTime cell;
    cell.add(piece, 1, zero);
    cell.addRecompute(piece.leastExtraNs());
    return cell;
  };
  for (size_t kind = 0; kind < stage.kindZero.size(); ++kind)
    stage.kindCells.push_back(cellOf(stage.costs->kinds[kind], stage.kindZero[kind]));
  if (index == 0)
    stage.endsCell.add(cellOf(stage.costs->embedding, stage.embeddingZero), 1);
  if (index == headStage(shape))
    stage.endsCell.add(cellOf(stage.costs->head, stage.headZero), 1);
  const Topology topology(problem.cluster);
  for (int64_t other : remoteNeighbours(shape, index))
    stage.receiveNs = addSat(
        stage.receiveNs, topology.stageTransferNs(stage.costs->boundaryBytes, shape, other, index));
  stage.endsCell.addReceive(stage.receiveNs);
  if (shape.schedule == Schedule::Interleaved)
    stage.pace = ChunkPace(shape, chunkTimes(stage));
  stage.capacityBytes =
      usableMemoryBytes(cache.device(stage.devices).memoryBytes, problem.job.memoryMarginPpm);
  return stage;
}

ChunkTimes StageModel::chunkTimes(const Stage &stage) const {
  const LayerSequence::Repeat &repeat = sequence.repeat();
  auto pieceNs = [](const PieceCost &piece, const ZeroEach &zero) {
    return addSat(piece.baseNs, zero.totalNs());
  };
  auto layersNs = [&](int64_t first, int64_t end) {
    int64_t sum = 0;
    for (size_t kind = 0; kind < stage.kindZero.size(); ++kind)
      sum = addSat(sum, mulSat(sequence.count(kind, first, end),
                               pieceNs(stage.costs->kinds[kind], stage.kindZero[kind])));
    return sum;
  };
  ChunkTimes times;
  times.units = repeat.repeats;
  times.unitNs = layersNs(repeat.first, repeat.first + repeat.block);
  times.beforeNs =
      addSat(pieceNs(stage.costs->embedding, stage.embeddingZero), layersNs(0, repeat.first));
  times.afterNs =
      addSat(pieceNs(stage.costs->head, stage.headZero), layersNs(repeat.end(), sequence.size()));
  return times;
}

// Chunks are whole repeats; what stands before the first repeat belongs to the first virtual stage,
// what stands after the last to the last.
int64_t StageModel::layersOfKind(size_t kind, int64_t stage, int64_t first, int64_t count) const {
  if (shape.vpp == 1)
    return sequence.count(kind, first, first + count);
  const LayerSequence::Repeat &repeat = sequence.repeat();
  int64_t layers = count * sequence.count(kind, repeat.first, repeat.first + repeat.block);
  if (stage == 0)
    layers += sequence.count(kind, 0, repeat.first);
  if (stage == headStage(shape))
    layers += sequence.count(kind, repeat.end(), sequence.size());
  return layers;
}

void StageModel::countLayers(Contents &held) const {
  for (size_t kind = 0; kind < sequence.kinds.size(); ++kind) {
    held.kinds.push_back(layersOfKind(kind, held.stage, held.first, held.count));
    held.numLayers += held.kinds.back();
  }
  if (shape.vpp == 1) {
    held.largestChunkLayers = held.numLayers;
    return;
  }
  const LayerSequence::Repeat &repeat = sequence.repeat();
  for (int64_t chunk = 0; chunk < shape.vpp; ++chunk) {
    int64_t index = virtualIndex(shape, held.stage, chunk);
    int64_t layers = repeat.block * (held.count / shape.vpp + (chunk < held.count % shape.vpp));
    layers += index == 0 ? repeat.first : 0;
    layers += index == shape.vpp * shape.pp - 1 ? sequence.size() - repeat.end() : 0;
    held.largestChunkLayers = std::max(held.largestChunkLayers, layers);
  }
}

StageModel::Contents StageModel::contents(int64_t index, int64_t first, int64_t count) const {
  const Stage &stage = stages[index];
  Contents held;
  held.stage = index;
  held.first = first;
  held.count = count;
  held.hasEmbedding = index == 0;
  held.hasHead = index == headStage(shape);
  countLayers(held);
  auto add = [&](const PieceCost &piece, int64_t times) {
    if (times == 0)
      return;
    auto accumulate = [&](int64_t &sum, int64_t value) { sum = addSat(sum, mulSat(times, value)); };
    accumulate(held.work.denseParameters, piece.denseParameters);
    accumulate(held.work.expertParameters, piece.expertParameters);
    accumulate(held.work.forwardComputeNs, piece.forward.computeNs);
    accumulate(held.work.backwardComputeNs, piece.backward.computeNs);
    held.largestDense = std::max(held.largestDense, piece.denseParameters);
    held.largestExpert = std::max(held.largestExpert, piece.expertParameters);
  };
  for (size_t kind = 0; kind < held.kinds.size(); ++kind)
    add(stage.costs->kinds[kind], held.kinds[kind]);
  add(stage.costs->embedding, held.hasEmbedding);
  add(stage.costs->head, held.hasHead);
  if (held.hasEmbedding && held.hasHead)
    held.work.denseParameters -= ceilDiv(problem.model.sharedParameters, shape.tp);
  return held;
}

StageTimes StageModel::base(int64_t stage, int64_t first, int64_t count) const {
  return stageTimes(shape, cell(stage, first, count));
}

CellTime StageModel::cell(int64_t index, int64_t first, int64_t count) const {
  const Stage &stage = stages[index];
  CellTime sum = stage.endsCell;
  for (size_t kind = 0; kind < stage.kindCells.size(); ++kind)
    sum.add(stage.kindCells[kind], layersOfKind(kind, index, first, count));
  sum.lagNs = stage.pace.lagNs(index, count);
  sum.reliefNs = stage.pace.reliefNs();
  return sum;
}

std::vector<int64_t> StageModel::unevenStages() const {
  std::vector<int64_t> stages;
  const LayerSequence::Repeat &repeat = sequence.repeat();
  const int64_t head = headStage(shape);
  const bool isHeadUneven = repeat.end() < sequence.size();
  if (shape.vpp > 1 && (repeat.first > 0 || (head == 0 && isHeadUneven)))
    stages.push_back(0);
  if (shape.vpp > 1 && head != 0 && isHeadUneven)
    stages.push_back(head);
  return stages;
}

StageMemoryInput StageModel::memoryInput(const Contents &held) const {
  const CostSet &costs = *stages[held.stage].costs;
  StageMemoryInput input;
  input.layout = shape;
  input.stage = held.stage;
  input.dense = {held.work.denseParameters, held.largestDense, shape.cp * shape.dp, shape.zero};
  input.expert = {held.work.expertParameters, held.largestExpert, shape.edp(), shape.expertZero};
  input.numLayers = held.numLayers;
  input.largestChunkLayers = held.largestChunkLayers;
  input.transientBytes = costs.workspaceBytes;
  auto addEnd = [&](const PieceCost &end, int64_t &saved) {
    saved = end.modes.front().savedBytes;
    input.transientBytes = std::max(input.transientBytes, end.modes.front().transientBytes);
  };
  if (held.hasEmbedding)
    addEnd(costs.embedding, input.embeddingSavedBytes);
  if (held.hasHead)
    addEnd(costs.head, input.headSavedBytes);
  input.boundaryBytes = costs.boundaryBytes;
  input.batchBytes = costs.batchBytes;
  return input;
}

RematProblem StageModel::rematProblem(const Contents &held) const {
  const CostSet &costs = *stages[held.stage].costs;
  StageMemoryInput input = memoryInput(held);
  RematProblem result;
  result.fixedTransientBytes = input.transientBytes;
  input.transientBytes = 0;
  result.fixedBytes = stageMemory(problem.job.recipe, input).totalBytes();
  result.numerator = inFlight(shape, held.stage).chunks * held.largestChunkLayers;
  result.denominator = held.numLayers;
  for (size_t kind = 0; kind < held.kinds.size(); ++kind) {
    RematKind entry{held.kinds[kind], {}};
    // What the cheapest mode takes is part of the base.
    const std::vector<ModeCost> &modes = costs.kinds[kind].modes;
    for (const ModeCost &mode : modes)
      entry.options.push_back(
          {mode.extraNs - modes.front().extraNs, mode.savedBytes, mode.transientBytes});
    result.kinds.push_back(std::move(entry));
  }
  return result;
}

// Adam reads the gradient, reads and writes values, master copy and moments, and computes
// next to nothing.
int64_t StageModel::optimizerNs(const Contents &held) const {
  const Recipe &recipe = problem.job.recipe;
  const StageMemoryInput input = memoryInput(held);
  int64_t perParameter = recipe.gradientBytes + 2 * (recipe.valueBytes + recipe.optimizerBytes);
  int64_t updated = addSat(input.dense.share(1), input.expert.share(1));
  return memoryTimeNs(*devices[held.stage], mulSat(updated, perParameter));
}

int64_t StageModel::tailNs(const Contents &held) const {
  return addSat(zeroTime.syncNs(held.work), optimizerNs(held));
}

std::optional<StageTimes> StageModel::evaluate(int64_t stage, int64_t first, int64_t count) const {
  const Contents held = contents(stage, first, count);
  std::optional<RematChoice> choice = chooseRemat(rematProblem(held), stages[stage].capacityBytes);
  if (!choice)
    return std::nullopt;
  CellTime sum = cell(stage, first, count);
  sum.addRecompute(choice->extraNs);
  StageTimes times = stageTimes(shape, sum);
  times.tailNs = tailNs(held);
  return times;
}

int64_t StageModel::leastPeakBytes(int64_t stage, int64_t first, int64_t count) const {
  return leastPeak(rematProblem(contents(stage, first, count))).bytes;
}
