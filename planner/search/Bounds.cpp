#include "planner/search/Bounds.h"

#include "planner/cost/Roofline.h"

#include <algorithm>

using namespace sigma::planner;

static ReplicatedWork totalWork(const CostSet &costs, const LayerSequence &sequence) {
  ReplicatedWork total;
  for (size_t piece = 0; piece < costs.numPieces(); ++piece)
    total.add(costs.piece(piece).replicated(), sequence.countOfPiece(piece));
  return total;
}

// What embedding and head share counts once where one stage holds both.
static ReplicatedWork withHeadFirst(const Model &model, ReplicatedWork work, const Layout &layout) {
  work.denseParameters -= ceilDiv(model.sharedParameters, layout.tp);
  return work;
}

static ReplicatedWork averageStage(ReplicatedWork work, int64_t pp) {
  work.denseParameters /= pp;
  work.expertParameters /= pp;
  work.forwardComputeNs = ceilDiv(work.forwardComputeNs, pp);
  work.backwardComputeNs = ceilDiv(work.backwardComputeNs, pp);
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
  const ReplicatedWork work = averageStage(
      headStage(variant) == 0 ? withHeadFirst(problem.model, model, variant) : model, variant.pp);
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

// One of each timing that a variant may have.
static std::vector<Layout> differentlyTimed(const Job &job, const Layout &family) {
  std::vector<Layout> layouts{family};
  for (Schedule schedule : {Schedule::DualPipeV, Schedule::ZeroBubbleH1}) {
    Layout other = family;
    other.schedule = schedule;
    if (family.pp > 1 && workTiming(job, other) != WorkTiming::Plain)
      layouts.push_back(other);
  }
  return layouts;
}

LayoutBounds::LayoutBounds(const Problem &problem, const LayerSequence &sequence, CostCache &cache,
                           const Layout &family)
    : problem(problem), sequence(sequence), family(family) {
  const Cluster &cluster = problem.cluster;
  for (int kind = 0; kind < numKinds(cluster); ++kind) {
    const KindRange range{kind, kind};
    for (const Layout &layout : differentlyTimed(problem.job, family))
      sets[workTiming(problem.job, layout)].push_back(&cache.work(layout, range));
    const CostSet &costs = *setsOf(family).back();
    kinds.push_back({&costs, &cache.device(range), totalWork(costs, sequence)});
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

const std::vector<const CostSet *> &LayoutBounds::setsOf(const Layout &variant) const {
  return sets.at(workTiming(problem.job, variant));
}

// Of all schedules: on average a stage is busy for m t.
int64_t LayoutBounds::familyNs(const StepConstants &constants) const {
  int64_t fewest = kSaturated;
  for (const auto &[timing, timed] : sets) {
    int64_t total = 0;
    for (size_t piece = 0; piece < timed.front()->numPieces(); ++piece) {
      int64_t least = kSaturated;
      for (const CostSet *set : timed)
        least = std::min(least, set->piece(piece).baseNs);
      addTimes(total, sequence.countOfPiece(piece), least);
    }
    fewest = std::min(fewest, total);
  }
  return addSat(mulSat(family.numMicroBatches, fewest) / family.pp,
                std::min(constants.apartNs, constants.lockedNs));
}

// Some stage has at least the average tail: tails are convex in parameters and compute, up to
// rounding and to the latency of experts that a stage may not have.
int64_t LayoutBounds::tailNs(const Device &device, const ReplicatedWork &model,
                             const Layout &variant, const ZeroTime &zero) const {
  // Each of the few dozen roundings inside adds less than 2 ns.
  constexpr int64_t kRoundingNs = 256;
  const ReplicatedWork work = averageStage(model, variant.pp);
  auto share = [](int64_t parameters, int64_t replicas, int64_t stage) {
    return stage >= 1 ? parameters / replicas : parameters;
  };
  int64_t updated = addSat(share(work.denseParameters, variant.cp * variant.dp, variant.zero),
                           share(work.expertParameters, variant.edp(), variant.expertZero));
  int64_t tail = addSat(zero.syncNs(work),
                        updateTimeNs(device, mulSat(updated, problem.job.recipe.updateBytes())));
  if (!everyLayerHasExperts)
    tail -= zero.syncNs({0, 1, 0, 0, 0});
  return std::max<int64_t>(0, tail - kRoundingNs);
}

const LayoutBounds::ZeroTimes &LayoutBounds::zeroTimes(const Layout &variant) {
  auto [position, isNew] = zeros.try_emplace({variant.zero, variant.expertZero});
  ZeroTimes &times = position->second;
  if (!isNew)
    return times;
  const ZeroTime zero(problem, variant);
  if (variant.zero >= 2 || variant.expertZero >= 2)
    for (const Totals &model : kinds) {
      std::vector<ZeroEach> &each = times.pieces.emplace_back();
      for (size_t piece = 0; piece < model.costs->numPieces(); ++piece)
        each.push_back(zero.everyMicroBatch(model.costs->piece(piece).replicated()));
    }
  for (const Totals &kind : kinds) {
    const ReplicatedWork headFirst = withHeadFirst(problem.model, kind.work, variant);
    times.tailNs = std::min(times.tailNs, tailNs(*kind.device, kind.work, variant, zero));
    times.headFirstTailNs =
        std::min(times.headFirstTailNs, tailNs(*kind.device, headFirst, variant, zero));
  }
  return times;
}

StageTimes LayoutBounds::scheduleTimes(const Layout &variant) const {
  return leastTimes(variant, sequence, setsOf(variant), {}, leastTransferNs);
}

StageTimes LayoutBounds::variantTimes(const Layout &variant, const StageTimes &scheduleTimes) {
  const ZeroTimes &zero = zeroTimes(variant);
  StageTimes least = zero.pieces.empty() ? scheduleTimes
                                         : leastTimes(variant, sequence, setsOf(variant),
                                                      zero.pieces, leastTransferNs);
  least.tailNs = headStage(variant) == 0 ? zero.headFirstTailNs : zero.tailNs;
  return least;
}
