//===- Transforms.h - the passes' work, for those who need a part of it -*- C++ -*-===//

#ifndef PASSES_TRANSFORMS_H
#define PASSES_TRANSFORMS_H

#include "dialects/Rank/BlockBuilder.h"
#include "dialects/Sigma/SigmaOps.h"
#include "planner/Layout.h"

namespace mlir::sigma {

namespace planner = ::sigma::planner;

/// The shape that a job's blocks are expanded at.
rank::ModelShape modelShape(JobOp job, ModelOp model, FloatType elementType,
                            const planner::Sharding &sharding);

/// The float type of a precision.
FloatType elementType(Precision precision, MLIRContext *context);

/// Parallelism of experts; see sigma-shard.
LogicalResult shardExperts(rank::ProgramOp program);

/// Adds @backward; see sigma-autodiff.
LogicalResult differentiate(rank::ProgramOp program);

/// See sigma-remat.
LogicalResult rematerialize(rank::ProgramOp program);

/// Makes @input_gradients and @weight_gradients of @backward, which goes or stays beside them; see
/// sigma-split-backward.
enum class WholeBackward { Goes, Stays };
LogicalResult splitBackward(rank::ProgramOp program, WholeBackward whole);

/// Places the values of one function and sets its slot and transient bytes; see sigma-plan-memory.
void planFunctionMemory(rank::FuncOp func);

/// Transient bytes of a backward that is a part of a longer one; its gradients, in and out, count.
int64_t backwardBytesAsPart(rank::FuncOp backward);

/// The same of the last part, whose gradient comes from another stage.
int64_t backwardBytesAsLast(rank::FuncOp backward);

/// Start of the next buffer: offsets are multiples of a cache line.
inline int64_t alignOffset(int64_t offset) { return (offset + 63) / 64 * 64; }

} // namespace mlir::sigma

#endif
