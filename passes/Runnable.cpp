//===- Runnable.cpp - which plans programs can run ------------------------===//

#include "passes/Runnable.h"

using namespace mlir;
using namespace mlir::sigma;
using planner::Axis;

namespace {
/// A size that every program has.
struct FixedSize {
  StringRef name;
  Axis axis;
  int64_t value;
};
} // namespace

static const FixedSize kFixedSizes[] = {
    {"tp", Axis::Tp, 1},     {"cp", Axis::Cp, 1},     {"vpp", Axis::Vpp, 1},
    {"etp", Axis::Etp, 1},   {"zero", Axis::Zero, 0}, {"expert_zero", Axis::ExpertZero, 0}};

static LogicalResult refuse(Operation *op, const Twine &what, const Twine &instead) {
  return op->emitError() << what << " can be planned, but not run; " << instead;
}

LogicalResult mlir::sigma::requireRunnable(PlanOp plan) {
  for (const FixedSize &fixed : kFixedSizes)
    if (int64_t size = plan.getSize(fixed.name); size != fixed.value)
      return refuse(plan, fixed.name + " = " + Twine(size),
                    "pin " + fixed.name + " = " + Twine(fixed.value));
  if (plan.getSchedule() != Schedule::OneFOneB)
    return refuse(plan, "schedule " + stringifySchedule(plan.getSchedule()),
                  "pin schedule = \"1f1b\"");
  if (plan.getPlacement() != Placement::StagesOutside)
    return refuse(plan, "placement " + stringifyPlacement(plan.getPlacement()),
                  "use tp-cp-dp-pp");
  for (StageOp stage : plan.getStages())
    for (auto [i, layer] : llvm::enumerate(stage.getLayers()))
      if (!symbolizeRematMode(stage.getRematMode(i)))
        return refuse(stage, "remat " + stage.getRematMode(i) + " of layer " + Twine(layer),
                      "use none or full");
  return success();
}

void mlir::sigma::pinToRunnable(planner::Pins &pins) {
  for (const FixedSize &fixed : kFixedSizes)
    if (!pins[fixed.axis])
      pins[fixed.axis] = fixed.value;
  if (!pins.schedule)
    pins.schedule = planner::Schedule::OneForwardOneBackward;
}
