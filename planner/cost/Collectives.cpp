#include "planner/cost/Collectives.h"

#include "planner/cost/Arithmetic.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace sigma::planner;

static constexpr int64_t kNsPerS = 1000000000;

// Of `count` ranks `stride` apart, how many share a block of `devices` at least. A run of
// contiguous ranks starts at a multiple of its length, so the smallest piece that a border cuts off
// is their greatest common divisor.
static int64_t ranksInside(int64_t count, int64_t stride, int64_t devices) {
  return std::clamp<int64_t>(std::gcd(count * stride, devices) / stride, 1, count);
}

std::vector<int64_t> Topology::ranksPerUnit(const RankGroup &group) const {
  std::vector<int64_t> ranks;
  for (const Tier &tier : cluster.tiers) {
    int64_t members = group.size();
    if (tier.devices < cluster.numDevices) {
      members = ranksInside(group.inner, group.stride, tier.devices);
      if (members == group.inner && group.outer > 1)
        members *= ranksInside(group.outer, group.outerStride, tier.devices);
    }
    ranks.push_back(ranks.empty() ? members : std::max(members, ranks.back()));
  }
  if (!ranks.empty())
    ranks.back() = group.size();
  return ranks;
}

size_t Topology::outermostTier(const RankGroup &group) const {
  std::vector<int64_t> ranks = ranksPerUnit(group);
  return std::find(ranks.begin(), ranks.end(), group.size()) - ranks.begin();
}

template <class F>
std::vector<int64_t> Topology::eachTier(const RankGroup &group, F ns) const {
  std::vector<int64_t> times = ranksPerUnit(group); // each number is replaced by a time
  int64_t inner = 1;
  for (size_t i = 0; i < times.size(); ++i) {
    const int64_t ranks = times[i];
    times[i] = ranks > inner ? ns(cluster.tiers[i], inner, ranks) : 0;
    inner = ranks;
  }
  return times;
}

static int64_t ceilLog2(int64_t n) {
  int64_t log = 0;
  while ((int64_t(1) << log) < n)
    ++log;
  return log;
}

LinkUse sigma::planner::linkUse(Collective collective, CollectiveAlgorithm algorithm,
                                int64_t ranks) {
  const int64_t passes = collective == Collective::AllReduce ? 2 : 1;
  switch (collective) {
  case Collective::AllToAll:
    return {1, 1, 1};
  case Collective::RingShift:
    return {ranks - 1, 1, ranks - 1};
  default:
    if (algorithm == CollectiveAlgorithm::Ring)
      return {passes * (ranks - 1), ranks, passes * (ranks - 1)};
    return {passes == 2 ? 2 * ranks : ranks - 1, ranks, passes * ceilLog2(ranks)};
  }
}

static int64_t bandwidthOf(const Tier &tier, Collective collective, int64_t bytes, int64_t ranks) {
  const RateTable &rates = tier.rates[static_cast<int>(collective)];
  return rates.empty() ? tier.bandwidthBytesPerS : rates.at({ranks, bytes, 0});
}

std::vector<int64_t> Topology::allToAllNs(int64_t bytes, const RankGroup &group) const {
  return eachTier(group, [&](const Tier &tier, int64_t inner, int64_t ranks) {
    int64_t bandwidth = bandwidthOf(tier, Collective::AllToAll, bytes, ranks);
    int64_t transfer =
        ceilDiv(Int128(bytes) * (ranks - inner) * kNsPerS, Int128(group.size() - 1) * bandwidth);
    return addSat(transfer, tier.latencyNs);
  });
}

// That `chosen` of `all` different ones, drawn at random, leave out all of `count`.
static double missProbability(int64_t all, int64_t chosen, int64_t count) {
  double miss = 1;
  for (int64_t i = 0; i < chosen; ++i)
    miss *= std::max(0.0, double(all - count - i) / double(all - i));
  return miss;
}

double sigma::planner::hitProbability(const Routing &routing, int64_t count) {
  const int64_t perGroup = routing.experts / routing.groups;
  const int64_t eligible = perGroup * routing.topGroups;
  if (count < perGroup)
    return double(routing.topGroups) / double(routing.groups) *
           (1 - missProbability(eligible, routing.chosen, count));
  // How many of the top groups are among `inside` ones, after one draw after the other.
  const int64_t inside = count / perGroup;
  std::vector<double> drawn(routing.topGroups + 2, 0.0);
  drawn[0] = 1;
  for (int64_t draw = 0; draw < routing.topGroups; ++draw)
    for (int64_t hits = draw; hits >= 0; --hits) {
      const double next = std::max(0.0, double(inside - hits) / double(routing.groups - draw));
      drawn[hits + 1] += drawn[hits] * next;
      drawn[hits] *= 1 - next;
    }
  double hit = 0;
  for (int64_t hits = 1; hits <= routing.topGroups; ++hits)
    hit += drawn[hits] * (1 - missProbability(eligible, routing.chosen, hits * perGroup));
  return hit;
}

