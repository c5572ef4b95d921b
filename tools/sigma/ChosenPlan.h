//===- ChosenPlan.h - the plan that a command works on ------------*- C++ -*-===//

#ifndef TOOLS_SIGMA_CHOSENPLAN_H
#define TOOLS_SIGMA_CHOSENPLAN_H

#include "tools/sigma/Spec.h"

namespace sigma::driver {

/// Whether somebody else made the plan that choosePlan takes.
bool isPlanGiven(Spec &spec, const std::string &path);

/// The plan of the file `path`; without one the specification's own `sigma.plan`, or else a new
/// one. Returns an exit status; what is wrong has been printed.
int choosePlan(Spec &spec, const std::string &path, double timeLimitS,
               mlir::sigma::PlanningTask &task, planner::Answer &answer);

} // namespace sigma::driver

#endif
