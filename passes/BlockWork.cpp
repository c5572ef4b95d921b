//===- BlockWork.cpp - the work of one block at every sharding ------------===//

#include "passes/BlockWork.h"
#include "passes/Probe.h"

using namespace mlir;
using namespace mlir::sigma;

planner::LayerCost mlir::sigma::workAndParameters(rank::ProgramOp program) {
  planner::LayerCost cost;
  for (auto parameter : program.getBody().getOps<rank::ParameterOp>())
    (parameter.getExpert() ? cost.expertParameters : cost.denseParameters) +=
        parameter.getTensorType().getNumElements();
  cost.forward = workOf(program.getForward());
  cost.backward = workOf(program.getBackward());
  return cost;
}

void mlir::sigma::append(planner::WorkCost &work, const planner::WorkCost &more) {
  int64_t before = work.ops.size();
  work.ops.insert(work.ops.end(), more.ops.begin(), more.ops.end());
  for (planner::CollectiveCost collective : more.collectives) {
    collective.position += before;
    work.collectives.push_back(collective);
  }
}

//===----------------------------------------------------------------------===//
// Affine figures
//===----------------------------------------------------------------------===//

/// Calls `change(figure, of a, of b)` for every figure of `cost` that depends on sizes, beside the
/// same figure of two others that come from the same ops at other sizes.
template <typename Change>
static void changeFigures(planner::LayerCost &cost, const planner::LayerCost &a,
                          const planner::LayerCost &b, Change change) {
  auto changeWork = [&](planner::WorkCost &work, const planner::WorkCost &a,
                        const planner::WorkCost &b) {
    assert(work.ops.size() == a.ops.size() && work.ops.size() == b.ops.size() &&
           work.collectives.size() == a.collectives.size() &&
           work.collectives.size() == b.collectives.size() &&
           "sizes do not change which ops there are");
    for (size_t i = 0; i < work.ops.size(); ++i) {
      change(work.ops[i].flops, a.ops[i].flops, b.ops[i].flops);
      change(work.ops[i].bytes, a.ops[i].bytes, b.ops[i].bytes);
      change(work.ops[i].kernels, a.ops[i].kernels, b.ops[i].kernels);
    }
    for (size_t i = 0; i < work.collectives.size(); ++i)
      change(work.collectives[i].bytes, a.collectives[i].bytes, b.collectives[i].bytes);
  };
  changeWork(cost.forward, a.forward, b.forward);
  changeWork(cost.backward, a.backward, b.backward);
  change(cost.denseParameters, a.denseParameters, b.denseParameters);
  change(cost.expertParameters, a.expertParameters, b.expertParameters);
}

/// Adds `steps` / `stepsBetween` times what `b` has beyond `a`.
static void grow(planner::LayerCost &cost, const planner::LayerCost &a, const planner::LayerCost &b,
                 int64_t steps, int64_t stepsBetween) {
  changeFigures(cost, a, b, [&](int64_t &figure, int64_t atA, int64_t atB) {
    assert((atB - atA) % stepsBetween == 0 && "figures are affine in whole numbers");
    figure += (atB - atA) / stepsBetween * steps;
  });
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

BlockWork::BlockWork(JobOp job, ModelOp model, BlockOpInterface block)
    : job(job), model(model), block(block) {
  auto moe = dyn_cast<MoeOp>(block.getOperation());
  numExperts = moe ? moe.getExperts() : 0;
}

planner::LayerCost BlockWork::expand(planner::Sharding sharding) {
  Probe probe(job, model, sharding, {block.getOperation()});
  return workAndParameters(*probe);
}

static int64_t leastDivisor(int64_t number) {
  int64_t divisor = 2;
  while (number % divisor != 0)
    ++divisor;
  return divisor;
}

const BlockWork::Table &BlockWork::tableFor(const planner::Sharding &sharding) {
  bool isSpread = sharding.ep > 1;
  auto [it, isNew] = tables.try_emplace(
      {sharding.tp, sharding.cp, int64_t(sharding.contextKind), sharding.etp, isSpread});
  Table &table = it->second;
  if (!isNew)
    return table;
  planner::Sharding probed = sharding;
  probed.ep = isSpread ? numExperts : 1;
  probed.microBatch = 1;
  table.first = expand(probed);
  probed.microBatch = 2;
  table.second = expand(probed);
  if (isSpread) {
    table.experts = 1;
    table.otherExperts = numExperts / leastDivisor(numExperts);
  }
  if (table.otherExperts > 1) {
    probed.microBatch = 1;
    probed.ep = leastDivisor(numExperts);
    table.spread = expand(probed);
  }
  return table;
}

planner::LayerCost BlockWork::at(const planner::Sharding &asked) {
  planner::Sharding sharding = asked;
  if (!numExperts)
    sharding.etp = sharding.ep = 1;
  else if (sharding.cp > 1)
    sharding.contextKind = planner::ContextKind::Ring; // only attention knows the difference
  const Table &table = tableFor(sharding);
  planner::LayerCost cost = table.first;
  grow(cost, table.first, table.second, sharding.microBatch - 1, 1);
  if (table.spread)
    grow(cost, table.first, *table.spread, numExperts / sharding.ep - table.experts,
         table.otherExperts - table.experts);
  return cost;
}
