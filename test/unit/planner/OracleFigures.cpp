#include "OracleFigures.h"

#include "planner/cost/Roofline.h"
#include "planner/noise/StepNoise.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace sigma::planner;
using namespace sigma::planner::test;

static int64_t divideUp(int64_t a, int64_t b) { return a / b + (a % b != 0); }

int64_t sigma::planner::test::stageOfPart(const Layout &layout, int64_t part) {
  if (layout.schedule == Schedule::DualPipeV && part >= layout.pp)
    return layout.pp - 1 - (part - layout.pp);
  return part % layout.pp;
}

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

int64_t sigma::planner::test::partOf(const Layout &layout, int64_t stage, int64_t chunk) {
  int64_t part = chunk * layout.pp;
  while (stageOfPart(layout, part) != stage)
    ++part;
  return part;
}

int64_t sigma::planner::test::roomOf(const StageLayers &layers, int kind, const ModeFigures &mode) {
  int64_t most = 0;
  for (const auto &[in, out] : layers.places.at(kind))
    most = std::max(most, mode.transientBytes[in][out]);
  return most;
}

void LayoutFigures::place(int64_t stage, int64_t chunk, const std::vector<int> &kinds,
                          StageLayers &layers) const {
  const int64_t part = partOf(layout, stage, chunk);
  const bool isEnd = part == layout.pp * layout.vpp - 1,
             isSplit = layout.schedule == Schedule::ZeroBubbleH1;
  auto holds = [&](int kind) { return work.stages[stage]->kinds.at(kind).holdsGradient; };
  bool out = part == 0; // to the embedding
  for (size_t layer = 0; layer < kinds.size(); ++layer) {
    layers.places[kinds[layer]].insert({isEnd || layer + 1 < kinds.size(), out});
    out = !(isSplit && holds(kinds[layer]));
  }
  if (isEnd)
    layers.headHasOut = out;
  else
    layers.holdsGradient = layers.holdsGradient && holds(kinds.back());
}

int64_t StageBase::keptBytes(const ModeFigures &mode, const Moments &moments, int64_t moreMade) {
  int64_t most = 0;
  for (const auto &[saved, held, made, less] : moments)
    most = std::max(most, mode.savedBytes * saved + mode.heldBytes * held +
                              (mode.madeBytes + moreMade) * made - less);
  return most;
}

bool StageBase::fits(int64_t keptBytes, int64_t transientBytes) const {
  int64_t activations = divideUp(keptBytes * heldNumerator, heldDenominator);
  return fixedBytes + activations + std::max(fixedTransientBytes, transientBytes) <= capacityBytes;
}

struct LayoutFigures::Totals {
  void add(const PieceFigures &piece, int64_t count) {
    if (count == 0)
      return;
    forwardNs += count * piece.forwardNs;
    backwardNs += count * piece.backwardNs;
    dense += count * piece.dense;
    expert += count * piece.expert;
  }

  int64_t forwardNs = 0, backwardNs = 0;
  int64_t dense = 0, expert = 0;
};

LayoutFigures::LayoutFigures(const Problem &problem, const WorkFigures &work, const Layout &layout)
    : problem(problem), work(work), layout(layout), units(problem.model, layout),
      kinds(kindsOfLayers(problem.model)), topology(problem.cluster),
      denseRanks(Mesh(layout).denseReplicas()), expertRanks(Mesh(layout).expertReplicas()) {
  setNoise();
}

