// Monte Carlo: the distribution of a plan's step time, the judge of the closed forms of noise/.
#ifndef SIGMA_PLANNER_SIMULATE_SIMULATE_H
#define SIGMA_PLANNER_SIMULATE_SIMULATE_H

#include "planner/Planner.h"

#include <functional>
#include <string>

namespace sigma::planner {

struct SimulateOptions {
  int64_t samples = 1000; // steps
  uint64_t seed = 1;
  int threads = 1; // the result does not depend on it
  std::function<bool()> cancelled;
  std::function<void(int64_t done)> progress;
};

// A figure and its 95 % confidence interval.
struct Estimate {
  double ns = 0, lowNs = 0, highNs = 0;
};

struct Simulation {
  int64_t samples = 0;                     // fewer than asked for when cancelled
  Estimate mean, p50, p95, p99, objective; // objective: at the job's quantile
  Plan plan; // as check() computed it: the closed forms beside the simulation
  std::vector<Violation> violations; // of a plan that is not legal; then nothing else is set
  std::string error;
};

Simulation simulate(const Problem &problem, CostSource &costs, const Plan &plan,
                    const SimulateOptions &options = {});

// One drawn step of the first lock-step group in the Trace Event Format of Chrome and Perfetto: a
// process per stage, a thread per rank. Empty when the plan is not legal.
std::string traceJson(const Problem &problem, CostSource &costs, const Plan &plan, uint64_t seed,
                      uint64_t sample);

} // namespace sigma::planner

#endif
