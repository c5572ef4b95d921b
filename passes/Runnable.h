//===- Runnable.h - which plans programs can run ----------------*- C++ -*-===//

#ifndef PASSES_RUNNABLE_H
#define PASSES_RUNNABLE_H

#include "dialects/Sigma/SigmaOps.h"
#include "planner/Problem.h"

namespace mlir::sigma {
namespace planner = ::sigma::planner;

/// Fails, naming the choice, on a plan that can be costed but not run.
LogicalResult requireRunnable(PlanOp plan);

/// Keeps a search to plans that programs can run. What the user pinned otherwise stays, for
/// requireRunnable to refuse by name.
void keepToRunnable(planner::Job &job);

} // namespace mlir::sigma

#endif
