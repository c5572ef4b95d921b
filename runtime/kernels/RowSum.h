// Sums of rows, each rounded once.
#ifndef SIGMA_RUNTIME_KERNELS_ROWSUM_H
#define SIGMA_RUNTIME_KERNELS_ROWSUM_H

#include "runtime/kernels/Device.h"

#include <cstring>
#include <vector>

namespace sigma::runtime {

/// One sum after the other, in the row that it is for, or, where that is narrower, beside it.
template <class T>
class RowSum {
public:
  RowSum(const Kernels<T> &kernels, int64_t width)
      : kernels(kernels), width(width), beside(kIsWide<T> ? 0 : width) {}

  void begin(T *row) {
    out = row;
    if constexpr (kIsWide<T>)
      sum = row;
    else
      sum = beside.data();
    std::memset(sum, 0, width * sizeof(Wide<T>));
  }
  void add(const T *row) { kernels.accumulate(row, sum, width); }
  void add(const T *row, Wide<T> factor) { kernels.axpy(row, factor, sum, width); }
  void end() {
    if constexpr (!kIsWide<T>)
      kernels.narrow(sum, out, width);
  }

private:
  const Kernels<T> &kernels;
  int64_t width;
  std::vector<Wide<T>> beside;
  T *out = nullptr;
  Wide<T> *sum = nullptr;
};

} // namespace sigma::runtime

#endif
