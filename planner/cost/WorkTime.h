// Time of a run of work inside a layer, with the wait for the slowest rank of its expert group.
//
// Ranks of an expert group meet at every all-to-all, so what lies between two of them costs the
// expected maximum of ep ranks: mean * (1 + kappa(ep) * cv). The cv of plain ops is the device's
// jitter; grouped matmuls and exchanges also carry the imbalance of routing, in quadrature:
// routing / sqrt(experts per rank). Without exchanges nothing waits, and the jitter only widens the
// distribution of the step (noise/StepNoise.h).
#ifndef SIGMA_PLANNER_COST_WORKTIME_H
#define SIGMA_PLANNER_COST_WORKTIME_H

#include "planner/Problem.h"
#include "planner/cost/Collectives.h"

namespace sigma::planner {

struct WorkTime {
  int64_t computeNs = 0;  // plain and grouped ops, mean
  int64_t exchangeNs = 0; // all-to-all, mean
  int64_t noiseNs = 0;    // wait for the slowest of the expert group
  double varianceNs2 = 0; // of the whole, as seen from outside the expert group

  int64_t totalNs() const;
};

// Relative standard deviations at one expert-parallel degree.
struct GroupJitter {
  GroupJitter(const Cluster &cluster, const Topology &topology, int64_t numExperts, int64_t ep);

  int64_t ep;
  double compute, grouped, exchange;
};

WorkTime workTime(const Device &device, const Topology &topology, const GroupJitter &jitter,
                  const WorkCost &work);

// ceil(mean * kappa(n) * cv): the expected extra wait for the slowest of n.
int64_t slowestOfNs(int64_t meanNs, int64_t n, double cv);

} // namespace sigma::planner

#endif
