// Products, normalization, activation, rotary embedding and attention against plain
// double-precision references.
#include "Support.h"

#include <array>

using namespace sigma::test;
using namespace sigma::runtime;

namespace {

template <class T>
struct Kernel : KernelTest<T> {};
TYPED_TEST_SUITE(Kernel, Elements);

std::vector<double> product(const std::vector<double> &a, const std::vector<double> &b, int64_t m,
                            int64_t n, int64_t k, bool transposeA, bool transposeB) {
  std::vector<double> c(m * n);
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j)
      for (int64_t l = 0; l < k; ++l)
        c[i * n + j] +=
            a[transposeA ? l * m + i : i * k + l] * b[transposeB ? j * k + l : l * n + j];
  return c;
}

TYPED_TEST(Kernel, FillAddCopy) {
  std::vector<TypeParam> a(37), b = as<TypeParam>(randomValues(37, 1)), c(37);
  sigma_fill(&this->rt, kElem<TypeParam>, a.data(), 37, 1.5);
  sigma_add(&this->rt, kElem<TypeParam>, a.data(), b.data(), c.data(), 37);
  for (size_t i = 0; i < c.size(); ++i)
    EXPECT_EQ(c[i], TypeParam(1.5) + b[i]);
  sigma_copy(&this->rt, a.data(), c.data(), 37 * sizeof(TypeParam));
  EXPECT_EQ(a, c);
}

TYPED_TEST(Kernel, MatmulEveryFlag) {
  const int64_t m = 7, n = 19, k = 13;
  const auto a = randomValues(m * k, 2), b = randomValues(k * n, 3);
  for (int flags = 0; flags < 8; ++flags) {
    std::vector<TypeParam> ta = as<TypeParam>(a), tb = as<TypeParam>(b), c(m * n, TypeParam(2));
    sigma_matmul(&this->rt, kElem<TypeParam>, kElem<TypeParam>, kElem<TypeParam>, ta.data(),
                 tb.data(), c.data(), m, n, k, flags);
    auto wanted = product(a, b, m, n, k, flags & SIGMA_TRANSPOSE_A, flags & SIGMA_TRANSPOSE_B);
    for (double &value : wanted)
      value += flags & SIGMA_ACCUMULATE ? 2 : 0;
    expectNear(c, wanted);
  }
}

TYPED_TEST(Kernel, MatmulOfNothingIsZero) {
  std::vector<TypeParam> c(6, TypeParam(3));
  sigma_matmul(&this->rt, kElem<TypeParam>, kElem<TypeParam>, kElem<TypeParam>, nullptr, nullptr,
               c.data(), 2, 3, 0, SIGMA_ACCUMULATE);
  EXPECT_EQ(c, std::vector<TypeParam>(6, TypeParam(3)));
  sigma_matmul(&this->rt, kElem<TypeParam>, kElem<TypeParam>, kElem<TypeParam>, nullptr, nullptr,
               c.data(), 2, 3, 0, 0);
  EXPECT_EQ(c, std::vector<TypeParam>(6, TypeParam(0)));
}

std::vector<double> rmsNorm(const std::vector<double> &x, const std::vector<double> &w,
                            int64_t rows) {
  const int64_t width = w.size();
  std::vector<double> y(x.size());
  for (int64_t r = 0; r < rows; ++r) {
    double squares = 0;
    for (int64_t i = 0; i < width; ++i)
      squares += x[r * width + i] * x[r * width + i];
    const double rstd = 1 / std::sqrt(squares / width + 1e-5);
    for (int64_t i = 0; i < width; ++i)
      y[r * width + i] = x[r * width + i] * rstd * w[i];
  }
  return y;
}

TYPED_TEST(Kernel, RmsNorm) {
  for (const int64_t width : {3, 32, 77, 256}) {
    const auto x = randomValues(4 * width, 4), w = randomValues(width, 5);
    std::vector<TypeParam> tx = as<TypeParam>(x), tw = as<TypeParam>(w), y(4 * width), rstd(4);
    sigma_rms_norm(&this->rt, kElem<TypeParam>, tx.data(), tw.data(), y.data(), rstd.data(), 4,
                   width, 1e-5);
    expectNear(y, rmsNorm(x, w, 4));
  }
}

