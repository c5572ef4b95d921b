#include "planner/search/CellTime.h"

#include "planner/Pipeline.h"
#include "planner/cost/Arithmetic.h"

#include <algorithm>

using namespace sigma::planner;

void CellTime::add(const PieceCost &piece, int64_t times, const ZeroEach &zero) {
  const int64_t zeroNs = addSat(zero.reduceNs, zero.gatherNs / 2);
  const int64_t waitedNs = addSat(piece.backward.totalNs(), zeroNs);
  addTimes(totalNs, times, addSat(piece.baseNs, zero.totalNs()));
  // Half of the arithmetic, and gradients are reduced when they are there. Of more than the rest of
  // backward the rest is what counts.
  addTimes(weightsNs, times,
           std::min(addSat(piece.backward.computeNs, mulSat(2, zero.reduceNs)), waitedNs));
  addTimes(backwardNs, times, addSat(waitedNs, piece.backward.hiddenNs));
  addTimes(hiddenNs, times, addSat(piece.forward.hiddenNs, piece.backward.hiddenNs));
}

void CellTime::add(const CellTime &other, int64_t times) {
  addTimes(totalNs, times, other.totalNs);
  addTimes(weightsNs, times, other.weightsNs);
  addTimes(backwardNs, times, other.backwardNs);
  addTimes(hiddenNs, times, other.hiddenNs);
}

void CellTime::addRecompute(int64_t ns) {
  totalNs = addSat(totalNs, ns);
  backwardNs = addSat(backwardNs, ns);
}

void CellTime::addReceive(int64_t ns) { totalNs = addSat(totalNs, ns); }

static int64_t fillOf(const Layout &layout, const CellTime &cell) {
  switch (layout.schedule) {
  case Schedule::OneForwardOneBackward:
    return cell.totalNs;
  case Schedule::Interleaved:
    return ceilDiv(cell.totalNs, layout.vpp);
  case Schedule::ZeroBubbleH1:
    return cell.totalNs - cell.weightsNs;
  case Schedule::DualPipeV:
    return ceilDiv(
        2 * Int128(cell.totalNs) + 2 * Int128(cell.backwardNs) - 3 * Int128(cell.weightsNs), 4);
  }
  return 0;
}

// Beyond filling and draining, of a stage that is busy for `totalNs` with each micro-batch.
static int64_t beyondFill(const Layout &layout, int64_t totalNs, int64_t fillNs) {
  return addSat(mulSat(layout.numMicroBatches, totalNs), -fillNs);
}

StageTimes sigma::planner::stageTimes(const Layout &layout, const CellTime &cell) {
  StageTimes times;
  times.fillNs = fillOf(layout, cell);
  times.steadyNs = beyondFill(layout, cell.totalNs, times.fillNs);
  if (layout.schedule == Schedule::Interleaved) {
    const int64_t totalNs = addSat(cell.totalNs, cell.lagNs);
    const int64_t waitingNs = beyondFill(layout, totalNs, ceilDiv(totalNs, layout.vpp));
    times.steadyNs = std::max(times.steadyNs, waitingNs - cell.reliefNs);
  }
  // Only pairs of a forward and a backward hide exchanges; 2 pp + 1 chunks of a stage run alone.
  if (layout.schedule == Schedule::DualPipeV)
    times.steadyNs = addSat(times.steadyNs, ceilDiv(Int128(2 * layout.pp + 1) * cell.hiddenNs, 2));
  return times;
}

namespace {

// Steady and fill times of the model's pieces, each on the kind of device where it takes least.
// They are linear in the pieces up to the roundings of one stage, which are taken off.
class LeastTimes {
public:
  LeastTimes(const Layout &layout, const LayerSequence &sequence,
             const std::vector<const CostSet *> &sets, const ZeroTime &zero, int64_t handOverNs)
      : layout(layout), sequence(sequence), zero(zero), handOverNs(handOverNs) {
    for (size_t kind = 0; kind < sequence.kinds.size(); ++kind)
      layers.push_back(fewest(
          sets, [kind](const CostSet &set) -> const PieceCost & { return set.kinds[kind]; }));
    embedding = fewest(sets, [](const CostSet &set) -> const PieceCost & { return set.embedding; });
    head = fewest(sets, [](const CostSet &set) -> const PieceCost & { return set.head; });
    // The first stage, the last, and those between are alike.
    addAlike(0, 1);
    if (layout.pp > 1)
      addAlike(layout.pp - 1, 1);
    if (layout.pp > 2)
      addAlike(1, layout.pp - 2);
  }

