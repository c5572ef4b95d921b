#include "planner/StepTerms.h"

#include "planner/cost/Arithmetic.h"

#include <algorithm>

using namespace sigma::planner;

namespace {

// A part of a micro-batch's time on a stage.
struct Part {
  const char *name;
  int64_t StagePlan::*ns;
  std::vector<int64_t> TierTimes::*tiers = nullptr;
};

constexpr Part kParts[] = {
    {"arithmetic", &StagePlan::computeNs},
    {"recomputation", &StagePlan::recomputeNs},
    {"all-to-all of the experts", &StagePlan::exchangeNs, &TierTimes::exchangeNs},
    {"tensor parallelism", &StagePlan::tensorNs, &TierTimes::tensorNs},
    {"context parallelism", &StagePlan::contextNs, &TierTimes::contextNs},
    {"ZeRO per micro-batch", &StagePlan::zeroNs, &TierTimes::zeroNs},
    {"transfers between stages", &StagePlan::transferNs, &TierTimes::transferNs},
    {"waiting inside groups", &StagePlan::noiseNs},
};

} // namespace

std::vector<StepTerm> sigma::planner::stepTerms(const Plan &plan, const StagePlan &stage) {
  std::vector<StepTerm> terms;
  int64_t left = addSat(plan.objectiveNs, -plan.noiseNs), tail = 0;
  auto add = [&](const char *name, int64_t ns, const std::vector<int64_t> &tierNs = {}) {
    terms.push_back({name, ns, tierNs});
    left = addSat(left, -ns);
  };
  for (const Part &part : kParts)
    add(part.name, mulSat(plan.layout.numMicroBatches, stage.*part.ns),
        part.tiers ? stage.tiers.*part.tiers : std::vector<int64_t>());
  std::vector<int64_t> tailTiers;
  for (const StagePlan &other : plan.stages) {
    const int64_t ns = addSat(other.syncNs, other.optimizerNs);
    if (ns > tail)
      tailTiers = other.tiers.syncNs;
    tail = std::max(tail, ns);
  }
  add("sync of gradients and optimizer", tail, tailTiers);
  add("pipeline bubble and imbalance", left);
  terms.push_back({"jitter and spikes of the step", plan.noiseNs, {}});
  return terms;
}

size_t sigma::planner::slowestStage(const Plan &plan) {
  auto slowest = std::max_element(
      plan.stages.begin(), plan.stages.end(),
      [](const StagePlan &a, const StagePlan &b) { return a.microBatchNs < b.microBatchNs; });
  return static_cast<size_t>(slowest - plan.stages.begin());
}

StagePlan sigma::planner::averageStage(const Plan &plan) {
  StagePlan average;
  for (const Part &part : kParts) {
    int64_t sum = 0;
    for (const StagePlan &stage : plan.stages)
      sum = addSat(sum, stage.*part.ns);
    average.*part.ns = sum / static_cast<int64_t>(plan.stages.size());
  }
  return average;
}
