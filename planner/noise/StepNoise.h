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
// and Whitt 1991 for the leading term 2 sigma sqrt(ab)). The step waits for the slowest of G
// independent replicas, G = dp / ep, because the ranks of an expert group are in lock step: mean +
// kappa(G) sd, and the p-quantile is mean + sd * Phi^-1(p^(1/G)).
//
// A spike of D ns hits each of N devices with probability q per step; spikes of one step overlap,
// so the step grows by D with probability 1 - (1-q)^N, and the quantile is that of the mixture.
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
