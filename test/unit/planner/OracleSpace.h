// The space as the oracles read docs/cost-model.md: layouts and splits.
#ifndef SIGMA_TEST_PLANNER_ORACLESPACE_H
#define SIGMA_TEST_PLANNER_ORACLESPACE_H

#include "planner/Planner.h"

#include <vector>

namespace sigma::planner::test {

// Everything that is legal and searched. Layouts that differ in ZeRO only are neighbours.
std::vector<Layout> allLayouts(const Problem &problem);

// What a layout splits among its stages.
struct Units {
  Units(const Model &model, const Layout &layout);

  int64_t count = 0;             // units
  int64_t least = 1;             // of a stage
  int64_t size = 1;              // layers of one unit
  int64_t before = 0, after = 0; // layers in front of the first unit and behind the last
};

// The chunks of all stages, `counts` units each.
std::vector<std::vector<LayerRange>> chunksOf(const Units &units, const Layout &layout,
                                              const std::vector<int64_t> &counts);

// The kind of every layer.
std::vector<int> kindsOfLayers(const Model &model);

} // namespace sigma::planner::test

#endif
