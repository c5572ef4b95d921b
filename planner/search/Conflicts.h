// Why nothing fits: a minimal set of limits that together exclude every plan, by how much, and what
// would resolve it.
#ifndef SIGMA_PLANNER_SEARCH_CONFLICTS_H
#define SIGMA_PLANNER_SEARCH_CONFLICTS_H

#include "planner/Plan.h"
#include "planner/Problem.h"
#include "planner/search/Costs.h"
#include "planner/search/Deadline.h"

#include <functional>
#include <vector>

namespace sigma::planner {

// Solves a changed problem; what it returns has passed the check.
using Solver = std::function<Answer(const Problem &)>;

// For a valid problem that no plan solves. Memory comes first, pins last.
// What is found before the deadline; `lacksReasons` where that is not all.
void findConflicts(const Problem &problem, AskedCosts &asked, const Deadline &deadline,
                   const Solver &solve, Answer &answer);

} // namespace sigma::planner

#endif
