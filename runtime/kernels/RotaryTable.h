// Cosines and sines of the rotary embedding, made once per (sequence, frequencies, magnitude) and
// element type.
#ifndef SIGMA_RUNTIME_KERNELS_ROTARYTABLE_H
#define SIGMA_RUNTIME_KERNELS_ROTARYTABLE_H

#include <cstdint>
#include <deque>
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
  const RotaryTable<T> &get(int64_t sequence, const double *frequencies, int64_t pairs,
                            double magnitude);

private:
  template <class T>
  struct Entry {
    int64_t sequence;
    std::vector<double> frequencies;
    double magnitude;
    RotaryTable<T> table;
  };

  // Few; references to tables stay.
  std::deque<Entry<float>> f32;
  std::deque<Entry<double>> f64;
};

} // namespace sigma::runtime

#endif
