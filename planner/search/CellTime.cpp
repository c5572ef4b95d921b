#include "planner/search/CellTime.h"

#include "planner/Pipeline.h"
#include "planner/cost/Arithmetic.h"

#include <algorithm>
#include <array>

using namespace sigma::planner;

void CellTime::add(const PieceCost &piece, int64_t times, const ZeroEach &zero) {
  const int64_t zeroNs = addSat(zero.reduceNs, zero.gatherNs / 2);
  const int64_t waitedNs = addSat(piece.backward.totalNs(), zeroNs);
  addTimes(totalNs, times, addSat(piece.baseNs, zero.totalNs()));
  addTimes(forwardNs, times, addSat(piece.forward.totalNs(), zero.gatherNs - zero.gatherNs / 2));
  // Half of the arithmetic, and gradients are reduced when they are there. Of more than the rest of
  // backward the rest is what counts.
  addTimes(weightsNs, times,
           std::min(addSat(piece.backward.computeNs, mulSat(2, zero.reduceNs)), waitedNs));
  addTimes(backwardNs, times, addSat(waitedNs, piece.backward.hiddenNs));
  addTimes(hiddenNs, times, addSat(piece.forward.hiddenNs, piece.backward.hiddenNs));
}

void CellTime::add(const CellTime &other, int64_t times) {
  addTimes(totalNs, times, other.totalNs);
  addTimes(forwardNs, times, other.forwardNs);
  addTimes(weightsNs, times, other.weightsNs);
  addTimes(backwardNs, times, other.backwardNs);
  addTimes(hiddenNs, times, other.hiddenNs);
  addTimes(recomputeNs, times, other.recomputeNs);
}

void CellTime::addRecompute(int64_t ns) { recomputeNs = addSat(recomputeNs, ns); }

void CellTime::addReceive(int64_t ns) { totalNs = addSat(totalNs, ns); }

static int64_t fillOf(const Layout &layout, const CellTime &cell) {
  const int64_t totalNs = addSat(cell.totalNs, cell.recomputeNs);
  switch (layout.schedule) {
  case Schedule::OneForwardOneBackward:
    return totalNs;
  case Schedule::Interleaved:
    return ceilDiv(totalNs, layout.vpp);
  case Schedule::ZeroBubbleH1:
    return totalNs - cell.weightsNs;
  case Schedule::DualPipeV:
    return ceilDiv(2 * Int128(totalNs) + 2 * Int128(addSat(cell.backwardNs, cell.recomputeNs)) -
                       3 * Int128(cell.weightsNs),
                   4);
  }
  return 0;
}

// Chunks are as long as their turns in the first round; in every other, stages that are early
// regain something, or a long one is ahead.
static int64_t turnsNs(const Layout &layout, int64_t totalNs, int64_t aheadNs,
                       const StageWaits &waits) {
  const int64_t m = layout.numMicroBatches, pp = layout.pp;
  const int64_t busyNs = addSat(addSat(mulSat(m, totalNs), mulSat(pp, waits.lagNs)),
                                -ceilDiv(addSat(totalNs, waits.lagNs), layout.vpp));
  const int64_t roundNs = addSat(mulSat(pp, waits.lagNs), -waits.regainNs);
  return addSat(busyNs, std::max(-aheadNs, mulSat(m / pp - 1, roundNs)));
}

StageTimes sigma::planner::stageTimes(const Layout &layout, const CellTime &cell,
                                      const StageWaits &waits) {
  const int64_t totalNs = addSat(cell.totalNs, cell.recomputeNs), fillNs = fillOf(layout, cell);
  int64_t steadyNs = addSat(mulSat(layout.numMicroBatches, totalNs), -fillNs);
  // Only pairs of a forward and a backward hide exchanges; 2 pp + 1 chunks of a stage run alone.
  if (layout.schedule == Schedule::DualPipeV)
    steadyNs = addSat(steadyNs, ceilDiv(Int128(2 * layout.pp + 1) * cell.hiddenNs, 2));
  const int64_t aheadNs =
      std::max<int64_t>(0, std::min(waits.mostAheadNs, steadyNs - waits.averageNs));
  if (layout.schedule == Schedule::Interleaved)
    return {turnsNs(layout, totalNs, aheadNs, waits), fillNs, 0};
  return {steadyNs - aheadNs, fillNs, 0};
}

