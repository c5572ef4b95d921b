// bfloat16, an element type that values are stored in and computed in float.
#ifndef SIGMA_RUNTIME_KERNELS_BFLOAT16_H
#define SIGMA_RUNTIME_KERNELS_BFLOAT16_H

#include <cstdint>
#include <cstring>

namespace sigma::runtime {

/// The upper half of a float. Without functions of its own: those would have external linkage, and
/// kernels are compiled for several instruction levels.
struct BFloat16 {
  uint16_t bits;
};

template <class T>
struct WideOf {
  using Type = T;
};
template <>
struct WideOf<BFloat16> {
  using Type = float;
};
/// What elements are computed in, and what statistics, losses and sums of gradients are stored in.
template <class T>
using Wide = typename WideOf<T>::Type;

template <class T>
constexpr bool kIsWide = sizeof(T) == sizeof(Wide<T>);

template <class T>
static inline Wide<T> widened(T x) {
  if constexpr (kIsWide<T>) {
    return x;
  } else {
    const uint32_t bits = uint32_t(x.bits) << 16;
    float wide;
    std::memcpy(&wide, &bits, sizeof(wide));
    return wide;
  }
}

/// To the nearest, ties to even; a NaN stays one.
template <class T>
static inline T narrowed(Wide<T> x) {
  if constexpr (kIsWide<T>) {
    return x;
  } else {
    uint32_t bits;
    std::memcpy(&bits, &x, sizeof(bits));
    if ((bits & 0x7FFFFFFF) > 0x7F800000)
      return {uint16_t(bits >> 16 | 0x40)};
    return {uint16_t((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)};
  }
}

} // namespace sigma::runtime

#endif
