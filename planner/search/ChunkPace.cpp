#include "planner/search/ChunkPace.h"

#include "planner/Pipeline.h"
#include "planner/cost/Arithmetic.h"

#include <algorithm>
#include <numeric>

using namespace sigma::planner;

// The longest chunk of each turn in the best split that holds as many units on all stages but the
// head's.
ChunkPace::ChunkPace(const Layout &layout, const ChunkTimes &times) : layout(layout), times(times) {
  const int64_t others = layout.pp - 1, vpp = layout.vpp;
  int64_t least = kSaturated;
  for (int64_t held = vpp; held <= times.units - vpp * others; ++held) {
    const int64_t each = ceilDiv(times.units - held, others);
    std::vector<int64_t> longest;
    for (int64_t chunk = 0; chunk < vpp; ++chunk)
      longest.push_back(
          std::max(chunkNs(chunk, each),
                   addSat(chunkNs(chunk, held), chunk == vpp - 1 ? times.afterNs : 0)));
    const int64_t sum = std::accumulate(longest.begin(), longest.end(), int64_t(0), addSat);
    if (sum < least) {
      least = sum;
      turnNs = std::move(longest);
      regain = 2 * chunkNs(0, each) - chunkNs(vpp - 1, each);
    }
  }
}

int64_t ChunkPace::chunkNs(int64_t chunk, int64_t count) const {
  return mulSat(count / layout.vpp + (chunk < count % layout.vpp), times.unitNs);
}

int64_t ChunkPace::lagNs(int64_t stage, int64_t count) const {
  int64_t lag = 0;
  for (size_t chunk = 0; chunk < turnNs.size(); ++chunk) {
    const int64_t index = virtualIndex(layout, stage, int64_t(chunk));
    int64_t ns = chunkNs(int64_t(chunk), count);
    ns = addSat(ns, index == 0 ? times.beforeNs : 0);
    ns = addSat(ns, index == layout.pp * layout.vpp - 1 ? times.afterNs : 0);
    lag = addSat(lag, std::max<int64_t>(0, turnNs[chunk] - ns));
  }
  return lag;
}
