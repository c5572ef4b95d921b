//===- VerifyHelpers.h - checks that the rank verifiers share ---*- C++ -*-===//
//
// Every check names the field, what it is and what it must be.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_RANK_VERIFYHELPERS_H
#define DIALECTS_RANK_VERIFYHELPERS_H

#include "dialects/Rank/RankOps.h"

namespace mlir::rank {

inline ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}
inline int64_t rows(Value value) { return shapeOf(value)[0]; }
inline int64_t columns(Value value) { return shapeOf(value)[1]; }
inline int64_t count(Value value) {
  return cast<RankedTensorType>(value.getType()).getNumElements();
}
inline SmallVector<int64_t, 3> like(Value value) { return llvm::to_vector<3>(shapeOf(value)); }
/// 2x3x4
std::string spell(ArrayRef<int64_t> shape);

/// Products of two sizes fit an int64_t.
LogicalResult requireSize(Operation *op, StringRef field, int64_t value);
LogicalResult requireNotNegative(Operation *op, StringRef field, int64_t value);
LogicalResult requireDivides(Operation *op, StringRef field, int64_t value, StringRef whole,
                             int64_t size);

/// A value whose shape follows from other values.
struct Derived {
  StringRef field;
  Value value;
  SmallVector<int64_t, 3> shape;
};
LogicalResult requireShapes(Operation *op, ArrayRef<Derived> all);

/// That what is wide of the op's operands and results is so of the others' type, which is one.
LogicalResult requireElementTypes(Operation *op);

/// The launch of the op's program.
LaunchOp launchOf(Operation *op);

/// What may be shared by all ranks of some groups: `value` is 1 or the number of those ranks.
LogicalResult requireShares(Operation *op, StringRef field, int64_t value, ArrayRef<Group> groups);

/// Of a parameter with a flat: that it is there and has room.
LogicalResult requireFits(ParameterOp parameter);
/// That a weight is read where its parameter's values are.
LogicalResult requireValuesOf(WeightOp weight, ParameterOp parameter);

} // namespace mlir::rank

#endif
