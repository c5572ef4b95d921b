//===- Transforms.h - the passes' work, for those who need a part of it -*- C++ -*-===//

#ifndef PASSES_TRANSFORMS_H
#define PASSES_TRANSFORMS_H

#include "dialects/Rank/BlockBuilder.h"
#include "dialects/Sigma/SigmaOps.h"
#include "planner/Problem.h"

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

/// Starts collectives of rows before what does not need them; see sigma-overlap-rows.
void overlapRows(rank::ProgramOp program);

/// Gathers and reduces what ZeRO's stages of the launch spread; see sigma-zero.
void spreadState(rank::ProgramOp program);

/// Places what a function keeps, and sets its slot, ends and held bytes; see sigma-plan-memory.
void placeKept(rank::FuncOp func);

/// The peaks of a function that is a part of a longer one, with what ZeRO spreads as `spreadState`
/// left it.
std::vector<planner::Peak> peaksOf(rank::FuncOp func);

/// Leaves out what another of `peaks` has, and more.
std::vector<planner::Peak> highest(ArrayRef<planner::Peak> peaks);

/// Start of the next buffer: offsets are multiples of a cache line.
inline int64_t alignOffset(int64_t offset) { return (offset + 63) / 64 * 64; }

} // namespace mlir::sigma

#endif