TEST(KernelGradient, RmsNorm) {
  Runtime rt;
  const int64_t rows = 3, width = 21;
  auto x = randomValues(rows * width, 6), w = randomValues(width, 7),
       dy = randomValues(rows * width, 8);
  std::vector<double> y(x.size()), rstd(rows), dx(x.size()), dw(width, 0.5);
  sigma_rms_norm(&rt, SIGMA_F64, x.data(), w.data(), y.data(), rstd.data(), rows, width, 1e-5);
  sigma_rms_norm_grad(&rt, SIGMA_F64, x.data(), w.data(), rstd.data(), dy.data(), dx.data(),
                      dw.data(), rows, width, SIGMA_ACCUMULATE);
  for (double &value : dw)
    value -= 0.5;
  expectGradient([&](const auto &v) { return dot(rmsNorm(v, w, rows), dy); }, x, dx);
  expectGradient([&](const auto &v) { return dot(rmsNorm(x, v, rows), dy); }, w, dw);
}

std::vector<double> siluMul(const std::vector<double> &g, const std::vector<double> &u) {
  std::vector<double> y(g.size());
  for (size_t i = 0; i < g.size(); ++i)
    y[i] = g[i] / (1 + std::exp(-g[i])) * u[i];
  return y;
}

TYPED_TEST(Kernel, SiluMulOverTheRowsInUse) {
  const auto g = randomValues(60, 9, -20, 20), u = randomValues(60, 10);
  std::vector<TypeParam> tg = as<TypeParam>(g), tu = as<TypeParam>(u), y(60, TypeParam(7));
  std::vector<int32_t> sizes{3, 0, 4};
  sigma_activation(&this->rt, kElem<TypeParam>, tg.data(), tu.data(), y.data(), sizes.data(), 3, 10,
                   6, SIGMA_SILU, 1.0);
  auto wanted = siluMul(g, u);
  std::fill(wanted.begin() + 42, wanted.end(), 7);
  expectNear(y, wanted);
  sigma_activation(&this->rt, kElem<TypeParam>, tg.data(), tu.data(), y.data(), nullptr, 0, 10, 6,
                   SIGMA_SILU, 1.0);
  expectNear(y, siluMul(g, u));
}

TEST(KernelGradient, SiluMul) {
  Runtime rt;
  auto g = randomValues(45, 11, -6, 6), u = randomValues(45, 12), dy = randomValues(45, 13);
  std::vector<double> dg(45), du(45);
  sigma_activation_grad(&rt, SIGMA_F64, g.data(), u.data(), dy.data(), dg.data(), du.data(),
                        nullptr, 0, 5, 9, SIGMA_SILU, 1.0);
  expectGradient([&](const auto &v) { return dot(siluMul(v, u), dy); }, g, dg);
  expectGradient([&](const auto &v) { return dot(siluMul(g, v), dy); }, u, du);
}

TYPED_TEST(Kernel, ExtremeGatesStayFinite) {
  std::vector<TypeParam> g{-1e4, -800, -90, 0, 90, 800, 1e4}, u(7, TypeParam(1)), y(7);
  sigma_activation(&this->rt, kElem<TypeParam>, g.data(), u.data(), y.data(), nullptr, 0, 1, 7,
                   SIGMA_SILU, 1.0);
  for (size_t i = 0; i < 7; ++i)
    EXPECT_NEAR(double(y[i]), std::max(0.0, double(g[i])), 1e-6);
}

TYPED_TEST(Kernel, NotANumberSurvives) {
  std::vector<TypeParam> g(19, TypeParam(1)), u(19, TypeParam(1)), y(19);
  g[17] = TypeParam(NAN);
  sigma_activation(&this->rt, kElem<TypeParam>, g.data(), u.data(), y.data(), nullptr, 0, 1, 19,
                   SIGMA_SILU, 1.0);
  for (size_t i = 0; i < 19; ++i)
    EXPECT_EQ(std::isnan(y[i]), i == 17);
  sigma_router_scores(&this->rt, kElem<TypeParam>, g.data(), y.data(), 1, 19, SIGMA_SOFTMAX);
  EXPECT_TRUE(std::isnan(y[0]));
}

