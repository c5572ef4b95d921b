// Combinations of small sizes and the limits of docs/cost-model.md that each of them breaks.
#ifndef SIGMA_TEST_PLANNER_SHAPEORACLE_H
#define SIGMA_TEST_PLANNER_SHAPEORACLE_H

#include "planner/Planner.h"

#include <set>
#include <string>
#include <vector>

namespace sigma::planner::test {

class ShapeOracle {
public:
  explicit ShapeOracle(const Problem &problem);

  // Some combination obeys all of these limits, whatever else it breaks.
  bool hasCandidate(const std::set<std::string> &limits) const;

private:
  using Mask = uint64_t;

  Mask bit(const std::string &limit);
  // What is wrong with a part of a layout.
  Mask pinned(const Layout &layout, const std::vector<Axis> &axes);
  Mask mesh(const Layout &layout);
  Mask experts(const Layout &layout);
  std::set<Mask> zeroStages(Layout layout);
  std::set<Mask> schedules(Layout layout);
  std::vector<int64_t> sizes(Axis axis, int64_t most) const;
  void addMeshes();
  void addExperts(Layout layout, Mask broken);

  const Problem &problem;
  int64_t layers, node;
  std::vector<std::string> names;
  std::set<Mask> candidates;
};

} // namespace sigma::planner::test

#endif
