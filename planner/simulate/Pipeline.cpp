#include "planner/simulate/Pipeline.h"

#include "planner/Pipeline.h"

#include <algorithm>

using namespace sigma::planner;

Pipeline::Pipeline(const Step &step, Random &random, Spans spans)
    : stages(step.layout.pp, Ranks(step.layout.ranksPerStage(), step.meetings, random, spans)),
      step(step), random(random), numRanks(step.layout.ranksPerStage()),
      parts(step.layout.pp * step.layout.vpp), loadSeed(random.next()),
      done(2 * parts * step.layout.numMicroBatches * numRanks), plain(numRanks), grouped(numRanks),
      both(2 * numRanks), load(numRanks),
      sharedLoads((numRanks + step.layout.etp - 1) / step.layout.etp), spent(numRanks),
      slotsDone(step.layout.pp, 0) {
  drawSpikes();
}

void Pipeline::run() {
  for (const StageSlot &next : step.order)
    work(next.stage, next.slot);
}

void Pipeline::drawSpikes() {
  const int64_t numHits = random.hits(step.layout.pp * numRanks, step.spikeProbability);
  for (int64_t i = 0; i < numHits; ++i) {
    const int64_t stage = random.below(step.layout.pp);
    hits.push_back({stage, random.below(numRanks), random.below(step.numSlots[stage])});
  }
}

void Pipeline::spike(int64_t stage) {
  if (hits.empty())
    return;
  const int64_t slot = slotsDone[stage]++;
  for (const Hit &hit : hits)
    if (hit.stage == stage && hit.slot == slot)
      stages[stage].advance(hit.rank, step.spikeNs, {Span::Kind::Spike, stage, 0, -1, -1, 0, 0});
}

double *Pipeline::doneAt(bool forward, int64_t part, int64_t microBatch) {
  const int64_t index = ((forward ? 0 : parts) + part) * step.layout.numMicroBatches + microBatch;
  return &done[index * numRanks];
}

// Side by side, both begin when both have what they need, and what they made leaves when both are
// done.
void Pipeline::work(int64_t stage, const Slot &slot) {
  const Task *tasks[] = {&slot.task, slot.beside ? &*slot.beside : nullptr};
  for (const Task *task : tasks)
    if (task)
      receive(stage, *task);
  spike(stage);
  for (const Task *task : tasks)
    if (task)
      for (const Run &run : step.works[stage].cells[task->chunk].runs[int(task->phase)])
        perform(run, stages[stage], slot.beside.has_value(),
                {run.kind, stage, 0, task->chunk, task->microBatch, 0, 0});
  for (const Task *task : tasks)
    if (task)
      send(stage, *task);
}

void Pipeline::receive(int64_t stage, const Task &task) {
  const bool forward = task.phase == Phase::Forward;
  const int64_t part = virtualIndex(step.layout, stage, task.chunk),
                source = forward ? part - 1 : part + 1;
  if (task.phase == Phase::WeightGradient || source < 0 || source == parts ||
      virtualStage(step.layout, source).stage == stage)
    return;
  const CellWork &cell = step.works[stage].cells[task.chunk];
  const double ns = forward ? cell.forwardReceiveNs : cell.backwardReceiveNs;
  const double *sent = doneAt(forward, source, task.microBatch);
  const Span span{Span::Kind::Receive, stage, 0, task.chunk, task.microBatch, 0, 0};
  for (int64_t rank = 0; rank < numRanks; ++rank) {
    stages[stage].wait(rank, sent[rank], span);
    stages[stage].advance(rank, ns, span);
  }
}

void Pipeline::send(int64_t stage, const Task &task) {
  if (task.phase == Phase::WeightGradient)
    return;
  const std::vector<double> &clocks = stages[stage].clocks;
  std::copy(clocks.begin(), clocks.end(),
            doneAt(task.phase == Phase::Forward, virtualIndex(step.layout, stage, task.chunk),
                   task.microBatch));
}

void Pipeline::perform(const Run &run, Ranks &ranks, bool paired, const Span &span) {
  if (!run.looks)
    return alone(run, ranks, span);
  const double jitterCv = step.works[span.stage].jitterCv;
  if (run.hasTokens)
    drawLoads(run, span.microBatch);
  drawJitter(run, jitterCv);
  for (const Stretch &stretch : run.stretches) {
    if (stretch.plainNs + stretch.groupedNs > 0) {
      for (int64_t rank = 0; rank < numRanks; ++rank)
        spent[rank] = stretch.plainNs * plain[rank] + stretch.groupedNs * grouped[rank];
      ranks.advanceAll(spent, span);
    }
    const Comm &comm = stretch.comm;
    if (comm.meeting == Meeting::None)
      continue;
    const bool exchange = comm.meeting == Meeting::Expert;
    ranks.meet(comm, comm.hiddenNs + (paired ? comm.pairedNs : 0), exchange ? &load : nullptr,
               span);
  }
}

void Pipeline::alone(const Run &run, Ranks &ranks, const Span &span) {
  const double mean = run.stretches[0].plainNs + run.stretches[0].groupedNs;
  if (run.sigmaNs > 0)
    random.normals(plain.data(), numRanks);
  else
    std::fill(plain.begin(), plain.end(), 0.0);
  for (int64_t rank = 0; rank < numRanks; ++rank)
    spent[rank] = std::max(0.0, mean + run.sigmaNs * plain[rank]);
  ranks.advanceAll(spent, span);
}

// A layer's tokens are where they are, forward, recomputing and backward; ranks that share experts
// share them.
void Pipeline::drawLoads(const Run &run, int64_t microBatch) {
  const int64_t etp = step.layout.etp;
  Random tokens(loadSeed, uint64_t(run.layer) << 32 | uint64_t(microBatch));
  drawFactors(tokens, step.meetings.routingCv, sharedLoads);
  for (int64_t rank = 0; rank < numRanks; ++rank)
    load[rank] = sharedLoads[rank / etp];
}

// A rank's plain and grouped arithmetic have a draw each, one after the other.
void Pipeline::drawJitter(const Run &run, double jitterCv) {
  if (!run.hasTokens)
    return drawFactors(random, run.hasPlain ? jitterCv : 0, plain);
  if (!run.hasPlain) {
    std::fill(plain.begin(), plain.end(), 1.0);
    drawFactors(random, jitterCv, grouped);
  } else {
    drawFactors(random, jitterCv, both);
    for (int64_t rank = 0; rank < numRanks; ++rank) {
      plain[rank] = both[2 * rank];
      grouped[rank] = both[2 * rank + 1];
    }
  }
  for (int64_t rank = 0; rank < numRanks; ++rank)
    grouped[rank] = std::max(0.0, grouped[rank] + load[rank] - 1);
}