void LayoutFigures::setNoise() {
  const auto &last = *work.stages[stageOfPart(layout, layout.pp * layout.vpp - 1)];
  double variance = work.stages[0]->embedding.variance + last.head.variance, layers = 0;
  for (const auto &stage : work.stages)
    for (const LayerGroup &group : problem.model.layers)
      layers += stage->kinds.at(group.kind).variance * double(group.count);
  variance += layers / double(layout.pp);
  StepNoise noise;
  noise.cellSigmaNs = std::sqrt(variance / double(layout.pp));
  noise.numMicroBatches = layout.numMicroBatches;
  noise.numStages = layout.pp;
  noise.numReplicas = problem.cluster.numDevices /
                      (layout.pp * std::lcm(layout.tp * layout.cp, layout.etp * layout.ep));
  if (layout.zero >= 2 || layout.expertZero >= 2)
    noise.numReplicas = 1;
  noise.numDevices = problem.cluster.numDevices;
  noise.spikes = problem.cluster.spikes;
  // Rounded up by the planner; sums in another order may differ in the last bit, hence the small
  // step back.
  noiseNs = int64_t(std::ceil(noise.quantileNs(problem.job.quantilePpm * 1e-6) - 1e-5));
}

int64_t LayoutFigures::collectiveNs(Collective collective, int64_t bytes, const RankGroup &ranks,
                                    int64_t waiting) const {
  const int64_t mean = topology.collectiveNs(collective, bytes, ranks);
  return mean + waitNs(mean, waiting, topology.groupJitterPpm(ranks) * 1e-6);
}

int64_t LayoutFigures::reduceNs(const PieceFigures &piece) const {
  int64_t reduce = 0;
  auto add = [&](int64_t zero, int64_t parameters, const RankGroup &ranks) {
    if (zero >= 2)
      reduce += collectiveNs(Collective::ReduceScatter, parameters * problem.job.recipe.reduceBytes,
                             ranks, ranks.size());
  };
  add(layout.zero, piece.dense, denseRanks);
  add(layout.expertZero, piece.expert, expertRanks);
  if (reduce == 0)
    return 0;
  const int64_t cover =
      int64_t(__int128(piece.backwardNs) * problem.job.overlap.gradientPpm / 1000000);
  const int64_t inStep = std::lcm(layout.tp * layout.cp, layout.etp * layout.ep);
  const int64_t wait = waitNs(std::llround(std::sqrt(piece.variance)),
                              layout.tp * layout.cp * layout.dp / inStep, 1);
  return std::max<int64_t>(0, reduce - cover) +
         shownWaitNs(wait, std::max<int64_t>(0, cover - reduce));
}

int64_t LayoutFigures::gatherNs(const PieceFigures &piece) const {
  int64_t gather = 0;
  auto add = [&](int64_t zero, int64_t parameters, const RankGroup &ranks) {
    if (zero == 3)
      gather += 2 * collectiveNs(Collective::AllGather, parameters * problem.job.recipe.valueBytes,
                                 ranks, ranks.size());
  };
  add(layout.zero, piece.dense, denseRanks);
  add(layout.expertZero, piece.expert, expertRanks);
  return exposedNs(gather, piece.forwardNs + piece.backwardNs, problem.job.overlap.parameterPpm);
}

int64_t LayoutFigures::pieceNs(const PieceFigures &piece) const {
  return piece.baseNs + reduceNs(piece) + gatherNs(piece);
}

int64_t LayoutFigures::tailNs(const Device &device, const Totals &totals) const {
  const Recipe &recipe = problem.job.recipe;
  const Overlap &overlap = problem.job.overlap;
  int64_t reduce = 0, gather = 0, updated = 0;
  auto add = [&](int64_t zero, int64_t parameters, const RankGroup &ranks) {
    const int64_t gradients = parameters * recipe.reduceBytes;
    const int64_t all = layout.tp * layout.cp * layout.dp; // the last of them ends the step
    if (zero == 0)
      reduce += collectiveNs(Collective::AllReduce, gradients, ranks, all);
    if (zero == 1)
      reduce += collectiveNs(Collective::ReduceScatter, gradients, ranks, all);
    if (zero == 1 || zero == 2)
      gather += collectiveNs(Collective::AllGather, parameters * recipe.valueBytes, ranks, all);
    updated += zero > 0 ? divideUp(parameters, ranks.size()) : parameters;
  };
  add(layout.zero, totals.dense, denseRanks);
  add(layout.expertZero, totals.expert, expertRanks);
  const int64_t touched = recipe.gradientBytes + 2 * recipe.valueBytes + 2 * recipe.optimizerBytes;
  return exposedNs(reduce, totals.backwardNs, overlap.gradientPpm) +
         exposedNs(gather, totals.forwardNs, overlap.parameterPpm) +
         updateTimeNs(device, updated * touched);
}

