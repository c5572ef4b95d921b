// Causal attention on blocks of query rows: the scores of a block fit the workspace, its products
// are matrix products on strided heads, and the backward recomputes probabilities from the
// log-sum-exp. Whole sequences and rings go through the same blocks, in an order of their own.
#ifndef SIGMA_RUNTIME_KERNELS_ATTENTIONCORE_H
#define SIGMA_RUNTIME_KERNELS_ATTENTIONCORE_H

#include "runtime/kernels/Device.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
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

template <class T>
struct ScoreWorkspace {
  T *memory;
  int64_t blockRows, bufferSize;

  T *buffer(int64_t index) const { return memory + index * bufferSize; }
};

/// `buffers` blocks of score rows share the workspace.
template <class T>
ScoreWorkspace<T> divide(const AttentionSpec &spec, void *workspace, int64_t bytes,
                         int64_t buffers) {
  const int64_t fit = bytes / (buffers * spec.sequence * int64_t(sizeof(T)));
  if (fit < 1)
    throw std::logic_error("attention: a workspace of " + std::to_string(bytes) +
                           " bytes holds no row of scores");
  const int64_t rows = std::min({fit, spec.sequence, kMostBlockRows});
  return {static_cast<T *>(workspace), rows, rows * spec.sequence};
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
    return {scores,      b.keys,           b.queries,
            b.firstSeen, b.lastOfFirstRow, softmaxScale(),
            lseAt(b),    spec.heads,       sinks ? sinks + b.head : nullptr};
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

/// Weighs what the queries have of other keys, and the block's probabilities, such that their sum
/// is of all keys; `lse` are the block's, the core's become those of all.
template <class T>
void joinKeys(const AttentionCore<T> &core, const Block &b, const T *lse, T *probabilities, T *o) {
  T *known = core.lseAt(b);
  for (int64_t r = 0; r < b.queries; ++r) {
    T &all = known[r * core.spec.heads];
    const double before = double(all), block = double(lse[r]), top = std::max(before, block);
    const double sum = top + std::log(std::exp(before - top) + std::exp(block - top));
    T *row = o + core.outputAt(b) + r * core.output.width;
    core.kernels.scale(row, T(std::exp(before - sum)), row, core.spec.valueWidth);
    core.kernels.scale(probabilities + r * b.keys, T(std::exp(block - sum)),
                       probabilities + r * b.keys, b.keys);
    all = T(sum);
  }
}

template <class T>
void attendBlock(const AttentionCore<T> &core, const Block &b, T *scores, T *o) {
  T lse[kMostBlockRows];
  ScoreBlock<T> block = core.scoreBlock(b, scores);
  if (b.continues)
    block.lse = lse, block.lseStride = 1;
  core.score(b, scores, scores);
  core.kernels.causalSoftmax(block);
  if (b.continues)
    joinKeys(core, b, lse, scores, o);
  core.kernels.gemm({scores, b.keys, false, core.v + core.valueAt(b), core.value.width, false,
                     o + core.outputAt(b), core.output.width, b.queries, core.spec.valueWidth,
                     b.keys, b.continues});
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

/// Adds to the gradients of keys and values, and to those of queries that have seen other keys.
template <class T>
void attendBlockGrad(const AttentionCore<T> &core, const Block &b,
                     const ScoreWorkspace<T> &workspace, const AttentionGrad<T> &g) {
  const AttentionSpec &spec = core.spec;
  const Kernels<T> &kernels = core.kernels;
  const int64_t qw = core.query.width, kw = core.key.width, vw = core.value.width,
                ow = core.output.width, rows = b.queries, keys = b.keys;
  const int64_t query = core.queryAt(b), key = core.keyAt(b), value = core.valueAt(b),
                output = core.outputAt(b);
  T *p = workspace.buffer(0), *ds = workspace.buffer(1), *uncapped = workspace.buffer(2);
  T delta[kMostBlockRows];
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
                keys, b.continues});
  kernels.gemm({ds, keys, true, core.q + query, qw, false, g.dk + key, kw, keys, spec.headWidth,
                rows, true});
}

/// A part of a workspace.
struct Scratch {
  void *memory;
  int64_t bytes;
};

/// Attention of the rank's shares of sequences to those of all ranks of its context group. A core's
/// keys and values are the rank's own.
template <class T>
void ringAttention(sigma_rt rt, const AttentionCore<T> &core, const Scratch &scratch, T *o);
template <class T>
void ringAttentionGrad(sigma_rt rt, const AttentionCore<T> &core, const Scratch &scratch,
                       const AttentionGrad<T> &g);

} // namespace sigma::runtime

#endif
