// Causal attention on blocks of query rows: the scores of a block fit the workspace, its products
// are matrix products on strided heads, and the backward recomputes probabilities from the
// log-sum-exp. Whole sequences and rings go through the same blocks, in an order of their own.
// Scores are wide; what is multiplied with values is rounded to their type, and what is added up is
// not.
#ifndef SIGMA_RUNTIME_KERNELS_ATTENTIONCORE_H
#define SIGMA_RUNTIME_KERNELS_ATTENTIONCORE_H

#include "runtime/kernels/Device.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

namespace sigma::runtime {

// Larger blocks waste work above the diagonal, smaller ones make thin products.
constexpr int64_t kMostBlockRows = 64;

/// What is attended, and how. A limit of 0 is none.
struct AttentionSpec {
  int64_t sequences, sequence, heads, kvHeads, headWidth, valueWidth;
  double scale;
  int64_t window, chunk;
  double softcap;

  int64_t tokens() const { return sequences * sequence; }
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

/// A part of a workspace.
struct Scratch {
  void *memory;
  int64_t bytes;

  Scratch behind(int64_t used) const { return {static_cast<char *>(memory) + used, bytes - used}; }
};

/// Of scores, which are W.
template <class W>
struct ScoreWorkspace {
  W *memory;
  int64_t blockRows, bufferSize;

  W *buffer(int64_t index) const { return memory + index * bufferSize; }
};

/// `buffers` blocks of score rows share the workspace.
template <class W>
ScoreWorkspace<W> divide(const AttentionSpec &spec, const Scratch &scratch, int64_t buffers) {
  const int64_t fit = scratch.bytes / (buffers * spec.sequence * int64_t(sizeof(W)));
  if (fit < 1)
    throw std::logic_error("attention: a workspace of " + std::to_string(scratch.bytes) +
                           " bytes holds no row of scores");
  const int64_t rows = std::min({fit, spec.sequence, kMostBlockRows});
  return {static_cast<W *>(scratch.memory), rows, rows * spec.sequence};
}

/// A block of queries of one head and the keys that any of them sees: query r those from
/// firstSeen[r] up to and with lastOfFirstRow + r, both counted from firstKey.
struct Block {
  int64_t s, head, firstQuery, queries, firstKey, keys;
  int64_t lastOfFirstRow;
  int64_t firstSeen[kMostBlockRows];
  bool continues; // the queries have seen other keys before
};

/// The tensors of forward, and how their heads lie.
template <class T>
struct AttentionCore {
  using W = Wide<T>;

  AttentionSpec spec;
  const Device &device;
  const T *q, *k, *v, *sinks;
  W *lse;
  Heads query{spec.sequence, spec.heads *spec.headWidth, spec.headWidth, 1};
  Heads key{spec.sequence, spec.kvHeads *spec.headWidth, spec.headWidth, spec.heads / spec.kvHeads};
  Heads value{spec.sequence, spec.kvHeads *spec.valueWidth, spec.valueWidth,
              spec.heads / spec.kvHeads};
  Heads output{spec.sequence, spec.heads *spec.valueWidth, spec.valueWidth, 1};

  const Kernels<T> &kernels() const { return device.kernels<T>(); }
  const Kernels<W> &wideKernels() const { return device.kernels<W>(); }

  int64_t queryAt(const Block &b) const { return query.at(b.s, b.head, b.firstQuery); }
  int64_t keyAt(const Block &b) const { return key.at(b.s, b.head, b.firstKey); }
  int64_t valueAt(const Block &b) const { return value.at(b.s, b.head, b.firstKey); }
  int64_t outputAt(const Block &b) const { return output.at(b.s, b.head, b.firstQuery); }
  W *lseAt(const Block &b) const {
    return lse + (b.s * spec.sequence + b.firstQuery) * spec.heads + b.head;
  }
  Matrix queries(const Block &b) const { return matrixOf(q + queryAt(b), query.width); }
  Matrix keys(const Block &b, bool transpose) const {
    return matrixOf(k + keyAt(b), key.width, transpose);
  }
  Matrix values(const Block &b, bool transpose) const {
    return matrixOf(v + valueAt(b), value.width, transpose);
  }

  template <class C>
  void multiply(const Matrix &a, const Matrix &b, C *c, int64_t stride, int64_t m, int64_t n,
                int64_t inner, bool accumulate) const {
    device.gemm({a, b, c, elemOf<C>(), stride, m, n, inner, accumulate});
  }

  /// With a softcap, scores are scaled when they are capped, and not again in the softmax.
  double softmaxScale() const { return spec.softcap ? 1.0 : spec.scale; }
  W sink(const Block &b) const { return sinks ? widened(sinks[b.head]) : W(0); }

