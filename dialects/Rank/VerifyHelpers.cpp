//===- VerifyHelpers.cpp - checks that the rank verifiers share -----------===//

#include "dialects/Rank/VerifyHelpers.h"

using namespace mlir;
using namespace mlir::rank;

LogicalResult rank::requireSize(Operation *op, StringRef field, int64_t value) {
  if (value > 0 && value <= INT32_MAX)
    return success();
  return op->emitOpError() << "'" << field << "' is " << value << "; it must be from 1 to "
                           << INT32_MAX;
}

LogicalResult rank::requireNotNegative(Operation *op, StringRef field, int64_t value) {
  if (value >= 0)
    return success();
  return op->emitOpError() << "'" << field << "' is " << value << "; it must not be negative";
}

LogicalResult rank::requireDivides(Operation *op, StringRef field, int64_t value, StringRef whole,
                                   int64_t size) {
  if (value > 0 && size % value == 0)
    return success();
  return op->emitOpError() << "'" << field << "' is " << value << "; it must divide the " << whole
                           << ", " << size;
}

std::string rank::spell(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleave(shape, stream, "x");
  return text;
}

LogicalResult rank::requireShapes(Operation *op, ArrayRef<Derived> all) {
  for (const Derived &derived : all)
    if (shapeOf(derived.value) != ArrayRef<int64_t>(derived.shape))
      return op->emitOpError() << "'" << derived.field << "' has shape "
                               << spell(shapeOf(derived.value)) << "; it must be "
                               << spell(derived.shape);
  return success();
}

LaunchOp rank::launchOf(Operation *op) { return op->getParentOfType<ProgramOp>().getLaunchOp(); }

LogicalResult rank::requireShares(Operation *op, StringRef field, int64_t value,
                                  ArrayRef<Group> groups) {
  if (value == 1)
    return success();
  LaunchOp launch = launchOf(op);
  int64_t ranks = 1;
  for (Group group : groups)
    ranks *= launch.getGroupSize(group);
  if (value == ranks)
    return success();
  return op->emitOpError() << "'" << field << "' is " << value << "; it must be 1 or the "
                           << (groups.size() > 1                 ? "tp * cp"
                               : groups.front() == Group::Tensor ? "tp"
                                                                 : "cp")
                           << " of the launch, " << ranks;
}
