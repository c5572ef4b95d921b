// Initial values of tensors: a function of (seed, logical name, logical index), so they depend
// neither on the plan nor on the precision (f32 values are the rounded f64 ones).
#ifndef SIGMA_RUNTIME_DATA_INITIALIZE_H
#define SIGMA_RUNTIME_DATA_INITIALIZE_H

#include "runtime/Tensor.h"

#include <cstdint>

namespace sigma::runtime {

/// Standard normal values of a stream, by index (Box and Muller 1958).
class NormalStream {
public:
  NormalStream(uint64_t seed, const std::string &name);
  double at(int64_t index);

private:
  uint32_t key0, key1;
  int64_t pair = -1; // of the two values in `values`
  double values[2] = {};
};

/// Writes the initial values of a box of `tensor`, whose logical shape is `global`.
void initializeBox(const Tensor &tensor, const Shape &global, const Box &box, uint64_t seed,
                   int64_t elem, void *values);

} // namespace sigma::runtime

#endif