// No more can a stage do ahead, whatever the others are like: forwards that wait for their
// backwards; of the first stage of dualpipev, which has the first work and the last, the filling.
static int64_t aheadLimitNs(const Layout &layout, int64_t stage, const CellTime &cell) {
  const int64_t later = layout.pp - 1 - stage;
  switch (layout.schedule) {
  case Schedule::OneForwardOneBackward:
    return layout.numMicroBatches < layout.pp ? 0 : mulSat(later, cell.forwardNs);
  case Schedule::Interleaved:
    return layout.numMicroBatches <= layout.pp ? 0 : mulSat(2 * later, cell.forwardNs) / layout.vpp;
  case Schedule::ZeroBubbleH1:
    return mulSat(later, cell.forwardNs);
  case Schedule::DualPipeV:
    return stage > 0 ? 0 : mulSat(layout.pp, fillOf(layout, cell)) / 4;
  }
  return 0;
}

int64_t sigma::planner::mostAheadNs(const Layout &layout, int64_t stage, const CellTime &cell,
                                    const CellTime &after) {
  const int64_t later = layout.pp - 1 - stage;
  int64_t most = aheadLimitNs(layout, stage, cell);
  if (layout.vpp > 1)
    return most;
  if (layout.schedule == Schedule::ZeroBubbleH1)
    most -= ceilDiv(after.weightsNs, 2);
  // What the last micro-batches need on later stages counts in any case.
  if (layout.numMicroBatches - 1 > later)
    most = std::min(most, mulSat(later, cell.totalNs) - after.totalNs);
  return most;
}

namespace {

// Steady and fill times of the model's pieces, each on the kind of device where it takes least.
// They are linear in the pieces up to the roundings of one stage, which are taken off. What long
// stages do ahead does not count on average: only the part above the average stage can be done so.
class LeastTimes {
public:
  LeastTimes(const Layout &layout, const LayerSequence &sequence,
             const std::vector<const CostSet *> &sets,
             const std::vector<std::vector<ZeroEach>> &zero, int64_t handOverNs)
      : layout(layout), sequence(sequence) {
    // The first stage, the last, and those between, of which the first does most ahead.
    addAlike(0, 1, handOverNs);
    if (layout.pp > 1)
      addAlike(layout.pp - 1, 1, handOverNs);
    if (layout.pp > 2)
      addAlike(1, layout.pp - 2, handOverNs);
    for (size_t piece = 0; piece < sets.front()->numPieces(); ++piece)
      pieces.push_back(fewest(sets, zero, piece));
  }

  StageTimes run() const {
    StageTimes sums;
    for (size_t piece = 0; piece < pieces.size(); ++piece)
      sums = add(sums, pieces[piece].times, sequence.countOfPiece(piece));
    for (const Alike &alike : stages)
      sums = add(sums, alike.received, alike.count);
    const int64_t average = std::max<int64_t>(0, sums.steadyNs / layout.pp - 1);
    return {fullestSteadyNs(average), std::max<int64_t>(0, sums.fillNs), 0};
  }

private:
  static constexpr size_t kMostAlike = 3;
  using ByAlike = std::array<int64_t, kMostAlike>;

  // Of a piece: anywhere, and its steady time on each of the alike stages less what is done ahead.
  struct Least {
    StageTimes times{kSaturated, kSaturated, 0};
    ByAlike unaidedNs{kSaturated, kSaturated, kSaturated};
  };

  static StageTimes add(const StageTimes &a, const StageTimes &b, int64_t times) {
    return {addSat(a.steadyNs, mulSat(times, b.steadyNs)),
            addSat(a.fillNs, mulSat(times, b.fillNs)), 0};
  }

