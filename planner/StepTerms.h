// The step time of a plan, term by term.
#ifndef SIGMA_PLANNER_STEPTERMS_H
#define SIGMA_PLANNER_STEPTERMS_H

#include "planner/Plan.h"

#include <cstdint>
#include <vector>

namespace sigma::planner {

struct StepTerm {
  const char *name;
  int64_t ns;
  std::vector<int64_t> tierNs; // of what is communicated, hidden or not, on each tier; may be empty
};

// The terms of the objective as a stage like `stage` sees them: its own times, the pipeline's waits
// for other stages, and what is once per step. They add up to the objective.
std::vector<StepTerm> stepTerms(const Plan &plan, const StagePlan &stage);

// The slowest stage, which sets the pace.
size_t slowestStage(const Plan &plan);

// A stage whose times per micro-batch are the mean of all.
StagePlan averageStage(const Plan &plan);

} // namespace sigma::planner

#endif
