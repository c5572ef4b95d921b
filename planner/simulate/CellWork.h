// What a stage does with one micro-batch, as runs of work between meetings of the expert group.
#ifndef SIGMA_PLANNER_SIMULATE_CELLWORK_H
#define SIGMA_PLANNER_SIMULATE_CELLWORK_H

#include "planner/Plan.h"
#include "planner/Problem.h"

#include <vector>

namespace sigma::planner {

// Work that one rank does without looking at others; then, but for the last of a run, an
// all-to-all.
struct Stretch {
  double plainNs = 0, groupedNs = 0; // grouped: expert products, in proportion to the rank's tokens
  double exchangeNs = 0;             // mean of the all-to-all that ends it
};

// One direction of one layer. Jitter and the load of tokens are drawn once per run and rank.
// Neighbouring runs without exchange are one, of one stretch.
struct Run {
  std::vector<Stretch> stretches;
  double sigmaNs = 0; // of a run without exchange

  bool meets() const { return stretches.size() > 1; }
};

// Relative standard deviations, as in cost/WorkTime.h.
struct Jitters {
  double compute = 0, routing = 0, link = 0;
};

struct CellWork {
  std::vector<Run> forward, backward;                 // recomputation is part of backward
  double forwardReceiveNs = 0, backwardReceiveNs = 0; // 0 at the ends of the pipeline
  double tailNs = 0;                                  // gradient reduction and update, once a step
};

Jitters jittersOf(const Problem &problem, const Layout &layout);

// One per stage. The figures of `plan` are those that check() computed.
std::vector<CellWork> cellWorks(const Problem &problem, CostSource &costs, const Plan &plan);

} // namespace sigma::planner

#endif
