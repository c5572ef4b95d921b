// Cosines and sines of the rotary embedding, made once per (sequence, head width, base) and element
// type.
#ifndef SIGMA_RUNTIME_KERNELS_ROTARYTABLE_H
#define SIGMA_RUNTIME_KERNELS_ROTARYTABLE_H

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

namespace sigma::runtime {

/// [sequence, head_width / 2] each; `sine` of the inverse rotation is negated.
template <class T>
struct RotaryTable {
  std::vector<T> cosine, sine, negatedSine;
};

class RotaryTables {
public:
  template <class T>
  const RotaryTable<T> &get(int64_t sequence, int64_t headWidth, double base);

private:
  using Key = std::tuple<int64_t, int64_t, double>;
  std::map<Key, RotaryTable<float>> f32;
  std::map<Key, RotaryTable<double>> f64;
};

} // namespace sigma::runtime

#endif
