// Problems for the tests: tables made by hand or by a seeded generator.
#ifndef SIGMA_TEST_PLANNER_INSTANCES_H
#define SIGMA_TEST_PLANNER_INSTANCES_H

#include "planner/Planner.h"

#include <cstdint>
#include <vector>

namespace sigma::planner::test {

// A remat mode by a few numbers, of one sequence on one rank.
struct ModeRecipe {
  std::string name;
  int64_t flops = 0;
  bool repeatsExchange = false;
  int64_t savedBytes = 0, transientBytes = 0; // with all that ZeRO gathers
  int64_t heldBytes = 0, madeBytes = 0;
  // The same of a split backward: of gradients of inputs, with values, and of weights, with
  // gradients.
  int64_t splitTransientBytes = 0, weightTransientBytes = 0;
  std::vector<Peak> morePeaks = {}, moreSplitPeaks = {};
};

// A layer by a few numbers. Work and memory are of one sequence on one rank: they grow with the
// micro-batch and shrink with tp and cp. Parameters are those of the whole layer.
struct LayerRecipe {
  int64_t denseFlops = 0, attentionFlops = 0, expertFlops = 0, memoryBytes = 0;
  // Around the dense matmuls, of the keys and values, of dispatch and of combine, around the
  // experts' matmuls.
  int64_t tensorBytes = 0, contextBytes = 0, exchangeBytes = 0, expertTensorBytes = 0;
  int64_t denseParameters = 0, expertParameters = 0;
  std::vector<ModeRecipe> modes; // "none" first; of a layer, "full" last
  bool holdsGradient = false;
};

class RecipeCosts : public CostSource {
public:
  LayerCost embedding(const Sharding &sharding) override;
  LayerCost layer(int kind, const Sharding &sharding) override;
  LayerCost head(const Sharding &sharding) override;
  int64_t boundaryBytes(const Sharding &sharding) override { return perRank(boundary, sharding); }
  int64_t batchBytes(const Sharding &sharding) override { return perRank(batch, sharding); }
  int64_t workspaceBytes(const Sharding &) override { return workspace; }

  // Of the work of a sequence, what a rank has to do or to hold.
  static int64_t perRank(int64_t amount, const Sharding &sharding);

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

// 8 devices, 6 layers, plenty of memory, one way to see each part. Work can be shared by tp and etp
// up to 4, by ep up to 8 and by cp.
Instance simpleInstance();

// Gives a plan by hand these chunks, stage by stage, and rematerializes nothing.
void setStages(Plan &plan, const std::vector<std::vector<LayerRange>> &stages);

// On a cluster whose devices, links and tokens are always the same.
Problem withoutNoise(Problem problem);

// "tp 2 cp 1 pp 4 ...", for messages.
std::string describe(const Layout &layout);

// Simple, and only over pp, dp, ep and the micro-batch: a small space for tests of something else.
Instance narrowInstance();

// Up to `maxLayers` layers of up to three kinds; every feature of the space, noise, tight memory,
// two kinds of devices, pins, each in some of them. With `coarse`, times are multiples of a large
// unit, so that many plans cost the same.
Instance randomInstance(uint64_t seed, int64_t maxLayers, int64_t maxDevices, bool coarse);

// Many layers and devices, most of the space open.
Instance largeInstance(uint64_t seed);

// 63 identical MoE layers of a 208.7B model on 2,048 devices in nodes of 8, batch 4096.
Instance sigmaInstance();

} // namespace sigma::planner::test

#endif
