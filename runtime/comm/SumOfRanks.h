// Sums over ranks: added up in their order, rounded once.
#ifndef SIGMA_RUNTIME_COMM_SUMOFRANKS_H
#define SIGMA_RUNTIME_COMM_SUMOFRANKS_H

#include "runtime/kernels/Device.h"

#include <algorithm>
#include <cstring>

namespace sigma::runtime {

/// The sum of `count` parts of n elements that lie n elements apart. `out` may be the first of
/// them.
template <class T>
void sumOfRanks(const Kernels<T> &kernels, const T *parts, int count, int64_t n, T *out) {
  if constexpr (kIsWide<T>) {
    if (out != parts)
      std::memcpy(out, parts, n * sizeof(T));
    for (int rank = 1; rank < count; ++rank)
      kernels.add(out, parts + rank * n, out, n);
  } else {
    constexpr int64_t kBlock = 1024;
    Wide<T> sums[kBlock];
    for (int64_t begin = 0; begin < n; begin += kBlock) {
      const int64_t size = std::min(kBlock, n - begin);
      kernels.widen(parts + begin, sums, size);
      for (int rank = 1; rank < count; ++rank)
        kernels.accumulate(parts + rank * n + begin, sums, size);
      kernels.narrow(sums, out + begin, size);
    }
  }
}

} // namespace sigma::runtime

#endif
