#include "planner/search/ConflictCandidates.h"

#include "planner/memory/StageMemory.h"
#include "planner/search/Layouts.h"
#include "planner/search/MemoryNeed.h"

#include <algorithm>
#include <set>

using namespace sigma::planner;

static LimitSet brokenChoices(const Job &job, const Layout &layout) {
  const Pins &pins = job.pins;
  LimitSet broken = isForbidden(job.forbids, layout) ? bit(Limit::Forbid) : 0;
  auto pin = [&](Limit limit, const std::optional<int64_t> &wanted, int64_t given) {
    if (wanted && *wanted != given)
      broken |= bit(limit);
  };
  pin(Limit::PinPp, pins.pp, layout.pp);
  pin(Limit::PinDp, pins.dp, layout.dp);
  pin(Limit::PinEp, pins.ep, layout.ep);
  pin(Limit::PinMicroBatch, pins.microBatch, layout.microBatch);
  return broken;
}

static LimitSet brokenShape(const Problem &problem, const Layout &layout) {
  LimitSet broken = 0;
  auto rule = [&](bool ok, Limit limit) { broken |= ok ? 0 : bit(limit); };
  __int128 devices = __int128(layout.pp) * layout.dp;
  __int128 samples = __int128(layout.dp) * layout.microBatch;
  rule(devices == problem.cluster.numDevices, Limit::DeviceCount);
  rule(problem.job.globalBatch % samples == 0, Limit::Batch);
  rule(expertsToShare(problem.model) % layout.ep == 0, Limit::Experts);
  rule(layout.dp % layout.ep == 0, Limit::Folding);
  rule(layout.pp <= numLayers(problem.model), Limit::Layers);
  return broken;
}

std::vector<LimitSet> sigma::planner::shapeCandidates(const Problem &problem) {
  const Pins &pins = problem.job.pins;
  auto with = [](std::vector<int64_t> values, std::initializer_list<std::optional<int64_t>> more) {
    std::set<int64_t> all(values.begin(), values.end());
    for (const std::optional<int64_t> &value : more)
      if (value)
        all.insert(*value);
    return all;
  };
  std::vector<int64_t> divisors = divisorsOf(problem.cluster.numDevices);
  std::vector<int64_t> shares = divisorsOf(expertsToShare(problem.model));
  std::set<LimitSet> broken;
  // A micro-batch and a dp of 1 divide everything: other sizes exist only to obey the user.
  std::vector<int64_t> sizes{1};
  if (!problem.job.forbids.microBatch.empty())
    for (int64_t size : divisorsOf(problem.job.globalBatch))
      if (size <= problem.job.maxMicroBatch)
        sizes.push_back(size);
  for (int64_t pp : with(divisors, {pins.pp}))
    for (int64_t dp : with(divisors, {pins.dp, pins.ep}))
      for (int64_t ep : with(shares, {pins.ep}))
        for (int64_t size : with(sizes, {pins.microBatch})) {
          Layout layout{pp, dp, ep, size, 1};
          broken.insert(brokenChoices(problem.job, layout) | brokenShape(problem, layout));
        }
  return {broken.begin(), broken.end()};
}

Problem sigma::planner::withDevices(Problem problem, int64_t numDevices) {
  problem.cluster.numDevices = numDevices;
  if (!problem.cluster.tiers.empty()) {
    Tier &outermost = problem.cluster.tiers.back();
    outermost.devices = std::max(outermost.devices, numDevices);
  }
  return problem;
}

std::vector<int64_t> sigma::planner::largerClusters(int64_t numDevices) {
  std::vector<int64_t> sizes;
  for (int64_t factor : {2, 3, 4, 6, 8, 12, 16, 32, 64})
    if (numDevices * factor <= (int64_t(1) << 24))
      sizes.push_back(numDevices * factor);
  return sizes;
}

namespace {

class MemoryCandidates {
public:
  MemoryCandidates(const Problem &problem, CostCache &costs, const LayerSequence &sequence)
      : problem(problem), costs(costs), sequence(sequence),
        capacity(
            usableMemoryBytes(problem.cluster.device.memoryBytes, problem.job.memoryMarginPpm)) {}

  std::vector<LimitSet> run() {
    addLayouts(problem.cluster.numDevices, 0);
    if (!problem.cluster.tiers.empty())
      for (int64_t size : largerClusters(problem.cluster.numDevices))
        addLayouts(size, bit(Limit::DeviceCount));
    return {broken.begin(), broken.end()};
  }

private:
  void addLayouts(int64_t numDevices, LimitSet brokenByCluster) {
    Problem free = withDevices(problem, numDevices);
    free.job.pins = Pins{};
    free.job.forbids = Forbids{};
    add(free, brokenByCluster);
    // Pinned micro-batches may lie beyond the searched sizes.
    if (problem.job.pins.microBatch) {
      free.job.pins.microBatch = problem.job.pins.microBatch;
      add(free, brokenByCluster);
    }
  }

  void add(const Problem &free, LimitSet brokenByCluster) {
    int64_t rejected = 0;
    for (const Layout &layout : enumerateLayouts(free, rejected)) {
      LimitSet base = brokenByCluster | brokenChoices(problem.job, layout);
      if (!broken.insert(base | bit(Limit::Memory)).second && broken.count(base))
        continue;
      if (fits(free, layout, std::nullopt))
        broken.insert(withRemat(free, layout, base));
    }
  }

  // Fits with free choice of rematerialization: does it also fit as pinned?
  LimitSet withRemat(const Problem &free, const Layout &layout, LimitSet base) {
    if (!problem.job.pins.remat || fits(free, layout, problem.job.pins.remat))
      return base;
    return base | bit(Limit::PinRemat);
  }

  bool fits(const Problem &free, const Layout &layout, std::optional<bool> remat) {
    Problem trial = free;
    trial.job.pins.remat = remat;
    const CostSet &set = costs.get(layout.microBatch, layout.ep);
    return fitsMemory(StageModel(trial, sequence, set, layout), capacity);
  }

  const Problem &problem;
  CostCache &costs;
  const LayerSequence &sequence;
  int64_t capacity;
  std::set<LimitSet> broken;
};

} // namespace

std::vector<LimitSet> sigma::planner::memoryCandidates(const Problem &problem, CostCache &costs,
                                                       const LayerSequence &sequence) {
  return MemoryCandidates(problem, costs, sequence).run();
}