int64_t LayoutFigures::tableElsewhere(int64_t stage) const {
  const int64_t last = stageOfPart(layout, layout.pp * layout.vpp - 1);
  const bool isHeldTwice = last > 0 && (stage == 0 || stage == last);
  return isHeldTwice ? divideUp(problem.model.sharedParameters, layout.tp) : 0;
}

int64_t LayoutFigures::endsNs(int64_t stage) const {
  const int64_t held = tableElsewhere(stage), all = layout.tp * layout.cp * layout.dp,
                summed = layout.zero > 0 ? divideUp(held, denseRanks.size()) : held;
  if (summed == 0)
    return 0;
  return collectiveNs(Collective::AllReduce, summed * problem.job.recipe.reduceBytes,
                      Mesh(layout).ends(), all);
}

StageBase LayoutFigures::base(int64_t stage, const StageLayers &layers) const {
  const WorkFigures::Stage &figures = *work.stages[stage];
  StageBase base;
  Totals totals;
  auto add = [&](const PieceFigures &piece, int64_t count) {
    totals.add(piece, count);
    this->add(piece, count, base.time);
  };
  for (const auto &[kind, count] : layers.counts)
    add(figures.kinds.at(kind), count);
  const int64_t parts = layout.pp * layout.vpp;
  const bool hasHead = stage == stageOfPart(layout, parts - 1);
  add(figures.embedding, stage == 0);
  add(figures.head, hasHead);
  if (stage == 0 && hasHead)
    totals.dense -= divideUp(problem.model.sharedParameters, layout.tp);
  base.time.timeNs += bordersNs(stage);
  setAhead(stage, layers.end, base);
  base.tailNs = tailNs(figures.device, totals) + endsNs(stage);
  setMemory(stage, layers, totals, base);
  if (layout.schedule == Schedule::Interleaved)
    setTurns(stage, layers.units, base);
  return base;
}

void LayoutFigures::add(const PieceFigures &piece, int64_t count, StageTime &time) const {
  const int64_t reduce = reduceNs(piece), gather = gatherNs(piece), zero = reduce + gather / 2;
  time.timeNs += count * pieceNs(piece);
  time.forwardNs += count * (piece.wholeForwardNs + gather - gather / 2);
  time.wholeBackwardNs += count * (piece.wholeBackwardNs + zero);
  time.putOffNs += count * std::min(piece.backwardNs + 2 * reduce, piece.shownBackwardNs + zero);
  time.hiddenNs += count * piece.hiddenNs;
}

// Down the activation, up its gradient: each border is crossed both ways.
int64_t LayoutFigures::bordersNs(int64_t stage) const {
  int64_t sum = 0;
  for (int64_t part = 0; part + 1 < layout.pp * layout.vpp; ++part) {
    const int64_t from = stageOfPart(layout, part), to = stageOfPart(layout, part + 1);
    if (from != to && (from == stage || to == stage))
      sum += topology.stageTransferNs(work.boundaryBytes, layout, from, to);
  }
  return sum;
}

