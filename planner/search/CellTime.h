// What one micro-batch on one stage contributes to the step (docs/cost-model.md, "The step").
#ifndef SIGMA_PLANNER_SEARCH_CELLTIME_H
#define SIGMA_PLANNER_SEARCH_CELLTIME_H

#include "planner/Layout.h"
#include "planner/search/Costs.h"

namespace sigma::planner {

// Sums over pieces.
struct CellTime {
  int64_t totalNs = 0;     // forward, backward, ZeRO, receiving; t without recomputation
  int64_t forwardNs = 0;   // F: forward and ZeRO
  int64_t weightsNs = 0;   // v: twice what nobody waits for of a split backward
  int64_t backwardNs = 0;  // backward and ZeRO, nothing hidden; B without recomputation
  int64_t hiddenNs = 0;    // H: exchanges hidden behind the other direction
  int64_t recomputeNs = 0; // part of t and B

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

// What a stage has to do with others, whatever it recomputes.
struct StageWaits {
  int64_t lagNs = 0, regainNs = 0; // d, e: for longer chunks of other stages
  int64_t mostAheadNs = 0;         // k: what the stage may do before its turn
  int64_t averageNs = 0;           // steady time of the average stage, which does nothing ahead
};
StageTimes stageTimes(const Layout &layout, const CellTime &cell, const StageWaits &waits = {});

// `cell` without recomputation; `after`: all that later stages hold, with one chunk a stage.
int64_t mostAheadNs(const Layout &layout, int64_t stage, const CellTime &cell,
                    const CellTime &after);

// No split of the model over the stages has a largest steady time or a sum of fill times below
// these. `sets`: the kinds of devices that stages run on; `zero`: by set and piece, or empty;
// `handOverNs`: the least of one between two stages.
StageTimes leastTimes(const Layout &layout, const LayerSequence &sequence,
                      const std::vector<const CostSet *> &sets,
                      const std::vector<std::vector<ZeroEach>> &zero, int64_t handOverNs);

} // namespace sigma::planner

#endif
