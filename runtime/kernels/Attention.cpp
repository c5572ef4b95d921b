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
                  sigma_i64 sequence, sigma_i64 heads, sigma_i64 headWidth, sigma_ptr frequencies,
                  sigma_i64 pairs, sigma_f64 magnitude, sigma_i64 transpose) {
  guarded(rt, [&] {
    withElem(elem, [&](auto zero) {
      using T = decltype(zero);
      const double *first = static_cast<const double *>(frequencies);
      const RotaryTable<T> &table =
          rt->rotaryTables.get<T>(sequence, std::vector<double>(first, first + pairs), magnitude);
      const std::vector<T> &sine = transpose ? table.negatedSine : table.sine;
      for (int64_t token = 0; token < tokens; ++token) {
        const int64_t row = token % sequence * pairs;
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
    eachHead(tokens, heads, sharedWidth, ownWidth,
             [&](int64_t token, int64_t head, int64_t joined, int64_t at) {
               const T *from = static_cast<T *>(dy) + joined;
               T *sum = static_cast<T *>(dshared) + token * sharedWidth;
               if (head == 0)
                 std::memcpy(sum, from, sharedWidth * sizeof(T));
               else
                 rt->kernels<T>().add(sum, from, sum, sharedWidth);
               std::memcpy(static_cast<T *>(down) + at, from + sharedWidth, ownWidth * sizeof(T));
             });
  });
}

namespace {

// Larger blocks waste work above the diagonal, smaller ones make thin products.
constexpr int64_t kMostBlockRows = 64;

/// What is attended, and how. A limit of 0 is none.
struct AttentionSpec {
  int64_t sequences, sequence, heads, kvHeads, headWidth, valueWidth;
  double scale;
  int64_t window, chunk;
  double softcap;

  int64_t firstSeen(int64_t query) const {
    const int64_t byWindow = window ? std::max<int64_t>(0, query - window + 1) : 0;
    return chunk ? std::max(byWindow, query / chunk * chunk) : byWindow;
  }
};

/// Where the heads of one of q, k, v, o begin: rows of `width` numbers.
struct Heads {
  int64_t sequence, width, headWidth, shared; // query heads that share one of these

  int64_t at(int64_t s, int64_t head, int64_t row) const {
    return (s * sequence + row) * width + head / shared * headWidth;
  }
};

template <class T>
struct Workspace {
  T *memory;
  int64_t blockRows, bufferSize;

  T *buffer(int64_t index) const { return memory + index * bufferSize; }
};

/// `buffers` blocks of score rows share the workspace.
template <class T>
Workspace<T> divide(const AttentionSpec &spec, void *workspace, int64_t bytes, int64_t buffers) {
  const int64_t fit = bytes / (buffers * spec.sequence * int64_t(sizeof(T)));
  if (fit < 1)
    throw std::logic_error("attention: a workspace of " + std::to_string(bytes) +
                           " bytes holds no row of scores");
  const int64_t rows = std::min({fit, spec.sequence, kMostBlockRows});
  return {static_cast<T *>(workspace), rows, rows * spec.sequence};
}

/// A block of queries of one head and the keys that any of them sees.
struct Block {
  int64_t s, head, firstQuery, queries, firstKey, keys;
  int64_t firstSeen[kMostBlockRows]; // by query, from firstKey
};

template <class F>
void eachBlock(const AttentionSpec &spec, int64_t blockRows, F f) {
  Block block;
  for (block.s = 0; block.s < spec.sequences; ++block.s)
    for (block.head = 0; block.head < spec.heads; ++block.head)
      for (int64_t first = 0; first < spec.sequence; first += blockRows) {
        block.firstQuery = first;
        block.queries = std::min(blockRows, spec.sequence - first);
        block.firstKey = spec.firstSeen(first);
        block.keys = first + block.queries - block.firstKey;
        for (int64_t r = 0; r < block.queries; ++r)
          block.firstSeen[r] = spec.firstSeen(first + r) - block.firstKey;
        f(block);
      }
}

/// The tensors of forward, and how their heads lie.
template <class T>
struct AttentionCore {
  AttentionSpec spec;
  const Kernels<T> &kernels;
  const T *q, *k, *v, *sinks;
  T *lse;
  Heads query{spec.sequence, spec.heads *spec.headWidth, spec.headWidth, 1};
  Heads key{spec.sequence, spec.kvHeads *spec.headWidth, spec.headWidth, spec.heads / spec.kvHeads};
  Heads value{spec.sequence, spec.kvHeads *spec.valueWidth, spec.valueWidth,
              spec.heads / spec.kvHeads};
  Heads output{spec.sequence, spec.heads *spec.valueWidth, spec.valueWidth, 1};

  int64_t queryAt(const Block &b) const { return query.at(b.s, b.head, b.firstQuery); }
  int64_t keyAt(const Block &b) const { return key.at(b.s, b.head, b.firstKey); }
  int64_t valueAt(const Block &b) const { return value.at(b.s, b.head, b.firstKey); }
  int64_t outputAt(const Block &b) const { return output.at(b.s, b.head, b.firstQuery); }
  T *lseAt(const Block &b) const {
    return lse + (b.s * spec.sequence + b.firstQuery) * spec.heads + b.head;
  }

  /// With a softcap, scores are scaled when they are capped, and not again in the softmax.
  double softmaxScale() const { return spec.softcap ? 1.0 : spec.scale; }

  ScoreBlock<T> scoreBlock(const Block &b, T *scores) const {
    return {scores,
            b.keys,
            b.queries,
            b.firstSeen,
            b.firstQuery - b.firstKey,
            softmaxScale(),
            lseAt(b),
            spec.heads,
            sinks ? sinks + b.head : nullptr};
  }

  /// Scores of a block; with a softcap, `uncapped` gets them before it.
  void score(const Block &b, T *scores, T *uncapped) const {
    const int64_t n = b.queries * b.keys;
    kernels.gemm({q + queryAt(b), query.width, false, k + keyAt(b), key.width, true, scores, b.keys,
                  b.queries, b.keys, spec.headWidth, false});
    if (!spec.softcap)
      return;
    kernels.scale(scores, T(spec.scale), uncapped, n);
    kernels.activation(SIGMA_TANH_CAP, uncapped, nullptr, scores, n, spec.softcap);
  }
};

template <class T>
void attention(const AttentionCore<T> &core, const Workspace<T> &workspace, T *o) {
  T *scores = workspace.buffer(0);
  eachBlock(core.spec, workspace.blockRows, [&](const Block &b) {
    core.score(b, scores, scores);
    core.kernels.causalSoftmax(core.scoreBlock(b, scores));
    core.kernels.gemm({scores, b.keys, false, core.v + core.valueAt(b), core.value.width, false,
                       o + core.outputAt(b), core.output.width, b.queries, core.spec.valueWidth,
                       b.keys, false});
  });
}

template <class T>
struct AttentionGrad {
  const T *o, *dO;
  T *dq, *dk, *dv, *dsinks; // dsinks may be null
};

/// A sink's probability has no value, so its score's gradient is -p * delta.
template <class T>
void addSinkGradient(const AttentionCore<T> &core, const Block &b, const T *delta, T *dsinks) {
  const T *lse = core.lseAt(b);
  for (int64_t r = 0; r < b.queries; ++r)
    dsinks[b.head] -= T(std::exp(double(core.sinks[b.head] - lse[r * core.spec.heads]))) * delta[r];
}

template <class T>
void attentionGrad(const AttentionCore<T> &core, const Workspace<T> &workspace,
                   const AttentionGrad<T> &g) {
  const AttentionSpec &spec = core.spec;
  const Kernels<T> &kernels = core.kernels;
  const int64_t qw = core.query.width, kw = core.key.width, vw = core.value.width,
                ow = core.output.width, tokens = spec.sequences * spec.sequence;
  std::memset(g.dk, 0, tokens * kw * sizeof(T));
  std::memset(g.dv, 0, tokens * vw * sizeof(T));
  if (g.dsinks)
    std::memset(g.dsinks, 0, spec.heads * sizeof(T));
  T *p = workspace.buffer(0), *ds = workspace.buffer(1), *uncapped = workspace.buffer(2);
  T delta[kMostBlockRows];
  eachBlock(spec, workspace.blockRows, [&](const Block &b) {
    const int64_t query = core.queryAt(b), key = core.keyAt(b), value = core.valueAt(b),
                  output = core.outputAt(b), rows = b.queries, keys = b.keys;
    core.score(b, p, uncapped);
    kernels.causalProbabilities(core.scoreBlock(b, p));
    kernels.gemm({p, keys, true, g.dO + output, ow, false, g.dv + value, vw, keys, spec.valueWidth,
                  rows, true});
    kernels.gemm({g.dO + output, ow, false, core.v + value, vw, true, ds, keys, rows, keys,
                  spec.valueWidth, false});
    for (int64_t r = 0; r < rows; ++r)
      delta[r] = kernels.dot(g.dO + output + r * ow, g.o + output + r * ow, spec.valueWidth);
    kernels.causalScoreGrad(core.scoreBlock(b, ds), p, delta);
    if (spec.softcap) {
      kernels.activationGrad(SIGMA_TANH_CAP, uncapped, nullptr, ds, ds, nullptr, rows * keys,
                             spec.softcap);
      kernels.scale(ds, T(spec.scale), ds, rows * keys);
    }
    if (g.dsinks)
      addSinkGradient(core, b, delta, g.dsinks);
    kernels.gemm({ds, keys, false, core.k + key, kw, false, g.dq + query, qw, rows, spec.headWidth,
                  keys, false});
    kernels.gemm({ds, keys, true, core.q + query, qw, false, g.dk + key, kw, keys, spec.headWidth,
                  rows, true});
  });
}

} // namespace

void sigma_attention(sigma_rt rt, sigma_i64 elem, sigma_ptr q, sigma_ptr k, sigma_ptr v,
                     sigma_ptr sinks, sigma_ptr o, sigma_ptr lse, sigma_i64 sequences,
                     sigma_i64 sequence, sigma_i64 heads, sigma_i64 kvHeads, sigma_i64 headWidth,
                     sigma_i64 valueWidth, sigma_f64 scale, sigma_i64 window, sigma_i64 chunk,
                     sigma_f64 softcap, sigma_ptr workspace, sigma_i64 workspaceBytes) {
  const AttentionSpec spec{sequences,  sequence, heads,  kvHeads, headWidth,
                           valueWidth, scale,    window, chunk,   softcap};
  guarded(rt, [&] {
    withElem(elem, [&](auto zero) {
      using T = decltype(zero);
      const AttentionCore<T> core{spec,
                                  rt->kernels<T>(),
                                  static_cast<T *>(q),
                                  static_cast<T *>(k),
                                  static_cast<T *>(v),
                                  static_cast<T *>(sinks),
                                  static_cast<T *>(lse)};
      attention<T>(core, divide<T>(spec, workspace, workspaceBytes, 1), static_cast<T *>(o));
    });
  });
}

void sigma_attention_grad(sigma_rt rt, sigma_i64 elem, sigma_ptr q, sigma_ptr k, sigma_ptr v,
                          sigma_ptr sinks, sigma_ptr o, sigma_ptr lse, sigma_ptr dO, sigma_ptr dq,
                          sigma_ptr dk, sigma_ptr dv, sigma_ptr dsinks, sigma_i64 sequences,
                          sigma_i64 sequence, sigma_i64 heads, sigma_i64 kvHeads,
                          sigma_i64 headWidth, sigma_i64 valueWidth, sigma_f64 scale,
                          sigma_i64 window, sigma_i64 chunk, sigma_f64 softcap, sigma_ptr workspace,
                          sigma_i64 workspaceBytes) {
  const AttentionSpec spec{sequences,  sequence, heads,  kvHeads, headWidth,
                           valueWidth, scale,    window, chunk,   softcap};
  guarded(rt, [&] {
    withElem(elem, [&](auto zero) {
      using T = decltype(zero);
      const AttentionCore<T> core{spec,
                                  rt->kernels<T>(),
                                  static_cast<T *>(q),
                                  static_cast<T *>(k),
                                  static_cast<T *>(v),
                                  static_cast<T *>(sinks),
                                  static_cast<T *>(lse)};
      attentionGrad<T>(core, divide<T>(spec, workspace, workspaceBytes, softcap ? 3 : 2),
                       {static_cast<T *>(o), static_cast<T *>(dO), static_cast<T *>(dq),
                        static_cast<T *>(dk), static_cast<T *>(dv), static_cast<T *>(dsinks)});
    });
  });
}
