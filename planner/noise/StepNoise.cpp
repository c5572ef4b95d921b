#include "planner/noise/StepNoise.h"

#include "planner/noise/Normal.h"

#include <algorithm>
#include <cmath>
#include <vector>

using namespace sigma::planner;

static double pipelineShiftNs(const StepNoise &noise) {
  double longer = std::max(noise.numMicroBatches, noise.numStages);
  double shorter = std::min(noise.numMicroBatches, noise.numStages);
  if (shorter <= 1)
    return 0;
  return noise.cellSigmaNs * std::sqrt(longer) *
         (2 * std::sqrt(shorter) - 1.7711 * std::pow(shorter, -1.0 / 6));
}

static double pipelineSigmaNs(const StepNoise &noise) {
  double longer = std::max(noise.numMicroBatches, noise.numStages);
  double shorter = std::min(noise.numMicroBatches, noise.numStages);
  double factor = shorter <= 1 ? 1 : 0.8132 * std::pow(shorter, -1.0 / 3);
  return noise.cellSigmaNs * std::sqrt(longer * factor);
}

namespace {

// `hits` of a replica's devices, and how likely.
struct HitCount {
  double hits, weight;
};

} // namespace

// Binomial, without what is rarer than one in 10^15.
static std::vector<HitCount> hitCounts(const StepNoise &noise) {
  const double n = std::floor(double(noise.numDevices) / double(noise.numReplicas));
  const double q = std::min(1.0, noise.spikes.perMillionSteps * 1e-6);
  if (q <= 0 || noise.spikes.durationNs <= 0)
    return {{0, 1}};
  if (q >= 1)
    return {{n, 1}};
  const double mean = n * q, spread = 8 * std::sqrt(mean) + 16;
  std::vector<HitCount> counts;
  for (double k = std::max(0.0, std::floor(mean - spread)); k <= std::min(n, mean + spread); ++k)
    if (const double weight =
            std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) +
                     k * std::log(q) + (n - k) * std::log1p(-q));
        weight > 1e-15)
      counts.push_back({k, weight});
  return counts;
}

// P(the slowest replica is above), where one is with probability `tail`.
static double slowestTail(double tail, int64_t numReplicas) {
  return -std::expm1(double(numReplicas) * std::log1p(-std::min(tail, 1.0)));
}

// Most hits of a replica, on average.
static double meanMostHits(const StepNoise &noise) {
  const std::vector<HitCount> counts = hitCounts(noise);
  double mean = counts.front().hits, tail = 1;
  for (size_t i = 0; i + 1 < counts.size(); ++i) {
    tail -= counts[i].weight;
    mean += slowestTail(std::max(tail, 0.0), noise.numReplicas);
  }
  return mean;
}

double StepNoise::meanNs() const {
  return pipelineShiftNs(*this) + pipelineSigmaNs(*this) * maxOfNormalsMean(numReplicas) +
         meanMostHits(*this) * static_cast<double>(spikes.durationNs);
}

double StepNoise::quantileNs(double probability) const {
  const double shift = pipelineShiftNs(*this), sigma = pipelineSigmaNs(*this);
  const double duration = static_cast<double>(spikes.durationNs);
  const std::vector<HitCount> counts = hitCounts(*this);
  auto above = [&](double x) { // shift left out
    double tail = 0;
    for (const HitCount &count : counts) {
      const double left = x - count.hits * duration;
      tail += count.weight * (sigma > 0 ? normalCdf(-left / sigma) : left < 0);
    }
    return slowestTail(tail, numReplicas);
  };
  if (sigma <= 0) {
    auto enough = std::find_if(counts.begin(), counts.end(), [&](const HitCount &count) {
      return above(count.hits * duration) <= 1 - probability;
    });
    return shift + (enough == counts.end() ? counts.back() : *enough).hits * duration;
  }
  double low = sigma * maxOfNormalsQuantile(probability, numReplicas);
  if (counts.size() == 1)
    return shift + low + counts.front().hits * duration;
  double high = low + counts.back().hits * duration;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (above(middle) > 1 - probability ? low : high) = middle;
  }
  return shift + high;
}
