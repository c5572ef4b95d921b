//===- CostTables.h - the planner's tables, asked of the ops ------*- C++ -*-===//

#ifndef PASSES_COSTTABLES_H
#define PASSES_COSTTABLES_H

#include "dialects/Sigma/SigmaOps.h"
#include "planner/Problem.h"

namespace mlir::sigma {
namespace planner = ::sigma::planner;

/// Expands one block at a time at the asked sharding and micro-batch, runs the compiler's own
/// sharding, autodiff, remat and memory plan over it, and sums what its primitive ops say: what the
/// planner predicts is what is lowered.
class CostTables : public planner::CostSource {
public:
  /// `kinds` holds one layer of each kind.
  CostTables(JobOp job, ModelOp model, ArrayRef<Layer> kinds);

  planner::LayerCost embedding(int64_t microBatch, int64_t ep) override;
  planner::LayerCost layer(int kind, int64_t microBatch, int64_t ep) override;
  planner::LayerCost head(int64_t microBatch, int64_t ep) override;
  int64_t boundaryBytes(int64_t microBatch) override;
  int64_t batchBytes(int64_t microBatch) override;
  int64_t workspaceBytes(int64_t microBatch, int64_t ep) override;

private:
  planner::LayerCost measure(ArrayRef<Operation *> blocks, int64_t microBatch, int64_t ep);

  JobOp job;
  ModelOp model;
  SmallVector<Layer> kinds;
};

} // namespace mlir::sigma

#endif
