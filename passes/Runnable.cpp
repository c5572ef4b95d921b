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

static const FixedSize kFixed[] = {{"zero", Axis::Zero, 0}, {"expert_zero", Axis::ExpertZero, 0}};

static LogicalResult refuse(Operation *op, const Twine &what, const Twine &instead) {
  return op->emitError() << what << " can be planned, but not run; " << instead;
}

static LogicalResult requireSize(Operation *op, const FixedSize &fixed, int64_t size) {
  if (size == fixed.value)
    return success();
  return refuse(op, fixed.name + " = " + Twine(size),
                "pin " + fixed.name + " = " + Twine(fixed.value));
}

LogicalResult mlir::sigma::requireRunnable(PlanOp plan) {
  for (const FixedSize &fixed : kFixed)
    if (failed(requireSize(plan, fixed, plan.getSize(fixed.name))))
      return failure();
  if (plan.getSchedule() != Schedule::OneFOneB && plan.getSchedule() != Schedule::Interleaved)
    return refuse(plan, "schedule " + stringifySchedule(plan.getSchedule()),
                  "pin schedule = \"1f1b\" or \"interleaved\"");
  if (plan.getPlacement() != Placement::StagesOutside)
    return refuse(plan, "placement " + stringifyPlacement(plan.getPlacement()), "use tp-cp-dp-pp");
  return success();
}

void mlir::sigma::keepToRunnable(planner::Job &job) {
  for (const FixedSize &fixed : kFixed)
    if (!job.pins[fixed.axis])
      job.pins[fixed.axis] = fixed.value;
  for (planner::Schedule unwritten :
       {planner::Schedule::ZeroBubbleH1, planner::Schedule::DualPipeV})
    if (job.pins.schedule != unwritten)
      job.forbids.schedules.push_back(unwritten);
  job.allowsStagesInside = false;
}
