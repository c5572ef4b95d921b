// The stages of the answer: the same figures as StageModel's options, in parts that a person can
// read.
#include "planner/cost/Arithmetic.h"
#include "planner/search/StageModel.h"

using namespace sigma::planner;

std::vector<std::vector<LayerRange>>
StageModel::chunksOf(const std::vector<int64_t> &counts) const {
  std::vector<std::vector<LayerRange>> chunks(shape.pp);
  const LayerSequence::Repeat &repeat = sequence.repeat();
  const int64_t last = shape.vpp * shape.pp - 1;
  int64_t next = 0;
  for (int64_t index = 0; index <= last; ++index) {
    const VirtualStage place = virtualStage(shape, index);
    const int64_t held = counts[place.stage];
    int64_t layers = held;
    if (shape.vpp > 1) {
      layers = repeat.block * (held / shape.vpp + (place.chunk < held % shape.vpp));
      layers += index == 0 ? repeat.first : 0;
      layers += index == last ? sequence.size() - repeat.end() : 0;
    }
    chunks[place.stage].push_back({next, next + layers});
    next += layers;
  }
  return chunks;
}

std::vector<StagePlan> StageModel::describe(const std::vector<int64_t> &counts,
                                            bool leastMemory) const {
  const std::vector<std::vector<LayerRange>> chunks = chunksOf(counts);
  std::vector<StagePlan> plans;
  int64_t first = 0;
  for (int64_t stage = 0; stage < shape.pp; ++stage) {
    const Contents held = contents(stage, first, counts[stage]);
    const RematProblem remat = rematProblem(held);
    std::optional<RematChoice> choice =
        leastMemory ? leastPeakChoice(remat) : chooseRemat(remat, capacityBytes(stage));
    if (!choice)
      throw PlanningError("a stage of the chosen plan does not fit the memory");
    plans.push_back(describeStage(held, remat, *choice, chunks[stage]));
    first += counts[stage];
  }
  return plans;
}

StagePlan StageModel::describeStage(const Contents &held, const RematProblem &remat,
                                    const RematChoice &choice,
                                    const std::vector<LayerRange> &chunks) const {
  StagePlan plan;
  plan.chunks = chunks;
  // Of each kind, the first layers of the stage are those that recompute most.
  std::vector<std::vector<int64_t>> left = choice.counts;
  for (const LayerRange &chunk : chunks)
    for (int64_t layer = chunk.first; layer < chunk.end; ++layer) {
      const int kind = sequence.kindOf[layer];
      size_t mode = left[kind].size() - 1;
      while (left[kind][mode] == 0)
        --mode;
      --left[kind][mode];
      plan.remat.push_back(stages[held.stage].costs->kinds[kind].modes[mode].name);
    }
  describeTimes(held, choice, plan);
  describeMemory(held, remat, choice, plan);
  return plan;
}

void StageModel::describeTimes(const Contents &held, const RematChoice &choice,
                               StagePlan &plan) const {
  const Stage &stage = stages[held.stage];
  const CostSet &costs = *stage.costs;
  auto addPiece = [&](const PieceCost &piece, int64_t times, const ZeroEach &zero) {
    for (const WorkTime *work : {&piece.forward, &piece.backward}) {
      addTimes(plan.computeNs, times, work->computeNs);
      addTimes(plan.exchangeNs, times, work->exchangeNs);
      addTimes(plan.tensorNs, times, work->tensorNs);
      addTimes(plan.contextNs, times, work->contextNs);
      addTimes(plan.noiseNs, times, work->noiseNs);
    }
    addTimes(plan.zeroNs, times, zero.totalNs());
  };
  addPiece(costs.embedding, held.hasEmbedding, stage.embeddingZero);
  addPiece(costs.head, held.hasHead, stage.headZero);
  for (size_t kind = 0; kind < held.kinds.size(); ++kind) {
    addPiece(costs.kinds[kind], held.kinds[kind], stage.kindZero[kind]);
    for (size_t mode = 0; mode < choice.counts[kind].size(); ++mode) {
      const WorkTime &again = costs.kinds[kind].modes[mode].recompute;
      addTimes(plan.recomputeNs, choice.counts[kind][mode], again.totalNs() - again.noiseNs);
      addTimes(plan.noiseNs, choice.counts[kind][mode], again.noiseNs);
    }
  }
  plan.transferNs = stage.receiveNs;
  for (int64_t part : {plan.computeNs, plan.recomputeNs, plan.exchangeNs, plan.tensorNs,
                       plan.contextNs, plan.zeroNs, plan.transferNs, plan.noiseNs})
    plan.microBatchNs = addSat(plan.microBatchNs, part);
  plan.syncNs = zeroTime.syncNs(held.work);
  plan.optimizerNs = optimizerNs(held);
}

void StageModel::describeMemory(const Contents &held, const RematProblem &remat,
                                const RematChoice &choice, StagePlan &plan) const {
  StageMemoryInput input = memoryInput(held);
  input.transientBytes = transientBytes(remat, choice);
  input.layerBytes = savedBytes(remat, choice);
  StageMemory memory = stageMemory(problem.job.recipe, input);
  plan.parameterBytes = memory.parameterBytes;
  plan.gradientBytes = memory.gradientBytes;
  plan.optimizerBytes = memory.optimizerBytes;
  plan.activationBytes = memory.activationBytes;
  plan.transientBytes = memory.transientBytes;
  plan.bufferBytes = memory.bufferBytes;
  plan.peakBytes = memory.totalBytes();
}
