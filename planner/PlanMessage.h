// Between Answer and the protobuf message. Private to the library: its users see neither protobuf
// nor JSON types.
#ifndef SIGMA_PLANNER_PLANMESSAGE_H
#define SIGMA_PLANNER_PLANMESSAGE_H

#include "planner/PlanJson.h"
#include "planner/proto/plan.pb.h"

namespace sigma::planner {

sigma::plan::Plan toMessage(const Problem &problem, const Answer &answer);

// Validates what JSON's types cannot: versions, ranges, enumerations, finite numbers.
PlanDocument fromMessage(const sigma::plan::Plan &message);

} // namespace sigma::planner

#endif
