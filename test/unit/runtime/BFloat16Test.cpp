// bf16 against the double-precision kernels, on values that bf16 has: results differ by a rounding,
// and what is wide by less.
#include "Support.h"
#include "runtime/kernels/Bf16Products.h"

#include <limits>

using namespace sigma::test;
using namespace sigma::runtime;

namespace {

using Narrow = std::vector<BFloat16>;
using Wides = std::vector<float>;
using Exact = std::vector<double>;

/// Half a unit in the last place, of what is just above a power of two.
constexpr double kRounding = 1.0 / 256;
constexpr double kWide = 1e-5;

Narrow rounded(const Exact &x) {
  Narrow y;
  for (const double value : x)
    y.push_back(narrowed<BFloat16>(float(value)));
  return y;
}

Exact exact(const Narrow &x) {
  Exact y;
  for (const BFloat16 value : x)
    y.push_back(widened(value));
  return y;
}

/// The same numbers in both.
struct Input {
  Narrow narrow;
  Exact wide;

  Input(size_t n, unsigned seed, double low = -1, double high = 1)
      : narrow(rounded(randomValues(n, seed, low, high))), wide(exact(narrow)) {}
  BFloat16 *data() { return narrow.data(); }
};

void expectRounded(const Narrow &got, const Exact &wanted, double tolerance = kRounding) {
  expectNear(exact(got), wanted, tolerance);
}

/// What was computed in float and rounded once.
void expectRoundedOnce(const Narrow &got, const Exact &wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i)
    ASSERT_NEAR(double(widened(got[i])), wanted[i], kRounding * std::fabs(wanted[i]) + kWide);
}

float ofBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

struct Levels : ::testing::TestWithParam<const char *> {
  const Device *device = cpuDevice(GetParam());
};
INSTANTIATE_TEST_SUITE_P(BFloat16, Levels,
                         ::testing::Values("x86-64-v2", "x86-64-v3", "x86-64-v4", "baseline"));

TEST_P(Levels, EveryBf16ComesBack) {
  if (!device)
    GTEST_SKIP();
  Narrow all(1 << 16), back(all.size());
  for (size_t i = 0; i < all.size(); ++i)
    all[i].bits = uint16_t(i);
  Wides wide(all.size());
  device->bf16.widen(all.data(), wide.data(), all.size());
  device->bf16.narrow(wide.data(), back.data(), wide.size());
  for (size_t i = 0; i < all.size(); ++i) {
    if (std::isnan(wide[i]))
      ASSERT_TRUE(std::isnan(widened(back[i])));
    else
      ASSERT_EQ(back[i].bits, all[i].bits);
  }
}

TEST_P(Levels, RoundingIsToTheNearestAndTiesToEven) {
  if (!device)
    GTEST_SKIP();
  const std::pair<uint32_t, uint16_t> cases[] = {
      {0x3F808000, 0x3F80}, {0x3F818000, 0x3F82}, {0x3F808001, 0x3F81}, {0x3F817FFF, 0x3F81},
      {0xBF818000, 0xBF82}, {0x7F7FFFFF, 0x7F80}, {0x7F800000, 0x7F80}, {0x00008000, 0x0000},
      {0x00018000, 0x0002}, {0x80000000, 0x8000}};
  for (const auto &[from, to] : cases) {
    const Wides x(21, ofBits(from));
    Narrow y(21);
    device->bf16.narrow(x.data(), y.data(), 21);
    for (const BFloat16 value : y)
      EXPECT_EQ(value.bits, to) << std::hex << from;
    EXPECT_EQ(narrowed<BFloat16>(x[0]).bits, to);
  }
  for (const uint32_t bits : {0x7F800001u, 0xFFFFFFFFu, 0x7FC00000u}) {
    const Wides x(9, ofBits(bits));
    Narrow y(9);
    device->bf16.narrow(x.data(), y.data(), 9);
    for (const BFloat16 value : y)
      EXPECT_TRUE(std::isnan(widened(value)));
  }
}

TEST_P(Levels, RoundsInPlace) {
  if (!device)
    GTEST_SKIP();
  Wides x = as<float>(randomValues(1001, 1));
  const Wides before = x;
  BFloat16 *y = reinterpret_cast<BFloat16 *>(x.data());
  device->bf16.narrow(x.data(), y, 1001);
  for (size_t i = 0; i < before.size(); ++i)
    ASSERT_EQ(y[i].bits, narrowed<BFloat16>(before[i]).bits);
}

