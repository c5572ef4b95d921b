#include "planner/StepTerms.h"

#include "planner/cost/Arithmetic.h"

#include <algorithm>

using namespace sigma::planner;

namespace {

// A part of a micro-batch's time on a stage.
struct Part {
  const char *name;
  int64_t StagePlan::*ns;
};

constexpr Part kParts[] = {
    {"arithmetic", &StagePlan::computeNs},
    {"recomputation", &StagePlan::recomputeNs},
    {"all-to-all of the experts", &StagePlan::exchangeNs},
    {"tensor parallelism", &StagePlan::tensorNs},
    {"context parallelism", &StagePlan::contextNs},
    {"ZeRO per micro-batch", &StagePlan::zeroNs},
    {"transfers between stages", &StagePlan::transferNs},
    {"waiting inside groups", &StagePlan::noiseNs},
};

} // namespace

std::vector<StepTerm> sigma::planner::stepTerms(const Plan &plan, const StagePlan &stage) {
  std::vector<StepTerm> terms;
  int64_t left = addSat(plan.objectiveNs, -plan.noiseNs), tail = 0;
  auto add = [&](const char *name, int64_t ns) {
    terms.push_back({name, ns});
    left = addSat(left, -ns);
  };
  for (const Part &part : kParts)
    add(part.name, mulSat(plan.layout.numMicroBatches, stage.*part.ns));
  for (const StagePlan &other : plan.stages)
    tail = std::max(tail, addSat(other.syncNs, other.optimizerNs));
  add("sync of gradients and optimizer", tail);
  add("pipeline bubble and imbalance", left);
  terms.push_back({"jitter and spikes of the step", plan.noiseNs});
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
