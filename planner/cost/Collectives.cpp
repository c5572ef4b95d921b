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

const Tier &Topology::outermostTier(const RankGroup &group) const {
  std::vector<int64_t> ranks = ranksPerUnit(group);
  auto whole = std::find(ranks.begin(), ranks.end(), group.size());
  return cluster.tiers[whole - ranks.begin()];
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

int64_t Topology::allToAllNs(int64_t bytes, const RankGroup &group) const {
  std::vector<int64_t> ranks = ranksPerUnit(group);
  int64_t total = 0, inner = 1;
  for (size_t i = 0; i < ranks.size(); ++i) {
    const Tier &tier = cluster.tiers[i];
    if (int64_t peers = ranks[i] - inner; peers > 0) {
      int64_t bandwidth = bandwidthOf(tier, Collective::AllToAll, bytes, ranks[i]);
      int64_t transfer =
          ceilDiv(Int128(bytes) * peers * kNsPerS, Int128(group.size() - 1) * bandwidth);
      total = addSat(total, addSat(transfer, tier.latencyNs));
    }
    inner = ranks[i];
  }
  return total;
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
int64_t Topology::dispatchNs(int64_t bytes, const Routing &routing, const RankGroup &group) const {
  std::vector<int64_t> ranks = ranksPerUnit(group);
  const int64_t size = group.size();
  int64_t total = 0, inner = 1;
  for (size_t i = 0; i < ranks.size(); ++i) {
    const Tier &tier = cluster.tiers[i];
    if (int64_t peers = ranks[i] - inner; peers > 0) {
      const int64_t experts = std::max<int64_t>(1, routing.experts * inner / size);
      const int64_t hitPpb = std::llround(hitProbability(routing, experts) * kNsPerS);
      // bytes = tokens' * chosen * (size - 1) / size; size / inner units are there to be hit.
      int64_t sent = ceilDiv(Int128(bytes) * size * size * hitPpb,
                             Int128(size - 1) * routing.chosen * inner * kNsPerS);
      int64_t bandwidth = bandwidthOf(tier, Collective::AllToAll, sent, ranks[i]);
      int64_t transfer = ceilDiv(Int128(sent) * peers * kNsPerS, Int128(ranks[i]) * bandwidth);
      total = addSat(total, addSat(transfer, tier.latencyNs));
    }
    inner = ranks[i];
  }
  return total;
}

int64_t Topology::ringShiftNs(int64_t bytes, const RankGroup &group) const {
  const Tier &tier = outermostTier(group);
  int64_t bandwidth = bandwidthOf(tier, Collective::RingShift, bytes, group.size());
  int64_t hop = addSat(mulDivCeil(bytes, kNsPerS, bandwidth), tier.latencyNs);
  return mulSat(group.size() - 1, hop);
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

int64_t Topology::reduceNs(Collective collective, int64_t bytes, const RankGroup &group) const {
  if (bytes == 0)
    return 0;
  std::vector<int64_t> ranks = ranksPerUnit(group);
  int64_t total = 0, inner = 1;
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (int64_t units = ceilDiv(ranks[i], inner); units > 1)
      total = addSat(total, tierReduceNs(cluster.tiers[i], collective, bytes, units, inner));
    inner = ranks[i];
  }
  return total;
}

int64_t Topology::collectiveNs(Collective collective, int64_t bytes, const RankGroup &group) const {
  if (group.size() <= 1)
    return 0;
  if (collective == Collective::AllToAll)
    return allToAllNs(bytes, group);
  if (collective == Collective::RingShift)
    return ringShiftNs(bytes, group);
  return reduceNs(collective, bytes, group);
}

int64_t Topology::collectiveNs(const CollectiveCost &cost, const RankGroup &group) const {
  if (group.size() > 1 && cost.routing.experts > 0)
    return dispatchNs(cost.bytes, cost.routing, group);
  return collectiveNs(cost.collective, cost.bytes, group);
}

int64_t Topology::stageTransferNs(int64_t bytes, const Layout &layout, int64_t from,
                                  int64_t to) const {
  Mesh mesh(layout);
  // The devices of both stages, and of what lies between them.
  int64_t first = 0, last = layout.numRanks() - 1;
  if (mesh.stagesAreBlocks()) {
    first = std::min(from, to) * mesh.stageStride();
    last = (std::max(from, to) + 1) * mesh.stageStride() - 1;
  }
  // Pipelines side by side: each is a block of its own, and the worst placed counts.
  int64_t block = mesh.stageStride() * layout.pp;
  for (const Tier &tier : cluster.tiers) {
    bool outermost = &tier == &cluster.tiers.back();
    bool inside = mesh.stagesAreBlocks() ? first / tier.devices == last / tier.devices
                                         : tier.devices % block == 0;
    if (outermost || inside)
      return addSat(
          mulDivCeil(bytes, kNsPerS, bandwidthOf(tier, Collective::RingShift, bytes, layout.pp)),
          tier.latencyNs);
  }
  return 0;
}

int64_t Topology::groupJitterPpm(const RankGroup &group) const {
  return group.size() > 1 ? outermostTier(group).jitterPpm : 0;
}
