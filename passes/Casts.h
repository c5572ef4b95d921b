//===- Casts.h - operands of products in eight bits -------------*- C++ -*-===//

#ifndef PASSES_CASTS_H
#define PASSES_CASTS_H

#include "dialects/Rank/RankOps.h"

namespace mlir::sigma {

/// Marks the products of a differentiated program before which their rows are cast to eight bits:
/// of several products of the same rows, the first. Weights are cast once a step, which is little.
void markCasts(rank::ProgramOp program);

/// What the cast before a product reads and writes; 0 without one.
int64_t castBytes(Operation *op);

} // namespace mlir::sigma

#endif
