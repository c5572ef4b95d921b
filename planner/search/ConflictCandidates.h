// Candidate plans beyond the space, each with the limits it breaks: what
// minimalConflict chooses from.
#ifndef SIGMA_PLANNER_SEARCH_CONFLICTCANDIDATES_H
#define SIGMA_PLANNER_SEARCH_CONFLICTCANDIDATES_H

#include "planner/Problem.h"
#include "planner/search/Costs.h"
#include "planner/search/Limits.h"

namespace sigma::planner {

// For when no layout obeys divisibility and pins: layouts that break some of these. Memory
// plays no part.
std::vector<LimitSet> shapeCandidates(const Problem &problem);

// For when layouts exist but none fits: every layout of this and of larger clusters, with and
// without the pins.
std::vector<LimitSet> memoryCandidates(const Problem &problem, CostCache &costs,
                                       const LayerSequence &sequence);

// The problem on a cluster of another size.
Problem withDevices(Problem problem, int64_t numDevices);

// Multiples of the number of devices that are tried when memory is short.
std::vector<int64_t> largerClusters(int64_t numDevices);

} // namespace sigma::planner

#endif