std::vector<double> rotary(const std::vector<double> &x, int64_t sequence, int64_t heads,
                           int64_t width, double sign) {
  std::vector<double> y(x.size());
  for (size_t at = 0; at < x.size(); at += width) {
    const double position = double(at / (heads * width) % sequence);
    for (int64_t i = 0; i < width / 2; ++i) {
      const double angle = sign * position * std::pow(10000.0, -2.0 * i / width), a = x[at + i],
                   b = x[at + width / 2 + i];
      y[at + i] = a * std::cos(angle) - b * std::sin(angle);
      y[at + width / 2 + i] = b * std::cos(angle) + a * std::sin(angle);
    }
  }
  return y;
}

TYPED_TEST(Kernel, RotaryAndItsInverse) {
  const int64_t sequence = 5, heads = 3, width = 12, tokens = 10;
  const auto x = randomValues(tokens * heads * width, 14);
  std::vector<TypeParam> tx = as<TypeParam>(x), y(x.size()), back(x.size());
  sigma_rotary(&this->rt, kElem<TypeParam>, tx.data(), y.data(), tokens, sequence, heads, width,
               rotaryFrequencies(width, 10000).data(), width / 2, 1.0, 0, 1);
  expectNear(y, rotary(x, sequence, heads, width, 1));
  // A rotation's gradient is its inverse.
  sigma_rotary(&this->rt, kElem<TypeParam>, y.data(), back.data(), tokens, sequence, heads, width,
               rotaryFrequencies(width, 10000).data(), width / 2, 1.0, 1, 1);
  expectNear(back, x);
}

struct AttentionCase {
  int64_t sequences, sequence, heads, kvHeads, width;
  int64_t queries() const { return sequences * sequence * heads * width; }
  int64_t keys() const { return sequences * sequence * kvHeads * width; }
};

std::vector<double> attention(const AttentionCase &c, const std::vector<double> &q,
                              const std::vector<double> &k, const std::vector<double> &v) {
  std::vector<double> o(q.size());
  const auto query = [&](int64_t s, int64_t t, int64_t h) {
    return ((s * c.sequence + t) * c.heads + h) * c.width;
  };
  const auto key = [&](int64_t s, int64_t t, int64_t h) {
    return ((s * c.sequence + t) * c.kvHeads + h / (c.heads / c.kvHeads)) * c.width;
  };
  for (int64_t s = 0; s < c.sequences; ++s)
    for (int64_t h = 0; h < c.heads; ++h)
      for (int64_t i = 0; i < c.sequence; ++i) {
        std::vector<double> p(i + 1);
        double sum = 0;
        for (int64_t j = 0; j <= i; ++j) {
          for (int64_t d = 0; d < c.width; ++d)
            p[j] += q[query(s, i, h) + d] * k[key(s, j, h) + d];
          p[j] = std::exp(p[j] / std::sqrt(double(c.width)));
          sum += p[j];
        }
        for (int64_t j = 0; j <= i; ++j)
          for (int64_t d = 0; d < c.width; ++d)
            o[query(s, i, h) + d] += p[j] / sum * v[key(s, j, h) + d];
      }
  return o;
}

TYPED_TEST(Kernel, AttentionInBlocksOfAnySize) {
  const AttentionCase c{2, 70, 4, 2, 8};
  const auto q = randomValues(c.queries(), 15), k = randomValues(c.keys(), 16),
             v = randomValues(c.keys(), 17);
  const auto wanted = attention(c, q, k, v);
  std::vector<TypeParam> tq = as<TypeParam>(q), tk = as<TypeParam>(k), tv = as<TypeParam>(v);
  for (const int64_t rows : {1, 3, 64, 500}) {
    std::vector<TypeParam> o(c.queries()), lse(c.sequences * c.sequence * c.heads),
        work(rows * c.sequence);
    sigma_attention(&this->rt, kElem<TypeParam>, tq.data(), tk.data(), tv.data(), nullptr, o.data(),
                    lse.data(), c.sequences, c.sequence, c.heads, c.kvHeads, c.width, c.width,
                    1.0 / std::sqrt(double(c.width)), 0, 0, 0.0, 1, work.data(),
                    work.size() * sizeof(TypeParam));
    expectNear(o, wanted);
  }
}

