//===- ChosenPlan.h - the plan that a command works on ------------*- C++ -*-===//

#ifndef TOOLS_SIGMA_CHOSENPLAN_H
#define TOOLS_SIGMA_CHOSENPLAN_H

#include "planner/PlanJson.h"
#include "tools/sigma/Spec.h"

namespace sigma::driver {

/// Reads plan.json; prints an error if that cannot be.
bool readPlan(const std::string &path, planner::PlanDocument &document);

/// Takes a plan that somebody else made, from `origin`, if planner::check finds it legal. Returns
/// an exit status; what is wrong has been printed.
int takePlan(planner::Plan plan, const std::string &origin, mlir::sigma::PlanningTask &task,
             planner::Answer &answer);

/// Whether somebody else made the plan that choosePlan takes.
bool isPlanGiven(Spec &spec, const std::string &path);

/// The plan of the file `path`; without one the specification's own `sigma.plan`, or else a new
/// one. Returns an exit status; what is wrong has been printed.
int choosePlan(Spec &spec, const std::string &path, double timeLimitS,
               mlir::sigma::PlanningTask &task, planner::Answer &answer);

} // namespace sigma::driver

#endif
