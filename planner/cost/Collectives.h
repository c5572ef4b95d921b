// Time of the collectives on a tiered network.
//
// Every time is latency + bytes / bandwidth (Hockney 1994), tier by tier: what stays inside one
// unit of a tier moves at that tier's bandwidth, the rest at the next one's. All-gather and
// reduce-scatter move (n-1)/n of the shard in n-1 hops of a ring (Patarasuk and Yuan 2009) or
// log2(n) hops of recursive halving (Thakur et al. 2005) where the tier's algorithm is a tree; an
// all-reduce is both, a tree moves 2 of the shard in 2 log2(n) hops (Sanders, Speck and Träff
// 2009). Inner tiers reduce first (hierarchical as in NCCL and BlueConnect). An exchange of experts
// may be hierarchical too (DeepSeek-V3, 3.2.2; DeepEP): outer tiers first. Where a tier's transfers
// were measured, the bandwidth is what was found for the collective, its bytes and its ranks.
#ifndef SIGMA_PLANNER_COST_COLLECTIVES_H
#define SIGMA_PLANNER_COST_COLLECTIVES_H

#include "planner/Problem.h"
#include "planner/cost/Mesh.h"

#include <vector>

namespace sigma::planner {

// The probability that any of a token's experts is among `count` neighbours: hypergeometric, of
// groups and of the experts in them. More experts than a group has are rounded down to groups.
double hitProbability(const Routing &routing, int64_t count);

// How a collective among `ranks` of one tier uses its links: each byte crosses one `crossings` /
// `parts` times, and `hops` follow each other.
struct LinkUse {
  int64_t crossings, parts, hops;
};
LinkUse linkUse(Collective collective, CollectiveAlgorithm algorithm, int64_t ranks);

class Topology {
public:
  explicit Topology(const Cluster &cluster) : cluster(cluster) {}

  // `bytes` as the collective counts them (Problem.h). 0 for a group of one.
  int64_t collectiveNs(Collective collective, int64_t bytes, const RankGroup &group) const;
  int64_t collectiveNs(const CollectiveCost &cost, const RankGroup &group) const;
  // The same, by tier.
  std::vector<int64_t> tierNs(Collective collective, int64_t bytes, const RankGroup &group) const;
  std::vector<int64_t> tierNs(const CollectiveCost &cost, const RankGroup &group) const;

  // The slowest pair of ranks of two stages, `from` and `to`, that hand over `bytes`.
  int64_t stageTransferNs(int64_t bytes, const Layout &layout, int64_t from, int64_t to) const;
  // The tier that it crosses.
  size_t stageTier(const Layout &layout, int64_t from, int64_t to) const;

  // Relative standard deviation, in ppm, of a collective of that group: that of the outermost tier
  // it crosses.
  int64_t groupJitterPpm(const RankGroup &group) const;

  // For each tier, how many ranks of the worst-placed group share one unit of it; the last
  // entry is the group's size.
  std::vector<int64_t> ranksPerUnit(const RankGroup &group) const;

private:
  std::vector<int64_t> allToAllNs(int64_t bytes, const RankGroup &group) const;
  std::vector<int64_t> dispatchNs(int64_t bytes, const Routing &routing,
                                  const RankGroup &group) const;
  std::vector<int64_t> ringShiftNs(int64_t bytes, const RankGroup &group) const;
  std::vector<int64_t> reduceNs(Collective collective, int64_t bytes, const RankGroup &group) const;
  size_t outermostTier(const RankGroup &group) const;
  // ns(tier, ranks of the group in a unit of the tier inside, in one of this) of each tier that the
  // group crosses.
  template <class F>
  std::vector<int64_t> eachTier(const RankGroup &group, F ns) const;

  const Cluster &cluster;
};

} // namespace sigma::planner

#endif
