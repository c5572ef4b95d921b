#include "planner/check/CheckTurns.h"

#include <algorithm>
#include <numeric>

using namespace sigma::planner;

namespace {

using Layers = std::vector<const LayerCost *>;

// `count` times the `size` layers from `first` on.
struct Run {
  int64_t first = 0, size = 0, count = 0;
};

// The run of a repeated block that covers most layers; of those the shortest block, the first run.
Run longestRun(const Layers &layers) {
  const int64_t all = int64_t(layers.size());
  Run longest;
  for (int64_t size = 1; 2 * size <= all; ++size)
    for (int64_t first = 0; first + 2 * size <= all; ++first) {
      int64_t end = first + size;
      while (end < all && layers[end] == layers[end - size])
        ++end;
      const int64_t count = (end - first) / size;
      if (count > 1 && count * size > longest.count * longest.size)
        longest = {first, size, count};
    }
  return longest;
}

} // namespace

Turns sigma::planner::countTurns(const Layout &layout, ContentsBook &book, const Contents &contents,
                                 const std::function<Wide(const LayerCost &)> &pieceNs) {
  const Layers layers = book.allLayers();
  const Run run = longestRun(layers);
  const int64_t pp = layout.pp, vpp = layout.vpp;
  if (pp < 2 || run.count < pp * vpp)
    return {};
  auto sumNs = [&](int64_t first, int64_t end) {
    Wide sum = 0;
    for (int64_t layer = first; layer < end; ++layer)
      sum += pieceNs(*layers[layer]);
    return sum;
  };
  const int64_t numLayers = int64_t(layers.size()), runEnd = run.first + run.size * run.count;
  const Wide unitNs = sumNs(run.first, run.first + run.size);
  const Wide lastNs = sumNs(runEnd, numLayers) + pieceNs(book.headCost());
  // Longest chunk of each turn: `ofHead` units on the head's stage, on all others equally many.
  struct Split {
    std::vector<Wide> turns, others;
    Wide total() const { return std::accumulate(turns.begin(), turns.end(), Wide(0)); }
  };
  auto splitOf = [&](int64_t ofHead) {
    const int64_t ofOthers = int64_t(quotient(run.count - ofHead, pp - 1));
    Split split;
    for (int64_t chunk = 0; chunk < vpp; ++chunk) {
      auto units = [&](int64_t held) { return held / vpp + (held % vpp > chunk ? 1 : 0); };
      const Wide headNs = units(ofHead) * unitNs + (chunk + 1 == vpp ? lastNs : 0);
      split.others.push_back(units(ofOthers) * unitNs);
      split.turns.push_back(std::max(split.others.back(), headNs));
    }
    return split;
  };
  Split best = splitOf(vpp);
  for (int64_t ofHead = vpp + 1; ofHead + vpp * (pp - 1) <= run.count; ++ofHead)
    if (Split split = splitOf(ofHead); split.total() < best.total())
      best = split;

  Turns result;
  size_t next = 0;
  for (int64_t chunk = 0; chunk < vpp; ++chunk) {
    Wide ns = 0;
    for (int64_t i = 0; i < contents.chunks[chunk]; ++i)
      ns += pieceNs(*contents.layers[next++].cost);
    const int64_t part = virtualStageOf(layout, contents.stage, chunk);
    if (part == 0)
      ns += pieceNs(book.embeddingCost());
    if (part == pp * vpp - 1)
      ns += pieceNs(book.headCost());
    result.lagNs += beyond(best.turns[chunk], ns);
  }
  result.regainNs = 2 * best.others.front() - best.others.back();
  return result;
}
