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
             const std::vector<const CostSet *> &sets,
             const std::vector<std::vector<ZeroEach>> &zero, int64_t handOverNs)
      : layout(layout), sequence(sequence) {
    for (size_t piece = 0; piece < sets.front()->numPieces(); ++piece)
      pieces.push_back(fewest(sets, zero, piece));
    // The first stage, the last, and those between are alike.
    addAlike(0, 1, handOverNs);
    if (layout.pp > 1)
      addAlike(layout.pp - 1, 1, handOverNs);
    if (layout.pp > 2)
      addAlike(1, layout.pp - 2, handOverNs);
  }

  StageTimes run() const {
    StageTimes sums;
    for (size_t piece = 0; piece < pieces.size(); ++piece)
      sums = add(sums, pieces[piece], sequence.countOfPiece(piece));
    for (const Alike &alike : stages)
      sums = add(sums, alike.received, alike.count);
    const int64_t average = std::max<int64_t>(0, sums.steadyNs / layout.pp - 1);
    return {fullestSteadyNs(average), std::max<int64_t>(0, sums.fillNs), 0};
  }

private:
  static StageTimes add(const StageTimes &a, const StageTimes &b, int64_t times) {
    return {addSat(a.steadyNs, mulSat(times, b.steadyNs)),
            addSat(a.fillNs, mulSat(times, b.fillNs)), 0};
  }

  StageTimes fewest(const std::vector<const CostSet *> &sets,
                    const std::vector<std::vector<ZeroEach>> &zero, size_t index) const {
    StageTimes least{kSaturated, kSaturated, 0};
    for (size_t set = 0; set < sets.size(); ++set) {
      const PieceCost &piece = sets[set]->piece(index);
      CellTime cell;
      cell.add(piece, 1, zero.empty() ? ZeroEach() : zero[set][index]);
      cell.addRecompute(piece.leastExtraNs());
      const StageTimes times = stageTimes(layout, cell);
      least.steadyNs = std::min(least.steadyNs, times.steadyNs - 1);
      least.fillNs = std::min(least.fillNs, times.fillNs - 1);
    }
    return least;
  }

  struct Alike {
    int64_t count;
    StageTimes received;
    int64_t fixedNs; // steady, without layers
  };

  void addAlike(int64_t stage, int64_t count, int64_t handOverNs) {
    CellTime cell;
    cell.addReceive(mulSat(numRemoteNeighbours(layout, stage), handOverNs));
    const StageTimes times = stageTimes(layout, cell);
    const StageTimes received{times.steadyNs - 1, times.fillNs - 1, 0};
    int64_t fixed = received.steadyNs;
    fixed = addSat(fixed, stage == 0 ? embedding().steadyNs : 0);
    fixed = addSat(fixed, stage == headStage(layout) ? head().steadyNs : 0);
    stages.push_back({count, received, fixed});
  }

  // The least that a unit of layers takes, and how many there are.
  std::pair<int64_t, int64_t> leastUnit() const {
    int64_t unit = 0;
    if (layout.vpp > 1) {
      const LayerSequence::Repeat &repeat = sequence.repeat();
      for (size_t kind = 0; kind < sequence.kinds.size(); ++kind)
        addTimes(unit, sequence.count(kind, repeat.first, repeat.first + repeat.block),
                 pieces[kind].steadyNs);
      return {unit, repeat.repeats};
    }
    unit = kSaturated;
    for (size_t kind = 0; kind < sequence.kinds.size(); ++kind)
      unit = std::min(unit, pieces[kind].steadyNs);
    return {unit, sequence.size()};
  }

  // By counting: the least steady time under which the stages can hold all units of layers.
  int64_t fullestSteadyNs(int64_t least) const {
    const auto [unit, units] = leastUnit();
    if (unit <= 0)
      return least;
    auto holdsAll = [&, unit = unit, units = units](int64_t steady) {
      int64_t held = 0;
      for (const Alike &alike : stages)
        addTimes(held, alike.count, std::max<int64_t>(0, steady - alike.fixedNs) / unit);
      return held >= units;
    };
    int64_t low = least, enough = least;
    for (const Alike &alike : stages) {
      low = std::max(low, addSat(alike.fixedNs, mulSat(layout.vpp, unit)));
      enough = std::max(enough, addSat(alike.fixedNs, mulSat(ceilDiv(units, layout.pp), unit)));
    }
    if (holdsAll(low))
      return low;
    // What the stages hold only grows where one of them is full.
    for (const Alike &alike : stages) {
      int64_t full = addSat(alike.fixedNs, mulSat(ceilDiv(low - alike.fixedNs, unit), unit));
      while (full < enough && !holdsAll(full))
        full += unit;
      enough = std::min(enough, full);
    }
    return enough;
  }

  const StageTimes &embedding() const { return pieces[pieces.size() - 2]; }
  const StageTimes &head() const { return pieces.back(); }

  const Layout &layout;
  const LayerSequence &sequence;
  std::vector<StageTimes> pieces; // as CostSet counts them
  std::vector<Alike> stages;
};

} // namespace

StageTimes sigma::planner::leastTimes(const Layout &layout, const LayerSequence &sequence,
                                      const std::vector<const CostSet *> &sets,
                                      const std::vector<std::vector<ZeroEach>> &zero,
                                      int64_t handOverNs) {
  return LeastTimes(layout, sequence, sets, zero, handOverNs).run();
}