void checkAttentionGradient(const AttentionCase &c, int64_t blockRows) {
  Runtime rt;
  auto q = randomValues(c.queries(), 18), k = randomValues(c.keys(), 19),
       v = randomValues(c.keys(), 20);
  auto dO = randomValues(c.queries(), 21);
  std::vector<double> o(q.size()), lse(c.sequences * c.sequence * c.heads),
      work(2 * blockRows * c.sequence);
  std::vector<double> dq(q.size()), dk(k.size()), dv(v.size());
  sigma_attention(&rt, SIGMA_F64, q.data(), k.data(), v.data(), nullptr, o.data(), lse.data(),
                  c.sequences, c.sequence, c.heads, c.kvHeads, c.width, c.width,
                  1.0 / std::sqrt(double(c.width)), 0, 0, 0.0, 1, work.data(), work.size() * 8);
  sigma_attention_grad(&rt, SIGMA_F64, q.data(), k.data(), v.data(), nullptr, o.data(), lse.data(),
                       dO.data(), dq.data(), dk.data(), dv.data(), nullptr, c.sequences, c.sequence,
                       c.heads, c.kvHeads, c.width, c.width, 1.0 / std::sqrt(double(c.width)), 0, 0,
                       0.0, 1, work.data(), work.size() * 8);
  expectGradient([&](const auto &x) { return dot(attention(c, x, k, v), dO); }, q, dq);
  expectGradient([&](const auto &x) { return dot(attention(c, q, x, v), dO); }, k, dk);
  expectGradient([&](const auto &x) { return dot(attention(c, q, k, x), dO); }, v, dv);
}

TEST(KernelGradient, Attention) { checkAttentionGradient({1, 9, 2, 2, 4}, 4); }
TEST(KernelGradient, AttentionWithGroupedQueries) { checkAttentionGradient({2, 7, 4, 2, 4}, 1); }

TEST(Kernel, EqualInputsGiveEqualBits) {
  Runtime rt;
  const AttentionCase c{2, 64, 4, 4, 32};
  auto q = as<float>(randomValues(c.queries(), 22)), k = as<float>(randomValues(c.keys(), 23));
  std::vector<float> work(64 * 64), lse(c.sequences * c.sequence * c.heads), first(q.size()),
      again(q.size());
  for (std::vector<float> *o : {&first, &again})
    sigma_attention(&rt, SIGMA_F32, q.data(), k.data(), k.data(), nullptr, o->data(), lse.data(),
                    c.sequences, c.sequence, c.heads, c.kvHeads, c.width, c.width,
                    1.0 / std::sqrt(double(c.width)), 0, 0, 0.0, 1, work.data(), work.size() * 4);
  EXPECT_EQ(first, again);
}

double activationOf(int64_t kind, double x, double limit) {
  const double capped = std::min(x, limit);
  switch (kind) {
  case SIGMA_SILU:
    return x / (1 + std::exp(-x));
  case SIGMA_GELU:
    return x * 0.5 * (1 + std::erf(x / std::sqrt(2.0)));
  case SIGMA_GELU_TANH:
    return x * 0.5 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  case SIGMA_RELU:
    return std::max(x, 0.0);
  case SIGMA_RELU_SQUARED:
    return std::max(x, 0.0) * std::max(x, 0.0);
  case SIGMA_CLAMPED_SILU:
    return capped / (1 + std::exp(-1.702 * capped));
  case SIGMA_TANH_CAP:
    return limit * std::tanh(x / limit);
  default:
    return std::max(-limit, capped);
  }
}

