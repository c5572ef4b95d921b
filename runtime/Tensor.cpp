#include "runtime/Tensor.h"

namespace sigma::runtime {

Shape Tensor::globalShape(int64_t ep) const {
  Shape shape = local;
  if (shardDim >= 0)
    shape[shardDim] *= ep;
  return shape;
}

Box Tensor::box(int64_t epIndex) const {
  Box box{Shape(local.size(), 0), local};
  if (shardDim >= 0)
    box.offset[shardDim] = epIndex * local[shardDim];
  return box;
}

} // namespace sigma::runtime