  ScoreBlock<W> scoreBlock(const Block &b, W *scores) const {
    return {scores,         b.keys,   b.queries,  b.firstSeen,      b.lastOfFirstRow,
            softmaxScale(), lseAt(b), spec.heads, sinks != nullptr, sink(b)};
  }

  /// Scores of a block; with a softcap, `uncapped` gets them before it.
  void score(const Block &b, W *scores, W *uncapped) const {
    const int64_t n = b.queries * b.keys;
    multiply(queries(b), keys(b, true), scores, b.keys, b.queries, b.keys, spec.headWidth, false);
    if (!spec.softcap)
      return;
    wideKernels().scale(scores, W(spec.scale), uncapped, n);
    wideKernels().activation(SIGMA_TANH_CAP, uncapped, nullptr, scores, n, spec.softcap);
  }

  /// Scores as an operand, of the type of what they are multiplied with; rounded in place.
  Matrix operand(const Block &b, W *scores, bool transpose) const {
    if constexpr (kIsWide<T>)
      return matrixOf(scores, b.keys, transpose);
    constexpr int64_t kRatio = sizeof(W) / sizeof(T);
    T *rounded = reinterpret_cast<T *>(scores);
    for (int64_t r = 0; r < b.queries; ++r)
      kernels().narrow(scores + r * b.keys, rounded + r * b.keys * kRatio, b.keys);
    return matrixOf(rounded, b.keys * kRatio, transpose);
  }
};

/// Weighs what the queries have of other keys, and the block's probabilities, such that their sum
/// is of all keys; `lse` are the block's, the core's become those of all.
template <class T>
void joinKeys(const AttentionCore<T> &core, const Block &b, const Wide<T> *lse,
              Wide<T> *probabilities, T *o) {
  using W = Wide<T>;
  W *known = core.lseAt(b);
  for (int64_t r = 0; r < b.queries; ++r) {
    W &all = known[r * core.spec.heads];
    const double before = double(all), block = double(lse[r]), top = std::max(before, block);
    const double sum = top + std::log(std::exp(before - top) + std::exp(block - top));
    T *row = o + core.outputAt(b) + r * core.output.width;
    core.kernels().scale(row, W(std::exp(before - sum)), row, core.spec.valueWidth);
    core.wideKernels().scale(probabilities + r * b.keys, W(std::exp(block - sum)),
                             probabilities + r * b.keys, b.keys);
    all = W(sum);
  }
}

template <class T>
void attendBlock(const AttentionCore<T> &core, const Block &b, Wide<T> *scores, T *o) {
  Wide<T> lse[kMostBlockRows];
  ScoreBlock<Wide<T>> block = core.scoreBlock(b, scores);
  if (b.continues)
    block.lse = lse, block.lseStride = 1;
  core.score(b, scores, scores);
  core.wideKernels().causalSoftmax(block);
  if (b.continues)
    joinKeys(core, b, lse, scores, o);
  core.multiply(core.operand(b, scores, false), core.values(b, false), o + core.outputAt(b),
                core.output.width, b.queries, core.spec.valueWidth, b.keys, b.continues);
}

/// Gradients of keys and values while they are added up: in place, or, where that is narrower,
/// beside it, one head of one sequence after the other, whose sums are rounded when the next
/// begins.
template <class T>
class KeySums {
public:
  using W = Wide<T>;
  struct Place {
    W *key;
    int64_t keyStride;
    W *value;
    int64_t valueStride;
  };

  /// Both outputs are added to.
  KeySums(const AttentionCore<T> &core, T *dk, T *dv, void *beside)
      : core(core), dk(dk), dv(dv), beside(static_cast<W *>(beside)) {}

  static int64_t bytesBeside(const AttentionSpec &spec) {
    return kIsWide<T> ? 0 : spec.sequence * (spec.headWidth + spec.valueWidth) * int64_t(sizeof(W));
  }

  Place at(const Block &b) {
    const int64_t keyWidth = core.spec.headWidth, valueWidth = core.spec.valueWidth;
    if constexpr (kIsWide<T>) {
      return {dk + core.keyAt(b), core.key.width, dv + core.valueAt(b), core.value.width};
    } else {
      if (b.s != current.s || b.head / core.key.shared != current.head / core.key.shared)
        begin(b);
      return {beside + b.firstKey * keyWidth, keyWidth, values() + b.firstKey * valueWidth,
              valueWidth};
    }
  }

  /// After the last block.
  void finish() {
    if constexpr (!kIsWide<T>) {
      if (current.s < 0)
        return;
      add(beside, core.spec.headWidth, dk, core.key);
      add(values(), core.spec.valueWidth, dv, core.value);
      current.s = -1;
    }
  }

private:
  struct Head {
    int64_t s = -1, head = 0;
  };

