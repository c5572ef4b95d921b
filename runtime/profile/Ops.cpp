#include "runtime/profile/Ops.h"
#include "runtime/comm/Mesh.h"
#include "runtime/kernels/Device.h"

#include <cmath>
#include <memory>

namespace sigma::runtime {
namespace {

/// Places of buffers in the memory of a call, one after the other.
class Places {
public:
  explicit Places(int64_t elem) : elem(elem) {}

  int64_t add(int64_t elements) { return addBytes(elements * elemBytes(elem)); }
  /// Elements of the wide type, or indices, which are no wider.
  int64_t addWide(int64_t elements) { return addBytes(elements * elemBytes(wideElem(elem))); }
  int64_t bytes() const { return end; }

private:
  int64_t addBytes(int64_t bytes) {
    const int64_t at = end;
    end += (bytes + kLineBytes - 1) / kLineBytes * kLineBytes;
    return at;
  }

  int64_t elem, end = 0;
};

class Cases {
public:
  explicit Cases(int64_t elem) : type(elem) {}

  /// What becomes of `tokens` rows at a matrix: the product forward, its gradients by the rows and
  /// by the weights, which are added to a sum.
  void products(int64_t tokens, int64_t inputs, int64_t outputs) {
    matmul("matmul_nn", 0, tokens, outputs, inputs, {tokens, inputs, outputs});
    matmul("matmul_nt", SIGMA_TRANSPOSE_B, tokens, inputs, outputs, {tokens, inputs, outputs});
    matmul("matmul_tn", SIGMA_TRANSPOSE_A | SIGMA_ACCUMULATE, inputs, outputs, tokens,
           {tokens, inputs, outputs});
  }

  /// One sequence, as many heads of keys and values as of queries.
  void attention(int64_t sequence, int64_t heads, int64_t head) {
    Places places(type);
    const int64_t n = sequence * heads * head, scores = 64 * sequence;
    const int64_t q = places.add(n), k = places.add(n), v = places.add(n), o = places.add(n),
                  lse = places.addWide(sequence * heads), work = places.addWide(scores);
    const int64_t pairs = sequence * sequence * heads;
    const double scale = 1 / std::sqrt(double(head));
    add("attention", {sequence, head}, pairs * 2 * head, places,
        [=](sigma_rt rt, int64_t elem, char *at) {
          sigma_attention(rt, elem, at + q, at + k, at + v, nullptr, at + o, at + lse, 1, sequence,
                          heads, heads, head, head, scale, 0, 0, 0, 1, at + work,
                          scores * elemBytes(wideElem(elem)));
        });
  }

  void attentionGrad(int64_t sequence, int64_t heads, int64_t head) {
    Places places(type);
    const int64_t n = sequence * heads * head;
    const int64_t sums = type == wideElem(type) ? 0 : sequence * 2 * head; // of one head
    const int64_t scratch = 2 * 64 * sequence + sums;
    const int64_t q = places.add(n), k = places.add(n), v = places.add(n), o = places.add(n),
                  lse = places.addWide(sequence * heads), d = places.add(n), dq = places.add(n),
                  dk = places.add(n), dv = places.add(n), work = places.addWide(scratch);
    const int64_t pairs = sequence * sequence * heads;
    const double scale = 1 / std::sqrt(double(head));
    add("attention_grad", {sequence, head}, pairs * 5 * head, places,
        [=](sigma_rt rt, int64_t elem, char *at) {
          sigma_attention_grad(rt, elem, at + q, at + k, at + v, nullptr, at + o, at + lse, at + d,
                               at + dq, at + dk, at + dv, nullptr, 1, sequence, heads, heads, head,
                               head, scale, 0, 0, 0, 1, at + work,
                               scratch * elemBytes(wideElem(elem)));
        });
  }

