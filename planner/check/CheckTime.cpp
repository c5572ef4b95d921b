#include "planner/check/CheckStage.h"
#include "planner/check/CheckTurns.h"
#include "planner/check/CheckWork.h"
#include "planner/cost/Roofline.h"

using namespace sigma::planner;

// Receiving, of one micro-batch.
static TierSums transferTiers(const Problem &problem, const Layout &layout,
                              const ContentsBook &book, const Contents &contents) {
  const Topology topology(problem.cluster);
  TierSums sums(problem.cluster.tiers.size(), 0);
  for (int64_t other : contents.remote)
    sums[topology.stageTier(layout, other, contents.stage)] +=
        topology.stageTransferNs(book.boundaryBytes, layout, other, contents.stage);
  return sums;
}

static Wide transfersNs(const Problem &problem, const Layout &layout, const ContentsBook &book,
                        const Contents &contents) {
  return totalOf(transferTiers(problem, layout, book, contents));
}

namespace {

class TimeCounter {
public:
  TimeCounter(const Problem &problem, const Layout &layout, const Contents &contents)
      : job(problem.job), workCounter(problem, contents.device, layout),
        parameterCounter(problem, layout) {}

  void piece(const Piece &piece);
  // Without recomputation.
  void piece(const LayerCost &cost);
  void step(const Problem &problem, const Layout &layout, const Contents &contents);
  void store(StagePlan &plan) const;

  Wide microBatchNs() const;
  Wide fillNs(const Layout &layout) const;
  // Beyond filling and draining, if no stage waits for another.
  Wide busyNs(const Layout &layout) const;
  // What is done ahead by such a stage, before `after`.
  Wide aheadNs(const Layout &layout, int64_t stage, const TimeCounter &after) const;
  // As of a chunk, without receiving.
  ChunkTimes chunkTimes() const;

  Wide transferNs = 0;
  Wide reduceNs = 0; // of gradients, once a step

private:
  // What ZeRO takes of a piece, and of its backward to reduce gradients.
  struct ZeroTime {
    Wide forwardNs, backwardNs, reduceNs;
  };
  ZeroTime zero(const LayerCost &cost, const WorkCount &forward, const WorkCount &backward);

