//===- BlockWork.h - the work of one block at every sharding --------------*- C++ -*-===//

#ifndef PASSES_BLOCKWORK_H
#define PASSES_BLOCKWORK_H

#include "dialects/Rank/RankOps.h"
#include "dialects/Sigma/SigmaOps.h"
#include "planner/Problem.h"
#include <map>
#include <optional>

namespace mlir::sigma {
namespace planner = ::sigma::planner;

/// What a program computes and how many parameters it has; without modes. Collectives are as
/// `workOf` gives them.
planner::LayerCost workAndParameters(rank::ProgramOp program);

/// `more` after `work`.
void append(planner::WorkCost &work, const planner::WorkCost &more);

/// Work and parameters of an attention or a feed-forward block. Every figure of an op is affine in
/// the micro-batch and in the number of experts of a rank, as long as the other degrees stay: two
/// or three expansions tell it for all values of these two, exactly.
class BlockWork {
public:
  BlockWork(JobOp job, ModelOp model, BlockOpInterface block);

  /// As `workAndParameters` of the block's program at `sharding`, in microseconds once known.
  planner::LayerCost at(const planner::Sharding &sharding);

private:
  /// The figures at one sequence per micro-batch, and how much they grow.
  struct Table {
    planner::LayerCost first;                 // micro-batch 1, experts of `experts`
    planner::LayerCost second;                // micro-batch 2
    std::optional<planner::LayerCost> spread; // micro-batch 1, experts of `otherExperts`
    int64_t experts = 0, otherExperts = 0;    // of one rank
  };

  const Table &tableFor(const planner::Sharding &sharding);
  planner::LayerCost expand(planner::Sharding sharding);

  JobOp job;
  ModelOp model;
  BlockOpInterface block;
  int64_t numExperts; // 0 unless the block is a mixture of experts
  std::map<std::array<int64_t, 5>, Table> tables;
};

} // namespace mlir::sigma

#endif
