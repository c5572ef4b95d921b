// One step of a plan, event by event, under drawn jitter.
#ifndef SIGMA_PLANNER_SIMULATE_STEP_H
#define SIGMA_PLANNER_SIMULATE_STEP_H

#include "planner/simulate/CellWork.h"
#include "planner/simulate/Random.h"
#include "planner/simulate/Schedule.h"

#include <vector>

namespace sigma::planner {

// A stretch of a rank's time, for a picture of the step.
struct Span {
  enum class Kind { Receive, Forward, Backward, Wait, Exchange, Tail };
  Kind kind;
  int64_t stage, rank; // of the first expert group
  int64_t microBatch;  // -1: of no micro-batch
  double beginNs, endNs;
};

// All ranks of a layout: pp stages of dp ranks; ranks [g ep, (g + 1) ep) of every stage are one
// expert group, and one pipeline that runs by itself until the gradients are reduced.
class Step {
public:
  Step(const Problem &problem, CostSource &costs, const Plan &plan);

  // Draws one step and returns its time.
  double sampleNs(uint64_t seed, uint64_t sample) const;
  // The same step, with the spans of its first expert group.
  std::vector<Span> trace(uint64_t seed, uint64_t sample) const;

private:
  friend class GroupRun;

  Layout layout;
  Jitters jitters;
  double spikeProbability, spikeNs;
  std::vector<CellWork> cells;
  std::vector<std::vector<Slot>> schedule; // per stage
};

} // namespace sigma::planner

#endif
