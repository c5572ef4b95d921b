// Between plans and Megatron-LM's flags. What one of them cannot say is refused by name.
#ifndef CODEGEN_MEGATRON_PLANS_H
#define CODEGEN_MEGATRON_PLANS_H

#include "codegen/megatron/Launch.h"
#include "codegen/megatron/LayoutString.h"
#include "planner/Plan.h"
#include "planner/Problem.h"

#include <optional>
#include <string>

namespace sigma::megatron {

// The job that a plan is for, where it is known.
struct Target {
  const planner::Problem &problem;
  planner::CostSource &costs;
  int64_t mtpLayers = 0; // layers of multi-token prediction, which stand with the head
};

struct LaunchOrError {
  Launch launch;
  std::string error; // empty, or what Megatron-LM cannot say, and the nearest that it can
};

// The flags of a plan. Without `target`, modes must be the same in all layers, no overlap is asked
// for, and the model has no multi-token prediction; `numExperts` is what the plan says of it.
LaunchOrError launchOf(const planner::Plan &plan, std::optional<int64_t> numExperts,
                       const Target *target);

struct PlanOrError {
  planner::Plan plan;
  std::string error; // empty, or what no plan of this job can say
};

// The plan of a launch, as Megatron-LM would split the layers: the devices of the cluster that are
// left are data parallel. Not judged: it may drop layers, leave stages empty or not fit.
PlanOrError planOf(const Launch &launch, const Target &target);

// Virtual stages as the stages of a plan. The number of stages divides theirs; modes are left out.
std::vector<planner::StagePlan> stagesOf(const std::vector<VirtualStage> &virtualStages,
                                         int64_t pp);

} // namespace sigma::megatron

#endif