struct ProductCase {
  int64_t m, n, k;
  bool transposeA, transposeB, accumulate;
};

/// c (+)= a b of any types, and the same in f64.
template <class A, class B, class C>
void expectProduct(const ProductCase &p, double tolerance, void (*multiply)(const Gemm &)) {
  const auto inputs = [](int64_t n, unsigned seed) {
    return exact(rounded(randomValues(n, seed)));
  };
  const auto stored = [](const Exact &x, auto type) {
    std::vector<decltype(type)> y;
    for (const double value : x)
      y.push_back(narrowed<decltype(type)>(float(value)));
    return y;
  };
  const Exact a = inputs(p.m * p.k, 2), b = inputs(p.k * p.n, 3);
  Exact wanted = inputs(p.m * p.n, 4);
  auto c = stored(wanted, C());
  const auto typedA = stored(a, A());
  const auto typedB = stored(b, B());
  const int64_t strideA = p.transposeA ? p.m : p.k, strideB = p.transposeB ? p.k : p.n;
  multiply({matrixOf(typedA.data(), strideA, p.transposeA),
            matrixOf(typedB.data(), strideB, p.transposeB), c.data(), elemOf<C>(), p.n, p.m, p.n,
            p.k, p.accumulate});
  cpuDevice()->gemm({matrixOf(a.data(), strideA, p.transposeA),
                     matrixOf(b.data(), strideB, p.transposeB), wanted.data(), SIGMA_F64, p.n, p.m,
                     p.n, p.k, p.accumulate});
  for (size_t i = 0; i < c.size(); ++i)
    ASSERT_NEAR(double(widened(c[i])), wanted[i], tolerance * (1 + std::fabs(wanted[i])));
}

void expectProducts(const ProductCase &p, void (*multiply)(const Gemm &)) {
  expectProduct<BFloat16, BFloat16, BFloat16>(p, kRounding, multiply);
  expectProduct<BFloat16, BFloat16, float>(p, kWide, multiply);
  expectProduct<float, BFloat16, BFloat16>(p, kRounding, multiply);
  expectProduct<BFloat16, float, float>(p, kWide, multiply);
}

/// Sizes within a block, and beyond it.
TEST(BFloat16, Products) {
  for (const auto &[m, n, k] : {std::array<int64_t, 3>{7, 19, 13},
                                {65, 1, 40},
                                {30, 600, 530},
                                {1030, 20, 16},
                                {520, 515, 1}})
    for (int flags = 0; flags < 8; ++flags) {
      const ProductCase p{m, n, k, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0};
      expectProducts(p, cpuDevice()->gemm);
      expectProducts(p, multiplyInWideBlocks);
    }
}

/// oneDNN's, also on processors that have no instructions for them and so use the others.
TEST(BFloat16, ProductsByOneDnn) {
  try {
    Narrow one(1), product(1);
    const Matrix any = matrixOf(one.data(), 1);
    multiplyBf16ByOneDnn({any, any, product.data(), SIGMA_BF16, 1, 1, 1, 1, false});
  } catch (const std::runtime_error &) {
    GTEST_SKIP() << "oneDNN refuses bf16 on this processor";
  }
  const auto expectBoth = [](const ProductCase &p) {
    expectProduct<BFloat16, BFloat16, BFloat16>(p, kRounding, multiplyBf16ByOneDnn);
    expectProduct<BFloat16, BFloat16, float>(p, kWide, multiplyBf16ByOneDnn);
  };
  for (int flags = 0; flags < 8; ++flags) {
    for (int64_t m = 1; m < 40; ++m)
      expectBoth({m, 3, 5, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0});
    expectBoth({600, 530, 20, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0});
  }
}

TEST(BFloat16, ProductOfNothingIsZero) {
  Runtime rt;
  Narrow c(6, narrowed<BFloat16>(3));
  sigma_matmul(&rt, SIGMA_BF16, SIGMA_BF16, SIGMA_BF16, nullptr, nullptr, c.data(), 2, 3, 0, 0);
  EXPECT_EQ(exact(c), Exact(6, 0.0));
}

struct BFloat16Kernel : ::testing::Test {
  Runtime rt;
};

