#include "planner/profile/Profile.h"

#include "planner/cost/Arithmetic.h"
#include "planner/cost/Collectives.h"

#include <algorithm>
#include <map>
#include <set>

using namespace sigma::planner;

namespace {

constexpr int64_t kNsPerS = 1000000000;

// What a hop takes when there is next to nothing to send: no collective is faster than its hops.
int64_t leastHopNs(const ProfiledLevel &level, CollectiveAlgorithm algorithm) {
  int64_t least = kSaturated;
  for (const ProfiledExchange &exchange : level.exchanges)
    least = std::min(least, exchange.timeNs /
                                linkUse(exchange.collective, algorithm, exchange.ranks).hops);
  return least;
}

// By what factor the times of the smallest all-reduces differ most from what the hops of that
// algorithm say, where the first has its own time.
double misfit(const std::map<int64_t, int64_t> &timeOfRanks, CollectiveAlgorithm algorithm) {
  double worst = 1;
  const auto perHop = [&](const std::pair<const int64_t, int64_t> &entry) {
    return double(entry.second) /
           double(linkUse(Collective::AllReduce, algorithm, entry.first).hops);
  };
  const double first = perHop(*timeOfRanks.begin());
  for (const auto &entry : timeOfRanks)
    worst = std::max({worst, perHop(entry) / first, first / perHop(entry)});
  return worst;
}

// Groups of one size cannot tell.
CollectiveAlgorithm algorithmOf(const ProfiledLevel &level, CollectiveAlgorithm stated) {
  std::map<int64_t, int64_t> timeOfRanks;
  for (const ProfiledExchange &exchange : level.exchanges)
    if (exchange.collective == Collective::AllReduce) {
      auto [entry, isNew] = timeOfRanks.try_emplace(exchange.ranks, exchange.timeNs);
      if (!isNew)
        entry->second = std::min(entry->second, exchange.timeNs);
    }
  if (timeOfRanks.size() < 2)
    return stated;
  return misfit(timeOfRanks, CollectiveAlgorithm::Tree) <
                 misfit(timeOfRanks, CollectiveAlgorithm::Ring)
             ? CollectiveAlgorithm::Tree
             : CollectiveAlgorithm::Ring;
}

// What is left of a time beside the hops is taken by the bytes.
int64_t bandwidthOf(const ProfiledExchange &exchange, const Tier &tier) {
  const LinkUse use = linkUse(exchange.collective, tier.algorithm, exchange.ranks);
  const int64_t left = std::max<int64_t>(1, exchange.timeNs - use.hops * tier.latencyNs);
  const Int128 crossing = Int128(exchange.bytes) * use.crossings / use.parts;
  return std::max<int64_t>(1, saturate(crossing * kNsPerS / left));
}

RateTable ratesOf(const ProfiledLevel &level, Collective collective, const Tier &tier) {
  std::map<std::pair<int64_t, int64_t>, int64_t> rates;
  std::set<int64_t> ranks, bytes;
  for (const ProfiledExchange &exchange : level.exchanges)
    if (exchange.collective == collective) {
      rates[{exchange.ranks, exchange.bytes}] = bandwidthOf(exchange, tier);
      ranks.insert(exchange.ranks);
      bytes.insert(exchange.bytes);
    }
  RateTable table;
  if (rates.empty())
    return table;
  table.axes = {std::vector<int64_t>(ranks.begin(), ranks.end()),
                std::vector<int64_t>(bytes.begin(), bytes.end()),
                {0}};
  for (const auto &[size, rate] : rates) // in the order of the grid
    table.rates.push_back(rate);
  return table;
}

} // namespace

Tier sigma::planner::measuredTier(const ProfiledLevel &level, const Tier &stated) {
  Tier tier = stated;
  tier.jitterPpm = level.jitterPpm;
  tier.algorithm = algorithmOf(level, stated.algorithm);
  tier.latencyNs = leastHopNs(level, tier.algorithm);
  tier.bandwidthBytesPerS = 1;
  for (int i = 0; i < kNumCollectives; ++i) {
    tier.rates[i] = ratesOf(level, static_cast<Collective>(i), tier);
    for (int64_t rate : tier.rates[i].rates)
      tier.bandwidthBytesPerS = std::max(tier.bandwidthBytesPerS, rate);
  }
  return tier;
}
