// Random numbers of one simulated step: xoshiro256++ (Blackman and Vigna 2021), seeded by
// splitmix64, so that sample i is the same whichever thread draws it.
#ifndef SIGMA_PLANNER_SIMULATE_RANDOM_H
#define SIGMA_PLANNER_SIMULATE_RANDOM_H

#include <cmath>
#include <cstdint>

namespace sigma::planner {

class Random {
public:
  Random(uint64_t seed, uint64_t sample) {
    uint64_t x = seed * 0x9e3779b97f4a7c15u + sample;
    for (uint64_t &word : state)
      word = mix(x += 0x9e3779b97f4a7c15u);
  }

  uint64_t next() {
    const uint64_t result = rotate(state[0] + state[3], 23) + state[0], t = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= t;
    state[3] = rotate(state[3], 45);
    return result;
  }

  // In (0, 1].
  double uniform() { return double(int64_t(next() >> 11) + 1) * 0x1p-53; }

  // Below `n`; its bias is n / 2^64.
  int64_t below(int64_t n) { return int64_t((unsigned __int128)(next())*uint64_t(n) >> 64); }

  // Standard normal: the ziggurat of Marsaglia and Tsang 2000, as Doornik 2005 corrects it. The
  // density is covered by layers of equal area; nearly always the inner part of one decides.
  double normal() {
    double z;
    normals(&z, 1);
    return z;
  }

  // `count` of them one after the other: in one go, the state stays in registers.
  void normals(double *z, int64_t count) {
    Random local = *this;
    for (double *end = z + count; z < end; ++z) {
      const uint64_t bits = local.next();
      const int layer = int(bits & (Layers::kLayers - 1));
      const double place = double(int64_t(bits >> 11)) * 0x1p-52 - 1; // signed converts faster
      *z = place * layers.edge[layer];
      if (__builtin_expect(std::fabs(place) >= layers.inner[layer], 0)) {
        *this = local;
        *z = normalFromBorder(layer, place);
        local = *this;
      }
    }
    *this = local;
  }

  // How many of `n` rare events of probability p happen: by the gaps between them.
  int64_t hits(int64_t n, double p) {
    if (p <= 0)
      return 0;
    if (p >= 1)
      return n;
    int64_t count = 0;
    const double scale = 1 / std::log1p(-p);
    for (double at = std::floor(std::log(uniform()) * scale); at < double(n);
         at += 1 + std::floor(std::log(uniform()) * scale))
      ++count;
    return count;
  }

private:
  struct Layers {
    Layers();
    static constexpr int kLayers = 1024; // the border of one decides once in 600 draws
    static constexpr double kTail = 4.038849846109505, kArea = 0.0012263246463530852;
    double edge[kLayers + 1]; // right edge of each layer; layer 0 also holds the tail beyond kTail
    double inner[kLayers];    // the part of it that lies under the next one
  };
  static const Layers layers;
  double normalFromBorder(int layer, double place);
  double beyondTail();

  static uint64_t rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  uint64_t state[4];
};

} // namespace sigma::planner

#endif