  void elementwise(int64_t tokens, int64_t columns) {
    Places places(type);
    const int64_t n = tokens * columns;
    const int64_t a = places.add(n), b = places.add(n), c = places.add(n), d = places.add(n),
                  e = places.add(n), weight = places.add(columns), sums = places.addWide(columns),
                  rstd = places.addWide(tokens);
    memory("add", stored(3 * n), places, [=](sigma_rt rt, int64_t elem, char *at) {
      sigma_add(rt, elem, at + a, at + b, at + c, n);
    });
    memory("rms_norm", stored(2 * n + columns) + wide(tokens), places,
           [=](sigma_rt rt, int64_t elem, char *at) {
             sigma_rms_norm(rt, elem, at + a, at + weight, at + b, at + rstd, tokens, columns,
                            1e-5);
           });
    memory("rms_norm_grad", stored(3 * n + columns) + wide(columns + tokens), places,
           [=](sigma_rt rt, int64_t elem, char *at) {
             sigma_rms_norm_grad(rt, elem, at + a, at + weight, at + rstd, at + b, at + c,
                                 at + sums, tokens, columns, 0);
           });
    memory("activation", stored(3 * n), places, [=](sigma_rt rt, int64_t elem, char *at) {
      sigma_activation(rt, elem, at + a, at + b, at + c, nullptr, 1, tokens, columns, SIGMA_SILU,
                       0);
    });
    memory("activation_grad", stored(5 * n), places, [=](sigma_rt rt, int64_t elem, char *at) {
      sigma_activation_grad(rt, elem, at + a, at + b, at + c, at + d, at + e, nullptr, 1, tokens,
                            columns, SIGMA_SILU, 0);
    });
    const int64_t head = std::min<int64_t>(64, columns);
    const auto frequencies = std::make_shared<std::vector<double>>();
    for (int64_t i = 0; i < head / 2; ++i)
      frequencies->push_back(std::pow(1e4, -2.0 * double(i) / double(head)));
    memory("rotary", stored(2 * n), places, [=](sigma_rt rt, int64_t elem, char *at) {
      sigma_rotary(rt, elem, at + a, at + b, tokens, tokens, columns / head, head,
                   frequencies->data(), head / 2, 1, 0, 1);
    });
  }

  /// What a router does with `k` choices of each token, and what follows from it.
  void routing(int64_t tokens, int64_t columns, int64_t experts, int64_t k) {
    Places places(type);
    const int64_t slots = tokens * k;
    const int64_t x = places.add(tokens * columns), rows = places.add(slots * columns),
                  more = places.add(slots * columns), weights = places.addWide(slots),
                  gradients = places.addWide(slots);
    const auto position = std::make_shared<std::vector<int32_t>>(slots);
    for (int64_t token = 0; token < tokens; ++token) // neighbours go to different experts
      for (int64_t j = 0; j < k; ++j) {
        const int64_t expert = (token + j) % experts;
        (*position)[token * k + j] =
            int32_t(expert * (slots / experts) + token / experts * k + (j * 7) % k);
      }
    const int64_t all = slots * columns, one = tokens * columns;
    memory("gather_rows", stored(one + all) + indices(slots), places,
           [=](sigma_rt rt, int64_t elem, char *at) {
             sigma_gather_rows(rt, elem, at + x, position->data(), nullptr, at + rows, tokens, k,
                               columns);
           });
    memory("scatter_rows", stored(one + all) + indices(slots), places,
           [=](sigma_rt rt, int64_t elem, char *at) {
             sigma_scatter_rows(rt, elem, at + rows, position->data(), at + x, tokens, k, columns);
           });
    memory("combine", stored(one + all) + wide(slots) + indices(slots), places,
           [=](sigma_rt rt, int64_t elem, char *at) {
             sigma_combine(rt, elem, at + rows, position->data(), at + weights, at + x, tokens, k,
                           columns);
           });
    memory("combine_grad", stored(one + 2 * all) + wide(2 * slots) + indices(slots), places,
           [=](sigma_rt rt, int64_t elem, char *at) {
             sigma_combine_grad(rt, elem, at + rows, position->data(), at + weights, at + x,
                                at + more, at + gradients, tokens, k, columns);
           });
  }

  void router(int64_t tokens, int64_t experts, int64_t k) {
    Places places(type);
    const int64_t n = tokens * experts;
    const int64_t logits = places.addWide(n), scores = places.addWide(n),
                  weights = places.addWide(tokens * k), chosen = places.addWide(tokens * k);
    memoryOfRows("router_scores", experts, wide(2 * n), places,
                 [=](sigma_rt rt, int64_t elem, char *at) {
                   sigma_router_scores(rt, wideElem(elem), at + logits, at + scores, tokens,
                                       experts, SIGMA_SOFTMAX);
                 });
    memoryOfRows("top_k", experts, wide(n + tokens * k) + indices(tokens * k), places,
                 [=](sigma_rt rt, int64_t elem, char *at) {
                   sigma_top_k(rt, wideElem(elem), at + scores, nullptr, at + weights, at + chosen,
                               tokens, experts, k, 1, 1, 1, 1);
                 });
  }

  void loss(int64_t tokens, int64_t vocabulary) {
    Places places(type);
    const int64_t n = tokens * vocabulary;
    const int64_t logits = places.add(n), lse = places.addWide(tokens), loss = places.addWide(1),
                  gradient = places.add(n);
    const auto targets = repeated(tokens, int32_t(vocabulary / 2));
    memoryOfRows("cross_entropy", vocabulary, stored(n) + wide(tokens + 1) + indices(tokens),
                 places, [=](sigma_rt rt, int64_t elem, char *at) {
                   sigma_cross_entropy(rt, elem, at + logits, targets->data(), at + lse, at + loss,
                                       tokens, vocabulary, 1, nullptr, 0);
                 });
    memoryOfRows("cross_entropy_grad", vocabulary,
                 stored(2 * n) + wide(tokens + 1) + indices(tokens), places,
                 [=](sigma_rt rt, int64_t elem, char *at) {
                   sigma_cross_entropy_grad(rt, elem, at + logits, targets->data(), at + lse,
                                            at + loss, at + gradient, tokens, vocabulary, 1);
                 });
  }

