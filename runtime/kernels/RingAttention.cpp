// Attention of a context group (Liu et al. 2023): each rank has a share of each sequence, in zigzag
// order, and keys and values go from rank to rank until everyone has seen those of all. Backward,
// their gradients go with them and arrive, complete, where they belong.
#include "runtime/Runtime.h"
#include "runtime/comm/Exchange.h"
#include "runtime/kernels/AttentionCore.h"

#include <cstring>

using namespace sigma::runtime;

namespace {

/// The blocks of the rank's queries and the keys of another rank, or its own. A rank has part r of
/// 2 * ranks equal parts of a sequence, and part 2 * ranks - 1 - r.
template <class F>
void eachBlock(const AttentionSpec &spec, const Group &group, int source, int64_t blockRows, F f) {
  const int64_t half = spec.sequence / 2, mirror = 2 * group.size - 1;
  const int64_t queryParts[] = {group.index, mirror - group.index},
                keyParts[] = {source, mirror - source};
  Block block = {};
  for (block.s = 0; block.s < spec.sequences; ++block.s)
    for (block.head = 0; block.head < spec.heads; ++block.head)
      for (int64_t query = 0; query < 2; ++query)
        for (int64_t first = 0; first < half; first += blockRows)
          for (int64_t key = 0; key < 2 && keyParts[key] <= queryParts[query]; ++key) {
            const bool own = keyParts[key] == queryParts[query];
            block.firstQuery = query * half + first;
            block.queries = std::min(blockRows, half - first);
            block.firstKey = key * half;
            block.keys = own ? first + block.queries : half;
            block.lastOfFirstRow = own ? first : half;
            block.continues = source != group.index || key > 0;
            f(block);
          }
}

template <class T>
struct KeyValue {
  T *key, *value;
};

/// Sends to the next rank of the ring and receives from the one before.
template <class T>
class Ring {
public:
  Ring(sigma_rt rt, const AttentionCore<T> &core, const Scratch &scratch)
      : rt(rt), group(rt->mesh.context), tokens(core.spec.tokens()), keyWidth(core.key.width),
        valueWidth(core.value.width), key(rt->datatypes.row(kElem, keyWidth)),
        value(rt->datatypes.row(kElem, valueWidth)), scratch(scratch), exchange(rt, group) {}

  int stations() const { return group.size; }
  /// Whose keys and values are here at a station.
  int source(int station) const { return (group.index - station + group.size) % group.size; }

  KeyValue<T> buffer(int64_t index) const {
    T *start = static_cast<T *>(scratch.memory) + index * numbers();
    return {start, start + tokens * keyWidth};
  }
  /// What is left of the workspace behind so many buffers.
  Scratch behind(int64_t count) const {
    return scratch.behind(count * numbers() * int64_t(sizeof(T)));
  }
  void clear(const KeyValue<T> &pair) const {
    std::memset(pair.key, 0, tokens * keyWidth * sizeof(T));
    std::memset(pair.value, 0, tokens * valueWidth * sizeof(T));
  }

  /// Both buffers are in use until the end of `finish`.
  void start(const KeyValue<T> &from, const KeyValue<T> &to) {
    const CommScope scope(rt, SpanKind::Context);
    const int next = (group.index + 1) % group.size, last = source(1);
    post(from.key, to.key, key, next, last);
    post(from.value, to.value, value, next, last);
  }
  void finish() {
    const CommScope scope(rt, SpanKind::Context);
    exchange.wait();
  }

private:
  static constexpr int64_t kElem = elemOf<T>();

  int64_t numbers() const { return tokens * (keyWidth + valueWidth); }

  void post(const T *from, T *to, MPI_Datatype row, int next, int last) {
    exchange.receive(last, to, tokens, row);
    exchange.send(next, from, tokens, row);
  }

  sigma_rt rt;
  const Group &group;
  int64_t tokens, keyWidth, valueWidth;
  MPI_Datatype key, value; // of rows
  Scratch scratch;
  Exchange exchange;
};

/// What the core says is only read.
template <class T>
KeyValue<T> ownPair(const AttentionCore<T> &core) {
  return {const_cast<T *>(core.k), const_cast<T *>(core.v)};
}

/// f(core of the station, its number), while the pair is on its way to the next rank already. Two
/// buffers are used in turn.
template <class T, class F>
void eachStation(Ring<T> &ring, const AttentionCore<T> &core, F f) {
  KeyValue<T> pair = ownPair(core);
  for (int station = 0; station < ring.stations(); ++station) {
    const KeyValue<T> next = ring.buffer(station % 2);
    if (station + 1 < ring.stations())
      ring.start(pair, next);
    AttentionCore<T> here = core;
    here.k = pair.key;
    here.v = pair.value;
    f(here, station);
    ring.finish();
    pair = next;
  }
}

} // namespace

namespace sigma::runtime {

template <class T>
void ringAttention(sigma_rt rt, const AttentionCore<T> &core, const Scratch &scratch, T *o) {
  Ring<T> ring(rt, core, scratch);
  const auto workspace = divide<Wide<T>>(core.spec, ring.behind(2), 1);
  eachStation(ring, core, [&](const AttentionCore<T> &here, int station) {
    eachBlock(core.spec, rt->mesh.context, ring.source(station), workspace.blockRows,
              [&](const Block &b) { attendBlock(here, b, workspace.buffer(0), o); });
  });
}

template <class T>
void ringAttentionGrad(sigma_rt rt, const AttentionCore<T> &core, const Scratch &scratch,
                       const AttentionGrad<T> &g) {
  Ring<T> ring(rt, core, scratch);
  const Scratch beside = ring.behind(4);
  const auto workspace = divide<Wide<T>>(
      core.spec, beside.behind(KeySums<T>::bytesBeside(core.spec)), core.spec.softcap ? 3 : 2);
  KeyValue<T> sums = ring.buffer(2);
  ring.clear(sums);
  eachStation(ring, core, [&](const AttentionCore<T> &here, int station) {
    KeySums<T> added(here, sums.key, sums.value, beside.memory);
    eachBlock(core.spec, rt->mesh.context, ring.source(station), workspace.blockRows,
              [&](const Block &b) { attendBlockGrad(here, b, workspace, g, added); });
    added.finish();
    // From the last station, sums come home.
    const bool last = station + 1 == ring.stations();
    const KeyValue<T> next = last ? KeyValue<T>{g.dk, g.dv} : ring.buffer(3 - station % 2);
    ring.start(sums, next);
    sums = next;
  });
}

template void ringAttention(sigma_rt, const AttentionCore<float> &, const Scratch &, float *);
template void ringAttention(sigma_rt, const AttentionCore<double> &, const Scratch &, double *);
template void ringAttention(sigma_rt, const AttentionCore<BFloat16> &, const Scratch &, BFloat16 *);
template void ringAttentionGrad(sigma_rt, const AttentionCore<float> &, const Scratch &,
                                const AttentionGrad<float> &);
template void ringAttentionGrad(sigma_rt, const AttentionCore<double> &, const Scratch &,
                                const AttentionGrad<double> &);
template void ringAttentionGrad(sigma_rt, const AttentionCore<BFloat16> &, const Scratch &,
                                const AttentionGrad<BFloat16> &);

} // namespace sigma::runtime
