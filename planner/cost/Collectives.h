// Time of the collectives on a tiered network.
//
// Ranks are devices in order: expert-parallel rank innermost, then the rest of data parallelism,
// pipeline stage outermost (Megatron-LM's order with dp inside pp). Every time is
// latency + bytes / bandwidth (Hockney 1994); the part of the bytes that stays inside one unit of a
// tier moves at that tier's bandwidth, the rest at the next one's.
#ifndef SIGMA_PLANNER_COST_COLLECTIVES_H
#define SIGMA_PLANNER_COST_COLLECTIVES_H

#include "planner/Problem.h"

#include <vector>

namespace sigma::planner {

class Topology {
public:
  explicit Topology(const Cluster &cluster) : cluster(cluster) {}

  // All-to-all among `size` neighbours; `bytes` leave each rank, in equal parts to all others.
  int64_t allToAllNs(int64_t bytes, int64_t size) const;

  // All-reduce among `size` ranks that lie `stride` apart: tier by tier, reduce-scatter inwards and
  // all-gather outwards (hierarchical as in NCCL and BlueConnect). A ring moves 2(n-1)/n of the
  // shard in 2(n-1) hops (Patarasuk and Yuan 2009), a double binary tree 2 of it in 2 log2(n) hops
  // (Sanders, Speck and Träff 2009).
  int64_t allReduceNs(int64_t bytes, int64_t size, int64_t stride) const;

  // Every rank r in [firstRank, firstRank + dp) sends to r + dp; the slowest pair counts.
  int64_t stageTransferNs(int64_t bytes, int64_t firstRank, int64_t dp) const;

  // Relative standard deviation, in ppm, of a collective of that group: that of the outermost
  // tier it crosses.
  int64_t groupJitterPpm(int64_t size, int64_t stride) const;

private:
  // For each tier, how many ranks of the worst-placed group share one unit of it; the last
  // entry is `size`.
  std::vector<int64_t> ranksPerUnit(int64_t size, int64_t stride) const;

  const Cluster &cluster;
};

} // namespace sigma::planner

#endif