TYPED_TEST(Kernel, EveryActivation) {
  const double limit = 2.5;
  const auto x = randomValues(61, 26, -6, 6), u = randomValues(61, 27, -6, 6);
  std::vector<TypeParam> tx = as<TypeParam>(x), tu = as<TypeParam>(u), y(x.size());
  for (int64_t kind = SIGMA_SILU; kind <= SIGMA_CLAMP; ++kind) {
    SCOPED_TRACE(kind);
    std::vector<double> alone, gated;
    for (size_t i = 0; i < x.size(); ++i) {
      const double clamped = std::min(std::max(u[i], -limit), limit) + 1;
      alone.push_back(activationOf(kind, x[i], limit));
      gated.push_back(alone.back() * (kind == SIGMA_CLAMPED_SILU ? clamped : u[i]));
    }
    sigma_activation(&this->rt, kElem<TypeParam>, tx.data(), nullptr, y.data(), nullptr, 0, 1, 61,
                     kind, limit);
    expectNear(y, alone);
    sigma_activation(&this->rt, kElem<TypeParam>, tx.data(), tu.data(), y.data(), nullptr, 0, 1, 61,
                     kind, limit);
    expectNear(y, gated);
  }
}

/// Tokens that a window or a chunk hides make no difference, and a sink takes its share.
TYPED_TEST(Kernel, AttentionSeesItsWindowAndItsChunk) {
  const int64_t sequence = 150, width = 8;
  auto q = as<TypeParam>(randomValues(sequence * width, 28)),
       k = as<TypeParam>(randomValues(sequence * width, 29)),
       v = as<TypeParam>(randomValues(sequence * width, 30));
  std::vector<TypeParam> o(q.size()), changed(q.size()), lse(sequence), work(64 * sequence);
  std::vector<TypeParam> sink(1, TypeParam(0.5));
  const auto attend = [&](std::vector<TypeParam> &out, int64_t window, int64_t chunk) {
    sigma_attention(&this->rt, kElem<TypeParam>, q.data(), k.data(), v.data(), sink.data(),
                    out.data(), lse.data(), 1, sequence, 1, 1, width, width, 0.3, window, chunk,
                    0.0, 1, work.data(), work.size() * sizeof(TypeParam));
  };
  for (const auto &[window, chunk, firstSeen] :
       {std::array<int64_t, 3>{7, 0, 133}, std::array<int64_t, 3>{0, 50, 100}}) {
    const int64_t query = 139;
    attend(o, window, chunk);
    auto keep = v;
    std::fill(v.begin(), v.begin() + firstSeen * width, TypeParam(100));
    attend(changed, window, chunk);
    for (int64_t i = 0; i < width; ++i)
      EXPECT_EQ(o[query * width + i], changed[query * width + i]);
    v[firstSeen * width] += 100;
    attend(changed, window, chunk);
    EXPECT_NE(o[query * width], changed[query * width]);
    v = keep;
  }
}

TEST(Kernel, SelectionBiasMovesTowardsAnEvenLoad) {
  Runtime rt;
  std::vector<double> load(4), bias(4, 1.0);
  std::vector<int32_t> chosen{0, 1, 0, 2, 0, 1, 0, 2};
  sigma_count_load(&rt, SIGMA_F64, chosen.data(), load.data(), chosen.size());
  EXPECT_EQ(load, (std::vector<double>{4, 2, 2, 0}));
  sigma_balance_bias(&rt, SIGMA_F64, bias.data(), load.data(), 4, 0.25);
  EXPECT_EQ(bias, (std::vector<double>{0.75, 1, 1, 1.25}));
}

TEST(Kernel, TopKKeepsToTheBestGroups) {
  Runtime rt;
  // Groups of two; their sums are 1.0, 1.1, 0.9. The best expert of all stands in the last group.
  std::vector<double> scores{0.5, 0.5, 0.6, 0.5, 0.9, 0.0}, weights(2), none(6, 0.0);
  std::vector<int32_t> chosen(2);
  sigma_top_k(&rt, SIGMA_F64, scores.data(), none.data(), weights.data(), chosen.data(), 1, 6, 2, 0,
              3, 1, 2);
  EXPECT_EQ(chosen, (std::vector<int32_t>{2, 3}));
  sigma_top_k(&rt, SIGMA_F64, scores.data(), nullptr, weights.data(), chosen.data(), 1, 6, 2, 0, 3,
              1, 1);
  EXPECT_EQ(chosen, (std::vector<int32_t>{4, 5}));
  // The bias chooses, and is not in the weight.
  std::vector<double> bias{0, 1, 0, 0, 0, 0};
  sigma_top_k(&rt, SIGMA_F64, scores.data(), bias.data(), weights.data(), chosen.data(), 1, 6, 1, 0,
              1, 1, 1);
  EXPECT_EQ(chosen[0], 1);
  EXPECT_EQ(weights[0], 0.5);
}

