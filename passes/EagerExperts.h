//===- EagerExperts.h - experts as frameworks run them, step by step --*- C++ -*-===//

#ifndef PASSES_EAGEREXPERTS_H
#define PASSES_EAGEREXPERTS_H

#include "dialects/Rank/RankOps.h"

namespace mlir::sigma {

/// Marks the ops of a differentiated program that `eager_experts` runs in steps of their own, with
/// what these steps touch and how many kernels they are.
void runExpertsEagerly(rank::ProgramOp program);

/// Bytes and kernels of an op, or of the steps that it was marked with.
int64_t stepBytes(rank::CostOpInterface op);
int64_t stepKernels(rank::CostOpInterface op);

} // namespace mlir::sigma

#endif
