#include "planner/cost/RateTable.h"

#include <algorithm>
#include <set>

using namespace sigma::planner;

namespace {

// Where a size lies between two neighbours of an axis.
struct Place {
  int64_t low, high;        // places on the axis; the same at and beyond its ends
  int64_t done = 0, of = 1; // how far from low to high
};

Place placeOn(const std::vector<int64_t> &axis, int64_t size) {
  const auto after = std::upper_bound(axis.begin(), axis.end(), size);
  const int64_t next = after - axis.begin(), last = int64_t(axis.size()) - 1;
  if (next == 0 || next > last)
    return {std::min(next, last), std::min(next, last)};
  return {next - 1, next, size - axis[next - 1], axis[next] - axis[next - 1]};
}

} // namespace

int64_t RateTable::size() const {
  return int64_t(axes[0].size()) * int64_t(axes[1].size()) * int64_t(axes[2].size());
}

int64_t RateTable::index(const std::array<int64_t, 3> &places) const {
  return (places[0] * int64_t(axes[1].size()) + places[1]) * int64_t(axes[2].size()) + places[2];
}

int64_t RateTable::at(const Point &point) const {
  const std::array<Place, 3> places = {placeOn(axes[0], point[0]), placeOn(axes[1], point[1]),
                                       placeOn(axes[2], point[2])};
  const auto between = [](int64_t low, int64_t high, const Place &place) {
    return low + static_cast<int64_t>(__int128(high - low) * place.done / place.of);
  };
  const auto alongLast = [&](int64_t first, int64_t second) {
    return between(rates[index({first, second, places[2].low})],
                   rates[index({first, second, places[2].high})], places[2]);
  };
  const auto alongSecond = [&](int64_t first) {
    return between(alongLast(first, places[1].low), alongLast(first, places[1].high), places[1]);
  };
  return between(alongSecond(places[0].low), alongSecond(places[0].high), places[0]);
}

RateTable sigma::planner::lesserRates(const RateTable &a, const RateTable &b) {
  RateTable result;
  if (a.empty() || b.empty())
    return result;
  for (int i = 0; i < 3; ++i) {
    std::set<int64_t> sizes(a.axes[i].begin(), a.axes[i].end());
    sizes.insert(b.axes[i].begin(), b.axes[i].end());
    result.axes[i].assign(sizes.begin(), sizes.end());
  }
  for (int64_t x : result.axes[0])
    for (int64_t y : result.axes[1])
      for (int64_t z : result.axes[2])
        result.rates.push_back(std::min(a.at({x, y, z}), b.at({x, y, z})));
  return result;
}
