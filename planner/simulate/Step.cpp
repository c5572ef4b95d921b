#include "planner/simulate/Step.h"

#include <algorithm>

namespace sigma::planner {

// One expert group in all stages.
class GroupRun {
public:
  GroupRun(const Step &step, Random &random, std::vector<Span> *spans)
      : step(step), random(random), spans(spans), ep(step.layout.ep), pp(step.layout.pp),
        numMicroBatches(step.layout.numMicroBatches), clocks(pp * ep),
        done(2 * pp * numMicroBatches * ep, kNotYet), plain(ep), grouped(ep), load(ep) {
    drawSpikes();
  }

  // When each stage's slowest rank has done its last backward.
  std::vector<double> run() {
    std::vector<size_t> next(pp, 0);
    for (bool moved = true; moved;) {
      moved = false;
      for (int64_t stage = 0; stage < pp; ++stage)
        while (next[stage] < step.schedule[stage].size() &&
               ready(stage, step.schedule[stage][next[stage]])) {
          work(stage, step.schedule[stage][next[stage]++]);
          moved = true;
        }
    }
    std::vector<double> ends(pp);
    for (int64_t stage = 0; stage < pp; ++stage)
      ends[stage] = *std::max_element(&clocks[stage * ep], &clocks[stage * ep] + ep);
    return ends;
  }

private:
  static constexpr double kNotYet = -1;

  struct Spike {
    int64_t stage, rank, slot;
  };

  void drawSpikes() {
    const int64_t hits = random.hits(pp * ep, step.spikeProbability);
    for (int64_t i = 0; i < hits; ++i)
      spikes.push_back({random.below(pp), random.below(ep), random.below(2 * numMicroBatches)});
  }

  double *doneAt(int64_t stage, Slot slot) {
    const int64_t direction = slot.direction == Direction::Backward;
    return &done[((direction * pp + stage) * numMicroBatches + slot.microBatch) * ep];
  }

  // The stage that this slot receives from; itself at the ends of the pipeline.
  int64_t source(int64_t stage, Slot slot) const {
    return slot.direction == Direction::Forward ? std::max<int64_t>(stage - 1, 0)
                                                : std::min(stage + 1, pp - 1);
  }

  bool ready(int64_t stage, Slot slot) {
    const int64_t from = source(stage, slot);
    return from == stage || *doneAt(from, slot) != kNotYet;
  }

  void work(int64_t stage, Slot slot) {
    const CellWork &cell = step.cells[stage];
    const bool forward = slot.direction == Direction::Forward;
    const Span::Kind kind = forward ? Span::Kind::Forward : Span::Kind::Backward;
    double *clock = &clocks[stage * ep];
    receive(stage, slot, clock, forward ? cell.forwardReceiveNs : cell.backwardReceiveNs);
    spike(stage, clock);
    for (const Run &run : forward ? cell.forward : cell.backward)
      run.meets() ? together(run, clock, {kind, stage, 0, slot.microBatch, 0, 0})
                  : alone(run, clock, {kind, stage, 0, slot.microBatch, 0, 0});
    std::copy(clock, clock + ep, doneAt(stage, slot));
  }

  void receive(int64_t stage, Slot slot, double *clock, double receiveNs) {
    const int64_t from = source(stage, slot);
    if (from == stage)
      return;
    const double *sent = doneAt(from, slot);
    for (int64_t r = 0; r < ep; ++r) {
      const double ready = std::max(clock[r], sent[r]);
      say({Span::Kind::Wait, stage, r, slot.microBatch, clock[r], ready});
      say({Span::Kind::Receive, stage, r, slot.microBatch, ready, ready + receiveNs});
      clock[r] = ready + receiveNs;
    }
  }

  void spike(int64_t stage, double *clock) {
    if (spikes.empty())
      return;
    const int64_t slot = slotsDone[stage]++;
    for (const Spike &spike : spikes)
      if (spike.stage == stage && spike.slot == slot) {
        say({Span::Kind::Wait, stage, spike.rank, -1, clock[spike.rank],
             clock[spike.rank] + step.spikeNs});
        clock[spike.rank] += step.spikeNs;
      }
  }

  void alone(const Run &run, double *clock, Span span) {
    const double mean = run.stretches[0].plainNs + run.stretches[0].groupedNs;
    for (int64_t r = 0; r < ep; ++r) {
      const double noise = run.sigmaNs > 0 ? run.sigmaNs * random.normal() : 0;
      advance(clock[r], std::max(0.0, mean + noise), span, r);
    }
  }

