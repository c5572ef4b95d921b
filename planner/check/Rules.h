// The rules that a plan must obey before its cost means anything: divisibility, coverage of
// the layers, pins.
#ifndef SIGMA_PLANNER_CHECK_RULES_H
#define SIGMA_PLANNER_CHECK_RULES_H

#include "planner/Planner.h"

namespace sigma::planner {

// Appends what is broken. Returns false if the cost cannot be computed at all.
bool checkRules(const Problem &problem, const Plan &plan, std::vector<Violation> &violations);

} // namespace sigma::planner

#endif
