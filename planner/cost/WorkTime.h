// Time of a run of work inside a layer, with the wait for the slowest rank of the groups that meet
// in it (docs/cost-model.md, "Time").
//
// Ranks of a group meet at every collective, so what lies between two of them costs the expected
// maximum of its ranks: mean * (1 + kappa(n) * cv). The cv of plain ops is the device's jitter;
// grouped matmuls and exchanges also carry the imbalance of routing, in quadrature: routing /
// sqrt(experts per rank). Ranks that share experts share their tokens too, so grouped matmuls wait
// for the exchange, not for the experts' tensor group. Without collectives nothing waits, and the
// jitter only widens the distribution of the step (noise/StepNoise.h).
#ifndef SIGMA_PLANNER_COST_WORKTIME_H
#define SIGMA_PLANNER_COST_WORKTIME_H

#include "planner/Problem.h"
#include "planner/cost/Collectives.h"

#include <array>

namespace sigma::planner {

struct WorkTime {
  int64_t computeNs = 0;               // plain and grouped ops, mean
  int64_t exchangeNs = 0;              // all-to-all of the experts, mean, as far as exposed
  int64_t tensorNs = 0, contextNs = 0; // the same of tensor and of context parallelism
  int64_t hiddenNs = 0;                // of the exchanges and of the waits for them
  int64_t noiseNs = 0;                 // wait for the slowest of each group
  int64_t exchangeWaitNs = 0;          // of which at the exchanges
  double varianceNs2 = 0;              // of the whole, as seen from outside the groups

  int64_t totalNs() const;
};

// What a schedule changes about the time of a layer's work.
enum class WorkTiming {
  Plain,
  HidesExchange,  // behind the compute of the other direction
  SplitsBackward, // into the gradients of inputs and of weights
};
WorkTiming workTiming(const Job &job, const Layout &layout);

// What the time of work depends on besides the work itself: a device, and the groups of a layout.
class WorkClock {
public:
  WorkClock(const Problem &problem, const Device &device, const Layout &layout);

  WorkTime time(const WorkCost &work) const;
  WorkTime backwardTime(const WorkCost &work) const;
  // Of recomputation: no other direction hides its exchanges.
  WorkTime recomputeTime(const WorkCost &work) const;

private:
  // `isSplit`: half of the ops are weight gradients, for which nobody waits.
  WorkTime unhidden(const WorkCost &work, bool isSplit) const;
  WorkTime hide(WorkTime time) const;

  struct Meeting {
    RankGroup ranks;
    double linkCv = 0;
  };
  struct Segments {
    int64_t plainNs = 0, groupedNs = 0, commNs = 0;
  };

  const Overlap &overlap;
  const Device &device;
  Topology topology;
  std::array<Meeting, kNumGroups> meetings;
  double computeCv, groupedCv;
  WorkTiming timing;
};

// ceil(mean * kappa(n) * cv): the expected extra wait for the slowest of n.
int64_t slowestOfNs(int64_t meanNs, int64_t n, double cv);

// What is left of a wait behind something that leaves `coverNs` for it: who may be so late still
// waits for others now and then.
int64_t shownWaitNs(int64_t waitNs, int64_t coverNs);

int64_t shareNs(int64_t computeNs, int64_t ppm);
// What is left of `commNs` beyond `ppm` of `computeNs`.
int64_t exposedNs(int64_t commNs, int64_t computeNs, int64_t ppm);

} // namespace sigma::planner

#endif
