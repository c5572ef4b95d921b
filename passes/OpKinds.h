//===- OpKinds.h - which measured kind an op is -----------------*- C++ -*-===//

#ifndef PASSES_OPKINDS_H
#define PASSES_OPKINDS_H

#include "mlir/IR/Operation.h"
#include "planner/Problem.h"

namespace mlir::sigma {
namespace planner = ::sigma::planner;

/// Says in the cost of an op which kind it is and of what shape, where profiles time that kind.
void describeKind(Operation *op, planner::OpCost &cost);

} // namespace mlir::sigma

#endif
