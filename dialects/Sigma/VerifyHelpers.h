//===- VerifyHelpers.h - checks that the verifiers share --------*- C++ -*-===//
//
// Every check names the field, what is allowed and what it got.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_SIGMA_VERIFYHELPERS_H
#define DIALECTS_SIGMA_VERIFYHELPERS_H

#include "mlir/IR/Operation.h"

namespace mlir::sigma {

LogicalResult requirePositive(Operation *op, StringRef field, int64_t value);
LogicalResult requireNotNegative(Operation *op, StringRef field, int64_t value);
/// `low` and `high` are both allowed.
LogicalResult requireInRange(Operation *op, StringRef field, int64_t value, int64_t low,
                             int64_t high);

LogicalResult requirePositive(Operation *op, StringRef field, double value);
LogicalResult requireNotNegative(Operation *op, StringRef field, double value);

} // namespace mlir::sigma

#endif // DIALECTS_SIGMA_VERIFYHELPERS_H
