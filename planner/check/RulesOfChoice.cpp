#include "planner/check/Rules.h"

#include <algorithm>

using namespace sigma::planner;

static std::string str(int64_t value) { return std::to_string(value); }

void RuleBook::pins() {
  const Pins &pins = problem.job.pins;
  for (int i = 0; i < kNumAxes; ++i)
    if (const auto &wanted = pins.sizes[i]) {
      const int64_t given = layout.get(Axis(i));
      rule(given == *wanted, "pin " + std::string(axisName(Axis(i))),
           str(given) + " instead of " + str(*wanted));
    }
  if (pins.schedule)
    rule(layout.schedule == *pins.schedule, "pin schedule",
         std::string(scheduleName(layout.schedule)) + " instead of " +
             scheduleName(*pins.schedule));
  if (!pins.remat)
    return;
  const std::string wanted = *pins.remat ? "full" : "none";
  int64_t different = 0;
  for (const StagePlan &stage : plan.stages)
    different += std::count_if(stage.remat.begin(), stage.remat.end(),
                               [&](const std::string &mode) { return mode != wanted; });
  rule(different == 0, "pin remat",
       str(different) + (different == 1 ? " layer has" : " layers have") + " another mode than '" +
           wanted + "'");
}

void RuleBook::forbids() {
  const Forbids &forbids = problem.job.forbids;
  for (int i = 0; i < kNumAxes; ++i) {
    const int64_t given = layout.get(Axis(i));
    const std::vector<int64_t> &values = forbids.sizes[i];
    rule(std::count(values.begin(), values.end(), given) == 0, "forbid",
         std::string(axisName(Axis(i))) + " = " + str(given) + " is forbidden");
  }
  const std::vector<Schedule> &schedules = forbids.schedules;
  rule(std::count(schedules.begin(), schedules.end(), layout.schedule) == 0, "forbid",
       "schedule = " + std::string(scheduleName(layout.schedule)) + " is forbidden");
  for (const std::string &mode : forbids.remat) {
    int64_t count = 0;
    for (const StagePlan &stage : plan.stages)
      count += std::count(stage.remat.begin(), stage.remat.end(), mode);
    rule(count == 0, "forbid",
         str(count) + (count == 1 ? " layer has" : " layers have") + " the forbidden mode '" +
             mode + "'");
  }
}