TEST_F(BFloat16Kernel, RmsNormAndItsGradient) {
  const int64_t rows = 5, width = 77;
  Input x(rows * width, 5), w(width, 6), dy(rows * width, 7);
  Narrow y(x.narrow.size()), dx(y.size());
  Wides rstd(rows), dw(width, 0.5f);
  sigma_rms_norm(&rt, SIGMA_BF16, x.data(), w.data(), y.data(), rstd.data(), rows, width, 1e-5);
  sigma_rms_norm_grad(&rt, SIGMA_BF16, x.data(), w.data(), rstd.data(), dy.data(), dx.data(),
                      dw.data(), rows, width, SIGMA_ACCUMULATE);
  Exact y64(y.size()), rstd64(rows), dx64(y.size()), dw64(width, 0.5);
  sigma_rms_norm(&rt, SIGMA_F64, x.wide.data(), w.wide.data(), y64.data(), rstd64.data(), rows,
                 width, 1e-5);
  sigma_rms_norm_grad(&rt, SIGMA_F64, x.wide.data(), w.wide.data(), rstd64.data(), dy.wide.data(),
                      dx64.data(), dw64.data(), rows, width, SIGMA_ACCUMULATE);
  expectRounded(y, y64);
  expectRounded(dx, dx64);
  expectNear(rstd, rstd64, kWide);
  expectNear(dw, dw64, kWide);
}

TEST_F(BFloat16Kernel, EveryActivationAndItsGradient) {
  const int64_t n = 61;
  Input g(n, 8, -6, 6), u(n, 9, -6, 6), dy(n, 10);
  for (int64_t kind = SIGMA_SILU; kind <= SIGMA_CLAMP; ++kind) {
    SCOPED_TRACE(kind);
    Narrow y(n), dg(n), du(n);
    Exact y64(n), dg64(n), du64(n);
    sigma_activation(&rt, SIGMA_BF16, g.data(), u.data(), y.data(), nullptr, 0, 1, n, kind, 2.5);
    sigma_activation_grad(&rt, SIGMA_BF16, g.data(), u.data(), dy.data(), dg.data(), du.data(),
                          nullptr, 0, 1, n, kind, 2.5);
    sigma_activation(&rt, SIGMA_F64, g.wide.data(), u.wide.data(), y64.data(), nullptr, 0, 1, n,
                     kind, 2.5);
    sigma_activation_grad(&rt, SIGMA_F64, g.wide.data(), u.wide.data(), dy.wide.data(), dg64.data(),
                          du64.data(), nullptr, 0, 1, n, kind, 2.5);
    expectRounded(y, y64);
    expectRounded(dg, dg64);
    expectRounded(du, du64);
  }
}

TEST_F(BFloat16Kernel, Rotary) {
  const int64_t sequence = 5, heads = 3, width = 12, tokens = 10;
  Input x(tokens * heads * width, 14);
  Narrow y(x.narrow.size());
  Exact y64(y.size());
  auto frequencies = rotaryFrequencies(width, 10000);
  sigma_rotary(&rt, SIGMA_BF16, x.data(), y.data(), tokens, sequence, heads, width,
               frequencies.data(), width / 2, 1.0, 0, 1);
  sigma_rotary(&rt, SIGMA_F64, x.wide.data(), y64.data(), tokens, sequence, heads, width,
               frequencies.data(), width / 2, 1.0, 0, 1);
  expectRounded(y, y64);
}

