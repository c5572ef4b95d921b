// Fill, copy, add, scale and the matrix product.
#include "runtime/Runtime.h"

#include <cstring>

using namespace sigma::runtime;

void sigma_fill(sigma_rt rt, sigma_i64 elem, sigma_ptr out, sigma_i64 n, sigma_f64 value) {
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    rt->kernels<T>().fill(static_cast<T *>(out), n, value);
  });
}

void sigma_copy(sigma_rt, sigma_ptr to, sigma_ptr from, sigma_i64 bytes) {
  std::memcpy(to, from, bytes);
}

void sigma_add(sigma_rt rt, sigma_i64 elem, sigma_ptr a, sigma_ptr b, sigma_ptr out, sigma_i64 n) {
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    rt->kernels<T>().add(static_cast<T *>(a), static_cast<T *>(b), static_cast<T *>(out), n);
  });
}

void sigma_accumulate(sigma_rt rt, sigma_i64 elem, sigma_ptr x, sigma_ptr sum, sigma_i64 n) {
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    rt->kernels<T>().accumulate(static_cast<T *>(x), static_cast<Wide<T> *>(sum), n);
  });
}

void sigma_scale(sigma_rt rt, sigma_i64 elem, sigma_ptr x, sigma_ptr y, sigma_i64 n,
                 sigma_f64 factor) {
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    rt->kernels<T>().scale(static_cast<T *>(x), Wide<T>(factor), static_cast<T *>(y), n);
  });
}

void sigma_matmul(sigma_rt rt, sigma_i64 elemA, sigma_i64 elemB, sigma_i64 elemC, sigma_ptr a,
                  sigma_ptr b, sigma_ptr c, sigma_i64 m, sigma_i64 n, sigma_i64 k,
                  sigma_i64 flags) {
  const bool transposeA = flags & SIGMA_TRANSPOSE_A, transposeB = flags & SIGMA_TRANSPOSE_B;
  rt->device->gemm({{a, elemA, transposeA ? m : k, transposeA},
                    {b, elemB, transposeB ? k : n, transposeB},
                    c,
                    elemC,
                    n,
                    m,
                    n,
                    k,
                    (flags & SIGMA_ACCUMULATE) != 0});
}
