// The plan and its reasons, for people.
#ifndef SIGMA_PLANNER_EXPLAIN_H
#define SIGMA_PLANNER_EXPLAIN_H

#include "planner/Plan.h"
#include "planner/Problem.h"

namespace sigma::planner {

// Aligned plain text, at most 100 columns in its tables: the layout, where the step's time goes,
// each stage's time and memory and what binds it, the proof, and runners-up; or the conflicting
// limits and what would resolve them.
std::string explain(const Problem &problem, const Answer &answer);

} // namespace sigma::planner

#endif
