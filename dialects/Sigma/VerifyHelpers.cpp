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

LogicalResult sigma::requireSize(Operation *op, StringRef field, int64_t value) {
  if (failed(requirePositive(op, field, value)))
    return failure();
  if (value > kMaxSize)
    return op->emitOpError() << field << " must be at most " << kMaxSize << ", got: " << value;
  return success();
}

LogicalResult sigma::requireProductSize(Operation *op, StringRef field, int64_t value,
                                        StringRef other, int64_t otherValue) {
  if (value * otherValue <= kMaxSize)
    return success();
  return op->emitOpError() << field << " x " << other << " must be at most " << kMaxSize
                           << ", got: " << value << " x " << otherValue;
}

LogicalResult sigma::requireSize(Operation *op, StringRef field, std::optional<int64_t> value) {
  return value ? requireSize(op, field, *value) : success();
}

LogicalResult sigma::requirePositive(Operation *op, StringRef field, std::optional<double> value) {
  return value ? requirePositive(op, field, *value) : success();
}
