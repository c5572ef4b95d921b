// What a run watches while it trains.
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

} // namespace
