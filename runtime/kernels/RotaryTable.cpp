#include "runtime/kernels/RotaryTable.h"

#include <algorithm>
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
const RotaryTable<T> &RotaryTables::get(int64_t sequence, const double *frequencies, int64_t pairs,
                                        double magnitude) {
  auto &entries = [this]() -> auto & {
    if constexpr (std::is_same_v<T, float>)
      return f32;
    else
      return f64;
  }();
  for (const Entry<T> &entry : entries)
    if (entry.sequence == sequence && entry.magnitude == magnitude &&
        std::equal(entry.frequencies.begin(), entry.frequencies.end(), frequencies,
                   frequencies + pairs))
      return entry.table;
  const std::vector<double> all(frequencies, frequencies + pairs);
  entries.push_back({sequence, all, magnitude, make<T>(sequence, all, magnitude)});
  return entries.back().table;
}

template const RotaryTable<float> &RotaryTables::get(int64_t, const double *, int64_t, double);
template const RotaryTable<double> &RotaryTables::get(int64_t, const double *, int64_t, double);

} // namespace sigma::runtime
