#include "planner/search/StageModel.h"

#include "planner/Pipeline.h"
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
    : MemoryModel(problem, sequence, costs, layout, Figures::Whole), zeroTime(problem, layout) {
  for (int64_t stage = 0; stage < shape.pp; ++stage)
    stages.push_back(makeStage(stage));
  lookAround();
  // Stages differ only in their devices, and layers are spread evenly over them on average.
  double variance = 0;
  for (const Stage &stage : stages) {
    double here = stages[0].costs->embedding.varianceNs2() +
                  stages[headStage(shape)].costs->head.varianceNs2();
    for (size_t kind = 0; kind < sequence.kinds.size(); ++kind)
      here +=
          double(sequence.count(kind, 0, sequence.size())) * stage.costs->kinds[kind].varianceNs2();
    variance += here / double(shape.pp);
  }
  quantileNs = noiseAtQuantileNs(problem, stepNoise(problem, shape, variance));
}

int64_t StageModel::constantNs() const { return addSat(problem.job.stepNs, quantileNs); }

StageModel::Stage StageModel::makeStage(int64_t index) const {
  Stage stage;
  stage.costs = hosts[index].costs;
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
  stage.embeddingCell = cellOf(stage.costs->embedding, stage.embeddingZero);
  stage.headCell = cellOf(stage.costs->head, stage.headZero);
  if (index == 0)
    stage.endsCell.add(stage.embeddingCell, 1);
  if (index == headStage(shape))
    stage.endsCell.add(stage.headCell, 1);
  const Topology topology(problem.cluster);
  for (int64_t other : remoteNeighbours(shape, index))
    stage.receiveNs = addSat(
        stage.receiveNs, topology.stageTransferNs(stage.costs->boundaryBytes, shape, other, index));
  stage.endsCell.addReceive(stage.receiveNs);
  if (shape.schedule == Schedule::Interleaved)
    stage.pace = ChunkPace(shape, chunkTimes(stage));
  return stage;
}

// What all stages together have, and the later ones besides layers.
void StageModel::lookAround() {
  int64_t receiveNs = 0;
  for (int64_t index = shape.pp - 1; index >= 0; --index) {
    stages[index].endsAfter.addReceive(receiveNs);
    if (headStage(shape) > index)
      stages[index].endsAfter.add(stages[index].headCell, 1);
    receiveNs = addSat(receiveNs, stages[index].receiveNs);
  }
  for (Stage &stage : stages) {
    CellTime model;
    model.add(stage.embeddingCell, 1);
    model.add(stage.headCell, 1);
    for (size_t kind = 0; kind < stage.kindCells.size(); ++kind)
      model.add(stage.kindCells[kind], sequence.count(kind, 0, sequence.size()));
    model.addReceive(receiveNs);
    model.recomputeNs = 0;
    stage.averageNs = stageTimes(shape, model).steadyNs / shape.pp;
  }
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

StageTimes StageModel::base(int64_t stage, int64_t first, int64_t count) const {
  const CellTime sum = cell(stage, first, count);
  return stageTimes(shape, sum, waits(stage, first, count, sum));
}

CellTime StageModel::cell(int64_t index, int64_t first, int64_t count) const {
  const Stage &stage = stages[index];
  CellTime sum = stage.endsCell;
  for (size_t kind = 0; kind < stage.kindCells.size(); ++kind)
    sum.add(stage.kindCells[kind], layersOfKind(kind, index, first, count));
  return sum;
}

StageWaits StageModel::waits(int64_t index, int64_t first, int64_t count, CellTime cell) const {
  const Stage &stage = stages[index];
  CellTime after = stage.endsAfter;
  if (shape.vpp == 1)
    for (size_t kind = 0; kind < stage.kindCells.size(); ++kind)
      after.add(stage.kindCells[kind], sequence.count(kind, first + count, sequence.size()));
  cell.recomputeNs = 0;
  return {stage.pace.lagNs(index, count), stage.pace.regainNs(),
          mostAheadNs(shape, index, cell, after), stage.averageNs};
}

// Adam reads the gradient, reads and writes values, master copy and moments, and computes
// next to nothing.
int64_t StageModel::optimizerNs(const Contents &held) const {
  const StageMemoryInput input = memoryInput(held);
  int64_t updated = addSat(input.dense.share(1), input.expert.share(1));
  return updateTimeNs(*hosts[held.stage].device, mulSat(updated, problem.job.recipe.updateBytes()));
}

int64_t StageModel::tailNs(const Contents &held) const {
  const int64_t endsNs = zeroTime.endsNs(parametersAtEnds(problem.model, shape, held.stage));
  return addSat(addSat(zeroTime.syncNs(held.work), endsNs), optimizerNs(held));
}

const std::optional<StageTimes> &StageModel::evaluate(int64_t stage, int64_t first,
                                                      int64_t count) const {
  auto [position, isNew] = evaluated.try_emplace({stage, first, count});
  if (isNew)
    position->second = evaluateAnew(stage, first, count);
  return position->second;
}

std::optional<StageTimes> StageModel::evaluateAnew(int64_t stage, int64_t first,
                                                   int64_t count) const {
  const Contents held = contents(stage, first, count);
  std::optional<RematChoice> choice = chooseRemat(rematProblem(held), capacityBytes(stage));
  if (!choice)
    return std::nullopt;
  CellTime sum = cell(stage, first, count);
  const StageWaits others = waits(stage, first, count, sum);
  sum.addRecompute(choice->extraNs);
  StageTimes times = stageTimes(shape, sum, others);
  times.tailNs = tailNs(held);
  return times;
}
