// Is a problem well formed? What passes here can be planned without division by zero or overflow.
#ifndef SIGMA_PLANNER_VALIDATE_H
#define SIGMA_PLANNER_VALIDATE_H

#include "planner/Problem.h"

namespace sigma::planner {

// Empty, or what is wrong: the field, its value and what is allowed.
std::string validate(const Problem &problem);

} // namespace sigma::planner

#endif
