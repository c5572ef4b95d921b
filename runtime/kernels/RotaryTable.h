// Cosines and sines of the rotary embedding, made once per (sequence, frequencies, magnitude) and
// element type.
#ifndef SIGMA_RUNTIME_KERNELS_ROTARYTABLE_H
#define SIGMA_RUNTIME_KERNELS_ROTARYTABLE_H

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

namespace sigma::runtime {

/// [sequence, pairs] each; the transposed rotation takes the negated sine.
template <class T>
struct RotaryTable {
  std::vector<T> cosine, sine, negatedSine;
};

class RotaryTables {
public:
  template <class T>
  const RotaryTable<T> &get(int64_t sequence, const std::vector<double> &frequencies,
                            double magnitude);

private:
  using Key = std::tuple<int64_t, std::vector<double>, double>;
  std::map<Key, RotaryTable<float>> f32;
  std::map<Key, RotaryTable<double>> f64;
};

} // namespace sigma::runtime

#endif