// Only the part above the average stage, and no more than the schedule lets a stage do before its
// turn.
void LayoutFigures::setAhead(int64_t stage, int64_t endOfLayers, StageBase &base) const {
  const StageTime &time = base.time;
  const WorkFigures::Stage &figures = *work.stages[stage];
  const int64_t m = layout.numMicroBatches, pp = layout.pp, next = pp - 1 - stage;
  const bool isHeadLater = stageOfPart(layout, pp * layout.vpp - 1) > stage;
  StageTime model, later;
  add(figures.embedding, 1, model);
  add(figures.head, 1, model);
  add(figures.head, isHeadLater, later);
  for (size_t layer = 0; layer < kinds.size(); ++layer) {
    add(figures.kinds.at(kinds[layer]), 1, model);
    add(figures.kinds.at(kinds[layer]), int64_t(layer) >= endOfLayers, later);
  }
  for (int64_t other = 0; other < pp; ++other) {
    model.timeNs += bordersNs(other);
    later.timeNs += other > stage ? bordersNs(other) : 0;
  }
  base.averageNs = busyNs(model) / pp;
  int64_t &most = base.mostAheadNs;
  if (layout.schedule == Schedule::OneForwardOneBackward && m >= pp)
    most = next * time.forwardNs;
  if (layout.schedule == Schedule::Interleaved && m > pp)
    most = 2 * next * time.forwardNs / layout.vpp;
  if (layout.schedule == Schedule::ZeroBubbleH1)
    most = next * time.forwardNs - divideUp(later.putOffNs, 2);
  if (layout.vpp == 1 && m - 1 > next)
    most = std::min(most, next * time.timeNs - later.timeNs);
  if (layout.schedule == Schedule::DualPipeV && stage == 0)
    most = pp * fillNs(time) / 4;
}

// The head's stage holds `mine` units and every other the same number; of each turn the longer of
// the two chunks counts, and of all `mine` the one with the shortest turns.
void LayoutFigures::setTurns(int64_t stage, int64_t unitsHeld, StageBase &base) const {
  const WorkFigures::Stage &figures = *work.stages[stage];
  auto layersNs = [&](int64_t first, int64_t count) {
    int64_t sum = 0;
    for (int64_t layer = first; layer < first + count; ++layer)
      sum += pieceNs(figures.kinds.at(kinds[layer]));
    return sum;
  };
  const int64_t vpp = layout.vpp, others = layout.pp - 1;
  const int64_t behind = int64_t(kinds.size()) - units.after;
  const int64_t unit = layersNs(units.before, units.size);
  const int64_t first = layersNs(0, units.before) + pieceNs(figures.embedding);
  const int64_t last = layersNs(behind, units.after) + pieceNs(figures.head);
  auto chunksOfUnits = [&](int64_t held, int64_t atFirst, int64_t atLast) {
    std::vector<int64_t> chunks(vpp, held / vpp * unit);
    for (int64_t chunk = 0; chunk < held % vpp; ++chunk)
      chunks[chunk] += unit;
    chunks.front() += atFirst;
    chunks.back() += atLast;
    return chunks;
  };
  std::vector<int64_t> turns;
  int64_t least = INT64_MAX;
  for (int64_t mine = vpp; units.count - mine >= vpp * others; ++mine) {
    std::vector<int64_t> longer = chunksOfUnits(mine, 0, last);
    const std::vector<int64_t> other = chunksOfUnits(divideUp(units.count - mine, others), 0, 0);
    for (int64_t chunk = 0; chunk < vpp; ++chunk)
      longer[chunk] = std::max(longer[chunk], other[chunk]);
    const int64_t sum = std::accumulate(longer.begin(), longer.end(), int64_t(0));
    if (sum < least) {
      turns = longer;
      base.regainNs = 2 * other.front() - other.back();
    }
    least = std::min(least, sum);
  }
  const std::vector<int64_t> held =
      chunksOfUnits(unitsHeld, stage == 0 ? first : 0, stage == others ? last : 0);
  for (int64_t chunk = 0; chunk < vpp; ++chunk)
    base.lagNs += std::max<int64_t>(0, turns[chunk] - held[chunk]);
}

