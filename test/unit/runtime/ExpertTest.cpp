// Routing, the movement of tokens, the experts' products, and the losses.
#include "Support.h"

#include <algorithm>
#include <numeric>

using namespace sigma::test;

namespace {

template <class T>
struct Expert : KernelTest<T> {};
TYPED_TEST_SUITE(Expert, Elements);

std::vector<double> scoresOf(const std::vector<double> &logits, int64_t experts, int kind) {
  std::vector<double> s(logits.size());
  for (size_t row = 0; row < logits.size(); row += experts) {
    double sum = 0;
    for (int64_t e = 0; e < experts; ++e)
      sum += std::exp(logits[row + e]);
    for (int64_t e = 0; e < experts; ++e)
      s[row + e] = kind == SIGMA_SOFTMAX ? std::exp(logits[row + e]) / sum
                                         : 1 / (1 + std::exp(-logits[row + e]));
  }
  return s;
}

TYPED_TEST(Expert, RouterScores) {
  for (const int kind : {SIGMA_SOFTMAX, SIGMA_SIGMOID})
    for (const int64_t experts : {2, 8, 37}) {
      const auto logits = randomValues(5 * experts, 30, -4, 4);
      std::vector<TypeParam> x = as<TypeParam>(logits), s(x.size());
      sigma_router_scores(&this->rt, kElem<TypeParam>, x.data(), s.data(), 5, experts, kind);
      expectNear(s, scoresOf(logits, experts, kind));
    }
}

TEST(ExpertGradient, RouterScores) {
  sigma::runtime::Runtime rt;
  for (const int kind : {SIGMA_SOFTMAX, SIGMA_SIGMOID}) {
    auto x = randomValues(33, 31), ds = randomValues(33, 32);
    auto s = scoresOf(x, 11, kind);
    std::vector<double> dx(33);
    sigma_router_scores_grad(&rt, SIGMA_F64, s.data(), ds.data(), dx.data(), 3, 11, kind);
    expectGradient([&](const auto &v) { return dot(scoresOf(v, 11, kind), ds); }, x, dx);
  }
}

TYPED_TEST(Expert, TopKTakesTheLowerIndexAmongEquals) {
  std::vector<TypeParam> scores{1, 3, 3, 2, 5, 5, 5, 5, 0, 0, 0, 4}, weights(6);
  std::vector<int32_t> chosen(6);
  sigma_top_k(&this->rt, kElem<TypeParam>, scores.data(), nullptr, weights.data(), chosen.data(), 3,
              4, 2, 0, 1, 1, 1);
  EXPECT_EQ(chosen, (std::vector<int32_t>{1, 2, 0, 1, 3, 0}));
  EXPECT_EQ(weights, (std::vector<TypeParam>{3, 3, 5, 5, 4, 0}));
  sigma_top_k(&this->rt, kElem<TypeParam>, scores.data(), nullptr, weights.data(), chosen.data(), 3,
              4, 2, 1, 1, 1, 1);
  EXPECT_EQ(weights, (std::vector<TypeParam>{0.5, 0.5, 0.5, 0.5, 1, 0}));
}

TYPED_TEST(Expert, TopKOfNotANumberGivesValidIndices) {
  std::vector<TypeParam> scores(4, TypeParam(NAN)), weights(3);
  std::vector<int32_t> chosen(3);
  sigma_top_k(&this->rt, kElem<TypeParam>, scores.data(), nullptr, weights.data(), chosen.data(), 1,
              4, 3, 1, 1, 1, 1);
  EXPECT_EQ(chosen, (std::vector<int32_t>{0, 1, 2}));
}

TEST(ExpertGradient, TopK) {
  sigma::runtime::Runtime rt;
  auto scores = randomValues(24, 33, 0.1, 1), dw = randomValues(9, 34);
  for (const int normalize : {0, 1}) {
    const auto f = [&](std::vector<double> s) {
      std::vector<double> w(9);
      std::vector<int32_t> chosen(9);
      sigma_top_k(&rt, SIGMA_F64, s.data(), nullptr, w.data(), chosen.data(), 3, 8, 3, normalize, 1,
                  1, 1);
      return dot(w, dw);
    };
    std::vector<double> w(9), ds(24, 9.0);
    std::vector<int32_t> chosen(9);
    sigma_top_k(&rt, SIGMA_F64, scores.data(), nullptr, w.data(), chosen.data(), 3, 8, 3, normalize,
                1, 1, 1);
    sigma_top_k_grad(&rt, SIGMA_F64, scores.data(), chosen.data(), dw.data(), ds.data(), 3, 8, 3,
                     normalize);
    expectGradient(f, scores, ds, 1e-6);
  }
}

TEST(ExpertOrder, GroupingIsAStableCountingSort) {
  sigma::runtime::Runtime rt;
  std::vector<int32_t> chosen{2, 0, 2, 3, 0, 0}, position(6), sizes(4);
  sigma_group_tokens(&rt, chosen.data(), position.data(), sizes.data(), 6, 4);
  EXPECT_EQ(sizes, (std::vector<int32_t>{3, 0, 2, 1}));
  EXPECT_EQ(position, (std::vector<int32_t>{3, 0, 4, 5, 1, 2}));
  EXPECT_DOUBLE_EQ(rt.step.loadVariances, 14.0 * 4 / 36 - 1);
  EXPECT_EQ(rt.step.routings, 1);
}

struct Routing {
  int64_t tokens = 5, k = 2, width = 19;
  std::vector<int32_t> position{3, 0, 9, 1, 4, 8, 2, 7, 6, 5};
};

TYPED_TEST(Expert, GatherScatterAndCombine) {
  Routing r;
  const auto x = randomValues(r.tokens * r.width, 35), w = randomValues(r.tokens * r.k, 36);
  std::vector<TypeParam> tx = as<TypeParam>(x), tw = as<TypeParam>(w),
                         rows(r.tokens * r.k * r.width), y(x.size());
  sigma_gather_rows(&this->rt, kElem<TypeParam>, tx.data(), r.position.data(), nullptr, rows.data(),
                    r.tokens, r.k, r.width);
  sigma_scatter_rows(&this->rt, kElem<TypeParam>, rows.data(), r.position.data(), y.data(),
                     r.tokens, r.k, r.width);
  std::vector<double> wanted = x;
  for (double &value : wanted)
    value *= 2;
  expectNear(y, wanted);
  sigma_combine(&this->rt, kElem<TypeParam>, rows.data(), r.position.data(), tw.data(), y.data(),
                r.tokens, r.k, r.width);
  for (int64_t i = 0; i < r.tokens * r.width; ++i)
    wanted[i] = x[i] * (w[i / r.width * 2] + w[i / r.width * 2 + 1]);
  expectNear(y, wanted);
}

TEST(ExpertGradient, Combine) {
  sigma::runtime::Runtime rt;
  Routing r;
  auto rows = randomValues(r.tokens * r.k * r.width, 37), w = randomValues(r.tokens * r.k, 38);
  auto dy = randomValues(r.tokens * r.width, 39);
  const auto f = [&](std::vector<double> a, std::vector<double> b) {
    std::vector<double> y(dy.size());
    sigma_combine(&rt, SIGMA_F64, a.data(), r.position.data(), b.data(), y.data(), r.tokens, r.k,
                  r.width);
    return dot(y, dy);
  };
  std::vector<double> drows(rows.size()), dw(w.size());
  sigma_combine_grad(&rt, SIGMA_F64, rows.data(), r.position.data(), w.data(), dy.data(),
                     drows.data(), dw.data(), r.tokens, r.k, r.width);
  expectGradient([&](const auto &v) { return f(v, w); }, rows, drows);
  expectGradient([&](const auto &v) { return f(rows, v); }, w, dw);
}

TYPED_TEST(Expert, GroupedMatmulAndItsGradients) {
  const int64_t n = 5, k = 7;
  std::vector<int32_t> sizes{3, 0, 4};
  const auto rows = randomValues(7 * k, 40), w = randomValues(3 * k * n, 41),
             dy = randomValues(7 * n, 42);
  const int group[] = {0, 0, 0, 2, 2, 2, 2};
  std::vector<double> out(7 * n), drows(7 * k), dw(3 * k * n, 1.0);
  for (int64_t r = 0; r < 7; ++r)
    for (int64_t i = 0; i < k; ++i)
      for (int64_t j = 0; j < n; ++j) {
        const int64_t at = (group[r] * k + i) * n + j;
        out[r * n + j] += rows[r * k + i] * w[at];
        drows[r * k + i] += dy[r * n + j] * w[at];
        dw[at] += rows[r * k + i] * dy[r * n + j];
      }
  auto tr = as<TypeParam>(rows), tw = as<TypeParam>(w), td = as<TypeParam>(dy);
  std::vector<TypeParam> got(7 * n), gotRows(7 * k), gotWeights(3 * k * n, TypeParam(1));
  sigma_grouped_matmul(&this->rt, kElem<TypeParam>, tr.data(), tw.data(), got.data(), sizes.data(),
                       3, n, k, 0);
  expectNear(got, out);
  // dy [.., n] times the transposed weights [k, n] of each group
  sigma_grouped_matmul(&this->rt, kElem<TypeParam>, td.data(), tw.data(), gotRows.data(),
                       sizes.data(), 3, k, n, SIGMA_TRANSPOSE_B);
  expectNear(gotRows, drows);
  sigma_grouped_matmul_grad(&this->rt, kElem<TypeParam>, tr.data(), td.data(), gotWeights.data(),
                            sizes.data(), 3, n, k, SIGMA_ACCUMULATE);
  expectNear(gotWeights, dw);
  sigma_grouped_matmul_grad(&this->rt, kElem<TypeParam>, tr.data(), td.data(), gotWeights.data(),
                            sizes.data(), 3, n, k, 0);
  for (int64_t i = k * n; i < 2 * k * n; ++i)
    EXPECT_EQ(gotWeights[i], TypeParam(0)) << "an empty group gives zero";
}

double balance(const std::vector<double> &scores, const std::vector<int32_t> &chosen,
               int64_t sequences, int64_t sequence, int64_t experts, int64_t k) {
  double loss = 0;
  for (int64_t s = 0; s < sequences; ++s)
    for (int64_t e = 0; e < experts; ++e) {
      double f = 0, p = 0;
      for (int64_t t = s * sequence; t < (s + 1) * sequence; ++t) {
        for (int64_t j = 0; j < k; ++j)
          f += chosen[t * k + j] == e;
        const auto row = scores.begin() + t * experts;
        p += row[e] / std::accumulate(row, row + experts, 0.0);
      }
      loss += double(experts) * f / double(sequence * k) * p / double(sequence);
    }
  return loss;
}

TEST(ExpertGradient, BalanceLoss) {
  sigma::runtime::Runtime rt;
  const int64_t sequences = 2, sequence = 6, experts = 4, k = 2;
  auto scores = randomValues(sequences * sequence * experts, 43, 0.1, 1);
  std::vector<double> weights(sequences * sequence * k), ds(scores.size());
  std::vector<int32_t> chosen(weights.size());
  sigma_top_k(&rt, SIGMA_F64, scores.data(), nullptr, weights.data(), chosen.data(),
              sequences * sequence, experts, k, 0, 1, 1, 1);
  double loss = 0, dloss = 0.3;
  sigma_balance_loss(&rt, SIGMA_F64, scores.data(), chosen.data(), &loss, sequences, sequence,
                     experts, k, 1);
  EXPECT_NEAR(loss, balance(scores, chosen, sequences, sequence, experts, k), 1e-12);
  sigma_balance_loss_grad(&rt, SIGMA_F64, scores.data(), chosen.data(), &dloss, ds.data(),
                          sequences, sequence, experts, k, 1);
  expectGradient(
      [&](const auto &v) { return dloss * balance(v, chosen, sequences, sequence, experts, k); },
      scores, ds);
}

TEST(ExpertGradient, EvenRoutingHasBalanceLossOne) {
  sigma::runtime::Runtime rt;
  std::vector<float> scores(4 * 4, 0.25f);
  std::vector<int32_t> chosen{0, 1, 2, 3};
  float loss = 0;
  sigma_balance_loss(&rt, SIGMA_F32, scores.data(), chosen.data(), &loss, 1, 4, 4, 1, 1);
  EXPECT_FLOAT_EQ(loss, 1);
}

double crossEntropy(const std::vector<double> &logits, const std::vector<int32_t> &targets,
                    int64_t vocabulary) {
  double loss = 0;
  for (size_t i = 0; i < targets.size(); ++i) {
    double sum = 0;
    for (int64_t v = 0; v < vocabulary; ++v)
      sum += std::exp(logits[i * vocabulary + v]);
    loss += std::log(sum) - logits[i * vocabulary + targets[i]];
  }
  return loss;
}

TYPED_TEST(Expert, CrossEntropy) {
  const auto logits = randomValues(4 * 259, 44, -5, 5);
  std::vector<int32_t> targets{0, 258, 17, 100};
  std::vector<TypeParam> x = as<TypeParam>(logits), lse(4), loss(1);
  sigma_cross_entropy(&this->rt, kElem<TypeParam>, x.data(), targets.data(), lse.data(),
                      loss.data(), 4, 259, 1, nullptr, 0);
  EXPECT_NEAR(double(loss[0]), crossEntropy(logits, targets, 259), 30 * kTolerance<TypeParam>);
}

TEST(ExpertGradient, CrossEntropyInPlace) {
  sigma::runtime::Runtime rt;
  auto logits = randomValues(3 * 13, 45, -2, 2);
  std::vector<int32_t> targets{0, 12, 5};
  std::vector<double> lse(3);
  double loss = 0, dloss = 0.7;
  sigma_cross_entropy(&rt, SIGMA_F64, logits.data(), targets.data(), lse.data(), &loss, 3, 13, 1,
                      nullptr, 0);
  auto gradient = logits;
  sigma_cross_entropy_grad(&rt, SIGMA_F64, gradient.data(), targets.data(), lse.data(), &dloss,
                           gradient.data(), 3, 13, 1);
  expectGradient([&](const auto &v) { return dloss * crossEntropy(v, targets, 13); }, logits,
                 gradient);
}

/// Both parts of a table together are the whole: an id of the other part, as none, is zero.
TEST(ExpertGradient, EmbeddingOfAPartOfTheVocabulary) {
  const int64_t width = 3, part = 4;
  auto table = randomValues(2 * part * width, 48), dy = randomValues(5 * width, 49);
  std::vector<int32_t> tokens{0, 7, 3, 4, -1};
  sigma::runtime::Runtime whole;
  std::vector<double> wanted(5 * width), sum(wanted.size()), dwanted(table.size()),
      dtable(table.size());
  sigma_embedding(&whole, SIGMA_F64, tokens.data(), table.data(), wanted.data(), 5, width, 2 * part,
                  1);
  sigma_embedding_grad(&whole, SIGMA_F64, tokens.data(), dy.data(), dwanted.data(), 5, width,
                       2 * part, 1, 0);
  for (const int rank : {0, 1}) {
    sigma::runtime::Runtime rt;
    rt.mesh.tensor.size = 2;
    rt.mesh.tensor.index = rank;
    std::vector<double> y(wanted.size());
    sigma_embedding(&rt, SIGMA_F64, tokens.data(), table.data() + rank * part * width, y.data(), 5,
                    width, part, 2);
    for (size_t i = 0; i < y.size(); ++i)
      sum[i] += y[i];
    sigma_embedding_grad(&rt, SIGMA_F64, tokens.data(), dy.data(),
                         dtable.data() + rank * part * width, 5, width, part, 2, 0);
  }
  EXPECT_EQ(sum, wanted);
  EXPECT_EQ(dtable, dwanted);
}

TYPED_TEST(Expert, EmbeddingAndItsGradient) {
  const int64_t width = 6;
  auto table = as<TypeParam>(randomValues(5 * width, 46)),
       dy = as<TypeParam>(randomValues(3 * width, 47));
  std::vector<int32_t> tokens{4, 1, 4};
  std::vector<TypeParam> y(3 * width), dtable(5 * width, TypeParam(9));
  sigma_embedding(&this->rt, kElem<TypeParam>, tokens.data(), table.data(), y.data(), 3, width, 5,
                  1);
  EXPECT_TRUE(std::equal(y.begin() + width, y.begin() + 2 * width, table.begin() + width));
  sigma_embedding_grad(&this->rt, kElem<TypeParam>, tokens.data(), dy.data(), dtable.data(), 3,
                       width, 5, 1, 0);
  for (int64_t i = 0; i < width; ++i) {
    EXPECT_EQ(dtable[i], TypeParam(0));
    EXPECT_EQ(dtable[width + i], dy[width + i]);
    EXPECT_EQ(dtable[4 * width + i], dy[i] + dy[2 * width + i]);
  }
}

} // namespace
