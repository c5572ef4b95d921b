//===- Probe.h - a piece of a model by itself, to be asked what it costs --*- C++ -*-===//

#ifndef PASSES_PROBE_H
#define PASSES_PROBE_H

#include "dialects/Rank/RankOps.h"
#include "dialects/Sigma/SigmaOps.h"
#include "planner/Problem.h"

namespace mlir::sigma {
namespace planner = ::sigma::planner;

/// A program that holds one layer, a block of it, the embedding or the head at a sharding, with its
/// backward: what the compiler makes of it when a plan says so.
class Probe {
public:
  Probe(JobOp job, ModelOp model, const planner::Sharding &sharding, ArrayRef<Operation *> blocks);

  rank::ProgramOp operator*() { return program; }

private:
  OwningOpRef<ModuleOp> module;
  rank::ProgramOp program;
};

/// What a function of a program does, in order. Bytes of an all-to-all are all that a rank begins
/// with; groups of one rank are among the collectives; see `finish`.
planner::WorkCost workOf(rank::FuncOp func);
/// The same of the ops that `isPart` accepts.
planner::WorkCost workOf(rank::FuncOp func, llvm::function_ref<bool(Operation *)> isPart);

/// Leaves out what is nothing at this sharding, and of an all-to-all the share that stays.
/// Exchanges of experts are by `routing`.
void finish(planner::WorkCost &work, const planner::Sharding &sharding,
            const planner::Routing &routing);

} // namespace mlir::sigma

#endif
