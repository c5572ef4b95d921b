// The outer lattice: every layout that the devices, the batch, the experts, the layers and
// the pins allow.
#ifndef SIGMA_PLANNER_SEARCH_LAYOUTS_H
#define SIGMA_PLANNER_SEARCH_LAYOUTS_H

#include "planner/Plan.h"
#include "planner/Problem.h"

#include <vector>

namespace sigma::planner {

std::vector<int64_t> divisorsOf(int64_t n);

int64_t numLayers(const Model &model);

// ep must divide it; 1 for a dense model.
inline int64_t expertsToShare(const Model &model) {
  return model.numExperts > 0 ? model.numExperts : 1;
}

// In canonical order: fewest stages, smallest ep, largest micro-batch. `rejected` counts the tuples
// of divisors that divisibility ruled out. A pinned micro-batch may exceed job.maxMicroBatch, which
// bounds only the search.
std::vector<Layout> enumerateLayouts(const Problem &problem, int64_t &rejected);

bool isForbidden(const Forbids &forbids, const Layout &layout);

// True if `a` comes before `b` in canonical order: of two equally fast plans the first is taken.
bool comesBefore(const Layout &a, const Layout &b);

bool sameLayout(const Layout &a, const Layout &b);

} // namespace sigma::planner

#endif