  Least fewest(const std::vector<const CostSet *> &sets,
               const std::vector<std::vector<ZeroEach>> &zero, size_t index) const {
    Least least;
    for (size_t set = 0; set < sets.size(); ++set) {
      const PieceCost &piece = sets[set]->piece(index);
      CellTime cell;
      cell.add(piece, 1, zero.empty() ? ZeroEach() : zero[set][index]);
      ByAlike aheadNs;
      for (size_t i = 0; i < stages.size(); ++i)
        aheadNs[i] = aheadLimitNs(layout, stages[i].stage, cell) + 1;
      cell.addRecompute(piece.leastExtraNs());
      const StageTimes times = stageTimes(layout, cell);
      least.times.steadyNs = std::min(least.times.steadyNs, times.steadyNs - 1);
      least.times.fillNs = std::min(least.times.fillNs, times.fillNs - 1);
      for (size_t i = 0; i < stages.size(); ++i)
        least.unaidedNs[i] = std::min(least.unaidedNs[i], times.steadyNs - 1 - aheadNs[i]);
    }
    return least;
  }

  struct Alike {
    int64_t stage, count;
    StageTimes received;
    int64_t receivedUnaidedNs;
  };

  void addAlike(int64_t stage, int64_t count, int64_t handOverNs) {
    CellTime cell;
    cell.addReceive(mulSat(numRemoteNeighbours(layout, stage), handOverNs));
    const StageTimes times = stageTimes(layout, cell);
    stages.push_back({stage,
                      count,
                      {times.steadyNs - 1, times.fillNs - 1, 0},
                      times.steadyNs - 2 - aheadLimitNs(layout, stage, cell)});
  }

  // Of one unit of layers.
  int64_t unitNs(size_t alike) const {
    int64_t least = kSaturated, sum = 0;
    const LayerSequence::Repeat &repeat = sequence.repeat();
    for (size_t kind = 0; kind < sequence.kinds.size(); ++kind) {
      const int64_t ns = pieces[kind].unaidedNs[alike];
      least = std::min(least, ns);
      if (layout.vpp > 1)
        addTimes(sum, sequence.count(kind, repeat.first, repeat.first + repeat.block), ns);
    }
    return layout.vpp > 1 ? sum : least;
  }

  // Of a stage without layers.
  int64_t fixedNs(size_t alike) const {
    const int64_t stage = stages[alike].stage;
    int64_t ns = stages[alike].receivedUnaidedNs;
    ns = addSat(ns, stage == 0 ? embedding().unaidedNs[alike] : 0);
    return addSat(ns, stage == headStage(layout) ? head().unaidedNs[alike] : 0);
  }

  // By counting: the least steady time under which the stages can hold all units of layers.
  int64_t fullestSteadyNs(int64_t least) const {
    const int64_t units = layout.vpp > 1 ? sequence.repeat().repeats : sequence.size();
    const int64_t share = ceilDiv(units, layout.pp);
    ByAlike fixed, each;
    int64_t low = least, enough = least;
    for (size_t i = 0; i < stages.size(); ++i) {
      fixed[i] = fixedNs(i);
      each[i] = unitNs(i);
      if (each[i] <= 0)
        return least;
      low = std::max(low, addSat(fixed[i], mulSat(layout.vpp, each[i])));
      enough = std::max(enough, addSat(fixed[i], mulSat(share, each[i])));
    }
    auto holdsAll = [&](int64_t steady) {
      int64_t held = 0;
      for (size_t i = 0; i < stages.size(); ++i)
        addTimes(held, stages[i].count, std::max<int64_t>(0, steady - fixed[i]) / each[i]);
      return held >= units;
    };
    if (holdsAll(low))
      return low;
    // What the stages hold only grows where one of them is full.
    for (size_t i = 0; i < stages.size(); ++i) {
      int64_t full = addSat(fixed[i], mulSat(ceilDiv(low - fixed[i], each[i]), each[i]));
      while (full < enough && !holdsAll(full))
        full += each[i];
      enough = std::min(enough, full);
    }
    return enough;
  }

  const Least &embedding() const { return pieces[pieces.size() - 2]; }
  const Least &head() const { return pieces.back(); }

  const Layout &layout;
  const LayerSequence &sequence;
  std::vector<Least> pieces; // as CostSet counts them
  std::vector<Alike> stages;
};

} // namespace

StageTimes sigma::planner::leastTimes(const Layout &layout, const LayerSequence &sequence,
                                      const std::vector<const CostSet *> &sets,
                                      const std::vector<std::vector<ZeroEach>> &zero,
                                      int64_t handOverNs) {
  return LeastTimes(layout, sequence, sets, zero, handOverNs).run();
}
