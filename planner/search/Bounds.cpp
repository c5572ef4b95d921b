#include "planner/search/Bounds.h"

#include "planner/cost/Arithmetic.h"
#include "planner/cost/Roofline.h"

#include <algorithm>

using namespace sigma::planner;

static ReplicatedWork replicated(const PieceCost &piece) {
  return {piece.denseParameters, piece.expertParameters, piece.forward.computeNs,
          piece.backward.computeNs};
}

LayoutBounds::Totals LayoutBounds::totals(const CostSet &costs, const Device &device) const {
  Totals model;
  model.costs = &costs;
  model.device = &device;
  auto add = [&](const PieceCost &piece, int64_t times) {
    auto accumulate = [&](int64_t &sum, int64_t value) { sum = addSat(sum, mulSat(times, value)); };
    accumulate(model.baseNs, piece.baseNs);
    accumulate(model.work.denseParameters, piece.denseParameters);
    accumulate(model.work.expertParameters, piece.expertParameters);
    accumulate(model.work.forwardComputeNs, piece.forward.computeNs);
    accumulate(model.work.backwardComputeNs, piece.backward.computeNs);
    model.variance += double(times) * (piece.forward.varianceNs2 + piece.backward.varianceNs2);
  };
  add(costs.embedding, 1);
  add(costs.head, 1);
  for (size_t kind = 0; kind < costs.kinds.size(); ++kind) {
    add(costs.kinds[kind], sequence.count(kind, 0, sequence.size()));
    model.largestLayerNs = std::max(model.largestLayerNs, costs.kinds[kind].baseNs);
  }
  return model;
}

LayoutBounds::LayoutBounds(const Problem &problem, const LayerSequence &sequence, CostCache &cache,
                           const Layout &family)
    : problem(problem), sequence(sequence), family(family) {
  const Cluster &cluster = problem.cluster;
  const int numKinds = std::max<int>(1, static_cast<int>(cluster.groups.size()));
  double variance = -1;
  int64_t memoryBytes = 0;
  for (int kind = 0; kind < numKinds; ++kind) {
    const KindRange range{kind, kind};
    kinds.push_back(totals(cache.work(family, range), cache.device(range)));
    memoryBytes = std::max(memoryBytes, cache.device(range).memoryBytes);
    if (variance < 0 || kinds.back().variance < variance)
      variance = kinds.back().variance;
  }
  capacityBytes = usableMemoryBytes(memoryBytes, problem.job.memoryMarginPpm);
  for (const PieceCost &kind : kinds[0].costs->kinds)
    everyLayerHasExperts &= kind.expertParameters > 0;
  if (family.pp > 1) {
    leastTransferNs = kSaturated;
    for (const Tier &tier : cluster.tiers)
      leastTransferNs = std::min(
          leastTransferNs, addSat(mulDivCeil(kinds[0].costs->boundaryBytes, 1000000000,
                                             tier.bandwidthBytesPerS),
                                  tier.latencyNs));
  }
  noiseNs = noiseAtQuantileNs(problem, stepNoise(problem, family, variance));
}

int64_t LayoutBounds::familyNs() const {
  int64_t least = kSaturated;
  for (const Totals &model : kinds) {
    int64_t slowest = std::max(ceilDiv(model.baseNs, family.pp), model.largestLayerNs);
    least = std::min(least, mulSat(family.numMicroBatches, slowest));
  }
  return addSat(least, noiseNs);
}

int64_t LayoutBounds::zeroNs(const Totals &model, const ZeroTime &zero) const {
  int64_t total = addSat(zero.everyMicroBatchNs(replicated(model.costs->embedding)),
                         zero.everyMicroBatchNs(replicated(model.costs->head)));
  for (size_t kind = 0; kind < model.costs->kinds.size(); ++kind)
    total = addSat(total, mulSat(sequence.count(kind, 0, sequence.size()),
                                 zero.everyMicroBatchNs(replicated(model.costs->kinds[kind]))));
  return total;
}

ReplicatedWork LayoutBounds::average(const Totals &model, const Layout &variant) const {
  ReplicatedWork work = model.work;
  if (headStage(variant) == 0)
    work.denseParameters -= problem.model.sharedParameters / variant.tp;
  work.denseParameters /= variant.pp;
  work.expertParameters /= variant.pp;
  work.forwardComputeNs = ceilDiv(work.forwardComputeNs, variant.pp);
  work.backwardComputeNs = ceilDiv(work.backwardComputeNs, variant.pp);
  return work;
}

// Some stage has at least the average tail: tails are convex in parameters and compute, up to rounding
// and to the latency of experts that a stage may not have.
int64_t LayoutBounds::tailNs(const Totals &model, const Layout &variant,
                             const ZeroTime &zero) const {
  // Each of the few dozen roundings inside adds less than 2 ns.
  constexpr int64_t kRoundingNs = 256;
  const Recipe &recipe = problem.job.recipe;
  const ReplicatedWork work = average(model, variant);
  auto share = [](int64_t parameters, int64_t replicas, int64_t stage) {
    return stage >= 1 ? parameters / replicas : parameters;
  };
  int64_t updated = addSat(share(work.denseParameters, variant.cp * variant.dp, variant.zero),
                           share(work.expertParameters, variant.edp(), variant.expertZero));
  int64_t perParameter = recipe.gradientBytes + 2 * (recipe.valueBytes + recipe.optimizerBytes);
  int64_t tail = addSat(zero.syncNs(work), memoryTimeNs(*model.device, mulSat(updated, perParameter)));
  if (!everyLayerHasExperts)
    tail -= zero.syncNs({0, 1, 0, 0});
  return std::max<int64_t>(0, tail - kRoundingNs);
}

int64_t LayoutBounds::variantNs(const Totals &model, const Layout &variant,
                                const ZeroTime &zero) const {
  const int64_t handOvers = 2 * (variant.vpp * variant.pp - 1) -
                            (variant.schedule == Schedule::DualPipeV ? 2 : 0);
  int64_t sum = addSat(model.baseNs, zeroNs(model, zero));
  sum = addSat(sum, mulSat(handOvers, leastTransferNs));
  int64_t slowest = std::max(ceilDiv(sum, variant.pp), model.largestLayerNs);
  return stepWeights(variant).costNs(slowest, sum, tailNs(model, variant, zero));
}

int64_t LayoutBounds::variantNs(const Layout &variant) const {
  const ZeroTime zero(problem, variant);
  int64_t least = kSaturated;
  for (const Totals &model : kinds)
    least = std::min(least, variantNs(model, variant, zero));
  return addSat(least, noiseNs);
}

bool LayoutBounds::staticMemoryFits(const Layout &variant, int64_t moreBytes) const {
  const Recipe &recipe = problem.job.recipe;
  const ReplicatedWork work = average(kinds[0], variant);
  auto bytes = [&](int64_t parameters, int64_t replicas, int64_t zero) {
    auto part = [&](int64_t from, int64_t each) {
      return mulSat(zero >= from ? parameters / replicas : parameters, each);
    };
    return addSat(addSat(part(3, recipe.valueBytes), part(2, recipe.gradientBytes)),
                  part(1, recipe.optimizerBytes));
  };
  return addSat(bytes(work.denseParameters, variant.cp * variant.dp, variant.zero),
                bytes(work.expertParameters, variant.edp(), variant.expertZero)) <=
         addSat(capacityBytes, moreBytes);
}
