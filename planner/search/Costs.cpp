#include "planner/search/Costs.h"

#include "planner/cost/Arithmetic.h"

#include <algorithm>
#include <string>

using namespace sigma::planner;

LayerSequence::LayerSequence(const Model &model) {
  for (const LayerGroup &group : model.layers) {
    auto found = std::find(kinds.begin(), kinds.end(), group.kind);
    int index = static_cast<int>(found - kinds.begin());
    if (found == kinds.end())
      kinds.push_back(group.kind);
    kindOf.insert(kindOf.end(), group.count, index);
  }
  prefix.assign(kinds.size(), std::vector<int64_t>(kindOf.size() + 1, 0));
  for (size_t kind = 0; kind < kinds.size(); ++kind)
    for (size_t i = 0; i < kindOf.size(); ++i)
      prefix[kind][i + 1] = prefix[kind][i] + (kindOf[i] == static_cast<int>(kind) ? 1 : 0);
}

static void requireSane(bool ok, const char *what, int64_t microBatch, int64_t ep) {
  if (!ok)
    throw PlanningError(std::string("the cost tables give a negative or absurd ") + what +
                        " at micro-batch " + std::to_string(microBatch) + ", ep " +
                        std::to_string(ep));
}

static void requireSane(const LayerCost &cost, int64_t microBatch, int64_t ep) {
  auto sane = [](int64_t value) { return value >= 0 && value <= kSaturated; };
  for (const WorkCost *work : {&cost.forward, &cost.backward, &cost.recompute}) {
    for (const OpCost &op : work->ops) {
      int opClass = static_cast<int>(op.opClass);
      requireSane(opClass >= 0 && opClass < kNumOpClasses, "op class", microBatch, ep);
      requireSane(sane(op.flops) && sane(op.bytes), "op cost", microBatch, ep);
    }
    for (const ExchangeCost &exchange : work->exchanges)
      requireSane(sane(exchange.bytes), "exchange size", microBatch, ep);
  }
  requireSane(sane(cost.denseParameters) && sane(cost.expertParameters), "number of parameters",
              microBatch, ep);
  requireSane(sane(cost.savedBytes) && sane(cost.rematSavedBytes), "number of saved bytes",
              microBatch, ep);
  requireSane(sane(cost.transientBytes) && sane(cost.rematTransientBytes),
              "number of transient bytes", microBatch, ep);
}

PieceCost CostCache::piece(const LayerCost &cost, int64_t microBatch, int64_t ep) const {
  requireSane(cost, microBatch, ep);
  const Device &device = problem.cluster.device;
  GroupJitter jitter(problem.cluster, topology, problem.model.numExperts, ep);
  PieceCost result;
  result.forward = workTime(device, topology, jitter, cost.forward);
  result.backward = workTime(device, topology, jitter, cost.backward);
  result.recompute = workTime(device, topology, jitter, cost.recompute);
  result.baseNs = addSat(result.forward.totalNs(), result.backward.totalNs());
  result.extraNs = result.recompute.totalNs();
  result.denseParameters = cost.denseParameters;
  result.expertParameters = cost.expertParameters;
  result.savedBytes = cost.savedBytes;
  result.rematSavedBytes = cost.rematSavedBytes;
  result.transientBytes = cost.transientBytes;
  result.rematTransientBytes = cost.rematTransientBytes;
  return result;
}

const CostSet &CostCache::get(int64_t microBatch, int64_t ep) {
  auto [position, isNew] = sets.try_emplace({microBatch, ep});
  CostSet &set = position->second;
  if (!isNew)
    return set;
  for (int kind : sequence.kinds)
    set.kinds.push_back(piece(source.layer(kind, microBatch, ep), microBatch, ep));
  set.embedding = piece(source.embedding(microBatch, ep), microBatch, ep);
  set.head = piece(source.head(microBatch, ep), microBatch, ep);
  set.boundaryBytes = source.boundaryBytes(microBatch);
  set.batchBytes = source.batchBytes(microBatch);
  set.workspaceBytes = source.workspaceBytes(microBatch, ep);
  requireSane(set.boundaryBytes >= 0 && set.boundaryBytes <= kSaturated, "boundary size",
              microBatch, ep);
  requireSane(set.batchBytes >= 0 && set.batchBytes <= kSaturated, "batch size", microBatch, ep);
  requireSane(set.workspaceBytes >= 0 && set.workspaceBytes <= kSaturated, "workspace", microBatch,
              ep);
  return set;
}
