// How long stages wait for each other's longer chunks where they take turns at chunks
// (docs/cost-model.md, "The step").
#ifndef SIGMA_PLANNER_SEARCH_CHUNKPACE_H
#define SIGMA_PLANNER_SEARCH_CHUNKPACE_H

#include "planner/Layout.h"

#include <vector>

namespace sigma::planner {

// Time of a model's parts, without recomputation.
struct ChunkTimes {
  int64_t units = 0, unitNs = 0;
  int64_t beforeNs = 0, afterNs = 0; // outside the units: of the first chunk, of the last
};

class ChunkPace {
public:
  // Nobody waits.
  ChunkPace() = default;
  ChunkPace(const Layout &layout, const ChunkTimes &times);

  // What the chunks of a stage with `count` units are shorter than the longest of their turns, for
  // each micro-batch.
  int64_t lagNs(int64_t stage, int64_t count) const;
  // What stages that are early are not late for the next round.
  int64_t regainNs() const { return regain; }

private:
  int64_t chunkNs(int64_t chunk, int64_t count) const;

  Layout layout;
  ChunkTimes times;
  std::vector<int64_t> turnNs; // by chunk
  int64_t regain = 0;
};

} // namespace sigma::planner

#endif
