// Causal attention of whole sequences, and the ABI of all attention.
#include "runtime/Runtime.h"
#include "runtime/health/Fault.h"
#include "runtime/kernels/AttentionCore.h"

#include <cstring>

using namespace sigma::runtime;

namespace {

template <class F>
void eachBlock(const AttentionSpec &spec, int64_t blockRows, F f) {
  Block block;
  block.continues = false;
  for (block.s = 0; block.s < spec.sequences; ++block.s)
    for (block.head = 0; block.head < spec.heads; ++block.head)
      for (int64_t first = 0; first < spec.sequence; first += blockRows) {
        block.firstQuery = first;
        block.queries = std::min(blockRows, spec.sequence - first);
        block.firstKey = spec.firstSeen(first);
        block.keys = first + block.queries - block.firstKey;
        block.lastOfFirstRow = first - block.firstKey;
        for (int64_t r = 0; r < block.queries; ++r)
          block.firstSeen[r] = spec.firstSeen(first + r) - block.firstKey;
        f(block);
      }
}

template <class T>
void attention(const AttentionCore<T> &core, const Scratch &scratch, T *o) {
  const auto workspace = divide<Wide<T>>(core.spec, scratch, 1);
  eachBlock(core.spec, workspace.blockRows,
            [&](const Block &b) { attendBlock(core, b, workspace.buffer(0), o); });
}

template <class T>
void attentionGrad(const AttentionCore<T> &core, const Scratch &scratch,
                   const AttentionGrad<T> &g) {
  const AttentionSpec &spec = core.spec;
  KeySums<T> sums(core, g.dk, g.dv, scratch.memory);
  const auto workspace =
      divide<Wide<T>>(spec, scratch.behind(sums.bytesBeside(spec)), spec.softcap ? 3 : 2);
  std::memset(g.dk, 0, spec.tokens() * core.key.width * sizeof(T));
  std::memset(g.dv, 0, spec.tokens() * core.value.width * sizeof(T));
  if (g.dsinks)
    std::memset(g.dsinks, 0, spec.heads * sizeof(Wide<T>));
  eachBlock(spec, workspace.blockRows,
            [&](const Block &b) { attendBlockGrad(core, b, workspace, g, sums); });
  sums.finish();
}

template <class T>
AttentionCore<T> coreOf(sigma_rt rt, const AttentionSpec &spec, sigma_ptr q, sigma_ptr k,
                        sigma_ptr v, sigma_ptr sinks, sigma_ptr lse) {
  return {spec,
          *rt->device,
          static_cast<T *>(q),
          static_cast<T *>(k),
          static_cast<T *>(v),
          static_cast<T *>(sinks),
          static_cast<Wide<T> *>(lse)};
}

} // namespace

void sigma_attention(sigma_rt rt, sigma_i64 elem, sigma_ptr q, sigma_ptr k, sigma_ptr v,
                     sigma_ptr sinks, sigma_ptr o, sigma_ptr lse, sigma_i64 sequences,
                     sigma_i64 sequence, sigma_i64 heads, sigma_i64 kvHeads, sigma_i64 headWidth,
                     sigma_i64 valueWidth, sigma_f64 scale, sigma_i64 window, sigma_i64 chunk,
                     sigma_f64 softcap, sigma_i64 ring, sigma_ptr workspace,
                     sigma_i64 workspaceBytes) {
  const AttentionSpec spec{sequences,  sequence, heads,  kvHeads, headWidth,
                           valueWidth, scale,    window, chunk,   softcap};
  const Scratch scratch{workspace, workspaceBytes};
  guarded(rt, [&] {
    withElem(elem, [&](auto zero) {
      using T = decltype(zero);
      const AttentionCore<T> core = coreOf<T>(rt, spec, q, k, v, sinks, lse);
      if (ring > 1)
        ringAttention(rt, core, scratch, static_cast<T *>(o));
      else
        attention(core, scratch, static_cast<T *>(o));
    });
  });
}

void sigma_attention_grad(sigma_rt rt, sigma_i64 elem, sigma_ptr q, sigma_ptr k, sigma_ptr v,
                          sigma_ptr sinks, sigma_ptr o, sigma_ptr lse, sigma_ptr dO, sigma_ptr dq,
                          sigma_ptr dk, sigma_ptr dv, sigma_ptr dsinks, sigma_i64 sequences,
                          sigma_i64 sequence, sigma_i64 heads, sigma_i64 kvHeads,
                          sigma_i64 headWidth, sigma_i64 valueWidth, sigma_f64 scale,
                          sigma_i64 window, sigma_i64 chunk, sigma_f64 softcap, sigma_i64 ring,
                          sigma_ptr workspace, sigma_i64 workspaceBytes) {
  const AttentionSpec spec{sequences,  sequence, heads,  kvHeads, headWidth,
                           valueWidth, scale,    window, chunk,   softcap};
  const Scratch scratch{workspace, workspaceBytes};
  guarded(rt, [&] {
    withElem(elem, [&](auto zero) {
      using T = decltype(zero);
      const AttentionCore<T> core = coreOf<T>(rt, spec, q, k, v, sinks, lse);
      const AttentionGrad<T> g{static_cast<T *>(o),
                               static_cast<T *>(dO),
                               static_cast<T *>(dq),
                               static_cast<T *>(dk),
                               static_cast<T *>(dv),
                               static_cast<Wide<T> *>(dsinks),
                               ring <= 1};
      if (ring > 1)
        ringAttentionGrad(rt, core, scratch, g);
      else
        attentionGrad(core, scratch, g);
    });
  });
}
