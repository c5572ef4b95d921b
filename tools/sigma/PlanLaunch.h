//===- PlanLaunch.h - what a plan says of its launch --------------*- C++ -*-===//

#ifndef TOOLS_SIGMA_PLANLAUNCH_H
#define TOOLS_SIGMA_PLANLAUNCH_H

#include "codegen/launch/Launch.h"
#include "planner/PlanJson.h"

namespace sigma::driver {

/// All but where the program is, and what it is told.
launch::Launch launchOf(const planner::PlanDocument &document);

} // namespace sigma::driver

#endif
