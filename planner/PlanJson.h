// plan.json: the protobuf JSON form of planner/proto/plan.proto.
#ifndef SIGMA_PLANNER_PLANJSON_H
#define SIGMA_PLANNER_PLANJSON_H

#include "planner/Plan.h"
#include "planner/Problem.h"

#include <optional>
#include <string>

namespace sigma::planner {

inline constexpr int kPlanVersion = 1;

// What stands in a plan.json.
struct PlanDocument {
  std::string model, cluster, job;       // names
  std::optional<int64_t> numExperts;     // of the model, where the text says it
  std::optional<int64_t> devicesPerNode; // of the cluster, likewise
  int64_t spareNodes = 0;
  std::optional<Recovery> recovery; // where the cluster states failures
  Answer answer;
  std::string error; // what is wrong with the text; then nothing else is set
};

// All known fields are printed, also those at their default. `original` is the text that the plan
// was read from: fields in it that this version does not know are kept.
std::string toJson(const Problem &problem, const Answer &answer, const std::string &original = {});

// Tolerates unknown fields. So that a plan is easy to write by hand: degrees that are absent are 1,
// the schedule follows from vpp, a stage may give `layers` alone or firstLayer and endLayer instead
// of chunks, and no remat modes for none.
PlanDocument fromJson(const std::string &text);

} // namespace sigma::planner

#endif
