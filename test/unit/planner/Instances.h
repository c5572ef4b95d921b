// Problems for the tests: tables made by hand or by a seeded generator.
#ifndef SIGMA_TEST_PLANNER_INSTANCES_H
#define SIGMA_TEST_PLANNER_INSTANCES_H

#include "planner/Planner.h"

#include <cstdint>
#include <vector>

namespace sigma::planner::test {

// A layer by a few numbers: everything scales with the micro-batch, expert work and memory with ep.
struct LayerRecipe {
  int64_t denseFlops = 0, expertFlops = 0, memoryBytes = 0, exchangeBytes = 0;
  int64_t denseParameters = 0, expertParameters = 0; // expert: before sharding
  int64_t savedBytes = 0, rematSavedBytes = 0, transientBytes = 0, rematTransientBytes = 0;
};

class RecipeCosts : public CostSource {
public:
  LayerCost embedding(int64_t microBatch, int64_t ep) override;
  LayerCost layer(int kind, int64_t microBatch, int64_t ep) override;
  LayerCost head(int64_t microBatch, int64_t ep) override;
  int64_t boundaryBytes(int64_t microBatch) override { return boundary * microBatch; }
  int64_t batchBytes(int64_t microBatch) override { return batch * microBatch; }
  int64_t workspaceBytes(int64_t, int64_t) override { return workspace; }

  std::vector<LayerRecipe> kinds;
  LayerRecipe embeddingRecipe, headRecipe;
  int64_t boundary = 0, batch = 0, workspace = 0;
  int64_t calls = 0;
};

struct Instance {
  Problem problem;
  RecipeCosts costs;
};

// xorshift64*: the same numbers on every platform, unlike <random>'s distributions.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed * 0x9E3779B97F4A7C15ull + 1) {}
  int64_t below(int64_t n);
  int64_t between(int64_t low, int64_t high) { return low + below(high - low + 1); }
  bool chance(int percent) { return below(100) < percent; }
  template <class T>
  T pick(std::initializer_list<T> values) {
    return *(values.begin() + below(static_cast<int64_t>(values.size())));
  }

private:
  uint64_t state;
};

// 8 devices, 6 layers, plenty of memory, one way to see each part.
Instance simpleInstance();

// Up to `maxLayers` layers of up to three kinds, noise or not, tight memory or not, pins or not.
// With `coarse`, times are multiples of a large unit, so that many plans cost the same.
Instance randomInstance(uint64_t seed, int64_t maxLayers, int64_t maxDevices, bool coarse);

// 63 identical MoE layers of a 208.7B model on 2,048 devices in nodes of 8, batch 4096.
Instance sigmaInstance();

} // namespace sigma::planner::test

#endif
