#include "planner/simulate/Random.h"

using namespace sigma::planner;

Random::Layers::Layers() {
  double density = std::exp(-0.5 * kTail * kTail);
  edge[0] = kArea / density;
  edge[1] = kTail;
  for (int i = 2; i < kLayers; ++i) {
    edge[i] = std::sqrt(-2 * std::log(kArea / edge[i - 1] + density));
    density = std::exp(-0.5 * edge[i] * edge[i]);
  }
  edge[kLayers] = 0;
  for (int i = 0; i < kLayers; ++i)
    inner[i] = edge[i + 1] / edge[i];
}

const Random::Layers Random::layers;

// Beyond kTail (Marsaglia 1964).
double Random::beyondTail() {
  for (;;) {
    const double x = std::log(uniform()) / Layers::kTail, y = std::log(uniform());
    if (-2 * y >= x * x)
      return Layers::kTail - x;
  }
}

double Random::normalFromBorder(int layer, double place) {
  if (layer == 0)
    return place < 0 ? -beyondTail() : beyondTail();
  const double x = place * layers.edge[layer];
  const double outer = layers.edge[layer], innerEdge = layers.edge[layer + 1];
  const double low = std::exp(-0.5 * (outer * outer - x * x)),
               high = std::exp(-0.5 * (innerEdge * innerEdge - x * x));
  return high + uniform() * (low - high) < 1 ? x : normal();
}
