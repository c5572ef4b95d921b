// Interleaved schedules take turns at chunks: who is done early waits for the longest of the turn.
#ifndef SIGMA_PLANNER_CHECK_CHECKTURNS_H
#define SIGMA_PLANNER_CHECK_CHECKTURNS_H

#include "planner/check/Contents.h"
#include "planner/check/Wide.h"

#include <functional>

namespace sigma::planner {

struct Turns {
  Wide lagNs = 0;    // per micro-batch
  Wide regainNs = 0; // per round of pp micro-batches after the first
};

// `pieceNs`: of one micro-batch on the stage's devices, without recomputation.
Turns countTurns(const Layout &layout, ContentsBook &book, const Contents &contents,
                 const std::function<Wide(const LayerCost &)> &pieceNs);

} // namespace sigma::planner

#endif