  void together(const Run &run, double *clock, Span span) {
    const Jitters &jitters = step.jitters;
    for (int64_t r = 0; r < ep; ++r) {
      plain[r] = factor(jitters.compute);
      load[r] = factor(jitters.routing);
      grouped[r] = std::max(0.0, factor(jitters.compute) + load[r] - 1);
    }
    for (const Stretch &stretch : run.stretches) {
      for (int64_t r = 0; r < ep; ++r)
        advance(clock[r], stretch.plainNs * plain[r] + stretch.groupedNs * grouped[r], span, r);
      if (stretch.exchangeNs > 0)
        exchange(stretch.exchangeNs, clock, span);
    }
  }

  // It begins when all are there; who has more tokens, or a slower link, leaves later.
  void exchange(double meanNs, double *clock, Span span) {
    const double met = *std::max_element(clock, clock + ep);
    for (int64_t r = 0; r < ep; ++r) {
      say({Span::Kind::Wait, span.stage, r, span.microBatch, clock[r], met});
      clock[r] = met;
      span.kind = Span::Kind::Exchange;
      advance(clock[r], meanNs * std::max(0.0, factor(step.jitters.link) + load[r] - 1), span, r);
    }
  }

  double factor(double cv) { return cv > 0 ? std::max(0.0, 1 + cv * random.normal()) : 1; }

  void advance(double &clock, double ns, Span span, int64_t rank) {
    span.rank = rank;
    span.beginNs = clock;
    span.endNs = clock += ns;
    say(span);
  }

  void say(const Span &span) {
    if (spans && span.endNs > span.beginNs)
      spans->push_back(span);
  }

  const Step &step;
  Random &random;
  std::vector<Span> *spans;
  int64_t ep, pp, numMicroBatches;
  std::vector<double> clocks; // [stage][rank]
  std::vector<double> done;   // [direction][stage][micro-batch][rank]
  std::vector<double> plain, grouped, load;
  std::vector<Spike> spikes;
  std::vector<int64_t> slotsDone = std::vector<int64_t>(pp, 0);
};

Step::Step(const Problem &problem, CostSource &costs, const Plan &plan)
    : layout(plan.layout), jitters(jittersOf(problem, plan.layout)),
      spikeProbability(problem.cluster.spikes.perMillionSteps * 1e-6),
      spikeNs(double(problem.cluster.spikes.durationNs)), cells(cellWorks(problem, costs, plan)) {
  for (int64_t stage = 0; stage < layout.pp; ++stage)
    schedule.push_back(oneForwardOneBackward(stage, layout.pp, layout.numMicroBatches));
}

// Gradients are reduced over all ranks of a stage, so a stage's tail begins with its slowest.
static double stepEnd(const std::vector<CellWork> &cells, const std::vector<double> &ends) {
  double end = 0;
  for (size_t stage = 0; stage < cells.size(); ++stage)
    end = std::max(end, ends[stage] + cells[stage].tailNs);
  return end;
}

static void keepLater(std::vector<double> &ends, const std::vector<double> &others) {
  for (size_t stage = 0; stage < ends.size(); ++stage)
    ends[stage] = std::max(ends[stage], others[stage]);
}

double Step::sampleNs(uint64_t seed, uint64_t sample) const {
  Random random(seed, sample);
  std::vector<double> ends(layout.pp, 0);
  for (int64_t group = 0; group < layout.dp / layout.ep; ++group)
    keepLater(ends, GroupRun(*this, random, nullptr).run());
  return stepEnd(cells, ends);
}

std::vector<Span> Step::trace(uint64_t seed, uint64_t sample) const {
  Random random(seed, sample);
  std::vector<Span> spans;
  const std::vector<double> first = GroupRun(*this, random, &spans).run();
  std::vector<double> ends = first;
  for (int64_t group = 1; group < layout.dp / layout.ep; ++group)
    keepLater(ends, GroupRun(*this, random, nullptr).run());
  for (int64_t stage = 0; stage < layout.pp; ++stage)
    for (int64_t rank = 0; rank < layout.ep; ++rank) {
      if (ends[stage] > first[stage])
        spans.push_back({Span::Kind::Wait, stage, rank, -1, first[stage], ends[stage]});
      spans.push_back(
          {Span::Kind::Tail, stage, rank, -1, ends[stage], ends[stage] + cells[stage].tailNs});
    }
  return spans;
}

} // namespace sigma::planner
