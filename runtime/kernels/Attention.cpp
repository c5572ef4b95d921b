// Rotary embedding and causal attention. Attention works on blocks of query rows: the scores of a
// block fit the workspace, its products are matrix products on strided heads, and the backward
// recomputes probabilities from the log-sum-exp.
#include "runtime/Runtime.h"
#include "runtime/health/Fault.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace sigma::runtime;

void sigma_rotary(sigma_rt rt, sigma_i64 elem, sigma_ptr x, sigma_ptr y, sigma_i64 tokens,
                  sigma_i64 sequence, sigma_i64 heads, sigma_i64 headWidth, sigma_f64 base,
                  sigma_i64 inverse) {
  guarded(rt, [&] {
    withElem(elem, [&](auto zero) {
      using T = decltype(zero);
      const RotaryTable<T> &table = rt->rotaryTables.get<T>(sequence, headWidth, base);
      const std::vector<T> &sine = inverse ? table.negatedSine : table.sine;
      const int64_t half = headWidth / 2;
      for (int64_t token = 0; token < tokens; ++token) {
        const int64_t row = token % sequence * half;
        for (int64_t head = 0; head < heads; ++head) {
          const int64_t at = (token * heads + head) * headWidth;
          rt->kernels<T>().rotate(static_cast<T *>(x) + at, static_cast<T *>(y) + at,
                                  table.cosine.data() + row, sine.data() + row, half);
        }
      }
    });
  });
}

namespace {

// Larger blocks waste work above the diagonal, smaller ones make thin products.
constexpr int64_t kMostBlockRows = 64;

template <class T>
struct AttentionShape {
  int64_t sequences, sequence, heads, kvHeads, headWidth;
  T *workspace;
  int64_t blockRows;

  int64_t queryWidth() const { return heads * headWidth; }
  int64_t keyWidth() const { return kvHeads * headWidth; }
  int64_t queryAt(int64_t s, int64_t head) const {
    return s * sequence * queryWidth() + head * headWidth;
  }
  int64_t keyAt(int64_t s, int64_t head) const {
    return s * sequence * keyWidth() + head / (heads / kvHeads) * headWidth;
  }
  double scale() const { return 1.0 / std::sqrt(double(headWidth)); }
};

/// `buffers` blocks of score rows (and as many deltas) share the workspace.
template <class T>
AttentionShape<T> shapeOf(int64_t sequences, int64_t sequence, int64_t heads, int64_t kvHeads,
                          int64_t headWidth, void *workspace, int64_t bytes, int64_t buffers) {
  const int64_t fit = bytes / (buffers * sequence * int64_t(sizeof(T)));
  if (fit < 1)
    throw std::logic_error("attention: a workspace of " + std::to_string(bytes) +
                           " bytes holds no row of scores");
  return {sequences,
          sequence,
          heads,
          kvHeads,
          headWidth,
          static_cast<T *>(workspace),
          std::min({fit, sequence, kMostBlockRows})};
}

/// f(sequence, head, first row, rows, keys seen by the last of them)
template <class T, class F>
void eachBlock(const AttentionShape<T> &shape, F f) {
  for (int64_t s = 0; s < shape.sequences; ++s)
    for (int64_t head = 0; head < shape.heads; ++head)
      for (int64_t first = 0; first < shape.sequence; first += shape.blockRows) {
        const int64_t rows = std::min(shape.blockRows, shape.sequence - first);
        f(s, head, first, rows, first + rows);
      }
}

template <class T>
void attention(const Kernels<T> &kernels, const AttentionShape<T> &shape, const T *q, const T *k,
               const T *v, T *o, T *lse) {
  const int64_t qw = shape.queryWidth(), kw = shape.keyWidth(), width = shape.headWidth;
  T *scores = shape.workspace;
  eachBlock(shape, [&](int64_t s, int64_t head, int64_t first, int64_t rows, int64_t keys) {
    const int64_t query = shape.queryAt(s, head) + first * qw, key = shape.keyAt(s, head);
    kernels.gemm({q + query, qw, false, k + key, kw, true, scores, keys, rows, keys, width, false});
    kernels.causalSoftmax({scores, keys, rows, first, shape.scale(),
                           lse + (s * shape.sequence + first) * shape.heads + head, shape.heads});
    kernels.gemm(
        {scores, keys, false, v + key, kw, false, o + query, qw, rows, width, keys, false});
  });
}

template <class T>
struct AttentionGrad {
  const T *q, *k, *v, *o;
  T *lse;
  const T *dO;
  T *dq, *dk, *dv;
};

template <class T>
void attentionGrad(const Kernels<T> &kernels, const AttentionShape<T> &shape,
                   const AttentionGrad<T> &g) {
  const int64_t qw = shape.queryWidth(), kw = shape.keyWidth(), width = shape.headWidth;
  const size_t keyBytes = shape.sequences * shape.sequence * kw * sizeof(T);
  std::memset(g.dk, 0, keyBytes);
  std::memset(g.dv, 0, keyBytes);
  T *p = shape.workspace, *ds = p + shape.blockRows * shape.sequence;
  T delta[kMostBlockRows];
  eachBlock(shape, [&](int64_t s, int64_t head, int64_t first, int64_t rows, int64_t keys) {
    const int64_t query = shape.queryAt(s, head) + first * qw, key = shape.keyAt(s, head);
    ScoreBlock<T> block{
        p,          keys,          rows,
        first,      shape.scale(), g.lse + (s * shape.sequence + first) * shape.heads + head,
        shape.heads};
    kernels.gemm({g.q + query, qw, false, g.k + key, kw, true, p, keys, rows, keys, width, false});
    kernels.causalProbabilities(block);
    kernels.gemm({p, keys, true, g.dO + query, qw, false, g.dv + key, kw, keys, width, rows, true});
    kernels.gemm(
        {g.dO + query, qw, false, g.v + key, kw, true, ds, keys, rows, keys, width, false});
    for (int64_t r = 0; r < rows; ++r)
      delta[r] = kernels.dot(g.dO + query + r * qw, g.o + query + r * qw, width);
    block.scores = ds;
    kernels.causalScoreGrad(block, p, delta);
    kernels.gemm(
        {ds, keys, false, g.k + key, kw, false, g.dq + query, qw, rows, width, keys, false});
    kernels.gemm({ds, keys, true, g.q + query, qw, false, g.dk + key, kw, keys, width, rows, true});
  });
}

} // namespace

