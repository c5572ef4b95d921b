#include "runtime/data/Initialize.h"
#include "runtime/data/Philox.h"
#include "runtime/kernels/Device.h"

#include <algorithm>
#include <cmath>

namespace sigma::runtime {

NormalStream::NormalStream(uint64_t seed, const std::string &name) {
  const PhiloxKey key = philoxKey(seed, name);
  key0 = key[0];
  key1 = key[1];
}

double NormalStream::at(int64_t index) {
  if (pair != index / 2) {
    pair = index / 2;
    const PhiloxCounter bits = philox({uint32_t(pair), uint32_t(pair >> 32), 0, 0}, {key0, key1});
    constexpr double kUnit = 1.0 / 9007199254740992.0; // 2^-53
    const uint64_t a = (uint64_t(bits[0]) << 32 | bits[1]) >> 11,
                   b = (uint64_t(bits[2]) << 32 | bits[3]) >> 11;
    const double radius = std::sqrt(-2.0 * std::log((double(a) + 1) * kUnit)); // of (0, 1]
    const double angle = 2.0 * M_PI * (double(b) * kUnit);
    values[0] = radius * std::cos(angle);
    values[1] = radius * std::sin(angle);
  }
  return values[index % 2];
}

template <class T>
static void normal(const Box &box, const Shape &global, NormalStream stream, double scale, T *out) {
  // Runs along the dimensions behind the last one that is cut are contiguous in the logical tensor,
  // too.
  const size_t rank = global.size();
  size_t runDim = rank;
  int64_t run = 1;
  while (runDim > 0 && box.extent[runDim - 1] == global[runDim - 1])
    run *= global[--runDim];
  if (runDim > 0)
    run *= box.extent[--runDim];
  Shape position = box.offset;
  const int64_t runs = box.elements() / std::max<int64_t>(run, 1);
  for (int64_t r = 0; r < runs; ++r) {
    int64_t index = 0;
    for (size_t d = 0; d < rank; ++d)
      index = index * global[d] + position[d];
    for (int64_t i = 0; i < run; ++i)
      *out++ = narrowed<T>(Wide<T>(scale * stream.at(index + i)));
    for (size_t d = runDim; d-- > 0;) {
      if (++position[d] < box.offset[d] + box.extent[d])
        break;
      position[d] = box.offset[d];
    }
  }
}

void initializeBox(const Tensor &tensor, const Shape &global, const Box &box, uint64_t seed,
                   int64_t elem, void *values) {
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    T *out = static_cast<T *>(values);
    if (tensor.init == SIGMA_INIT_NORMAL)
      normal<T>(box, global, NormalStream(seed, tensor.name), tensor.initScale, out);
    else
      std::fill(out, out + box.elements(), narrowed<T>(tensor.init == SIGMA_INIT_ONES ? 1 : 0));
  });
}

} // namespace sigma::runtime
