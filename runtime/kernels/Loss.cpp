// Token embedding and the cross entropy.
#include "runtime/Runtime.h"

#include <cstring>

using namespace sigma::runtime;

void sigma_positions(sigma_rt, sigma_ptr y, sigma_i64 n, sigma_i64 sequence) {
  for (int64_t i = 0; i < n; ++i)
    static_cast<int32_t *>(y)[i] = int32_t(i % sequence);
}

void sigma_next_targets(sigma_rt, sigma_ptr targets, sigma_ptr y, sigma_i64 n, sigma_i64 sequence) {
  for (int64_t i = 0; i < n; ++i)
    static_cast<int32_t *>(y)[i] =
        (i + 1) % sequence == 0 ? -1 : static_cast<const int32_t *>(targets)[i + 1];
}

void sigma_embedding(sigma_rt, sigma_i64 elem, sigma_ptr tokens, sigma_ptr table, sigma_ptr y,
                     sigma_i64 n, sigma_i64 width, sigma_i64) {
  const int64_t rowBytes = width * elemBytes(elem);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t id = static_cast<const int32_t *>(tokens)[i];
    char *row = static_cast<char *>(y) + i * rowBytes;
    if (id < 0)
      std::memset(row, 0, rowBytes);
    else
      std::memcpy(row, static_cast<const char *>(table) + id * rowBytes, rowBytes);
  }
}

void sigma_embedding_grad(sigma_rt rt, sigma_i64 elem, sigma_ptr tokens, sigma_ptr dy,
                          sigma_ptr dtable, sigma_i64 n, sigma_i64 width, sigma_i64 vocabulary,
                          sigma_i64 flags) {
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    if (!(flags & SIGMA_ACCUMULATE))
      std::memset(dtable, 0, vocabulary * width * sizeof(T));
    for (int64_t i = 0; i < n; ++i) {
      if (static_cast<const int32_t *>(tokens)[i] < 0)
        continue;
      T *row = static_cast<T *>(dtable) + static_cast<const int32_t *>(tokens)[i] * width;
      rt->kernels<T>().add(row, static_cast<T *>(dy) + i * width, row, width);
    }
  });
}

void sigma_cross_entropy(sigma_rt rt, sigma_i64 elem, sigma_ptr logits, sigma_ptr targets,
                         sigma_ptr lse, sigma_ptr loss, sigma_i64 n, sigma_i64 vocabulary) {
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    const T *rows = static_cast<T *>(logits);
    const T *sums = static_cast<T *>(lse);
    rt->kernels<T>().logSumExp(rows, static_cast<T *>(lse), n, vocabulary);
    double total = 0;
    for (int64_t i = 0; i < n; ++i)
      if (const int64_t id = static_cast<const int32_t *>(targets)[i]; id >= 0)
        total += double(sums[i]) - double(rows[i * vocabulary + id]);
    *static_cast<T *>(loss) = T(total);
  });
}

void sigma_cross_entropy_grad(sigma_rt rt, sigma_i64 elem, sigma_ptr logits, sigma_ptr targets,
                              sigma_ptr lse, sigma_ptr dloss, sigma_ptr dlogits, sigma_i64 n,
                              sigma_i64 vocabulary) {
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    rt->kernels<T>().crossEntropyGrad(
        static_cast<T *>(logits), static_cast<const int32_t *>(targets), static_cast<T *>(lse),
        *static_cast<T *>(dloss), static_cast<T *>(dlogits), n, vocabulary);
  });
}
