// What a job does against failures, chosen for the steps of its plan.
#ifndef SIGMA_PLANNER_RECOVERY_H
#define SIGMA_PLANNER_RECOVERY_H

#include "planner/Plan.h"
#include "planner/Problem.h"

#include <optional>

namespace sigma::planner {

// By the closed form of planner/simulate/Failures.h, for the spare nodes that the cluster has;
// nothing where it states no failures, or where they leave no time to train.
std::optional<Recovery> chooseRecovery(const Problem &problem, const Plan &plan);

} // namespace sigma::planner

#endif