  const Job &job;
  WorkCounter workCounter;
  ParameterCounter parameterCounter;
  Parameters parameters;
  Wide forwardNs = 0, backwardNs = 0; // arithmetic
  Wide recomputeNs = 0, exchangeNs = 0, tensorNs = 0, contextNs = 0, zeroNs = 0, noiseNs = 0;
  Wide hiddenNs = 0;        // of exchanges
  Wide hiddenForwardNs = 0; // of those forward
  Wide wholeForwardNs = 0;  // with all it waits for
  Wide wholeBackwardNs = 0; // with all it waits for and what it recomputes
  Wide putOffNs = 0;        // twice what nobody waits for where backward is split
  Wide reducedNs = 0;       // by ZeRO, of backward
  Wide syncNs = 0, optimizerNs = 0;
  TierTimes tiers; // transfers are the caller's
};

void TimeCounter::piece(const Piece &piece) {
  const WorkCount forward = workCounter.countForward(piece.cost->forward);
  const WorkCount backward = workCounter.countBackward(piece.cost->backward);
  const WorkCount again = workCounter.countRecomputation(piece.mode->recompute);
  for (const WorkCount *work : {&forward, &backward}) {
    exchangeNs += work->exchangeNs;
    tensorNs += work->tensorNs;
    contextNs += work->contextNs;
    addTo(tiers.exchangeNs, work->exchangeTiers);
    addTo(tiers.tensorNs, work->tensorTiers);
    addTo(tiers.contextNs, work->contextTiers);
  }
  forwardNs += forward.computeNs;
  backwardNs += backward.computeNs;
  noiseNs += forward.noiseNs + backward.noiseNs + again.noiseNs;
  recomputeNs += again.computeNs + again.tensorNs + again.contextNs + again.exchangeNs;
  hiddenNs += forward.hiddenNs + backward.hiddenNs;
  hiddenForwardNs += forward.hiddenNs;
  for (const WorkCount *work : {&backward, &again})
    wholeBackwardNs += work->computeNs + work->tensorNs + work->contextNs + work->exchangeNs +
                       work->hiddenNs + work->noiseNs;
  const ZeroTime shared = zero(*piece.cost, forward, backward);
  wholeForwardNs += forward.computeNs + forward.tensorNs + forward.contextNs + forward.exchangeNs +
                    forward.noiseNs + shared.forwardNs;
  wholeBackwardNs += shared.backwardNs;
  reducedNs += shared.reduceNs;
  const Wide waitedNs = backward.computeNs + backward.tensorNs + backward.contextNs +
                        backward.exchangeNs + backward.noiseNs + shared.backwardNs;
  putOffNs += std::min(backward.computeNs + 2 * shared.reduceNs, waitedNs);
  parameters += *piece.cost;
}

void TimeCounter::piece(const LayerCost &cost) {
  const RematMode none;
  piece(Piece{&cost, &none});
}

Wide TimeCounter::microBatchNs() const {
  return forwardNs + backwardNs + recomputeNs + exchangeNs + tensorNs + contextNs + zeroNs +
         transferNs + noiseNs;
}

TimeCounter::ZeroTime TimeCounter::zero(const LayerCost &cost, const WorkCount &forward,
                                        const WorkCount &backward) {
  Parameters held;
  held += cost;
  const Wide coverNs = shareOf(backward.computeNs, job.overlap.gradientPpm);
  const Wide reducedNs = parameterCounter.reduceEachNs(held, tiers.zeroNs);
  const Wide waitNs = reducedNs > 0
                          ? parameterCounter.waitEachNs(forward.varianceNs2 + backward.varianceNs2)
                          : Wide(0);
  const Wide reduceNs =
      beyond(reducedNs, coverNs) + shownWaitNs(waitNs, beyond(coverNs, reducedNs));
  const Wide gatherNs =
      beyond(parameterCounter.gatherEachNs(held, tiers.zeroNs),
             shareOf(forward.computeNs + backward.computeNs, job.overlap.parameterPpm));
  zeroNs += reduceNs + gatherNs;
  return {gatherNs - gatherNs / 2, reduceNs + gatherNs / 2, reduceNs};
}

// What comes once per step.
void TimeCounter::step(const Problem &problem, const Layout &layout, const Contents &contents) {
  parameters.dense -= sharedParameters(problem.model, layout, contents);
  reduceNs = beyond(parameterCounter.reduceOnceNs(parameters, tiers.syncNs),
                    shareOf(backwardNs, job.overlap.gradientPpm));
  syncNs = reduceNs +
           beyond(parameterCounter.gatherOnceNs(parameters, tiers.syncNs),
                  shareOf(forwardNs, job.overlap.parameterPpm)) +
           parameterCounter.endsOnceNs(parametersElsewhere(problem.model, layout, contents),
                                       tiers.syncNs);
  const Recipe &recipe = job.recipe;
  const int64_t touched = recipe.gradientBytes + 2 * recipe.valueBytes + 2 * recipe.optimizerBytes;
  const Wide updated = parameterCounter.shareFrom(1, parameters);
  optimizerNs = updateTimeNs(contents.device, narrow(updated * touched));
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
  plan.microBatchNs = narrow(microBatchNs());
  plan.syncNs = narrow(syncNs);
  plan.optimizerNs = narrow(optimizerNs);
  plan.tiers = tiers;
}

Wide TimeCounter::fillNs(const Layout &layout) const {
  switch (layout.schedule) {
  case Schedule::OneForwardOneBackward:
    return microBatchNs();
  case Schedule::Interleaved:
    return quotient(microBatchNs(), layout.vpp);
  case Schedule::ZeroBubbleH1:
    return microBatchNs() - putOffNs;
  case Schedule::DualPipeV:
    return quotient(2 * microBatchNs() + 2 * wholeBackwardNs - 3 * putOffNs, 4);
  }
  return 0;
}

Wide TimeCounter::busyNs(const Layout &layout) const {
  const Wide lonelyNs = layout.schedule == Schedule::DualPipeV
                            ? quotient((2 * layout.pp + 1) * hiddenNs, 2)
                            : Wide(0);
  return layout.numMicroBatches * microBatchNs() - fillNs(layout) + lonelyNs;
}

Wide TimeCounter::aheadNs(const Layout &layout, int64_t stage, const TimeCounter &after) const {
  const int64_t m = layout.numMicroBatches, pp = layout.pp, later = pp - 1 - stage;
  // All work: what the last micro-batches need on later stages counts in any case.
  auto atMost = [&](Wide ns) {
    return m > later + 1 ? std::min(ns, beyond(later * microBatchNs(), after.microBatchNs())) : ns;
  };
  switch (layout.schedule) {
  case Schedule::OneForwardOneBackward:
    return m < pp ? Wide(0) : atMost(later * wholeForwardNs);
  case Schedule::Interleaved:
    return m == pp ? Wide(0) : 2 * later * wholeForwardNs / layout.vpp;
  case Schedule::ZeroBubbleH1:
    return atMost(beyond(later * wholeForwardNs, quotient(after.putOffNs, 2)));
  case Schedule::DualPipeV:
    return stage > 0 ? Wide(0) : pp * fillNs(layout) / 4;
  }
  return 0;
}

ChunkTimes TimeCounter::chunkTimes() const {
  return {{wholeForwardNs + hiddenForwardNs, 0, hiddenForwardNs},
          {wholeBackwardNs, 0, hiddenNs - hiddenForwardNs},
          backwardNs / 2 + reducedNs};
}

// A stage among the others, without recomputation and on its own devices.
class Surroundings {
public:
  Surroundings(const Problem &problem, const Layout &layout, ContentsBook &book,
               const std::vector<Contents> &stages, const Contents &contents)
      : problem(problem), layout(layout), book(book), stages(stages), contents(contents) {}