void sigma_attention(sigma_rt rt, sigma_i64 elem, sigma_ptr q, sigma_ptr k, sigma_ptr v,
                     sigma_ptr o, sigma_ptr lse, sigma_i64 sequences, sigma_i64 sequence,
                     sigma_i64 heads, sigma_i64 kvHeads, sigma_i64 headWidth, sigma_ptr workspace,
                     sigma_i64 workspaceBytes) {
  guarded(rt, [&] {
    withElem(elem, [&](auto zero) {
      using T = decltype(zero);
      const auto shape =
          shapeOf<T>(sequences, sequence, heads, kvHeads, headWidth, workspace, workspaceBytes, 1);
      attention<T>(rt->kernels<T>(), shape, static_cast<T *>(q), static_cast<T *>(k),
                   static_cast<T *>(v), static_cast<T *>(o), static_cast<T *>(lse));
    });
  });
}

void sigma_attention_grad(sigma_rt rt, sigma_i64 elem, sigma_ptr q, sigma_ptr k, sigma_ptr v,
                          sigma_ptr o, sigma_ptr lse, sigma_ptr dO, sigma_ptr dq, sigma_ptr dk,
                          sigma_ptr dv, sigma_i64 sequences, sigma_i64 sequence, sigma_i64 heads,
                          sigma_i64 kvHeads, sigma_i64 headWidth, sigma_ptr workspace,
                          sigma_i64 workspaceBytes) {
  guarded(rt, [&] {
    withElem(elem, [&](auto zero) {
      using T = decltype(zero);
      const auto shape =
          shapeOf<T>(sequences, sequence, heads, kvHeads, headWidth, workspace, workspaceBytes, 2);
      attentionGrad<T>(rt->kernels<T>(), shape,
                       {static_cast<T *>(q), static_cast<T *>(k), static_cast<T *>(v),
                        static_cast<T *>(o), static_cast<T *>(lse), static_cast<T *>(dO),
                        static_cast<T *>(dq), static_cast<T *>(dk), static_cast<T *>(dv)});
    });
  });
}
