//===- Cost.h - vocabulary of the cost interface ------------------*- C++ -*-===//

#ifndef DIALECTS_RANK_COST_H
#define DIALECTS_RANK_COST_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

namespace mlir::rank {

/// Classes of ops with an efficiency of their own (DESIGN §5).
enum class OpClass { Matmul, GroupedMatmul, Attention, Memory };

/// Whether a type is a tensor of static shape with 1 to 2^48 elements: every byte count fits an
/// int64_t.
bool isBounded(Type type);

/// Bytes of a tensor of static shape.
int64_t tensorBytes(Type type);

/// Bytes of all operands and results of `op`: the traffic of an op that reads and writes each value
/// once.
int64_t touchedBytes(Operation *op);

} // namespace mlir::rank

#endif
