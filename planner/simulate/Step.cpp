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

static Span onceAStep(Span::Kind kind, int64_t stage) { return {kind, stage, 0, -1, -1, 0, 0}; }

// The ranks of a stage that hold the same parameters meet.
static void meet(const std::vector<Comm> &comms, Span::Kind kind, int64_t stage, Ranks &ranks) {
  for (const Comm &comm : comms)
    ranks.meet(comm, comm.hiddenNs, nullptr, onceAStep(kind, stage));
}

// The same ranks of the first and of the last stage sum what both hold.
static void meetEnds(double meanNs, double linkCv, Random &random, std::vector<Ranks> &stages) {
  Ranks &first = stages.front(), &last = stages.back();
  std::vector<double> factors(first.count());
  const std::vector<double> firstNs = first.clocks, lastNs = last.clocks;
  for (auto [ranks, stage] : {std::pair(&first, int64_t(0)), {&last, int64_t(stages.size()) - 1}}) {
    drawFactors(random, linkCv, factors);
    for (int64_t rank = 0; rank < ranks->count(); ++rank) {
      const Span span = onceAStep(Span::Kind::ReduceGradients, stage);
      ranks->wait(rank, std::max(firstNs[rank], lastNs[rank]), span);
      ranks->advance(rank, meanNs * factors[rank], span);
    }
  }
}

static void update(const TailWork &tail, int64_t stage, Ranks &ranks) {
  for (int64_t rank = 0; rank < ranks.count(); ++rank)
    ranks.advance(rank, tail.updateNs, onceAStep(Span::Kind::Update, stage));
  meet(tail.gather, Span::Kind::GatherParameters, stage, ranks);
}

double Step::sampleNs(uint64_t seed, uint64_t sample, std::vector<Span> *spans) const {
  Random random(seed, sample);
  Pipeline pipeline(*this, random, spans);
  pipeline.run();
  for (int64_t stage = 0; stage < layout.pp; ++stage)
    meet(works[stage].tail.reduce, Span::Kind::ReduceGradients, stage, pipeline.stages[stage]);
  if (works[0].tail.endsNs > 0)
    meetEnds(works[0].tail.endsNs, meetings.endsCv, random, pipeline.stages);
  double end = 0;
  for (int64_t stage = 0; stage < layout.pp; ++stage) {
    update(works[stage].tail, stage, pipeline.stages[stage]);
    end = std::max(end, pipeline.stages[stage].slowest());
  }
  return end + fixedNs;
}
