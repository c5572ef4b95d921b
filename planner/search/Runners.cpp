#include "planner/search/Runners.h"

#include "planner/Units.h"
#include "planner/cost/Arithmetic.h"

#include <algorithm>
#include <cstdio>
#include <vector>

using namespace sigma::planner;

namespace {

// The terms of the objective, to say in which of them a runner-up loses.
struct Term {
  const char *name;
  int64_t ns;
};

std::vector<Term> termsOf(const Plan &plan) {
  int64_t compute = 0, recompute = 0, exchange = 0, transfer = 0, noise = 0, sum = 0, slowest = 0;
  int64_t tail = 0, stages = static_cast<int64_t>(plan.stages.size());
  for (const StagePlan &stage : plan.stages) {
    compute += stage.computeNs;
    recompute += stage.recomputeNs;
    exchange += stage.exchangeNs;
    transfer += stage.transferNs;
    noise += stage.noiseNs;
    sum += stage.microBatchNs;
    slowest = std::max(slowest, stage.microBatchNs);
    tail = std::max(tail, stage.syncNs + stage.optimizerNs);
  }
  int64_t m = plan.layout.numMicroBatches;
  auto average = [&](int64_t total) { return mulSat(total, m) / stages; };
  return {
      {"arithmetic", average(compute)},
      {"recomputation", average(recompute)},
      {"all-to-all", average(exchange)},
      {"transfers between stages", average(transfer)},
      {"noise", addSat(average(noise), plan.noiseNs)},
      {"pipeline bubble and imbalance", addSat(addSat(mulSat(m - 1, slowest), sum), -average(sum))},
      {"gradient sync and optimizer", tail}};
}

} // namespace

std::string sigma::planner::whyItLoses(const Plan &winner, const Plan &runner) {
  std::vector<Term> ours = termsOf(winner), theirs = termsOf(runner);
  size_t worst = 0;
  for (size_t i = 1; i < ours.size(); ++i)
    if (theirs[i].ns - ours[i].ns > theirs[worst].ns - ours[worst].ns)
      worst = i;
  double percent = 100.0 * (double(runner.objectiveNs) / double(winner.objectiveNs) - 1);
  char text[32];
  snprintf(text, sizeof(text), "%.2f %% slower", percent);
  return std::string(text) + "; most of it is " + ours[worst].name + ": " +
         formatNs(double(theirs[worst].ns)) + " against " + formatNs(double(ours[worst].ns));
}
