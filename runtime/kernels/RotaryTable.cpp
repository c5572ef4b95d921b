#include "runtime/kernels/RotaryTable.h"

#include <cmath>
#include <type_traits>

namespace sigma::runtime {

template <class T>
static RotaryTable<T> make(int64_t sequence, int64_t headWidth, double base) {
  const int64_t half = headWidth / 2;
  RotaryTable<T> table;
  table.cosine.reserve(sequence * half);
  table.sine.reserve(sequence * half);
  table.negatedSine.reserve(sequence * half);
  for (int64_t position = 0; position < sequence; ++position)
    for (int64_t i = 0; i < half; ++i) {
      const double angle = double(position) * std::pow(base, -2.0 * double(i) / double(headWidth));
      table.cosine.push_back(T(std::cos(angle)));
      table.sine.push_back(T(std::sin(angle)));
      table.negatedSine.push_back(T(-std::sin(angle)));
    }
  return table;
}

template <class T>
const RotaryTable<T> &RotaryTables::get(int64_t sequence, int64_t headWidth, double base) {
  auto &tables = [this]() -> auto & {
    if constexpr (std::is_same_v<T, float>)
      return f32;
    else
      return f64;
  }
  ();
  const Key key{sequence, headWidth, base};
  auto found = tables.find(key);
  if (found == tables.end())
    found = tables.emplace(key, make<T>(sequence, headWidth, base)).first;
  return found->second;
}

template const RotaryTable<float> &RotaryTables::get(int64_t, int64_t, double);
template const RotaryTable<double> &RotaryTables::get(int64_t, int64_t, double);

} // namespace sigma::runtime
