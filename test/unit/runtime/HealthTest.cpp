// What a run watches while it trains.
#include "runtime/health/LayerNorms.h"
#include "runtime/health/SlowRanks.h"
#include "runtime/health/Spikes.h"
#include "runtime/health/Values.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

using namespace sigma::runtime;

namespace {

/// |m'| / sqrt(v') after the gradients, by the algorithm.
double stepAfter(const std::vector<double> &gradients, double beta1, double beta2) {
  double m = 0, v = 0;
  for (double g : gradients) {
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
  }
  const double t = double(gradients.size());
  return std::abs(m) / (1 - std::pow(beta1, t)) / std::sqrt(v / (1 - std::pow(beta2, t)));
}

/// The gradients that make the step largest: by the Cauchy-Schwarz inequality, g_i ~ (b1 / b2)^i,
/// the last first.
std::vector<double> worst(int64_t t, double beta1, double beta2) {
  std::vector<double> gradients;
  for (int64_t i = t - 1; i >= 0; --i)
    gradients.push_back(std::pow(beta1 / beta2, double(i)));
  return gradients;
}

TEST(Health, LargestStepOfAdamWIsReachedAndNeverPassed) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  for (const auto &[beta1, beta2] :
       {std::pair(0.9, 0.95), std::pair(0.9, 0.999), std::pair(0.9, 0.81)})
    for (const int64_t t : {1, 2, 3, 10, 100}) {
      const double most = largestStep(beta1, beta2, t);
      EXPECT_NEAR(stepAfter(worst(t, beta1, beta2), beta1, beta2), most, 1e-9 * most) << t;
      for (int trial = 0; trial < 100; ++trial) {
        std::vector<double> gradients(t);
        std::generate(gradients.begin(), gradients.end(), [&] { return normal(random); });
        EXPECT_LE(stepAfter(gradients, beta1, beta2), most * (1 + 1e-12)) << t;
      }
    }
}

/// Steps until a rank is found; 0: none is.
int64_t stepsUntilFound(SlowRanks &watch, const List<double> &seconds, int64_t steps,
                        SlowRank &found) {
  for (int64_t step = 1; step <= steps; ++step)
    if (const std::vector<SlowRank> slow = watch.add(seconds); !slow.empty()) {
      EXPECT_EQ(slow.size(), 1u);
      found = slow.front();
      return step;
    }
  return 0;
}

TEST(Health, ASlowRankIsFoundAgainstItsPeers) {
  SlowRanks watch({0, 0, 0, 0, 1, 1, 1, 1}, 1.5);
  SlowRank found{};
  // The other stage has more to do.
  const List<double> seconds = {1, 1.1, 1.6, 0.9, 3, 3, 3.2, 2.8};
  EXPECT_EQ(stepsUntilFound(watch, seconds, 100, found), 40);
  EXPECT_EQ(found.rank, 2);
  EXPECT_NEAR(found.ofPeers, 1.6, 1e-9);
  EXPECT_EQ(stepsUntilFound(watch, seconds, 100, found), 0) << "said twice";
}

TEST(Health, ASlowRankIsFoundAgainstItself) {
  SlowRanks watch({0, 1}, 1.5);
  SlowRank found{};
  EXPECT_EQ(stepsUntilFound(watch, {1, 2}, 100, found), 0);
  EXPECT_EQ(stepsUntilFound(watch, {1, 3.2}, 100, found), 40);
  EXPECT_EQ(found.rank, 1);
  EXPECT_EQ(found.ofPeers, 0);
  EXPECT_NEAR(found.ofItself, 1.6, 1e-9);
  EXPECT_EQ(stepsUntilFound(watch, {1, 2}, 100, found), 0);
  EXPECT_EQ(stepsUntilFound(watch, {1, 3.2}, 100, found), 40) << "slow again";
}

TEST(LayerNorms, AValleyIsALayerBelowSomeBeforeAndSomeBehindIt) {
  EXPECT_EQ(deepestValley({}).layer, -1);
  EXPECT_EQ(deepestValley({2, 1}).layer, -1) << "nothing behind it";
  EXPECT_EQ(deepestValley({1, 1.1, 1.2, 1.1}).layer, -1) << "a dip at the end is none";
  const Valley one = deepestValley({1, 1.2, 0.9, 1.5, 1.4, 1.6});
  EXPECT_EQ(one.layer, 2);
  EXPECT_DOUBLE_EQ(one.depth, 0.25);
  const Valley wide = deepestValley({1, 2, 1.5, 1, 1.5, 4});
  EXPECT_EQ(wide.layer, 3);
  EXPECT_DOUBLE_EQ(wide.depth, 0.5);
}

TEST(SpikeWatch, TellsOnceOfWhatJumps) {
  SpikeWatch watch(2);
  for (size_t i = 0; i < SpikeWatch::kLeast - 1; ++i)
    EXPECT_EQ(watch.add(1), 0);
  EXPECT_EQ(SpikeWatch(2).add(100), 0) << "nothing to compare it with";
  EXPECT_EQ(watch.add(1.9), 0) << "less than twice as much";
  EXPECT_DOUBLE_EQ(watch.add(5.7), 3);
  EXPECT_EQ(watch.add(5.8), 0) << "told already";
  for (size_t i = 0; i < SpikeWatch::kWindow; ++i)
    EXPECT_EQ(watch.add(1), 0);
  EXPECT_EQ(watch.add(3), 3) << "the last one is out of the window";
}

} // namespace
