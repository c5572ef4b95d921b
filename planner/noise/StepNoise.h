// What jitter and spikes add to the time of one step, beyond the waits that are already inside
// the cost tables.
//
// A pipeline replica runs m micro-batches through P stages. With independent cells of mean t
// and standard deviation sigma its makespan is last-passage percolation: for a = max(m, P), b
// = min(m, P),
//
//   mean     = (a + b - 1) t + sigma sqrt(a) (2 sqrt(b) - 1.7711 b^(-1/6))      (0 shift for b = 1)
//   variance = sigma^2 a * 0.8132 b^(-1/3)                                     (1 for b = 1)
//
// the largest eigenvalue of a b x b GUE matrix in the Tracy-Widom limit (Baryshnikov 2001; Glynn
// and Whitt 1991 for the leading term 2 sigma sqrt(ab)).
//
// A spike of D ns hits each device with probability q per step. A replica of n devices has k of
// them with the binomial probability w_k, and each holds up all that follows: the replica is done
// after x with probability F(x) = sum_k w_k Phi((x - shift - k D) / sd). The step waits for the
// slowest of G independent replicas, the lock-step groups of a stage: its distribution is F^G.
#ifndef SIGMA_PLANNER_NOISE_STEPNOISE_H
#define SIGMA_PLANNER_NOISE_STEPNOISE_H

#include "planner/Problem.h"

namespace sigma::planner {

struct StepNoise {
  double cellSigmaNs = 0; // one micro-batch on one stage
  int64_t numMicroBatches = 1, numStages = 1;
  int64_t numReplicas = 1; // independent lock-step groups
  int64_t numDevices = 1;
  Spikes spikes;

  double meanNs() const;
  double quantileNs(double probability) const;
};

} // namespace sigma::planner

#endif
