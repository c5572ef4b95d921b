// What stands between a problem without a plan and a plan: candidates that break some limits.
#ifndef SIGMA_PLANNER_SEARCH_CONFLICTCANDIDATES_H
#define SIGMA_PLANNER_SEARCH_CONFLICTCANDIDATES_H

#include "planner/search/Limits.h"
#include "planner/search/MemorySpace.h"

namespace sigma::planner {

// Where divisibility and pins leave no layout: sizes that the model, the devices and the pins
// propose.
std::vector<LimitSet> shapeCandidates(const Problem &problem, const LayerSequence &sequence);

// Where layouts exist but none fits: a minimal set of limits that no plan obeys, neither on this
// cluster nor, if the number of devices is not among them, on larger ones.
LimitSet memoryConflict(const Problem &problem, AskedCosts &asked, const Deadline &deadline);

// The problem without what the user asked for under `limit`.
Problem without(Problem problem, Limit limit);

Problem withDevices(Problem problem, int64_t numDevices);
// Whole multiples, smallest first.
std::vector<int64_t> largerClusters(int64_t numDevices);

} // namespace sigma::planner

#endif
