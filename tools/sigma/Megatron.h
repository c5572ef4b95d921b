//===- Megatron.h - plans as Megatron-LM's flags ------------------*- C++ -*-===//

#ifndef TOOLS_SIGMA_MEGATRON_H
#define TOOLS_SIGMA_MEGATRON_H

#include "codegen/megatron/Plans.h"
#include "tools/sigma/Spec.h"

namespace sigma::driver {

/// The job as the conversion wants it. Lives as long as the task.
megatron::Target megatronTarget(Spec &spec, mlir::sigma::PlanningTask &task);

/// The plan of the launch command in the file `path`, not judged; prints what is wrong.
bool readMegatronPlan(const std::string &path, const megatron::Target &target, planner::Plan &plan);

} // namespace sigma::driver

#endif