/// Every instruction level that this processor has agrees with the double-precision one.
TEST(Kernel, InstructionLevelsAgree) {
  const auto x = randomValues(1003, 24, -30, 30), u = randomValues(1003, 25);
  const auto wanted = siluMul(x, u);
  for (const char *name : {"x86-64-v2", "x86-64-v3", "x86-64-v4", "baseline"}) {
    const Device *device = cpuDevice(name);
    if (!device)
      continue;
    std::vector<double> y(x.size());
    device->f64.activation(SIGMA_SILU, x.data(), u.data(), y.data(), y.size(), 1.0);
    expectNear(y, wanted, 1e-14);
    const auto xf = as<float>(x), uf = as<float>(u);
    std::vector<float> yf(x.size());
    device->f32.activation(SIGMA_SILU, xf.data(), uf.data(), yf.data(), yf.size(), 1.0);
    expectNear(yf, wanted, 4e-6);
    double sum = 0;
    for (const double value : x)
      sum += value * value;
    EXPECT_NEAR(device->f64.dot(x.data(), x.data(), x.size()), sum, 1e-9);
    EXPECT_NEAR(device->f64.squareSum(x.data(), x.size()), sum, 1e-9);
  }
  EXPECT_EQ(cpuDevice("z80"), nullptr);
}

/// Which library multiplies depends on the level and on what is transposed.
TEST(Kernel, InstructionLevelsAgreeOnProducts) {
  const int64_t m = 33, n = 40, k = 70;
  const auto a = randomValues(m * k, 26), b = randomValues(k * n, 27);
  for (const char *name : {"x86-64-v2", "x86-64-v3", "x86-64-v4", "baseline"})
    for (int transposed = 0; transposed < 4; ++transposed) {
      const Device *device = cpuDevice(name);
      if (!device)
        continue;
      const bool ta = transposed & 1, tb = transposed & 2;
      const auto af = as<float>(a), bf = as<float>(b);
      std::vector<float> c(m * n);
      device->gemm({matrixOf(af.data(), ta ? m : k, ta), matrixOf(bf.data(), tb ? k : n, tb),
                    c.data(), SIGMA_F32, n, m, n, k, false});
      expectNear(c, product(a, b, m, n, k, ta, tb));
    }
}

TEST(Kernel, ExponentialIsExactToTheLastBits) {
  const auto x = randomValues(4096, 26, -700, 700);
  std::vector<double> y(x.size());
  Runtime rt;
  std::vector<double> sigmoid(x.size());
  rt.device->f64.sigmoid(x.data(), sigmoid.data(), x.size());
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_NEAR(sigmoid[i] * (1 + std::exp(-x[i])), 1, 4e-16 * 4) << x[i];
}

TYPED_TEST(Kernel, AdamW) {
  const auto w = randomValues(53, 27), g = randomValues(53, 28);
  std::vector<TypeParam> value = as<TypeParam>(w), gradient = as<TypeParam>(g), first(53),
                         second(53);
  Runtime &rt = this->rt;
  rt.optimizer = {0.01, 0, 0.9, 0.95, 1e-8, 0.1, 1.0};
  rt.step.learningRate = 0.01;
  std::vector<double> wanted = w, m(53), v(53);
  for (int t = 1; t <= 3; ++t) {
    rt.step.finished = t - 1;
    rt.step.clip = 0.5;
    sigma_adamw(&rt, kElem<TypeParam>, value.data(), gradient.data(), first.data(), second.data(),
                nullptr, 53, 1);
    for (size_t i = 0; i < 53; ++i) {
      m[i] = 0.9 * m[i] + 0.1 * g[i] * 0.5;
      v[i] = 0.95 * v[i] + 0.05 * g[i] * g[i] * 0.25;
      const double update =
          m[i] / (1 - std::pow(0.9, t)) / (std::sqrt(v[i] / (1 - std::pow(0.95, t))) + 1e-8);
      wanted[i] -= 0.01 * (update + 0.1 * wanted[i]);
    }
  }
  expectNear(value, wanted);
}

} // namespace
