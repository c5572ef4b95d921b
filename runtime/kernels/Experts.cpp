// Moving tokens into the order of experts and back, and the matrix products of the experts.
#include "runtime/Runtime.h"
#include "runtime/health/Fault.h"
#include "runtime/kernels/RowSum.h"

#include <cstring>

using namespace sigma::runtime;

/// The variance of the experts' loads, relative to their mean.
static void noteLoads(StepState &step, const int32_t *sizes, int64_t experts, int64_t slots) {
  double squares = 0;
  for (int64_t e = 0; e < experts; ++e)
    squares += double(sizes[e]) * double(sizes[e]);
  step.loadVariances += squares * double(experts) / (double(slots) * double(slots)) - 1;
  step.routings += 1;
}

void sigma_group_tokens(sigma_rt rt, sigma_ptr chosenSlots, sigma_ptr positions,
                        sigma_ptr groupSizes, sigma_i64 slots, sigma_i64 experts) {
  const int32_t *chosen = static_cast<int32_t *>(chosenSlots);
  int32_t *position = static_cast<int32_t *>(positions),
          *sizes = static_cast<int32_t *>(groupSizes);
  guarded(rt, [&] {
    std::memset(sizes, 0, experts * sizeof(int32_t));
    for (int64_t s = 0; s < slots; ++s)
      ++sizes[chosen[s]];
    noteLoads(rt->step, sizes, experts, slots);
    List<int32_t> next(experts);
    for (int64_t e = 1; e < experts; ++e)
      next[e] = next[e - 1] + sizes[e - 1];
    for (int64_t s = 0; s < slots; ++s)
      position[s] = next[chosen[s]]++;
  });
}

void sigma_gather_rows(sigma_rt rt, sigma_i64 elem, sigma_ptr x, sigma_ptr positions,
                       sigma_ptr weights, sigma_ptr rows, sigma_i64 tokens, sigma_i64 k,
                       sigma_i64 width) {
  const int32_t *position = static_cast<int32_t *>(positions);
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t s = 0; s < tokens * k; ++s) {
      const T *from = static_cast<T *>(x) + s / k * width;
      T *to = static_cast<T *>(rows) + position[s] * width;
      if (weights)
        rt->kernels<T>().scale(from, static_cast<Wide<T> *>(weights)[s], to, width);
      else
        std::memcpy(to, from, width * sizeof(T));
    }
  });
}

void sigma_scatter_rows(sigma_rt rt, sigma_i64 elem, sigma_ptr rows, sigma_ptr positions,
                        sigma_ptr y, sigma_i64 tokens, sigma_i64 k, sigma_i64 width) {
  const int32_t *position = static_cast<int32_t *>(positions);
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    const T *from = static_cast<T *>(rows);
    T *to = static_cast<T *>(y);
    RowSum<T> sum(rt->kernels<T>(), width);
    for (int64_t t = 0; t < tokens; ++t, to += width, position += k) {
      sum.begin(to);
      for (int64_t j = 0; j < k; ++j)
        sum.add(from + position[j] * width);
      sum.end();
    }
  });
}

void sigma_combine(sigma_rt rt, sigma_i64 elem, sigma_ptr rows, sigma_ptr positions,
                   sigma_ptr weights, sigma_ptr y, sigma_i64 tokens, sigma_i64 k, sigma_i64 width) {
  const int32_t *position = static_cast<int32_t *>(positions);
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    const T *from = static_cast<T *>(rows);
    const Wide<T> *weight = static_cast<Wide<T> *>(weights);
    T *to = static_cast<T *>(y);
    RowSum<T> sum(rt->kernels<T>(), width);
    for (int64_t t = 0; t < tokens; ++t, to += width, position += k, weight += k) {
      sum.begin(to);
      for (int64_t j = 0; j < k; ++j)
        sum.add(from + position[j] * width, weight[j]);
      sum.end();
    }
  });
}

void sigma_combine_grad(sigma_rt rt, sigma_i64 elem, sigma_ptr rows, sigma_ptr positions,
                        sigma_ptr weights, sigma_ptr dy, sigma_ptr drows, sigma_ptr dweights,
                        sigma_i64 tokens, sigma_i64 k, sigma_i64 width) {
  const int32_t *position = static_cast<int32_t *>(positions);
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    const Kernels<T> &kernels = rt->kernels<T>();
    for (int64_t s = 0; s < tokens * k; ++s) {
      const T *d = static_cast<T *>(dy) + s / k * width;
      const int64_t row = position[s] * width;
      kernels.scale(d, static_cast<Wide<T> *>(weights)[s], static_cast<T *>(drows) + row, width);
      static_cast<Wide<T> *>(dweights)[s] = kernels.dot(d, static_cast<T *>(rows) + row, width);
    }
  });
}

void sigma_grouped_matmul(sigma_rt rt, sigma_i64 elem, sigma_ptr rows, sigma_ptr weights,
                          sigma_ptr out, sigma_ptr groupSizes, sigma_i64 groups, sigma_i64 n,
                          sigma_i64 k, sigma_i64 flags) {
  const int32_t *sizes = static_cast<int32_t *>(groupSizes);
  const bool transpose = flags & SIGMA_TRANSPOSE_B;
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    const T *a = static_cast<T *>(rows), *b = static_cast<T *>(weights);
    T *c = static_cast<T *>(out);
    for (int64_t g = 0; g < groups; ++g, b += k * n) {
      rt->device->gemm({matrixOf(a, k), matrixOf(b, transpose ? k : n, transpose), c, elem, n,
                        sizes[g], n, k, (flags & SIGMA_ACCUMULATE) != 0});
      a += sizes[g] * k;
      c += sizes[g] * n;
    }
  });
}

void sigma_grouped_matmul_grad(sigma_rt rt, sigma_i64 elem, sigma_ptr rowsA, sigma_ptr rowsB,
                               sigma_ptr dweights, sigma_ptr groupSizes, sigma_i64 groups,
                               sigma_i64 n, sigma_i64 k, sigma_i64 flags) {
  const int32_t *sizes = static_cast<int32_t *>(groupSizes);
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    const T *a = static_cast<T *>(rowsA), *b = static_cast<T *>(rowsB);
    Wide<T> *c = static_cast<Wide<T> *>(dweights);
    for (int64_t g = 0; g < groups; ++g, c += k * n) {
      rt->device->gemm({matrixOf(a, k, true), matrixOf(b, n), c, wideElem(elem), n, k, n, sizes[g],
                        (flags & SIGMA_ACCUMULATE) != 0});
      a += sizes[g] * k;
      b += sizes[g] * n;
    }
  });
}
