// Rotary embedding, and heads that begin with a part that all of them share.
#include "runtime/Runtime.h"
#include "runtime/health/Fault.h"
#include "runtime/kernels/RowSum.h"

#include <cstring>

using namespace sigma::runtime;

void sigma_rotary(sigma_rt rt, sigma_i64 elem, sigma_ptr x, sigma_ptr y, sigma_i64 tokens,
                  sigma_i64 sequence, sigma_i64 heads, sigma_i64 headWidth, sigma_ptr frequencies,
                  sigma_i64 pairs, sigma_f64 magnitude, sigma_i64 transpose, sigma_i64 shares) {
  guarded(rt, [&] {
    withElem(elem, [&](auto zero) {
      using T = decltype(zero);
      const RotaryTable<Wide<T>> &table = rt->rotaryTables.get<Wide<T>>(
          sequence * shares, static_cast<const double *>(frequencies), pairs, magnitude);
      const std::vector<Wide<T>> &sine = transpose ? table.negatedSine : table.sine;
      for (int64_t token = 0; token < tokens; ++token) {
        const int64_t own = token % sequence,
                      row = (shares > 1 ? rt->mesh.position(own, sequence) : own) * pairs;
        for (int64_t head = 0; head < heads; ++head) {
          const int64_t at = (token * heads + head) * headWidth;
          const T *from = static_cast<T *>(x) + at;
          T *to = static_cast<T *>(y) + at;
          rt->kernels<T>().rotate(from, to, table.cosine.data() + row, sine.data() + row, pairs);
          std::memcpy(to + 2 * pairs, from + 2 * pairs, (headWidth - 2 * pairs) * sizeof(T));
        }
      }
    });
  });
}

/// f(token, head, where the joined head begins, where the own part does)
template <class F>
static void eachHead(int64_t tokens, int64_t heads, int64_t sharedWidth, int64_t ownWidth, F f) {
  for (int64_t token = 0; token < tokens; ++token)
    for (int64_t head = 0; head < heads; ++head) {
      const int64_t index = token * heads + head;
      f(token, head, index * (sharedWidth + ownWidth), index * ownWidth);
    }
}

void sigma_join_heads(sigma_rt, sigma_i64 elem, sigma_ptr shared, sigma_ptr own, sigma_ptr y,
                      sigma_i64 tokens, sigma_i64 heads, sigma_i64 sharedWidth,
                      sigma_i64 ownWidth) {
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    eachHead(tokens, heads, sharedWidth, ownWidth,
             [&](int64_t token, int64_t, int64_t joined, int64_t at) {
               T *to = static_cast<T *>(y) + joined;
               std::memcpy(to, static_cast<T *>(shared) + token * sharedWidth,
                           sharedWidth * sizeof(T));
               std::memcpy(to + sharedWidth, static_cast<T *>(own) + at, ownWidth * sizeof(T));
             });
  });
}

void sigma_split_heads(sigma_rt rt, sigma_i64 elem, sigma_ptr dy, sigma_ptr dshared, sigma_ptr down,
                       sigma_i64 tokens, sigma_i64 heads, sigma_i64 sharedWidth,
                       sigma_i64 ownWidth) {
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    RowSum<T> sum(rt->kernels<T>(), sharedWidth);
    eachHead(tokens, heads, sharedWidth, ownWidth,
             [&](int64_t token, int64_t head, int64_t joined, int64_t at) {
               const T *from = static_cast<T *>(dy) + joined;
               if (head == 0)
                 sum.begin(static_cast<T *>(dshared) + token * sharedWidth);
               sum.add(from);
               if (head + 1 == heads)
                 sum.end();
               std::memcpy(static_cast<T *>(down) + at, from + sharedWidth, ownWidth * sizeof(T));
             });
  });
}
