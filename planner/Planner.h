// The planner's entry points. Nothing thrown leaves them; failures are in `error`.
#ifndef SIGMA_PLANNER_PLANNER_H
#define SIGMA_PLANNER_PLANNER_H

#include "planner/Plan.h"
#include "planner/Problem.h"

#include <functional>

namespace sigma::planner {

struct Progress {
  int64_t configurations = 0, closed = 0; // layouts of the space, and how many of them are decided
  int64_t incumbentNs = 0;                // 0 before the first plan
  int64_t lowerBoundNs = 0;               // no plan is faster
};

struct SearchOptions {
  double timeLimitS = 0; // 0: none. Until then it must be known whether any layout fits
  int top = 1;           // best plans of so many kinds of layouts: the plan and top - 1 runners-up
  bool alternatives = false;                 // also the best plan of another size, for each axis
  std::function<bool()> cancelled = nullptr; // polled between layouts
  // Called a few times a second, the first at once.
  std::function<void(const Progress &)> progress = nullptr;
};

// The best plan of the space with its proof; or, when none fits, the limits that conflict and what
// would resolve them. The plan returned has passed check().
Answer plan(const Problem &problem, CostSource &costs, const SearchOptions &options = {});

struct Violation {
  std::string limit;  // the same names as in Conflict
  std::string amount; // e.g. "stage 2 peak 17.3 GiB > 15.0 GiB (16.0 GiB less 6 % margin)"
};

struct CheckResult {
  std::vector<Violation> violations; // empty: the plan is legal
  Plan plan;         // the plan with every derived figure computed anew; layout and layers as given
  std::string error; // set when the problem itself is malformed

  bool legal() const { return error.empty() && violations.empty(); }
};

// Recomputes every constraint and the cost of a plan from the problem, sharing no code with the
// search. Only the layout and each stage's layers and rematerialization are read; numMicroBatches
// may be 0. Costs are computed when they can be.
CheckResult check(const Problem &problem, CostSource &costs, const Plan &plan);

} // namespace sigma::planner

#endif
