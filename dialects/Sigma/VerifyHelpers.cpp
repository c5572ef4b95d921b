//===- VerifyHelpers.cpp - checks that the verifiers share ----------------===//

#include "dialects/Sigma/VerifyHelpers.h"

#include "mlir/IR/Diagnostics.h"
#include <cmath>

using namespace mlir;

LogicalResult sigma::requirePositive(Operation *op, StringRef field, int64_t value) {
  if (value > 0)
    return success();
  return op->emitOpError() << field << " must be positive, got: " << value;
}

LogicalResult sigma::requireNotNegative(Operation *op, StringRef field, int64_t value) {
  if (value >= 0)
    return success();
  return op->emitOpError() << field << " must not be negative, got: " << value;
}

LogicalResult sigma::requireInRange(Operation *op, StringRef field, int64_t value, int64_t low,
                                    int64_t high) {
  if (value >= low && value <= high)
    return success();
  return op->emitOpError() << field << " must be from " << low << " to " << high
                           << ", got: " << value;
}

LogicalResult sigma::requirePositive(Operation *op, StringRef field, double value) {
  if (value > 0 && std::isfinite(value))
    return success();
  return op->emitOpError() << field << " must be positive and finite, got: " << value;
}

LogicalResult sigma::requireNotNegative(Operation *op, StringRef field, double value) {
  if (value >= 0 && std::isfinite(value))
    return success();
  return op->emitOpError() << field << " must not be negative and must be finite, got: " << value;
}