  /// Once a step, of `n` parameters: their gradients' norm, AdamW, and zeros for the next sums.
  void update(int64_t n) {
    Places places(type);
    const bool isRounded = type != wideElem(type);
    const int64_t value = places.addWide(n), gradient = places.addWide(n),
                  first = places.addWide(n), second = places.addWide(n), copy = places.add(n);
    // As planner/Problem.h counts them: the rounded value is written only.
    const int64_t bytes = wide(7 * n) + (isRounded ? stored(2 * n) : 0);
    memory("update", bytes, places, [=](sigma_rt rt, int64_t elem, char *at) {
      sigma_fill(rt, wideElem(elem), at + gradient, n, 0);
      sigma_square_sum(rt, wideElem(elem), at + gradient, n, 0);
      sigma_adamw(rt, elem, at + value, at + gradient, at + first, at + second,
                  isRounded ? at + copy : nullptr, n, 1);
    });
  }

  std::vector<OpCase> cases;

private:
  void matmul(const char *op, int64_t flags, int64_t m, int64_t n, int64_t k,
              std::vector<int64_t> point) {
    Places places(type);
    const bool isSum = flags & SIGMA_ACCUMULATE;
    const int64_t a = places.add(m * k), b = places.add(k * n),
                  c = isSum ? places.addWide(m * n) : places.add(m * n);
    add(op, std::move(point), 2 * m * n * k, places, [=](sigma_rt rt, int64_t elem, char *at) {
      sigma_matmul(rt, elem, elem, isSum ? wideElem(elem) : elem, at + a, at + b, at + c, m, n, k,
                   flags);
    });
  }

  using Run = decltype(OpCase::run);

  static std::shared_ptr<std::vector<int32_t>> repeated(int64_t count, int32_t value) {
    return std::make_shared<std::vector<int32_t>>(count, value);
  }

  void add(const char *op, std::vector<int64_t> point, int64_t amount, const Places &places,
           Run run) {
    cases.push_back({op, std::move(point), amount, places.bytes(), std::move(run)});
  }
  int64_t stored(int64_t elements) const { return elements * elemBytes(type); }
  int64_t wide(int64_t elements) const { return elements * elemBytes(wideElem(type)); }
  static int64_t indices(int64_t count) { return count * int64_t(sizeof(int32_t)); }

  /// An op whose time goes by the bytes that it reads and writes.
  void memory(const char *op, int64_t bytes, const Places &places, Run run) {
    add(op, {bytes}, bytes, places, std::move(run));
  }
  /// The same, at one size; the rate depends on what stands in a row.
  void memoryOfRows(const char *op, int64_t inRow, int64_t bytes, const Places &places, Run run) {
    add(op, {0, inRow}, bytes, places, std::move(run));
  }

  int64_t type;
};

} // namespace

std::vector<OpCase> opCases(int64_t elem, bool quick) {
  using Sizes = std::vector<int64_t>;
  const Sizes widths = quick ? Sizes{8, 256} : Sizes{8, 64, 256, 512, 1024, 2048};
  Cases cases(elem);
  for (int64_t tokens : quick ? Sizes{64, 256} : Sizes{16, 32, 64, 128, 256, 512, 1024})
    for (int64_t inputs : widths)
      for (int64_t outputs : widths)
        cases.products(tokens, inputs, outputs);
  for (int64_t sequence : quick ? Sizes{64, 128} : Sizes{64, 128, 256, 512, 1024})
    for (int64_t head : quick ? Sizes{32} : Sizes{16, 32, 64, 128}) {
      cases.attention(sequence, 4, head);
      cases.attentionGrad(sequence, 4, head);
    }
  for (int64_t tokens : quick ? Sizes{64, 256} : Sizes{16, 64, 256, 1024, 4096}) {
    cases.elementwise(tokens, 512);
    cases.routing(tokens, 512, 8, 2);
  }
  for (int64_t experts : quick ? Sizes{8} : Sizes{8, 32, 128})
    cases.router(1024, experts, 2);
  for (int64_t vocabulary : quick ? Sizes{256} : Sizes{256, 4096})
    cases.loss(1024, vocabulary);
  for (int64_t n : quick ? Sizes{1 << 16} : Sizes{1 << 16, 1 << 18, 1 << 20, 1 << 22})
    cases.update(n);
  return std::move(cases.cases);
}

OpCase product(int64_t elem, int64_t size) {
  Cases cases(elem);
  cases.products(size, size, size);
  return cases.cases.front();
}

} // namespace sigma::runtime
