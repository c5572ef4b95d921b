#include "planner/check/CheckStage.h"
#include "planner/check/CheckTurns.h"
#include "planner/check/CheckWork.h"
#include "planner/cost/Roofline.h"

using namespace sigma::planner;

namespace {

class TimeCounter {
public:
  TimeCounter(const Problem &problem, const Layout &layout, const Contents &contents)
      : job(problem.job), workCounter(problem, contents.device, layout),
        parameterCounter(problem, layout) {}

  void piece(const Piece &piece);
  // Without recomputation.
  Wide pieceNs(const LayerCost &cost);
  void step(const Problem &problem, const Layout &layout, const Contents &contents);
  void store(StagePlan &plan) const;
  StepTerms terms(const Layout &layout, Wide microBatchNs, const Turns &turns) const;

  Wide transferNs = 0;

private:
  // What ZeRO takes of backward, of which `reduceNs` reduces gradients.
  struct ZeroOfBackward {
    Wide ns, reduceNs;
  };
  ZeroOfBackward zero(const LayerCost &cost, Wide forwardNs, Wide backwardNs);

  const Job &job;
  WorkCounter workCounter;
  ParameterCounter parameterCounter;
  Parameters parameters;
  Wide forwardNs = 0, backwardNs = 0; // arithmetic
  Wide recomputeNs = 0, exchangeNs = 0, tensorNs = 0, contextNs = 0, zeroNs = 0, noiseNs = 0;
  Wide hiddenNs = 0;        // of exchanges
  Wide wholeBackwardNs = 0; // with all it waits for and what it recomputes
  Wide putOffNs = 0;        // twice what nobody waits for where backward is split
  Wide syncNs = 0, optimizerNs = 0;
};

void TimeCounter::piece(const Piece &piece) {
  const WorkCount forward = workCounter.countForward(piece.cost->forward);
  const WorkCount backward = workCounter.countBackward(piece.cost->backward);
  const WorkCount again = workCounter.countRecomputation(piece.mode->recompute);
  for (const WorkCount *work : {&forward, &backward}) {
    exchangeNs += work->exchangeNs;
    tensorNs += work->tensorNs;
    contextNs += work->contextNs;
  }
  forwardNs += forward.computeNs;
  backwardNs += backward.computeNs;
  noiseNs += forward.noiseNs + backward.noiseNs + again.noiseNs;
  recomputeNs += again.computeNs + again.tensorNs + again.contextNs + again.exchangeNs;
  hiddenNs += forward.hiddenNs + backward.hiddenNs;
  for (const WorkCount *work : {&backward, &again})
    wholeBackwardNs += work->computeNs + work->tensorNs + work->contextNs + work->exchangeNs +
                       work->hiddenNs + work->noiseNs;
  const ZeroOfBackward shared = zero(*piece.cost, forward.computeNs, backward.computeNs);
  wholeBackwardNs += shared.ns;
  const Wide waitedNs = backward.computeNs + backward.tensorNs + backward.contextNs +
                        backward.exchangeNs + backward.noiseNs + shared.ns;
  putOffNs += std::min(backward.computeNs + 2 * shared.reduceNs, waitedNs);
  parameters += *piece.cost;
}

Wide TimeCounter::pieceNs(const LayerCost &cost) {
  const RematMode none;
  piece({&cost, &none});
  return forwardNs + backwardNs + exchangeNs + tensorNs + contextNs + zeroNs + noiseNs;
}

TimeCounter::ZeroOfBackward TimeCounter::zero(const LayerCost &cost, Wide forwardNs,
                                              Wide backwardNs) {
  Parameters held;
  held += cost;
  const Wide reduceNs =
      beyond(parameterCounter.reduceEachNs(held), shareOf(backwardNs, job.overlap.gradientPpm));
  const Wide gatherNs = beyond(parameterCounter.gatherEachNs(held),
                               shareOf(forwardNs + backwardNs, job.overlap.parameterPpm));
  zeroNs += reduceNs + gatherNs;
  return {reduceNs + gatherNs / 2, reduceNs};
}

// What comes once per step.
void TimeCounter::step(const Problem &problem, const Layout &layout, const Contents &contents) {
  parameters.dense -= sharedParameters(problem.model, layout, contents);
  syncNs = beyond(parameterCounter.reduceOnceNs(parameters),
                  shareOf(backwardNs, job.overlap.gradientPpm)) +
           beyond(parameterCounter.gatherOnceNs(parameters),
                  shareOf(forwardNs, job.overlap.parameterPpm));
  const Recipe &recipe = job.recipe;
  const int64_t touched = recipe.gradientBytes + 2 * recipe.valueBytes + 2 * recipe.optimizerBytes;
  const Wide updated = parameterCounter.shareFrom(1, parameters);
  optimizerNs = memoryTimeNs(contents.device, narrow(updated * touched));
}

void TimeCounter::store(StagePlan &plan) const {
  plan.computeNs = narrow(forwardNs + backwardNs);
  plan.recomputeNs = narrow(recomputeNs);
  plan.exchangeNs = narrow(exchangeNs);
  plan.tensorNs = narrow(tensorNs);
  plan.contextNs = narrow(contextNs);
  plan.zeroNs = narrow(zeroNs);
  plan.transferNs = narrow(transferNs);
  plan.noiseNs = narrow(noiseNs);
  plan.microBatchNs = narrow(forwardNs + backwardNs + recomputeNs + exchangeNs + tensorNs +
                             contextNs + zeroNs + transferNs + noiseNs);
  plan.syncNs = narrow(syncNs);
  plan.optimizerNs = narrow(optimizerNs);
}

// Interleaved: as if all chunks were as long as their turns, but for what is won back.
static Wide turnsBusyNs(const Layout &layout, Wide microBatchNs, const Turns &turns) {
  const Wide ns = microBatchNs + turns.lagNs;
  return layout.numMicroBatches * ns - quotient(ns, layout.vpp) - turns.reliefNs;
}

StepTerms TimeCounter::terms(const Layout &layout, Wide microBatchNs, const Turns &turns) const {
  Wide fillNs = 0, lonelyNs = 0, leastNs = 0;
  switch (layout.schedule) {
  case Schedule::OneForwardOneBackward:
    fillNs = microBatchNs;
    break;
  case Schedule::Interleaved:
    fillNs = quotient(microBatchNs, layout.vpp);
    leastNs = turnsBusyNs(layout, microBatchNs, turns);
    break;
  case Schedule::ZeroBubbleH1:
    fillNs = microBatchNs - putOffNs;
    break;
  case Schedule::DualPipeV:
    fillNs = quotient(2 * microBatchNs + 2 * wholeBackwardNs - 3 * putOffNs, 4);
    lonelyNs = quotient((2 * layout.pp + 1) * hiddenNs, 2);
    break;
  }
  return {fillNs, std::max(leastNs, layout.numMicroBatches * microBatchNs - fillNs + lonelyNs)};
}

} // namespace

