// Rates, per second, on a grid of sizes.
#ifndef SIGMA_PLANNER_COST_RATETABLE_H
#define SIGMA_PLANNER_COST_RATETABLE_H

#include <array>
#include <cstdint>
#include <vector>

namespace sigma::planner {

// Linear between the points of the grid, constant beyond them.
struct RateTable {
  using Point = std::array<int64_t, 3>;

  bool empty() const { return rates.empty(); }
  int64_t at(const Point &point) const;
  // How many points the grid has.
  int64_t size() const;
  // The place in `rates` of the point with these places on the axes.
  int64_t index(const std::array<int64_t, 3> &places) const;

  std::array<std::vector<int64_t>, 3> axes; // sizes increase; at least one on each
  std::vector<int64_t> rates;               // positive; the last axis is the innermost
};

// Nowhere above either; on the grid of both. Empty where one of them is.
RateTable lesserRates(const RateTable &a, const RateTable &b);

} // namespace sigma::planner

#endif
