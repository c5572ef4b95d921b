// A tensor of the program: its logical name, the part of it that a rank holds, and where.
#ifndef SIGMA_RUNTIME_TENSOR_H
#define SIGMA_RUNTIME_TENSOR_H

#include "runtime/checkpoint/Box.h"
#include "runtime/comm/Mesh.h"

#include <cstdint>
#include <string>

namespace sigma::runtime {

struct Tensor {
  int64_t stage = 0;
  std::string name;
  Shape local;         // the rank's part
  bool expert = false; // dimension 0 is cut over the expert group
  int64_t split = -1;  // the dimension that is cut over the tensor group, of an expert over its own
  int64_t init = 0;
  double initScale = 0;
  int64_t value = 0, gradient = 0, first = 0, second = 0; // offsets in the arena

  int64_t elements() const { return elementsOf(local); }
  Shape globalShape(const MeshShape &mesh) const;
  /// The part of the logical tensor that a rank holds.
  Box box(const Mesh &mesh) const;
  /// Of the ranks that hold the same part, one saves it.
  bool isSavedBy(const Mesh &mesh) const;
};

} // namespace sigma::runtime

#endif