/// Two query heads share each key head, whose gradients are sums over many blocks; with a cap and
/// sinks.
TEST_F(BFloat16Kernel, AttentionAndItsGradient) {
  const int64_t sequences = 2, sequence = 150, heads = 4, kvHeads = 2, width = 8;
  const int64_t queries = sequences * sequence * heads * width, keys = queries / 2;
  Input q(queries, 15), k(keys, 16), v(keys, 17), dO(queries, 18), sinks(heads, 19);
  std::vector<char> work(3 * 64 * sequence * 8 + sequence * 2 * width * 4);
  const auto dataOf = [](int64_t elem, Input &x) -> void * {
    return elem == SIGMA_F64 ? static_cast<void *>(x.wide.data()) : x.narrow.data();
  };
  const auto attend = [&](int64_t elem, auto &o, auto &lse) {
    const auto at = [&](Input &x) { return dataOf(elem, x); };
    sigma_attention(&rt, elem, at(q), at(k), at(v), at(sinks), o.data(), lse.data(), sequences,
                    sequence, heads, kvHeads, width, width, 0.35, 0, 0, 3.0, 1, work.data(),
                    work.size());
  };
  const auto differentiate = [&](int64_t elem, auto &o, auto &lse, auto &dq, auto &dk, auto &dv,
                                 auto &dsinks) {
    const auto at = [&](Input &x) { return dataOf(elem, x); };
    sigma_attention_grad(&rt, elem, at(q), at(k), at(v), at(sinks), o.data(), lse.data(), at(dO),
                         dq.data(), dk.data(), dv.data(), dsinks.data(), sequences, sequence, heads,
                         kvHeads, width, width, 0.35, 0, 0, 3.0, 1, work.data(), work.size());
  };
  const int64_t rows = sequences * sequence * heads;
  Narrow o(queries), dq(queries), dk(keys), dv(keys);
  Wides lse(rows), dsinks(heads);
  Exact o64(queries), dq64(queries), dk64(keys), dv64(keys), lse64(rows), dsinks64(heads);
  attend(SIGMA_BF16, o, lse);
  attend(SIGMA_F64, o64, lse64);
  expectRounded(o, o64);
  expectNear(lse, lse64, kWide);
  differentiate(SIGMA_BF16, o, lse, dq, dk, dv, dsinks);
  differentiate(SIGMA_F64, o64, lse64, dq64, dk64, dv64, dsinks64);
  // Products with rounded scores; of as many terms as a sequence has tokens.
  expectRounded(dq, dq64, 4 * kRounding);
  expectRounded(dk, dk64, 4 * kRounding);
  expectRounded(dv, dv64, 4 * kRounding);
  expectNear(dsinks, dsinks64, 4 * kRounding);
}

TEST_F(BFloat16Kernel, CrossEntropyAndItsGradient) {
  const int64_t n = 6, vocabulary = 50;
  Input logits(n * vocabulary, 20, -9, 9);
  std::vector<int32_t> targets{3, 0, 49, -1, 7, 7};
  Wides lse(n), loss(1), dloss(1, 0.25f);
  Narrow dlogits(n * vocabulary);
  Exact lse64(n), loss64(1), dloss64(1, 0.25), dlogits64(n * vocabulary);
  sigma_cross_entropy(&rt, SIGMA_BF16, logits.data(), targets.data(), lse.data(), loss.data(), n,
                      vocabulary, 1, nullptr, 0);
  sigma_cross_entropy_grad(&rt, SIGMA_BF16, logits.data(), targets.data(), lse.data(), dloss.data(),
                           dlogits.data(), n, vocabulary, 1);
  sigma_cross_entropy(&rt, SIGMA_F64, logits.wide.data(), targets.data(), lse64.data(),
                      loss64.data(), n, vocabulary, 1, nullptr, 0);
  sigma_cross_entropy_grad(&rt, SIGMA_F64, logits.wide.data(), targets.data(), lse64.data(),
                           dloss64.data(), dlogits64.data(), n, vocabulary, 1);
  expectNear(loss, loss64, kWide);
  expectNear(lse, lse64, kWide);
  // Relative, however small: the target's is a difference.
  for (size_t i = 0; i < dlogits.size(); ++i)
    ASSERT_NEAR(widened(dlogits[i]), dlogits64[i], kRounding * std::fabs(dlogits64[i]) + 1e-7);
}

/// 64 choices of each token: a sum that were rounded after each would be off by more.
TEST_F(BFloat16Kernel, SumsOfRowsAreRoundedOnce) {
  const int64_t tokens = 3, k = 64, width = 37;
  Input rows(tokens * k * width, 21);
  std::vector<int32_t> position(tokens * k);
  for (size_t i = 0; i < position.size(); ++i)
    position[i] = int32_t(i);
  const Exact weights64 = randomValues(tokens * k, 22);
  Wides weights = as<float>(weights64), dweights(tokens * k);
  Narrow y(tokens * width), sum(tokens * width), drows(rows.narrow.size());
  Exact y64(y.size()), sum64(y.size()), drows64(drows.size()), dweights64(tokens * k),
      copy = weights64;
  Input dy(tokens * width, 23);
  sigma_combine(&rt, SIGMA_BF16, rows.data(), position.data(), weights.data(), y.data(), tokens, k,
                width);
  sigma_combine(&rt, SIGMA_F64, rows.wide.data(), position.data(), copy.data(), y64.data(), tokens,
                k, width);
  expectRoundedOnce(y, y64);
  sigma_scatter_rows(&rt, SIGMA_BF16, rows.data(), position.data(), sum.data(), tokens, k, width);
  sigma_scatter_rows(&rt, SIGMA_F64, rows.wide.data(), position.data(), sum64.data(), tokens, k,
                     width);
  expectRoundedOnce(sum, sum64);
  sigma_combine_grad(&rt, SIGMA_BF16, rows.data(), position.data(), weights.data(), dy.data(),
                     drows.data(), dweights.data(), tokens, k, width);
  sigma_combine_grad(&rt, SIGMA_F64, rows.wide.data(), position.data(), copy.data(), dy.wide.data(),
                     drows64.data(), dweights64.data(), tokens, k, width);
  expectRoundedOnce(drows, drows64);
  expectNear(dweights, dweights64, kWide);
}

