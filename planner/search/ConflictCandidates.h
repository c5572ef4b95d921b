// Candidate plans of a problem that has none, each given by the limits it breaks.
#ifndef SIGMA_PLANNER_SEARCH_CONFLICTCANDIDATES_H
#define SIGMA_PLANNER_SEARCH_CONFLICTCANDIDATES_H

#include "planner/search/Limits.h"
#include "planner/search/MemorySpace.h"

namespace sigma::planner {

// Where divisibility and pins leave no layout: sizes that the model, the devices and the pins
// propose.
std::vector<LimitSet> shapeCandidates(const Problem &problem, const LayerSequence &sequence);

// Where layouts exist but none fits: plans that fit once some pins are given up, or with more
// devices.
std::vector<LimitSet> memoryCandidates(const Problem &problem, CostCache &costs,
                                       const LayerSequence &sequence);

// The problem without what the user asked for under `limit`.
Problem without(Problem problem, Limit limit);

Problem withDevices(Problem problem, int64_t numDevices);
// Whole multiples, smallest first.
std::vector<int64_t> largerClusters(int64_t numDevices);

} // namespace sigma::planner

#endif
