//===- ExpandParts.h - what the expansions of blocks share ------*- C++ -*-===//

#ifndef DIALECTS_SIGMA_EXPANDPARTS_H
#define DIALECTS_SIGMA_EXPANDPARTS_H

#include "dialects/Rank/BlockBuilder.h"
#include "dialects/Sigma/SigmaOps.h"

namespace mlir::sigma {

/// A norm of the model's kind over the width of the residual stream.
Value expandNorm(rank::BlockBuilder &b, ModelOp model, Value input, StringRef name);

/// What a block works on: the residual stream, after the norm that comes first.
Value enterBranch(rank::BlockBuilder &b, ModelOp model);
/// Adds the block's result to the residual stream, with the norm that comes last.
void leaveBranch(rank::BlockBuilder &b, ModelOp model, Value result);

} // namespace mlir::sigma

#endif // DIALECTS_SIGMA_EXPANDPARTS_H
