#include "planner/search/Bounds.h"

#include "planner/cost/Arithmetic.h"
#include "planner/cost/Roofline.h"

#include <algorithm>

using namespace sigma::planner;

static ReplicatedWork totalWork(const CostSet &costs, const LayerSequence &sequence) {
  ReplicatedWork total;
  total.add(costs.embedding.replicated(), 1);
  total.add(costs.head.replicated(), 1);
  for (size_t kind = 0; kind < costs.kinds.size(); ++kind)
    total.add(costs.kinds[kind].replicated(), sequence.count(kind, 0, sequence.size()));
  return total;
}

static ReplicatedWork averageStage(const Model &model, ReplicatedWork work, const Layout &variant) {
  if (headStage(variant) == 0)
    work.denseParameters -= ceilDiv(model.sharedParameters, variant.tp);
  work.denseParameters /= variant.pp;
  work.expertParameters /= variant.pp;
  work.forwardComputeNs = ceilDiv(work.forwardComputeNs, variant.pp);
  work.backwardComputeNs = ceilDiv(work.backwardComputeNs, variant.pp);
  return work;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static int numKinds(const Cluster &cluster) {
  return std::max<int>(1, static_cast<int>(cluster.groups.size()));
}

StaticMemory::StaticMemory(const Problem &problem, const LayerSequence &sequence, CostCache &cache,
                           const Layout &family)
    : problem(problem), model(totalWork(cache.work(family, {}), sequence)) {
  int64_t memoryBytes = 0;
  for (int kind = 0; kind < numKinds(problem.cluster); ++kind)
    memoryBytes = std::max(memoryBytes, cache.device({kind, kind}).memoryBytes);
  capacityBytes = usableMemoryBytes(memoryBytes, problem.job.memoryMarginPpm);
}

bool StaticMemory::fits(const Layout &variant, int64_t moreBytes) const {
  const Recipe &recipe = problem.job.recipe;
  const ReplicatedWork work = averageStage(problem.model, model, variant);
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

//===----------------------------------------------------------------------===//
// Time
//===----------------------------------------------------------------------===//

static double varianceOf(const CostSet &costs, const LayerSequence &sequence) {
  double total = costs.embedding.varianceNs2() + costs.head.varianceNs2();
  for (size_t kind = 0; kind < costs.kinds.size(); ++kind)
    total += double(sequence.count(kind, 0, sequence.size())) * costs.kinds[kind].varianceNs2();
  return total;
}

StepConstants sigma::planner::stepConstants(const Problem &problem, const LayerSequence &sequence,
                                            CostCache &cache, const Layout &family) {
  double variance = varianceOf(cache.work(family, {}), sequence);
  for (int kind = 1; kind < numKinds(problem.cluster); ++kind)
    variance = std::min(variance, varianceOf(cache.work(family, {kind, kind}), sequence));
  StepNoise noise = stepNoise(problem, family, variance);
  auto constantNs = [&] { return addSat(problem.job.stepNs, noiseAtQuantileNs(problem, noise)); };
  StepConstants constants;
  constants.apartNs = constantNs();
  noise.numReplicas = 1;
  constants.lockedNs = constantNs();
  return constants;
}

LayoutBounds::LayoutBounds(const Problem &problem, const LayerSequence &sequence, CostCache &cache,
                           const Layout &family)
    : problem(problem), sequence(sequence), family(family) {
  const Cluster &cluster = problem.cluster;
  for (int kind = 0; kind < numKinds(cluster); ++kind) {
    const KindRange range{kind, kind};
    const CostSet &costs = cache.work(family, range);
    kinds.push_back({&costs, &cache.device(range), totalWork(costs, sequence)});
    sets.push_back(kinds.back().costs);
  }
  for (const PieceCost &kind : kinds[0].costs->kinds)
    everyLayerHasExperts &= kind.expertParameters > 0;
  if (family.pp > 1) {
    leastTransferNs = kSaturated;
    for (const Tier &tier : cluster.tiers)
      leastTransferNs = std::min(
          leastTransferNs,
          addSat(mulDivCeil(kinds[0].costs->boundaryBytes, 1000000000, tier.bandwidthBytesPerS),
                 tier.latencyNs));
  }
}

// Of all schedules: on average a stage is busy for m t.
int64_t LayoutBounds::familyNs(const StepConstants &constants) const {
  int64_t total = 0;
  auto add = [&](auto pieceOf, int64_t times) {
    int64_t fewest = kSaturated;
    for (const CostSet *set : sets)
      fewest = std::min(fewest, pieceOf(*set).baseNs);
    total = addSat(total, mulSat(times, fewest));
  };
  add([](const CostSet &set) -> const PieceCost & { return set.embedding; }, 1);
  add([](const CostSet &set) -> const PieceCost & { return set.head; }, 1);
  for (size_t kind = 0; kind < sequence.kinds.size(); ++kind)
    add([kind](const CostSet &set) -> const PieceCost & { return set.kinds[kind]; },
        sequence.count(kind, 0, sequence.size()));
  return addSat(mulSat(family.numMicroBatches, total) / family.pp,
                std::min(constants.apartNs, constants.lockedNs));
}

// Some stage has at least the average tail: tails are convex in parameters and compute, up to
// rounding and to the latency of experts that a stage may not have.
int64_t LayoutBounds::tailNs(const Totals &model, const Layout &variant,
                             const ZeroTime &zero) const {
  // Each of the few dozen roundings inside adds less than 2 ns.
  constexpr int64_t kRoundingNs = 256;
  const ReplicatedWork work = averageStage(problem.model, model.work, variant);
  auto share = [](int64_t parameters, int64_t replicas, int64_t stage) {
    return stage >= 1 ? parameters / replicas : parameters;
  };
  int64_t updated = addSat(share(work.denseParameters, variant.cp * variant.dp, variant.zero),
                           share(work.expertParameters, variant.edp(), variant.expertZero));
  int64_t tail =
      addSat(zero.syncNs(work),
             memoryTimeNs(*model.device, mulSat(updated, problem.job.recipe.updateBytes())));
  if (!everyLayerHasExperts)
    tail -= zero.syncNs({0, 1, 0, 0});
  return std::max<int64_t>(0, tail - kRoundingNs);
}

StageTimes LayoutBounds::scheduleTimes(const Layout &variant) const {
  Layout bare = variant;
  bare.zero = bare.expertZero = 0;
  return leastTimes(bare, sequence, sets, ZeroTime(problem, bare), leastTransferNs);
}

StageTimes LayoutBounds::variantTimes(const Layout &variant,
                                      const StageTimes &scheduleTimes) const {
  const ZeroTime zero(problem, variant);
  const bool pays = variant.zero >= 2 || variant.expertZero >= 2;
  StageTimes least =
      pays ? leastTimes(variant, sequence, sets, zero, leastTransferNs) : scheduleTimes;
  least.tailNs = kSaturated;
  for (const Totals &model : kinds)
    least.tailNs = std::min(least.tailNs, tailNs(model, variant, zero));
  return least;
}
