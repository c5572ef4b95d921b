#include "planner/search/CellTime.h"

#include "planner/cost/Arithmetic.h"

#include <algorithm>

using namespace sigma::planner;

void CellTime::add(const PieceCost &piece, int64_t times, int64_t zeroNs) {
  auto sum = [&](int64_t &total, int64_t ns) { total = addSat(total, mulSat(times, ns)); };
  sum(totalNs, addSat(piece.baseNs, zeroNs));
  sum(backwardComputeNs, piece.backward.computeNs);
  sum(backwardNs, addSat(piece.backward.totalNs(), piece.backward.hiddenNs));
  sum(hiddenNs, addSat(piece.forward.hiddenNs, piece.backward.hiddenNs));
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
    return cell.totalNs - cell.backwardComputeNs;
  case Schedule::DualPipeV:
    return ceilDiv(2 * Int128(cell.totalNs) + 2 * Int128(cell.backwardNs) -
                       3 * Int128(cell.backwardComputeNs),
                   4);
  }
  return 0;
}

StageTimes sigma::planner::stageTimes(const Layout &layout, const CellTime &cell) {
  StageTimes times;
  times.fillNs = fillOf(layout, cell);
  times.steadyNs = addSat(mulSat(layout.numMicroBatches, cell.totalNs), -times.fillNs);
  // Only pairs of a forward and a backward hide exchanges; 2 pp + 1 chunks of a stage run alone.
  if (layout.schedule == Schedule::DualPipeV)
    times.steadyNs =
        addSat(times.steadyNs, ceilDiv(Int128(2 * layout.pp + 1) * cell.hiddenNs, 2));
  return times;
}

namespace {

// A piece of the model, on each kind of device.
struct Piece {
  std::vector<const PieceCost *> costs;
  int64_t times;
};

} // namespace

static std::vector<Piece> piecesOf(const LayerSequence &sequence,
                                   const std::vector<const CostSet *> &sets) {
  std::vector<Piece> pieces(sequence.kinds.size() + 2);
  for (const CostSet *set : sets) {
    for (size_t kind = 0; kind < set->kinds.size(); ++kind)
      pieces[kind].costs.push_back(&set->kinds[kind]);
    pieces[sequence.kinds.size()].costs.push_back(&set->embedding);
    pieces[sequence.kinds.size() + 1].costs.push_back(&set->head);
  }
  for (size_t kind = 0; kind < pieces.size(); ++kind)
    pieces[kind].times = kind < sequence.kinds.size() ? sequence.count(kind, 0, sequence.size()) : 1;
  return pieces;
}

StageTimes sigma::planner::leastTimes(const Layout &layout, const LayerSequence &sequence,
                                      const std::vector<const CostSet *> &sets,
                                      const ZeroTime &zero, int64_t receiveNs) {
  auto cellOf = [&](const PieceCost &piece, int64_t times) {
    CellTime cell;
    cell.add(piece, times, zero.everyMicroBatchNs(piece.replicated()));
    cell.addRecompute(mulSat(times, piece.leastExtraNs()));
    return cell;
  };
  StageTimes sums;
  CellTime receive;
  receive.addReceive(receiveNs);
  // Each piece on the device where it takes least; steady and fill times are linear in the pieces up to
  // the roundings of the fill.
  auto addLeast = [&](const StageTimes &times, int64_t roundings) {
    sums.steadyNs = addSat(sums.steadyNs, times.steadyNs - roundings);
    sums.fillNs = addSat(sums.fillNs, times.fillNs - roundings);
  };
  addLeast(stageTimes(layout, receive), 1);
  for (const Piece &piece : piecesOf(sequence, sets)) {
    StageTimes fewest{kSaturated, kSaturated, 0};
    for (const PieceCost *cost : piece.costs) {
      const StageTimes times = stageTimes(layout, cellOf(*cost, piece.times));
      fewest.steadyNs = std::min(fewest.steadyNs, times.steadyNs);
      fewest.fillNs = std::min(fewest.fillNs, times.fillNs);
    }
    addLeast(fewest, 1);
  }
  // Each stage rounds its own fill up.
  return {std::max<int64_t>(0, sums.steadyNs / layout.pp - 1), std::max<int64_t>(0, sums.fillNs), 0};
}