TEST_F(BFloat16Kernel, SharedHeadsAreRoundedOnce) {
  const int64_t tokens = 2, heads = 64, shared = 9, own = 5;
  Input dy(tokens * heads * (shared + own), 24);
  Narrow dshared(tokens * shared), down(tokens * heads * own);
  Exact dshared64(dshared.size()), down64(down.size());
  sigma_split_heads(&rt, SIGMA_BF16, dy.data(), dshared.data(), down.data(), tokens, heads, shared,
                    own);
  sigma_split_heads(&rt, SIGMA_F64, dy.wide.data(), dshared64.data(), down64.data(), tokens, heads,
                    shared, own);
  expectRoundedOnce(dshared, dshared64);
  EXPECT_EQ(exact(down), down64);
}

TEST_F(BFloat16Kernel, GradientsOfWeightsAreWide) {
  const int64_t rows = 200, width = 11;
  Input dy(rows * width, 25);
  std::vector<int32_t> ids(rows, 1);
  Wides bias(width, 1.0f), table(2 * width, 1.0f), sum(width, 1.0f);
  Exact bias64(width, 1.0), table64(2 * width, 1.0);
  sigma_bias_grad(&rt, SIGMA_BF16, dy.data(), bias.data(), nullptr, 0, rows, width,
                  SIGMA_ACCUMULATE);
  sigma_bias_grad(&rt, SIGMA_F64, dy.wide.data(), bias64.data(), nullptr, 0, rows, width,
                  SIGMA_ACCUMULATE);
  expectNear(bias, bias64, kWide);
  sigma_embedding_grad(&rt, SIGMA_BF16, ids.data(), dy.data(), table.data(), rows, width, 2, 1,
                       SIGMA_ACCUMULATE);
  sigma_embedding_grad(&rt, SIGMA_F64, ids.data(), dy.wide.data(), table64.data(), rows, width, 2,
                       1, SIGMA_ACCUMULATE);
  expectNear(table, table64, kWide);
  sigma_accumulate(&rt, SIGMA_BF16, dy.data(), sum.data(), width);
  for (int64_t i = 0; i < width; ++i)
    EXPECT_EQ(sum[i], 1 + float(dy.wide[i]));
}

TEST_F(BFloat16Kernel, ABiasMayBeNarrowerThanWhatItIsAddedTo) {
  const int64_t rows = 3, width = 13;
  Input bias(width, 26);
  Wides x = as<float>(randomValues(rows * width, 27)), y(x.size());
  sigma_add_bias(&rt, SIGMA_F32, SIGMA_BF16, x.data(), bias.data(), y.data(), nullptr, 0, rows,
                 width);
  for (size_t i = 0; i < y.size(); ++i)
    EXPECT_EQ(y[i], x[i] + float(bias.wide[i % width]));
}

TEST_F(BFloat16Kernel, TheUpdateIsWideAndTheCopyItsRounding) {
  const int64_t n = 53;
  Wides value = as<float>(randomValues(n, 28)), gradient = as<float>(randomValues(n, 29)), first(n),
        second(n);
  Wides same = value, first32(n), second32(n);
  Narrow copy(n);
  rt.optimizer = {0.01, 0, 0.9, 0.95, 1e-8, 0.1, 1.0};
  rt.step.learningRate = 1e-4; // below what bf16 can tell
  sigma_adamw(&rt, SIGMA_BF16, value.data(), gradient.data(), first.data(), second.data(),
              copy.data(), n, 1);
  sigma_adamw(&rt, SIGMA_F32, same.data(), gradient.data(), first32.data(), second32.data(),
              nullptr, n, 1);
  EXPECT_EQ(value, same);
  for (int64_t i = 0; i < n; ++i)
    EXPECT_EQ(copy[i].bits, narrowed<BFloat16>(value[i]).bits);
}

} // namespace