StepTerms sigma::planner::checkStageTime(const Problem &problem, const Layout &layout,
                                         ContentsBook &book, const Contents &contents,
                                         StagePlan &plan) {
  TimeCounter counter(problem, layout, contents);
  for (const Piece &piece : contents.pieces())
    counter.piece(piece);
  Topology topology(problem.cluster);
  for (int64_t other : contents.remote)
    counter.transferNs +=
        topology.stageTransferNs(book.boundaryBytes, layout, other, contents.stage);
  counter.step(problem, layout, contents);
  counter.store(plan);
  Turns turns;
  if (layout.schedule == Schedule::Interleaved)
    turns = countTurns(layout, book, contents, [&](const LayerCost &cost) {
      return TimeCounter(problem, layout, contents).pieceNs(cost);
    });
  return counter.terms(layout, plan.microBatchNs, turns);
}

static double varianceOf(const WorkCounter &counter, const LayerCost &cost) {
  return counter.countForward(cost.forward).varianceNs2 +
         counter.countBackward(cost.backward).varianceNs2;
}

double sigma::planner::varianceNs2(const Problem &problem, const Layout &layout, ContentsBook &book,
                                   const std::vector<Contents> &stages) {
  double ends = 0, layers = 0;
  for (const Contents &contents : stages) {
    const WorkCounter counter(problem, contents.device, layout);
    for (const std::optional<Piece> &end : {contents.embedding, contents.head})
      if (end)
        ends += varianceOf(counter, *end->cost);
    for (const LayerGroup &group : problem.model.layers)
      layers += double(group.count) * varianceOf(counter, book.layerOf(group.kind));
  }
  return ends + layers / double(stages.size());
}