  // What the stage as `counted` does ahead if it is longer than the average.
  Wide aheadNs(const TimeCounter &counted) {
    TimeCounter own = counter(), after = counter(), model = counter();
    for (const Contents &other : stages) {
      add(other, model);
      if (other.stage == contents.stage)
        add(other, own);
      if (other.stage > contents.stage)
        add(other, after);
    }
    const Wide averageNs = model.busyNs(layout) / layout.pp;
    return std::min(own.aheadNs(layout, contents.stage, after),
                    beyond(counted.busyNs(layout), averageNs));
  }

  // Interleaved: the stage is busy as if all chunks were as long as their turns in the first
  // round; in every other something is regained, or done ahead.
  Wide turnsBusyNs(const TimeCounter &counted) {
    const Turns turns = countTurns(layout, book, contents, [&](const LayerCost &cost) {
      TimeCounter piece = counter();
      piece.piece(cost);
      return piece.microBatchNs();
    });
    const int64_t m = layout.numMicroBatches, pp = layout.pp;
    const Wide roundsNs = (m / pp - 1) * (pp * turns.lagNs - turns.regainNs);
    const Wide ns = counted.microBatchNs();
    return m * ns + pp * turns.lagNs - quotient(ns + turns.lagNs, layout.vpp) +
           std::max(-aheadNs(counted), roundsNs);
  }

private:
  TimeCounter counter() const { return TimeCounter(problem, layout, contents); }

  void add(const Contents &other, TimeCounter &counter) const {
    for (const Piece &piece : other.pieces())
      counter.piece(*piece.cost);
    counter.transferNs += transfersNs(problem, layout, book, other);
  }

  const Problem &problem;
  const Layout &layout;
  ContentsBook &book;
  const std::vector<Contents> &stages;
  const Contents &contents;
};

} // namespace

static std::vector<ChunkTimes> timesOfChunks(const Problem &problem, const Layout &layout,
                                             const ContentsBook &book, const Contents &contents) {
  const Topology topology(problem.cluster);
  auto receiveNs = [&](int64_t source) -> Wide {
    if (source < 0 || source == layout.pp * layout.vpp)
      return 0;
    const int64_t other = stageOfVirtual(layout, source);
    return other == contents.stage
               ? 0
               : topology.stageTransferNs(book.boundaryBytes, layout, other, contents.stage);
  };
  std::vector<ChunkTimes> chunks;
  for (int64_t chunk = 0; chunk < layout.vpp; ++chunk) {
    TimeCounter counter(problem, layout, contents);
    for (const Piece &piece : contents.piecesOfChunk(layout, chunk))
      counter.piece(piece);
    chunks.push_back(counter.chunkTimes());
    const int64_t part = virtualStageOf(layout, contents.stage, chunk);
    chunks.back().forward.receiveNs = receiveNs(part - 1);
    chunks.back().backward.receiveNs = receiveNs(part + 1);
  }
  return chunks;
}

StepTerms sigma::planner::checkStageTime(const Problem &problem, const Layout &layout,
                                         ContentsBook &book, const std::vector<Contents> &stages,
                                         const Contents &contents, StagePlan &plan) {
  TimeCounter counter(problem, layout, contents);
  for (const Piece &piece : contents.pieces())
    counter.piece(piece);
  counter.transferNs = transfersNs(problem, layout, book, contents);
  counter.step(problem, layout, contents);
  counter.store(plan);
  plan.tiers.transferNs = transferTiers(problem, layout, book, contents);
  Surroundings others(problem, layout, book, stages, contents);
  const Wide busyNs = layout.schedule == Schedule::Interleaved
                          ? others.turnsBusyNs(counter)
                          : counter.busyNs(layout) - others.aheadNs(counter);
  return {counter.fillNs(layout), busyNs, timesOfChunks(problem, layout, book, contents),
          counter.reduceNs};
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
