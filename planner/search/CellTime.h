// What one micro-batch on one stage contributes to the step (docs/cost-model.md, "The step").
#ifndef SIGMA_PLANNER_SEARCH_CELLTIME_H
#define SIGMA_PLANNER_SEARCH_CELLTIME_H

#include "planner/Layout.h"
#include "planner/search/Costs.h"

namespace sigma::planner {

// Sums over pieces.
struct CellTime {
  int64_t totalNs = 0;             // t: forward, backward, recomputation, ZeRO, receiving
  int64_t weightsNs = 0;           // v: twice what nobody waits for of a split backward
  int64_t backwardNs = 0;          // B: backward, recomputation and ZeRO, nothing hidden
  int64_t hiddenNs = 0;            // H: exchanges hidden behind the other direction
  int64_t lagNs = 0, reliefNs = 0; // d, D: waits for longer chunks of other stages; no sums

  void add(const PieceCost &piece, int64_t times, const ZeroEach &zero);
  void add(const CellTime &other, int64_t times);
  void addRecompute(int64_t ns);
  void addReceive(int64_t ns);
};

// T = max steady + sum fill + max tail: `fill` is what a stage adds to the pipeline's filling and
// draining, `steady` the rest of its work. tail: sync + optimizer.
struct StageTimes {
  int64_t steadyNs = 0, fillNs = 0, tailNs = 0;
};
StageTimes stageTimes(const Layout &layout, const CellTime &cell);

// No split of the model over the stages has a largest steady time or a sum of fill times below
// these. `sets`: the kinds of devices that stages run on; `zero`: by set and piece, or empty;
// `handOverNs`: the least of one between two stages.
StageTimes leastTimes(const Layout &layout, const LayerSequence &sequence,
                      const std::vector<const CostSet *> &sets,
                      const std::vector<std::vector<ZeroEach>> &zero, int64_t handOverNs);

} // namespace sigma::planner

#endif
