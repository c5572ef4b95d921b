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
  double uniform() { return double((next() >> 11) + 1) * 0x1p-53; }

  // Below `n`; its bias is n / 2^64.
  int64_t below(int64_t n) { return int64_t((unsigned __int128)(next())*uint64_t(n) >> 64); }

  // Standard normal.
  double normal();

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
