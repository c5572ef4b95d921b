#include "planner/simulate/Step.h"

#include "planner/simulate/Pipeline.h"
#include "planner/simulate/Ranks.h"

#include <algorithm>

using namespace sigma::planner;

Step::Step(const Problem &problem, CostSource &costs, const Plan &plan)
    : layout(plan.layout), meetings(meetingsOf(problem, plan.layout)),
      works(stageWorks(problem, costs, plan)), order(stepOrder(plan.layout)),
      numSlots(layout.pp, 0), spikeProbability(problem.cluster.spikes.perMillionSteps * 1e-6),
      spikeNs(double(problem.cluster.spikes.durationNs)), fixedNs(double(problem.job.stepNs)) {
  for (const StageSlot &next : order)
    ++numSlots[next.stage];
}

// Reduction, update, gathering; the ranks of a stage that hold the same parameters meet.
static void finish(const TailWork &tail, int64_t stage, Ranks &ranks) {
  auto meet = [&](const std::vector<Comm> &comms, Span::Kind kind) {
    for (const Comm &comm : comms)
      ranks.meet(comm, comm.hiddenNs, nullptr, {kind, stage, 0, -1, -1, 0, 0});
  };
  meet(tail.reduce, Span::Kind::ReduceGradients);
  for (int64_t rank = 0; rank < ranks.count(); ++rank)
    ranks.advance(rank, tail.updateNs, {Span::Kind::Update, stage, 0, -1, -1, 0, 0});
  meet(tail.gather, Span::Kind::GatherParameters);
}

double Step::sampleNs(uint64_t seed, uint64_t sample, std::vector<Span> *spans) const {
  Random random(seed, sample);
  Pipeline pipeline(*this, random, spans);
  pipeline.run();
  double end = 0;
  for (int64_t stage = 0; stage < layout.pp; ++stage) {
    finish(works[stage].tail, stage, pipeline.stages[stage]);
    end = std::max(end, pipeline.stages[stage].slowest());
  }
  return end + fixedNs;
}
