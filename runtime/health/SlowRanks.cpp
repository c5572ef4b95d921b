#include "runtime/health/SlowRanks.h"

#include <algorithm>

namespace sigma::runtime {

/// Two ranks have no majority that could say which of them is slow.
constexpr size_t kLeastPeers = 3;

/// The lower one of two: a slow rank does not move what it is compared with.
static double lowerMedian(std::vector<double> values) {
  const auto middle = values.begin() + (int64_t(values.size()) - 1) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double SlowRanks::medianOfStage(int64_t stage) const {
  std::vector<double> peers;
  for (size_t rank = 0; rank < sums.size(); ++rank)
    if (stages[rank] == stage)
      peers.push_back(sums[rank]);
  return peers.size() < kLeastPeers ? 0 : lowerMedian(std::move(peers));
}

std::vector<double> SlowRanks::againstThemselves() const {
  std::vector<double> ratios(sums.size());
  for (size_t rank = 0; rank < fastest.size(); ++rank)
    ratios[rank] = fastest[rank] > 0 ? sums[rank] / fastest[rank] : 0;
  // What slows all down is nobody's own.
  const double all = ratios.size() > 1 ? lowerMedian(ratios) : 1;
  for (double &ratio : ratios)
    ratio = all > 0 ? ratio / all : 0;
  return ratios;
}

std::vector<SlowRank> SlowRanks::judge() const {
  const std::vector<double> ofThemselves = againstThemselves();
  std::vector<SlowRank> slow;
  for (size_t rank = 0; rank < sums.size(); ++rank) {
    const double peers = medianOfStage(stages[rank]);
    const SlowRank found{int(rank), peers > 0 ? sums[rank] / peers : 0, ofThemselves[rank]};
    if (found.ofPeers >= factor || found.ofItself >= factor)
      slow.push_back(found);
  }
  return slow;
}

std::vector<SlowRank> SlowRanks::add(const List<double> &computeSeconds) {
  sums.resize(stages.size());
  slowWindows.resize(stages.size());
  for (size_t rank = 0; rank < stages.size(); ++rank)
    sums[rank] += computeSeconds[rank];
  if (++steps % kWindow != 0)
    return {};
  std::vector<SlowRank> found;
  std::vector<int> windows(stages.size());
  for (const SlowRank &slow : judge()) {
    windows[slow.rank] = slowWindows[slow.rank] + 1;
    if (windows[slow.rank] == 2)
      found.push_back(slow);
  }
  slowWindows = windows;
  if (fastest.empty())
    fastest = sums;
  for (size_t rank = 0; rank < sums.size(); ++rank)
    fastest[rank] = std::min(fastest[rank], sums[rank]);
  std::fill(sums.begin(), sums.end(), 0);
  return found;
}

} // namespace sigma::runtime
