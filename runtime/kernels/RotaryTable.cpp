#include "runtime/kernels/RotaryTable.h"

#include <cmath>
#include <type_traits>

namespace sigma::runtime {

template <class T>
static RotaryTable<T> make(int64_t sequence, const std::vector<double> &frequencies,
                           double magnitude) {
  RotaryTable<T> table;
  for (int64_t position = 0; position < sequence; ++position)
    for (double frequency : frequencies) {
      const double angle = double(position) * frequency;
      table.cosine.push_back(T(magnitude * std::cos(angle)));
      table.sine.push_back(T(magnitude * std::sin(angle)));
      table.negatedSine.push_back(T(-magnitude * std::sin(angle)));
    }
  return table;
}

template <class T>
const RotaryTable<T> &RotaryTables::get(int64_t sequence, const std::vector<double> &frequencies,
                                        double magnitude) {
  auto &tables = [this]() -> auto & {
    if constexpr (std::is_same_v<T, float>)
      return f32;
    else
      return f64;
  }();
  const Key key{sequence, frequencies, magnitude};
  auto found = tables.find(key);
  if (found == tables.end())
    found = tables.emplace(key, make<T>(sequence, frequencies, magnitude)).first;
  return found->second;
}

template const RotaryTable<float> &RotaryTables::get(int64_t, const std::vector<double> &, double);
template const RotaryTable<double> &RotaryTables::get(int64_t, const std::vector<double> &, double);

} // namespace sigma::runtime
