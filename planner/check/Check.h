// The independent judge of a plan. It reads the problem and the plan, walks the layers one
// by one, and shares with the search only the primitive times of an op, a collective and
// the normal distribution.
#ifndef SIGMA_PLANNER_CHECK_CHECK_H
#define SIGMA_PLANNER_CHECK_CHECK_H

#include "planner/Planner.h"

namespace sigma::planner {

// As planner::check, for a problem that is valid. May throw what the cost source throws.
CheckResult recount(const Problem &problem, CostSource &costs, const Plan &plan);

} // namespace sigma::planner

#endif
