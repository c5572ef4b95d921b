#include "planner/noise/Normal.h"
#include "planner/noise/StepNoise.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace sigma::planner;

namespace {

// Moments of the maximum of n normals by midpoint integration over the quantile: x =
// Phi^-1(u^(1/n)), u uniform.
struct Moments {
  double mean = 0, variance = 0;
};

Moments integrate(int64_t n) {
  // Integrate over x with the density n phi(x) Phi(x)^(n-1), midpoint rule.
  double step = 0.0005, mass = 0, first = 0, second = 0;
  for (double x = -9 + step / 2; x < 10; x += step) {
    double logCdf = x > 0 ? std::log1p(-0.5 * std::erfc(x * M_SQRT1_2))
                          : std::log(0.5 * std::erfc(-x * M_SQRT1_2));
    double density =
        double(n) * std::exp(-x * x / 2 + double(n - 1) * logCdf) / std::sqrt(2 * M_PI);
    mass += density * step;
    first += density * x * step;
    second += density * x * x * step;
  }
  EXPECT_NEAR(mass, 1, 1e-9);
  return {first, second - first * first};
}

TEST(Noise, MaxOfNormalsEqualsIntegration) {
  for (int64_t n :
       {1, 2, 3, 5, 8, 12, 16, 17, 24, 32, 48, 96, 100, 256, 1000, 4096, 65536, 100000}) {
    Moments exact = integrate(n);
    EXPECT_NEAR(maxOfNormalsMean(n), exact.mean, 5e-5 * std::max(1.0, exact.mean)) << n;
    EXPECT_NEAR(maxOfNormalsVariance(n), exact.variance, 5e-4 * exact.variance) << n;
  }
}

TEST(Noise, MaxOfNormalsIsMonotone) {
  for (int64_t n = 1; n < 3000; ++n)
    EXPECT_LT(maxOfNormalsMean(n), maxOfNormalsMean(n + 1)) << n;
}

TEST(Noise, QuantileInvertsTheDistribution) {
  for (int64_t n : {1, 2, 64, 65536, 1 << 24})
    for (double p : {0.01, 0.5, 0.95, 0.999}) {
      double x = maxOfNormalsQuantile(p, n);
      double back = std::exp(double(n) * std::log1p(-normalCdf(-x)));
      EXPECT_NEAR(back, p, 1e-9) << n << " " << p;
    }
  EXPECT_NEAR(maxOfNormalsQuantile(0.975, 1), 1.959963984540054, 1e-9);
}

TEST(Noise, NothingToWaitForWithoutNoise) {
  StepNoise noise;
  noise.numMicroBatches = 16;
  noise.numStages = 4;
  noise.numReplicas = 64;
  noise.numDevices = 256;
  EXPECT_EQ(noise.meanNs(), 0);
  EXPECT_EQ(noise.quantileNs(0.95), 0);
}

TEST(Noise, OneStageSumsItsMicroBatches) {
  StepNoise noise;
  noise.cellSigmaNs = 100;
  noise.numMicroBatches = 25;
  EXPECT_NEAR(noise.meanNs(), 0, 1e-9);
  EXPECT_NEAR(noise.quantileNs(0.975), 500 * 1.959963984540054, 1e-3);
}

TEST(Noise, SpikesAreAMixture) {
  StepNoise noise;
  noise.numDevices = 1000;
  noise.spikes = {50, 1000000};
  const double none = std::pow(1 - 50e-6, 1000), one = none * 1000 * 50e-6 / (1 - 50e-6);
  EXPECT_NEAR(noise.meanNs(), 1000 * 50e-6 * 1e6, 1e-3); // those of one replica add up
  EXPECT_EQ(noise.quantileNs(none - 0.001), 0);
  EXPECT_EQ(noise.quantileNs(none + 0.001), 1e6);
  EXPECT_EQ(noise.quantileNs(none + one + 1e-4), 2e6);
  noise.numReplicas = 1000; // those of several do not
  EXPECT_NEAR(noise.meanNs(), (1 - none) * 1e6, 1e-3);
  EXPECT_EQ(noise.quantileNs(0.9999), 1e6);
  noise.cellSigmaNs = 1;
  EXPECT_GT(noise.quantileNs(0.99), 0.99e6);
  EXPECT_LT(noise.quantileNs(0.90), 100);
  for (double p = 0.05; p < 0.94; p += 0.05)
    EXPECT_LE(noise.quantileNs(p), noise.quantileNs(p + 0.05));
}

TEST(Noise, SpikesThatComeWithEveryStepAddUp) {
  StepNoise noise;
  noise.numDevices = 8;
  noise.spikes = {1000000, 1000};
  EXPECT_EQ(noise.quantileNs(0.5), 8000);
  EXPECT_NEAR(noise.meanNs(), 8000, 1e-6);
}

// The mean adds what jitter and spikes make the slowest replica wait; they need not meet in one.
TEST(Noise, MeanAndQuantilesAgree) {
  StepNoise noise;
  noise.cellSigmaNs = 3000;
  noise.numMicroBatches = 32;
  noise.numStages = 4;
  noise.numReplicas = 16;
  noise.numDevices = 512;
  noise.spikes = {1000, 200000};
  double mean = 0;
  const int steps = 20000;
  for (int i = 0; i < steps; ++i)
    mean += noise.quantileNs((i + 0.5) / steps) / steps;
  EXPECT_LE(mean, noise.meanNs());
  EXPECT_GT(mean, 0.9 * noise.meanNs());
}

// Last-passage percolation on a grid, simulated: the closed form of pipeline jitter is what theory
// says for m >> P.
TEST(Noise, PipelineShiftAgreesWithSimulation) {
  const int m = 64, stages = 4, runs = 1500;
  const double mean = 1000, sigma = 50;
  uint64_t state = 88172645463325252ull;
  auto uniform = [&] {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (double(state >> 11) + 0.5) / 9007199254740992.0;
  };
  double total = 0;
  for (int run = 0; run < runs; ++run) {
    double ready[stages + 1] = {};
    for (int batch = 0; batch < m; ++batch)
      for (int stage = 0; stage < stages; ++stage) {
        double normal = std::sqrt(-2 * std::log(uniform())) * std::cos(2 * M_PI * uniform());
        double before = stage > 0 ? ready[stage - 1] : 0;
        ready[stage] = std::max(ready[stage], before) + mean + sigma * normal;
      }
    total += ready[stages - 1] / runs;
  }
  StepNoise noise;
  noise.cellSigmaNs = sigma;
  noise.numMicroBatches = m;
  noise.numStages = stages;
  double predicted = (m + stages - 1) * mean + noise.meanNs();
  EXPECT_NEAR(predicted / total, 1, 0.01);
}

} // namespace
