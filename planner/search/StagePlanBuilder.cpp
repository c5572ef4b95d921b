// A stage of the answer: the same figures as StageModel's options, in parts that a person can read.
#include "planner/cost/Arithmetic.h"
#include "planner/search/StageModel.h"

using namespace sigma::planner;

StagePlan StageModel::describe(int64_t stage, int64_t first, int64_t count,
                               bool leastMemory) const {
  Contents held = contents(stage, first, count);
  RematProblem remat = rematProblem(held);
  int64_t budget = leastMemory ? leastRematBudget(remat) : capacity - fixedBytes(held);
  std::optional<RematChoice> choice = chooseRemat(remat, budget);
  if (!choice)
    throw PlanningError("a stage of the chosen plan does not fit the memory");
  StagePlan plan;
  plan.firstLayer = plan.endLayer = first;
  plan.endLayer += count;
  // Of each kind, the first layers of the stage are the rematerialized ones.
  std::vector<int64_t> left = choice->counts;
  for (int64_t layer = first; layer < plan.endLayer; ++layer)
    plan.remat.push_back(left[sequence.kindOf[layer]]-- > 0);
  describeTimes(held, plan);
  describeMemory(held, choice->counts, plan);
  return plan;
}

void StageModel::describeTimes(const Contents &held, StagePlan &plan) const {
  auto add = [&](const WorkTime &time, int64_t &compute, int64_t &exchange) {
    compute = addSat(compute, time.computeNs);
    exchange = addSat(exchange, time.exchangeNs);
    plan.noiseNs = addSat(plan.noiseNs, time.noiseNs);
  };
  auto addPass = [&](const PieceCost &piece) {
    add(piece.forward, plan.computeNs, plan.exchangeNs);
    add(piece.backward, plan.computeNs, plan.exchangeNs);
  };
  for (const PieceCost *end : held.ends)
    addPass(*end);
  for (int64_t layer = plan.firstLayer; layer < plan.endLayer; ++layer) {
    const PieceCost &piece = costs.kinds[sequence.kindOf[layer]];
    addPass(piece);
    if (plan.remat[layer - plan.firstLayer])
      add(piece.recompute, plan.recomputeNs, plan.recomputeNs);
  }
  plan.transferNs = receiveNs[held.stage];
  plan.microBatchNs = addSat(addSat(plan.computeNs, plan.recomputeNs),
                             addSat(addSat(plan.exchangeNs, plan.transferNs), plan.noiseNs));
  plan.syncNs = syncNs(held.denseParameters, held.expertParameters);
  plan.optimizerNs = optimizerNs(addSat(held.denseParameters, held.expertParameters));
}

void StageModel::describeMemory(const Contents &held, const std::vector<int64_t> &remat,
                                StagePlan &plan) const {
  StageMemoryInput input = memoryInput(held);
  input.transientBytes = transientBytes(rematProblem(held), remat);
  for (int64_t layer = plan.firstLayer; layer < plan.endLayer; ++layer) {
    const PieceCost &piece = costs.kinds[sequence.kindOf[layer]];
    bool again = plan.remat[layer - plan.firstLayer];
    input.savedBytes = addSat(input.savedBytes, again ? piece.rematSavedBytes : piece.savedBytes);
  }
  StageMemory memory = stageMemory(problem.job.recipe, input);
  plan.parameterBytes = memory.parameterBytes;
  plan.gradientBytes = memory.gradientBytes;
  plan.optimizerBytes = memory.optimizerBytes;
  plan.activationBytes = memory.activationBytes;
  plan.transientBytes = memory.transientBytes;
  plan.bufferBytes = memory.bufferBytes;
  plan.peakBytes = memory.totalBytes();
}
