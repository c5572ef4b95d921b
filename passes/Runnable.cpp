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

/// What sigma-expand-blocks knows no other value of.
static const FixedSize kUnexpanded[] = {
    {"vpp", Axis::Vpp, 1}, {"zero", Axis::Zero, 0}, {"expert_zero", Axis::ExpertZero, 0}};
/// What programs can be written for, but have no communicators for.
static const FixedSize kUnscheduled[] = {
    {"tp", Axis::Tp, 1}, {"cp", Axis::Cp, 1}, {"etp", Axis::Etp, 1}};

static LogicalResult refuse(Operation *op, const Twine &what, const Twine &instead) {
  return op->emitError() << what << " can be planned, but not run; " << instead;
}

static LogicalResult requireSize(Operation *op, const FixedSize &fixed, int64_t size) {
  if (size == fixed.value)
    return success();
  return refuse(op, fixed.name + " = " + Twine(size),
                "pin " + fixed.name + " = " + Twine(fixed.value));
}

LogicalResult mlir::sigma::requireExpandable(PlanOp plan) {
  for (const FixedSize &fixed : kUnexpanded)
    if (failed(requireSize(plan, fixed, plan.getSize(fixed.name))))
      return failure();
  if (plan.getSchedule() != Schedule::OneFOneB)
    return refuse(plan, "schedule " + stringifySchedule(plan.getSchedule()),
                  "pin schedule = \"1f1b\"");
  if (plan.getPlacement() != Placement::StagesOutside)
    return refuse(plan, "placement " + stringifyPlacement(plan.getPlacement()), "use tp-cp-dp-pp");
  return success();
}

LogicalResult mlir::sigma::requireRunnable(PlanOp plan) {
  for (const FixedSize &fixed : kUnscheduled)
    if (failed(requireSize(plan, fixed, plan.getSize(fixed.name))))
      return failure();
  return requireExpandable(plan);
}

LogicalResult mlir::sigma::requireRunnable(rank::LaunchOp launch, Operation *program) {
  const int64_t sizes[] = {launch.getTp(), launch.getCp(), launch.getEtp()};
  for (auto [fixed, size] : llvm::zip_equal(kUnscheduled, sizes))
    if (failed(requireSize(program, fixed, size)))
      return failure();
  return success();
}

void mlir::sigma::keepToRunnable(planner::Job &job) {
  for (ArrayRef<FixedSize> sizes : {ArrayRef(kUnexpanded), ArrayRef(kUnscheduled)})
    for (const FixedSize &fixed : sizes)
      if (!job.pins[fixed.axis])
        job.pins[fixed.axis] = fixed.value;
  if (!job.pins.schedule)
    job.pins.schedule = planner::Schedule::OneForwardOneBackward;
  job.allowsStagesInside = false;
}
