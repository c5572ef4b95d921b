// What a stage computes on, in a cluster of several kinds of devices.
#ifndef SIGMA_PLANNER_COST_DEVICES_H
#define SIGMA_PLANNER_COST_DEVICES_H

#include "planner/Problem.h"

#include <vector>

namespace sigma::planner {

// As weak as the weaker in every figure.
Device weaker(const Device &a, const Device &b);

// Indices of the kinds among the ranks of a stage: [first, last] of Cluster::groups; {0, 0} in a
// cluster of one kind.
struct KindRange {
  int first = 0, last = 0;

  bool operator==(const KindRange &other) const {
    return first == other.first && last == other.last;
  }
  bool operator<(const KindRange &other) const {
    return first != other.first ? first < other.first : last < other.last;
  }
};
KindRange kindsOf(const Cluster &cluster, const Layout &layout, int64_t stage);

Device deviceOf(const Cluster &cluster, const KindRange &kinds);

} // namespace sigma::planner

#endif