  W *values() const { return beside + core.spec.sequence * core.spec.headWidth; }

  void begin(const Block &b) {
    finish();
    current = {b.s, b.head};
    std::memset(beside, 0, bytesBeside(core.spec));
  }

  void add(W *sums, int64_t width, T *out, const Heads &heads) {
    for (int64_t row = 0; row < core.spec.sequence; ++row) {
      T *to = out + heads.at(current.s, current.head, row);
      core.kernels().accumulate(to, sums + row * width, width);
      core.kernels().narrow(sums + row * width, to, width);
    }
  }

  const AttentionCore<T> &core;
  T *dk, *dv;
  W *beside;
  Head current;
};

template <class T>
struct AttentionGrad {
  const T *o, *dO;
  T *dq, *dk, *dv;
  Wide<T> *dsinks; // may be null
  bool hasAllKeys; // each block, of its queries
};

/// dot(dO_r, O_r) = dot(p_r, dp_r): the output is rounded, what it was made of is not, and the
/// gradients of scores are small differences from it.
template <class T>
void scoreGradientMeans(const AttentionCore<T> &core, const Block &b, const AttentionGrad<T> &g,
                        const Wide<T> *p, const Wide<T> *dp, Wide<T> *delta) {
  const int64_t width = core.output.width, at = core.outputAt(b);
  for (int64_t r = 0; r < b.queries; ++r)
    delta[r] =
        !kIsWide<T> && g.hasAllKeys
            ? core.wideKernels().dot(p + r * b.keys, dp + r * b.keys, b.keys)
            : core.kernels().dot(g.dO + at + r * width, g.o + at + r * width, core.spec.valueWidth);
}

/// A sink's probability has no value, so its score's gradient is -p * delta.
template <class T>
void addSinkGradient(const AttentionCore<T> &core, const Block &b, const Wide<T> *delta,
                     Wide<T> *dsinks) {
  const Wide<T> *lse = core.lseAt(b), sink = core.sink(b);
  for (int64_t r = 0; r < b.queries; ++r)
    dsinks[b.head] -= Wide<T>(std::exp(double(sink - lse[r * core.spec.heads]))) * delta[r];
}

/// Adds to the gradients of keys and values, and to those of queries that have seen other keys.
template <class T>
void attendBlockGrad(const AttentionCore<T> &core, const Block &b,
                     const ScoreWorkspace<Wide<T>> &workspace, const AttentionGrad<T> &g,
                     KeySums<T> &sums) {
  using W = Wide<T>;
  const AttentionSpec &spec = core.spec;
  const Kernels<W> &kernels = core.wideKernels();
  const int64_t width = core.output.width, rows = b.queries, keys = b.keys;
  const T *dO = g.dO + core.outputAt(b);
  W *p = workspace.buffer(0), *ds = workspace.buffer(1), *uncapped = workspace.buffer(2);
  W delta[kMostBlockRows];
  core.score(b, p, uncapped);
  kernels.causalProbabilities(core.scoreBlock(b, p));
  core.multiply(matrixOf(dO, width), core.values(b, true), ds, keys, rows, keys, spec.valueWidth,
                false);
  scoreGradientMeans(core, b, g, p, ds, delta);
  kernels.causalScoreGrad(core.scoreBlock(b, ds), p, delta);
  if (spec.softcap) {
    kernels.activationGrad(SIGMA_TANH_CAP, uncapped, nullptr, ds, ds, nullptr, rows * keys,
                           spec.softcap);
    kernels.scale(ds, W(spec.scale), ds, rows * keys);
  }
  if (g.dsinks)
    addSinkGradient(core, b, delta, g.dsinks);
  const auto to = sums.at(b);
  core.multiply(core.operand(b, p, true), matrixOf(dO, width), to.value, to.valueStride, keys,
                spec.valueWidth, rows, true);
  Matrix scores = core.operand(b, ds, false);
  core.multiply(scores, core.keys(b, false), g.dq + core.queryAt(b), core.query.width, rows,
                spec.headWidth, keys, b.continues);
  scores.transpose = true;
  core.multiply(scores, core.queries(b), to.key, to.keyStride, keys, spec.headWidth, rows, true);
}

/// Attention of the rank's shares of sequences to those of all ranks of its context group. A core's
/// keys and values are the rank's own.
template <class T>
void ringAttention(sigma_rt rt, const AttentionCore<T> &core, const Scratch &scratch, T *o);
template <class T>
void ringAttentionGrad(sigma_rt rt, const AttentionCore<T> &core, const Scratch &scratch,
                       const AttentionGrad<T> &g);

} // namespace sigma::runtime

#endif
