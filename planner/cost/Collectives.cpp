#include "planner/cost/Collectives.h"

#include "planner/cost/Arithmetic.h"

#include <algorithm>
#include <numeric>

using namespace sigma::planner;

static constexpr int64_t kNsPerS = 1000000000;

std::vector<int64_t> Topology::ranksPerUnit(int64_t size, int64_t stride) const {
  // A block of contiguous ranks starts at a multiple of its length, so the smallest piece that a
  // unit border cuts off is their greatest common divisor.
  std::vector<int64_t> ranks;
  int64_t span = size * stride;
  for (const Tier &tier : cluster.tiers) {
    int64_t inside = tier.devices >= cluster.numDevices ? span : std::gcd(span, tier.devices);
    int64_t members = std::clamp<int64_t>(inside / stride, 1, size);
    ranks.push_back(ranks.empty() ? members : std::max(members, ranks.back()));
  }
  if (!ranks.empty())
    ranks.back() = size;
  return ranks;
}

int64_t Topology::allToAllNs(int64_t bytes, int64_t size) const {
  if (size <= 1)
    return 0;
  std::vector<int64_t> ranks = ranksPerUnit(size, 1);
  int64_t total = 0, inner = 1;
  for (size_t i = 0; i < ranks.size(); ++i) {
    const Tier &tier = cluster.tiers[i];
    if (int64_t peers = ranks[i] - inner; peers > 0) {
      int64_t transfer =
          ceilDiv(Int128(bytes) * peers * kNsPerS, Int128(size - 1) * tier.bandwidthBytesPerS);
      total = addSat(total, addSat(transfer, tier.latencyNs));
    }
    inner = ranks[i];
  }
  return total;
}

static int64_t ceilLog2(int64_t n) {
  int64_t log = 0;
  while ((int64_t(1) << log) < n)
    ++log;
  return log;
}

// Among `units` that each hold a 1/shards part of `bytes`.
static int64_t reduceNs(const Tier &tier, int64_t bytes, int64_t units, int64_t shards) {
  bool isTree = tier.algorithm == CollectiveAlgorithm::Tree;
  // How often a byte crosses a link, times the units.
  int64_t crossings = isTree ? 2 * units : 2 * (units - 1);
  int64_t hops = isTree ? 2 * ceilLog2(units) : 2 * (units - 1);
  int64_t transfer = ceilDiv(Int128(bytes) * crossings * kNsPerS,
                             Int128(units) * shards * tier.bandwidthBytesPerS);
  return addSat(transfer, mulSat(hops, tier.latencyNs));
}

int64_t Topology::allReduceNs(int64_t bytes, int64_t size, int64_t stride) const {
  if (size <= 1 || bytes == 0)
    return 0;
  std::vector<int64_t> ranks = ranksPerUnit(size, stride);
  int64_t total = 0, inner = 1;
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (int64_t units = ceilDiv(ranks[i], inner); units > 1)
      total = addSat(total, reduceNs(cluster.tiers[i], bytes, units, inner));
    inner = ranks[i];
  }
  return total;
}

int64_t Topology::stageTransferNs(int64_t bytes, int64_t firstRank, int64_t dp) const {
  int64_t lastRank = firstRank + 2 * dp - 1;
  for (const Tier &tier : cluster.tiers) {
    bool outermost = &tier == &cluster.tiers.back();
    if (outermost || firstRank / tier.devices == lastRank / tier.devices)
      return addSat(mulDivCeil(bytes, kNsPerS, tier.bandwidthBytesPerS), tier.latencyNs);
  }
  return 0;
}

int64_t Topology::groupJitterPpm(int64_t size, int64_t stride) const {
  std::vector<int64_t> ranks = ranksPerUnit(size, stride);
  for (size_t i = 0; i < ranks.size(); ++i)
    if (ranks[i] == size)
      return size > 1 ? cluster.tiers[i].jitterPpm : 0;
  return 0;
}
