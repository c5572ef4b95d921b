#include "planner/simulate/Random.h"

using namespace sigma::planner;

namespace {

// The ziggurat of Marsaglia and Tsang 2000, as Doornik 2005 corrects it: the density is covered by
// layers of equal area; layer 0 also holds the tail beyond `kTail`.
constexpr int kLayers = 128;
constexpr double kTail = 3.442619855899, kArea = 9.91256303526217e-3;

struct Layers {
  Layers() {
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
  double edge[kLayers + 1]; // right edge of each layer
  double inner[kLayers];    // the part of it that lies under the next one
};

const Layers layers;

// Beyond kTail (Marsaglia 1964).
double tail(Random &random) {
  for (;;) {
    const double x = std::log(random.uniform()) / kTail, y = std::log(random.uniform());
    if (-2 * y >= x * x)
      return kTail - x;
  }
}

} // namespace

double Random::normal() {
  for (;;) {
    const uint64_t bits = next();
    const int layer = int(bits & (kLayers - 1));
    const double place = 2 * (double(bits >> 11) * 0x1p-53) - 1, x = place * layers.edge[layer];
    if (std::fabs(place) < layers.inner[layer])
      return x;
    if (layer == 0)
      return place < 0 ? -tail(*this) : tail(*this);
    const double outer = layers.edge[layer], innerEdge = layers.edge[layer + 1];
    const double low = std::exp(-0.5 * (outer * outer - x * x)),
                 high = std::exp(-0.5 * (innerEdge * innerEdge - x * x));
    if (high + uniform() * (low - high) < 1)
      return x;
  }
}
