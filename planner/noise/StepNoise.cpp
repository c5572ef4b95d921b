#include "planner/noise/StepNoise.h"

#include "planner/noise/Normal.h"

#include <algorithm>
#include <cmath>

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

// Probability that some device is hit in a step.
static double spikeProbability(const StepNoise &noise) {
  double perDevice = noise.spikes.perMillionSteps * 1e-6;
  if (perDevice >= 1)
    return 1;
  return -std::expm1(noise.numDevices * std::log1p(-perDevice));
}

double StepNoise::meanNs() const {
  return pipelineShiftNs(*this) + pipelineSigmaNs(*this) * maxOfNormalsMean(numReplicas) +
         spikeProbability(*this) * static_cast<double>(spikes.durationNs);
}

double StepNoise::quantileNs(double probability) const {
  double shift = pipelineShiftNs(*this), sigma = pipelineSigmaNs(*this);
  double hit = spikes.durationNs > 0 ? spikeProbability(*this) : 0;
  double duration = static_cast<double>(spikes.durationNs);
  if (hit <= 0)
    return sigma > 0 ? shift + sigma * maxOfNormalsQuantile(probability, numReplicas) : shift;
  if (sigma <= 0)
    return shift + (1 - hit >= probability ? 0 : duration);
  auto below = [&](double x) {
    auto slowest = [&](double z) {
      return std::exp(numReplicas * std::log1p(-normalCdf(-z / sigma)));
    };
    return (1 - hit) * slowest(x) + hit * slowest(x - duration);
  };
  double low = sigma * maxOfNormalsQuantile(probability, numReplicas);
  double high = low + duration;
  for (int i = 0; i < 100; ++i) {
    double middle = 0.5 * (low + high);
    (below(middle) < probability ? low : high) = middle;
  }
  return shift + high;
}