void LayoutFigures::setMemory(int64_t stage, const StageLayers &layers, const Totals &totals,
                              StageBase &base) const {
  const Recipe &recipe = problem.job.recipe;
  const WorkFigures::Stage &figures = *work.stages[stage];
  const int64_t m = layout.numMicroBatches, pp = layout.pp, vpp = layout.vpp;
  const int64_t parts = pp * vpp;
  int64_t chunks = 0;
  StageBase::Moments ofEmbedding, ofHead = {{1, 0, 0, 0}};
  if (layout.schedule == Schedule::OneForwardOneBackward) {
    chunks = std::min(pp - stage, m);
    base.kept = ofEmbedding = {{chunks, 0, 0, 0}};
  } else if (layout.schedule == Schedule::ZeroBubbleH1) {
    chunks = pp - stage;
    base.kept = ofEmbedding = ofHead = {{chunks, stage, 1, 0}};
  } else if (layout.schedule == Schedule::Interleaved) {
    chunks = std::min(2 * (pp - stage - 1) + (vpp - 1) * pp + 1, m * vpp);
    base.kept = {{chunks, 0, 0, 0}};
    ofEmbedding = {{std::min(2 * pp, m), 0, 0, 0}};
  } else {
    chunks = 2 * pp + 1;
    // A gradient that is held counts once; what no message waits for at the beginning: gradients
    // upwards, and downwards before there is one; at the bottom, what goes from chunk to chunk.
    const bool isTop = stage == 0, isBottom = stage + 1 == pp;
    const int64_t twice = !isTop && layers.holdsGradient ? 1 : 0;
    const int64_t atFirst = isBottom ? 1 : (isTop ? 0 : 1) + (stage + 2 == pp ? 1 : 0);
    auto less = [&](int64_t messages) {
      return (messages + twice) * work.boundaryBytes / layers.largestChunk;
    };
    base.kept = {{chunks, 0, 0, 0},
                 {isBottom ? pp : 2 * pp, 0, 1, less(atFirst)},
                 {pp - stage, stage, 1, less(isBottom ? 1 : 0)}};
    ofEmbedding = {{2 * pp, 0, 0, 0}, {pp, 0, 1, 0}};
    if (stage == 0)
      base.madeOfHead = divideUp(figures.head.modes[0].madeBytes, layers.largestChunk);
  }

  auto state = [&](int64_t from, int64_t bytes) {
    auto share = [&](int64_t zero, int64_t parameters, const RankGroup &ranks) {
      return zero >= from ? divideUp(parameters, ranks.size()) : parameters;
    };
    return (share(layout.zero, totals.dense, denseRanks) +
            share(layout.expertZero, totals.expert, expertRanks)) *
           bytes;
  };
  base.fixedBytes = state(3, recipe.valueBytes) + state(2, recipe.gradientBytes) +
                    state(1, recipe.optimizerBytes);
  const bool isDual = layout.schedule == Schedule::DualPipeV;
  int64_t borders = 0;
  for (int64_t part = 0; part + 1 < parts; ++part) {
    const int64_t from = stageOfPart(layout, part), to = stageOfPart(layout, part + 1);
    borders += (from != to || isDual) && (from == stage || to == stage);
  }
  const bool takesTurns = layout.schedule == Schedule::Interleaved;
  const bool hasHead = stage == stageOfPart(layout, parts - 1);
  const int64_t handOvers = takesTurns ? 4 - hasHead : isDual ? borders + 2 - hasHead : 2 * borders;
  const bool isKept = layout.schedule == Schedule::ZeroBubbleH1 && !hasHead && layers.holdsGradient;
  base.fixedBytes += work.boundaryBytes * (handOvers - isKept);
  auto reduced = [&](int64_t parameters, const RankGroup &ranks) {
    const int64_t all = ranks.size() == 1 ? 0 : parameters * recipe.gradientBytes;
    return std::min(all, work.workspaceBytes);
  };
  base.fixedTransientBytes =
      std::min(tableElsewhere(stage) * recipe.gradientBytes, work.workspaceBytes);
  const int64_t sums =
      std::max(reduced(totals.dense, denseRanks), reduced(totals.expert, expertRanks));
  if (problem.job.overlap.gradientPpm > 0) // beside backward
    base.fixedBytes += sums;
  else
    base.fixedTransientBytes = std::max(base.fixedTransientBytes, sums);
  auto addEnd = [&](const PieceFigures &end, bool in, bool out, const StageBase::Moments &moments) {
    base.fixedBytes += StageBase::keptBytes(end.modes[0], moments);
    base.fixedTransientBytes =
        std::max(base.fixedTransientBytes, end.modes[0].transientBytes[in][out]);
  };
  if (stage == 0)
    addEnd(figures.embedding, true, false, ofEmbedding);
  if (hasHead)
    addEnd(figures.head, false, layers.headHasOut, ofHead);
  if (stage == 0 || hasHead)
    base.fixedBytes += work.batchBytes * divideUp(chunks, vpp);
  base.heldNumerator = layers.largestChunk;
  base.heldDenominator = layers.total;
  base.capacityBytes = int64_t(__int128(figures.device.memoryBytes) *
                               (1000000 - problem.job.memoryMarginPpm) / 1000000);
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

int64_t LayoutFigures::fillNs(const StageTime &time) const {
  if (layout.schedule == Schedule::OneForwardOneBackward)
    return time.timeNs;
  if (layout.schedule == Schedule::Interleaved)
    return divideUp(time.timeNs, layout.vpp);
  if (layout.schedule == Schedule::ZeroBubbleH1)
    return time.timeNs - time.putOffNs;
  return divideUp(2 * time.timeNs + 2 * time.wholeBackwardNs - 3 * time.putOffNs, 4);
}

// As long as nobody waits.
int64_t LayoutFigures::busyNs(const StageTime &time) const {
  const bool isDual = layout.schedule == Schedule::DualPipeV;
  const int64_t alone = isDual ? divideUp((2 * layout.pp + 1) * time.hiddenNs, 2) : 0;
  return layout.numMicroBatches * time.timeNs - fillNs(time) + alone;
}

StageTerms LayoutFigures::terms(const StageBase &base, int64_t recomputeNs) const {
  StageTime time = base.time;
  time.timeNs += recomputeNs;
  time.wholeBackwardNs += recomputeNs;
  const int64_t busy = busyNs(time);
  const int64_t ahead = std::max<int64_t>(0, std::min(base.mostAheadNs, busy - base.averageNs));
  if (layout.schedule != Schedule::Interleaved)
    return {busy - ahead, fillNs(time), base.tailNs};
  const int64_t m = layout.numMicroBatches, pp = layout.pp, rounds = m / pp;
  const int64_t turns = m * time.timeNs - divideUp(time.timeNs + base.lagNs, layout.vpp);
  const int64_t late = (rounds - 1) * (pp * base.lagNs - base.regainNs);
  return {turns + pp * base.lagNs + std::max(late, -ahead), fillNs(time), base.tailNs};
}

int64_t LayoutFigures::objectiveNs(int64_t busyNs, int64_t fillNs, int64_t tailNs) const {
  return busyNs + fillNs + tailNs + problem.job.stepNs + noiseNs;
}

// The busiest stage has at least the average: m times the sum of all pieces over pp.
int64_t LayoutFigures::lowerBoundNs() const {
  auto least = [&](auto piece) {
    int64_t best = INT64_MAX;
    for (const auto &stage : work.stages)
      best = std::min(best, pieceNs(piece(*stage)));
    return best;
  };
  int64_t sum = least([](const WorkFigures::Stage &stage) { return stage.embedding; }) +
                least([](const WorkFigures::Stage &stage) { return stage.head; });
  for (const LayerGroup &group : problem.model.layers)
    sum += group.count *
           least([&](const WorkFigures::Stage &stage) { return stage.kinds.at(group.kind); });
  return objectiveNs(layout.numMicroBatches * sum / layout.pp, 0, 0);
}