// At each tier, a token crosses to every unit inside that holds one of its experts, from the rank
// in the same place of another unit.
std::vector<int64_t> Topology::dispatchNs(int64_t bytes, const Routing &routing,
                                          const RankGroup &group) const {
  const int64_t size = group.size();
  return eachTier(group, [&](const Tier &tier, int64_t inner, int64_t ranks) {
    const int64_t experts = std::max<int64_t>(1, routing.experts * inner / size);
    const int64_t hitPpb = std::llround(hitProbability(routing, experts) * kNsPerS);
    // bytes = tokens' * chosen * (size - 1) / size; size / inner units are there to be hit.
    int64_t sent = ceilDiv(Int128(bytes) * size * size * hitPpb,
                           Int128(size - 1) * routing.chosen * inner * kNsPerS);
    int64_t bandwidth = bandwidthOf(tier, Collective::AllToAll, sent, ranks);
    int64_t transfer = ceilDiv(Int128(sent) * (ranks - inner) * kNsPerS, Int128(ranks) * bandwidth);
    return addSat(transfer, tier.latencyNs);
  });
}

std::vector<int64_t> Topology::ringShiftNs(int64_t bytes, const RankGroup &group) const {
  const size_t outermost = outermostTier(group);
  const Tier &tier = cluster.tiers[outermost];
  int64_t bandwidth = bandwidthOf(tier, Collective::RingShift, bytes, group.size());
  int64_t hop = addSat(mulDivCeil(bytes, kNsPerS, bandwidth), tier.latencyNs);
  std::vector<int64_t> times(cluster.tiers.size(), 0);
  times[outermost] = mulSat(group.size() - 1, hop);
  return times;
}

// Among `units` that each hold a 1/shards part of `bytes`.
static int64_t tierReduceNs(const Tier &tier, Collective collective, int64_t bytes, int64_t units,
                            int64_t shards) {
  const LinkUse use = linkUse(collective, tier.algorithm, units);
  const int64_t bandwidth = bandwidthOf(tier, collective, bytes, units);
  int64_t transfer =
      ceilDiv(Int128(bytes) * use.crossings * kNsPerS, Int128(use.parts) * shards * bandwidth);
  return addSat(transfer, mulSat(use.hops, tier.latencyNs));
}

std::vector<int64_t> Topology::reduceNs(Collective collective, int64_t bytes,
                                        const RankGroup &group) const {
  return eachTier(group, [&](const Tier &tier, int64_t inner, int64_t ranks) -> int64_t {
    return bytes == 0 ? 0 : tierReduceNs(tier, collective, bytes, ceilDiv(ranks, inner), inner);
  });
}

std::vector<int64_t> Topology::tierNs(Collective collective, int64_t bytes,
                                      const RankGroup &group) const {
  if (group.size() <= 1)
    return {};
  if (collective == Collective::AllToAll)
    return allToAllNs(bytes, group);
  if (collective == Collective::RingShift)
    return ringShiftNs(bytes, group);
  return reduceNs(collective, bytes, group);
}

std::vector<int64_t> Topology::tierNs(const CollectiveCost &cost, const RankGroup &group) const {
  if (group.size() > 1 && cost.routing.experts > 0)
    return dispatchNs(cost.bytes, cost.routing, group);
  return tierNs(cost.collective, cost.bytes, group);
}

static int64_t sumOf(const std::vector<int64_t> &times) {
  return std::accumulate(times.begin(), times.end(), int64_t(0), addSat);
}

int64_t Topology::collectiveNs(Collective collective, int64_t bytes, const RankGroup &group) const {
  return sumOf(tierNs(collective, bytes, group));
}

int64_t Topology::collectiveNs(const CollectiveCost &cost, const RankGroup &group) const {
  return sumOf(tierNs(cost, group));
}

size_t Topology::stageTier(const Layout &layout, int64_t from, int64_t to) const {
  Mesh mesh(layout);
  // The devices of both stages, and of what lies between them.
  int64_t first = 0, last = layout.numRanks() - 1;
  if (mesh.stagesAreBlocks()) {
    first = std::min(from, to) * mesh.stageStride();
    last = (std::max(from, to) + 1) * mesh.stageStride() - 1;
  }
  // Pipelines side by side: each is a block of its own, and the worst placed counts.
  int64_t block = mesh.stageStride() * layout.pp;
  size_t index = 0;
  for (; index + 1 < cluster.tiers.size(); ++index) {
    const int64_t devices = cluster.tiers[index].devices;
    if (mesh.stagesAreBlocks() ? first / devices == last / devices : devices % block == 0)
      break;
  }
  return index;
}

int64_t Topology::stageTransferNs(int64_t bytes, const Layout &layout, int64_t from,
                                  int64_t to) const {
  const Tier &tier = cluster.tiers[stageTier(layout, from, to)];
  return addSat(
      mulDivCeil(bytes, kNsPerS, bandwidthOf(tier, Collective::RingShift, bytes, layout.pp)),
      tier.latencyNs);
}

int64_t Topology::groupJitterPpm(const RankGroup &group) const {
  return group.size() > 1 ? cluster.tiers[outermostTier(group)].jitterPpm : 0;
}
