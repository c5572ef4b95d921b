// RMS normalization and the SwiGLU activation.
#include "runtime/Runtime.h"

#include <cstring>

using namespace sigma::runtime;

void sigma_rms_norm(sigma_rt rt, sigma_i64 elem, sigma_ptr x, sigma_ptr weight, sigma_ptr y,
                    sigma_ptr rstd, sigma_i64 rows, sigma_i64 width, sigma_f64 epsilon) {
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    rt->kernels<T>().rmsNorm(static_cast<T *>(x), static_cast<T *>(weight), static_cast<T *>(y),
                             static_cast<T *>(rstd), rows, width, epsilon);
  });
}

void sigma_rms_norm_grad(sigma_rt rt, sigma_i64 elem, sigma_ptr x, sigma_ptr weight, sigma_ptr rstd,
                         sigma_ptr dy, sigma_ptr dx, sigma_ptr dweight, sigma_i64 rows,
                         sigma_i64 width, sigma_i64 flags) {
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    if (!(flags & SIGMA_ACCUMULATE))
      std::memset(dweight, 0, width * sizeof(T));
    rt->kernels<T>().rmsNormGrad(static_cast<T *>(x), static_cast<T *>(weight),
                                 static_cast<T *>(rstd), static_cast<T *>(dy), static_cast<T *>(dx),
                                 static_cast<T *>(dweight), rows, width);
  });
}

/// Rows in use: all, or as many as the groups hold.
static int64_t usedRows(const void *sizes, int64_t groups, int64_t rows) {
  if (!sizes)
    return rows;
  int64_t used = 0;
  for (int64_t g = 0; g < groups; ++g)
    used += static_cast<const int32_t *>(sizes)[g];
  return used;
}

void sigma_silu_mul(sigma_rt rt, sigma_i64 elem, sigma_ptr gate, sigma_ptr up, sigma_ptr y,
                    sigma_ptr sizes, sigma_i64 groups, sigma_i64 rows, sigma_i64 width) {
  const int64_t n = usedRows(sizes, groups, rows) * width;
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    rt->kernels<T>().siluMul(static_cast<T *>(gate), static_cast<T *>(up), static_cast<T *>(y), n);
  });
}

void sigma_silu_mul_grad(sigma_rt rt, sigma_i64 elem, sigma_ptr gate, sigma_ptr up, sigma_ptr dy,
                         sigma_ptr dgate, sigma_ptr dup, sigma_ptr sizes, sigma_i64 groups,
                         sigma_i64 rows, sigma_i64 width) {
  const int64_t n = usedRows(sizes, groups, rows) * width;
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    rt->kernels<T>().siluMulGrad(static_cast<T *>(gate), static_cast<T *>(up), static_cast<T *>(dy),
                                 static_cast<T *>(dgate), static_cast<T *>(dup), n);
  });
}
