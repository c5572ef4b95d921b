// A tensor of the program: its logical name, the part of it that a rank holds, and where.
#ifndef SIGMA_RUNTIME_TENSOR_H
#define SIGMA_RUNTIME_TENSOR_H

#include "runtime/checkpoint/Box.h"

#include <cstdint>
#include <string>

namespace sigma::runtime {

struct Tensor {
  int64_t stage = 0;
  std::string name;
  Shape local;           // the rank's part
  int64_t shardDim = -1; // -1: replicated over dp; else cut over ep along that dimension
  int64_t init = 0;
  double initScale = 0;
  int64_t value = 0, gradient = 0, first = 0, second = 0; // offsets in the arena

  int64_t elements() const { return elementsOf(local); }
  Shape globalShape(int64_t ep) const;
  /// The part of the logical tensor that the rank with this ep index holds.
  Box box(int64_t epIndex) const;
};

} // namespace sigma::runtime

#endif
