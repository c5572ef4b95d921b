// Why a plan of another layout is slower.
#ifndef SIGMA_PLANNER_SEARCH_RUNNERS_H
#define SIGMA_PLANNER_SEARCH_RUNNERS_H

#include "planner/Plan.h"

namespace sigma::planner {

// By how much, and which term of the step grew most: "1.30 % slower; most of it is all-to-all: 3.1
// ms against 2.0 ms".
std::string whyItLoses(const Plan &winner, const Plan &runner);

} // namespace sigma::planner

#endif
