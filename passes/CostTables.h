//===- CostTables.h - the planner's tables, asked of the ops ------*- C++ -*-===//

#ifndef PASSES_COSTTABLES_H
#define PASSES_COSTTABLES_H

#include "dialects/Rank/BlockBuilder.h"
#include "dialects/Sigma/SigmaOps.h"
#include "passes/BlockWork.h"
#include "planner/Problem.h"
#include <map>
#include <tuple>
#include <vector>

namespace mlir::sigma {

/// Expands one piece at a time at the asked sharding, runs the compiler's own sharding, autodiff,
/// remat and memory plan over it, and sums what its primitive ops say: what the planner predicts is
/// what is lowered.
class CostTables : public planner::CostSource {
public:
  /// `kinds` holds one layer of each kind.
  CostTables(JobOp job, ModelOp model, ArrayRef<Layer> kinds);

  planner::LayerCost embedding(const planner::Sharding &sharding) override;
  planner::LayerCost layer(int kind, const planner::Sharding &sharding) override;
  planner::LayerCost head(const planner::Sharding &sharding) override;
  /// From the blocks' tables; no memory plan.
  planner::LayerCost layerWork(int kind, const planner::Sharding &sharding) override;
  planner::LayerCost headWork(const planner::Sharding &sharding) override;
  int64_t boundaryBytes(const planner::Sharding &sharding) override;
  int64_t batchBytes(const planner::Sharding &sharding) override;
  int64_t workspaceBytes(const planner::Sharding &sharding) override;

  /// Lists a mode among those of a kind of layer, though the planner would not choose it, and
  /// returns its name there. Fails when the layer has no such mode.
  FailureOr<std::string> admitMode(int kind, StringRef name);

private:
  rank::ModelShape shapeAt(const planner::Sharding &sharding);
  planner::LayerCost measure(ArrayRef<Operation *> blocks, const planner::Sharding &sharding,
                             ArrayRef<std::string> modes);
  /// Of the embedding or the head.
  const planner::LayerCost &measureEnd(Operation *block, planner::Sharding sharding);
  /// The same for every sharding, so that a plan names them; "none" first, "full" last.
  std::vector<std::string> &modesOf(int kind);

  JobOp job;
  ModelOp model;
  SmallVector<Layer> kinds;
  std::vector<std::vector<std::string>> modes;   // by kind; empty until asked for
  std::vector<BlockWork> attention, feedForward; // of each kind
  std::map<
      std::tuple<Operation *, int64_t, int64_t, int64_t, planner::ContextKind, int64_t, int64_t>,
      planner::LayerCost>
      ends; // by block and sharding
};

} // namespace mlir::sigma

#endif