  StageTimes run() const {
    StageTimes sums = add(embedding, head);
    for (size_t kind = 0; kind < layers.size(); ++kind)
      sums = add(sums, layers[kind], sequence.count(kind, 0, sequence.size()));
    for (const Alike &alike : stages)
      sums = add(sums, alike.received, alike.count);
    const int64_t average = std::max<int64_t>(0, sums.steadyNs / layout.pp - 1);
    return {fullestSteadyNs(average), std::max<int64_t>(0, sums.fillNs), 0};
  }

private:
  static StageTimes add(const StageTimes &a, const StageTimes &b, int64_t times = 1) {
    return {addSat(a.steadyNs, mulSat(times, b.steadyNs)),
            addSat(a.fillNs, mulSat(times, b.fillNs)), 0};
  }

  template <class PieceOf>
  StageTimes fewest(const std::vector<const CostSet *> &sets, PieceOf pieceOf) const {
    StageTimes least{kSaturated, kSaturated, 0};
    for (const CostSet *set : sets) {
      const PieceCost &piece = pieceOf(*set);
      CellTime cell;
      cell.add(piece, 1, zero.everyMicroBatch(piece.replicated()));
      cell.addRecompute(piece.leastExtraNs());
      const StageTimes times = stageTimes(layout, cell);
      least.steadyNs = std::min(least.steadyNs, times.steadyNs - 1);
      least.fillNs = std::min(least.fillNs, times.fillNs - 1);
    }
    return least;
  }

  struct Alike {
    int64_t stage, count;
    StageTimes received;
  };

  void addAlike(int64_t stage, int64_t count) {
    CellTime cell;
    cell.addReceive(mulSat(numRemoteNeighbours(layout, stage), handOverNs));
    const StageTimes times = stageTimes(layout, cell);
    stages.push_back({stage, count, {times.steadyNs - 1, times.fillNs - 1, 0}});
  }

  // By counting: the least steady time under which the stages can hold all units of layers.
  int64_t fullestSteadyNs(int64_t least) const {
    int64_t units = sequence.size(), unit = kSaturated;
    for (const StageTimes &layer : layers)
      unit = std::min(unit, layer.steadyNs);
    if (layout.vpp > 1) {
      const LayerSequence::Repeat &repeat = sequence.repeat();
      units = repeat.repeats;
      unit = 0;
      for (size_t kind = 0; kind < layers.size(); ++kind)
        unit = addSat(unit, mulSat(sequence.count(kind, repeat.first, repeat.first + repeat.block),
                                   layers[kind].steadyNs));
    }
    if (unit <= 0)
      return least;
    auto fixedNs = [&](const Alike &alike) {
      int64_t fixed = alike.received.steadyNs;
      fixed = addSat(fixed, alike.stage == 0 ? embedding.steadyNs : 0);
      return addSat(fixed, alike.stage == headStage(layout) ? head.steadyNs : 0);
    };
    auto holdsAll = [&](int64_t steady) {
      int64_t held = 0;
      for (const Alike &alike : stages)
        held =
            addSat(held, mulSat(alike.count, std::max<int64_t>(0, steady - fixedNs(alike)) / unit));
      return held >= units;
    };
    int64_t low = least, high = least;
    for (const Alike &alike : stages) {
      low = std::max(low, addSat(fixedNs(alike), mulSat(layout.vpp, unit)));
      high = std::max(high, addSat(fixedNs(alike), mulSat(units, unit)));
    }
    if (holdsAll(low))
      return low;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      if (holdsAll(middle))
        high = middle;
      else
        low = middle + 1;
    }
    return low;
  }

  const Layout &layout;
  const LayerSequence &sequence;
  const ZeroTime &zero;
  int64_t handOverNs;
  std::vector<StageTimes> layers; // by kind
  std::vector<Alike> stages;
  StageTimes embedding, head;
};

} // namespace

StageTimes sigma::planner::leastTimes(const Layout &layout, const LayerSequence &sequence,
                                      const std::vector<const CostSet *> &sets,
                                      const ZeroTime &zero, int64_t handOverNs) {
  return LeastTimes(layout, sequence, sets, zero, handOverNs).run();
}
