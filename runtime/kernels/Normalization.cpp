// Normalization, activations and biases.
#include "runtime/Runtime.h"

#include <cstring>

using namespace sigma::runtime;

void sigma_rms_norm(sigma_rt rt, sigma_i64 elem, sigma_ptr x, sigma_ptr weight, sigma_ptr y,
                    sigma_ptr rstd, sigma_i64 rows, sigma_i64 width, sigma_f64 epsilon) {
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    rt->kernels<T>().rmsNorm(static_cast<T *>(x), static_cast<T *>(weight), static_cast<T *>(y),
                             static_cast<Wide<T> *>(rstd), rows, width, epsilon);
  });
}

void sigma_rms_norm_grad(sigma_rt rt, sigma_i64 elem, sigma_ptr x, sigma_ptr weight, sigma_ptr rstd,
                         sigma_ptr dy, sigma_ptr dx, sigma_ptr dweight, sigma_i64 rows,
                         sigma_i64 width, sigma_i64 flags) {
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    if (!(flags & SIGMA_ACCUMULATE))
      std::memset(dweight, 0, width * sizeof(Wide<T>));
    rt->kernels<T>().rmsNormGrad(
        static_cast<T *>(x), static_cast<T *>(weight), static_cast<Wide<T> *>(rstd),
        static_cast<T *>(dy), static_cast<T *>(dx), static_cast<Wide<T> *>(dweight), rows, width);
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

void sigma_activation(sigma_rt rt, sigma_i64 elem, sigma_ptr gate, sigma_ptr up, sigma_ptr y,
                      sigma_ptr sizes, sigma_i64 groups, sigma_i64 rows, sigma_i64 width,
                      sigma_i64 kind, sigma_f64 limit) {
  const int64_t n = usedRows(sizes, groups, rows) * width;
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    rt->kernels<T>().activation(kind, static_cast<T *>(gate), static_cast<T *>(up),
                                static_cast<T *>(y), n, limit);
  });
}

void sigma_activation_grad(sigma_rt rt, sigma_i64 elem, sigma_ptr gate, sigma_ptr up, sigma_ptr dy,
                           sigma_ptr dgate, sigma_ptr dup, sigma_ptr sizes, sigma_i64 groups,
                           sigma_i64 rows, sigma_i64 width, sigma_i64 kind, sigma_f64 limit) {
  const int64_t n = usedRows(sizes, groups, rows) * width;
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    rt->kernels<T>().activationGrad(kind, static_cast<T *>(gate), static_cast<T *>(up),
                                    static_cast<T *>(dy), static_cast<T *>(dgate),
                                    static_cast<T *>(dup), n, limit);
  });
}

void sigma_center(sigma_rt rt, sigma_i64 elem, sigma_ptr x, sigma_ptr y, sigma_i64 rows,
                  sigma_i64 width) {
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    rt->kernels<T>().center(static_cast<T *>(x), static_cast<T *>(y), rows, width);
  });
}

/// f(group, its first row, its end) over the rows in use; one group of all rows without sizes.
template <class F>
static void eachGroup(const void *sizes, int64_t groups, int64_t rows, F f) {
  if (!sizes)
    return f(0, 0, rows);
  int64_t first = 0;
  for (int64_t g = 0; g < groups; ++g) {
    const int64_t end = first + static_cast<const int32_t *>(sizes)[g];
    f(g, first, end);
    first = end;
  }
}

void sigma_add_bias(sigma_rt rt, sigma_i64 elem, sigma_i64 biasElem, sigma_ptr x, sigma_ptr bias,
                    sigma_ptr y, sigma_ptr sizes, sigma_i64 groups, sigma_i64 rows,
                    sigma_i64 width) {
  const auto eachRow = [&](auto add) {
    eachGroup(sizes, groups, rows, [&](int64_t group, int64_t first, int64_t end) {
      for (int64_t row = first; row < end; ++row)
        add(row * width, group * width);
    });
  };
  withElem(biasElem, [&](auto zero) {
    using T = decltype(zero);
    const T *biases = static_cast<T *>(bias);
    if (elem == biasElem) {
      eachRow([&](int64_t at, int64_t own) {
        rt->kernels<T>().add(static_cast<T *>(x) + at, biases + own, static_cast<T *>(y) + at,
                             width);
      });
      return;
    }
    using W = Wide<T>;
    eachRow([&](int64_t at, int64_t own) {
      W *to = static_cast<W *>(y) + at;
      std::memcpy(to, static_cast<W *>(x) + at, width * sizeof(W));
      rt->kernels<T>().accumulate(biases + own, to, width);
    });
  });
}

void sigma_bias_grad(sigma_rt rt, sigma_i64 elem, sigma_ptr dy, sigma_ptr dbias, sigma_ptr sizes,
                     sigma_i64 groups, sigma_i64 rows, sigma_i64 width, sigma_i64 flags) {
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    eachGroup(sizes, groups, rows, [&](int64_t group, int64_t first, int64_t end) {
      Wide<T> *sum = static_cast<Wide<T> *>(dbias) + group * width;
      if (!(flags & SIGMA_ACCUMULATE))
        std::memset(sum, 0, width * sizeof(Wide<T>));
      for (int64_t row = first; row < end; ++row)
        rt->kernels<T>().accumulate(static_cast<T *>(dy) + row * width, sum, width);
    });
  });
}
