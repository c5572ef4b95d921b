#include "Instances.h"

#include <algorithm>

using namespace sigma::planner;
using namespace sigma::planner::test;

int64_t Random::below(int64_t n) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return static_cast<int64_t>((state * 0x2545F4914F6CDD1Dull >> 11) % static_cast<uint64_t>(n));
}

static WorkCost work(const LayerRecipe &recipe, int64_t microBatch, int64_t factor) {
  WorkCost cost;
  cost.ops.push_back({OpClass::Matmul, recipe.denseFlops * microBatch * factor, 0});
  if (recipe.memoryBytes > 0)
    cost.ops.push_back({OpClass::Memory, 0, recipe.memoryBytes * microBatch * factor});
  if (recipe.expertFlops > 0)
    cost.ops.push_back({OpClass::GroupedMatmul, recipe.expertFlops * microBatch * factor, 0});
  // Dispatch and combine.
  if (recipe.exchangeBytes > 0)
    cost.exchanges = {{recipe.exchangeBytes * microBatch}, {recipe.exchangeBytes * microBatch}};
  return cost;
}

static LayerCost layerCost(const LayerRecipe &recipe, int64_t microBatch, int64_t ep) {
  LayerCost cost;
  cost.forward = work(recipe, microBatch, 1);
  cost.backward = work(recipe, microBatch, 2);
  cost.recompute = cost.forward;
  cost.denseParameters = recipe.denseParameters;
  cost.expertParameters = recipe.expertParameters / ep;
  cost.savedBytes = recipe.savedBytes * microBatch;
  cost.rematSavedBytes = recipe.rematSavedBytes * microBatch;
  cost.transientBytes = recipe.transientBytes * microBatch;
  cost.rematTransientBytes = recipe.rematTransientBytes * microBatch;
  return cost;
}

LayerCost RecipeCosts::embedding(int64_t microBatch, int64_t ep) {
  ++calls;
  return layerCost(embeddingRecipe, microBatch, ep);
}

LayerCost RecipeCosts::layer(int kind, int64_t microBatch, int64_t ep) {
  ++calls;
  return layerCost(kinds.at(kind), microBatch, ep);
}

LayerCost RecipeCosts::head(int64_t microBatch, int64_t ep) {
  ++calls;
  return layerCost(headRecipe, microBatch, ep);
}

Instance sigma::planner::test::simpleInstance() {
  Instance instance;
  Problem &problem = instance.problem;
  problem.model.name = "simple";
  problem.model.layers = {{0, 6}};
  problem.model.sequence = 128;
  problem.model.numExperts = 8;
  problem.model.flopsPerToken = 6e6;
  problem.cluster.name = "pod";
  problem.cluster.numDevices = 8;
  problem.cluster.device = {"toy", 1000000000000, int64_t(16) << 20, 100000000000};
  problem.cluster.tiers = {{"node", 4, 50000000000, 2000}, {"pod", 8, 5000000000, 10000}};
  problem.job.name = "run";
  problem.job.globalBatch = 32;
  problem.job.recipe = {4, 4, 8};
  RecipeCosts &costs = instance.costs;
  LayerRecipe layer;
  layer.denseFlops = 2000000;
  layer.expertFlops = 4000000;
  layer.memoryBytes = 100000;
  layer.exchangeBytes = 20000;
  layer.denseParameters = 4000;
  layer.expertParameters = 64000;
  layer.savedBytes = 200000;
  layer.rematSavedBytes = 20000;
  layer.transientBytes = 50000;
  layer.rematTransientBytes = 230000;
  costs.kinds = {layer};
  costs.embeddingRecipe.denseFlops = 1000;
  costs.embeddingRecipe.denseParameters = 20000;
  costs.headRecipe.denseFlops = 3000000;
  costs.headRecipe.denseParameters = 20000;
  costs.headRecipe.savedBytes = 100000;
  costs.headRecipe.transientBytes = 100000;
  costs.boundary = 20000;
  costs.batch = 1024;
  costs.workspace = 4096;
  return instance;
}

static LayerRecipe randomLayer(Random &random, bool hasExperts, int64_t unit) {
  LayerRecipe layer;
  layer.denseFlops = random.between(1, 6) * unit;
  layer.denseParameters = random.between(1, 40) * 1000;
  layer.savedBytes = random.between(50, 300) * 1000;
  layer.rematSavedBytes = random.between(5, 40) * 1000;
  layer.transientBytes = random.between(10, 100) * 1000;
  layer.rematTransientBytes = layer.transientBytes + random.between(0, 300) * 1000;
  if (hasExperts && random.chance(70)) {
    layer.expertFlops = random.between(1, 8) * unit;
    layer.exchangeBytes = random.between(1, 60) * 1000;
    layer.expertParameters = random.between(1, 100) * 3840;
  }
  return layer;
}

static void randomCluster(Random &random, Instance &instance, int64_t maxDevices, bool coarse) {
  Cluster &cluster = instance.problem.cluster;
  cluster.name = "random";
  cluster.numDevices = random.pick<int64_t>({1, 2, 3, 4, 6, 8, 12, 16});
  while (cluster.numDevices > maxDevices)
    cluster.numDevices /= 2;
  cluster.device = {"toy", 1000000000000, 1, 200000000000};
  cluster.device.launchNs = coarse ? 0 : random.between(0, 3000);
  int64_t node = random.pick<int64_t>({2, 3, 4, 8});
  int64_t latency = coarse ? 0 : random.between(0, 5000);
  if (node < cluster.numDevices)
    cluster.tiers.push_back({"node", node, coarse ? int64_t(1) << 59 : 40000000000, latency});
  int64_t outer = random.pick<int64_t>({1000000000, 10000000000});
  cluster.tiers.push_back({"pod", cluster.numDevices, coarse ? int64_t(1) << 59 : outer, latency});
  if (!coarse && random.chance(60)) {
    cluster.device.jitterPpm = random.between(0, 60000);
    cluster.tiers.back().jitterPpm = random.between(0, 200000);
    cluster.routingJitterPpm = random.between(0, 400000);
    if (random.chance(40))
      cluster.spikes = {random.between(0, 50000), random.between(0, 3000000)};
  }
}

static void randomJob(Random &random, Instance &instance) {
  Job &job = instance.problem.job;
  job.name = "run";
  job.globalBatch = instance.problem.cluster.numDevices * random.pick<int64_t>({1, 2, 4, 6, 8});
  job.recipe = {random.pick<int64_t>({2, 4}), 4, random.pick<int64_t>({8, 12})};
  job.memoryMarginPpm = random.between(0, 150000);
  job.quantilePpm = random.pick<int64_t>({500000, 900000, 950000, 990000});
  job.maxMicroBatch = random.pick<int64_t>({1, 2, 4, 16});
  int64_t devices = instance.problem.cluster.numDevices;
  if (random.chance(10) && devices % 2 == 0)
    job.pins.pp = 2;
  if (random.chance(10))
    job.pins.microBatch = 1;
  if (random.chance(10))
    job.pins.remat = random.chance(50);
  if (!job.pins.pp && random.chance(15))
    job.forbids.pp = {1};
  if (!job.pins.microBatch && random.chance(15))
    job.forbids.microBatch = {random.between(1, 4)};
  // Between "only with everything rematerialized" and "anything fits".
  instance.problem.cluster.device.memoryBytes =
      random.chance(25) ? int64_t(1) << 33 : random.between(1500, 16000) * 1000;
}

Instance sigma::planner::test::randomInstance(uint64_t seed, int64_t maxLayers, int64_t maxDevices,
                                              bool coarse) {
  Random random(seed);
  Instance instance;
  int64_t unit = 1000000;
  bool hasExperts = random.chance(70);
  int64_t kinds = random.between(1, 3), layers = random.between(1, maxLayers);
  for (int64_t kind = 0; kind < kinds; ++kind)
    instance.costs.kinds.push_back(
        randomLayer(random, hasExperts, coarse ? unit : unit + random.below(unit)));
  Model &model = instance.problem.model;
  model.name = "random";
  while (layers > 0) {
    int64_t count = random.between(1, layers);
    model.layers.push_back({static_cast<int>(random.below(kinds)), count});
    layers -= count;
  }
  model.sequence = 64;
  model.numExperts = hasExperts ? random.pick<int64_t>({4, 6, 8}) : 0;
  model.flopsPerToken = 1e6;
  instance.costs.embeddingRecipe = randomLayer(random, false, unit / 10);
  instance.costs.headRecipe = randomLayer(random, false, unit);
  instance.costs.boundary = random.between(0, 20) * 1000;
  instance.costs.batch = 512;
  instance.costs.workspace = random.between(0, 5) * 1000;
  randomCluster(random, instance, maxDevices, coarse);
  randomJob(random, instance);
  return instance;
}

Instance sigma::planner::test::sigmaInstance() {
  Instance instance;
  Problem &problem = instance.problem;
  const int64_t sequence = 4096, hidden = 5120, width = 2160, experts = 96, topK = 8;
  const int64_t queryWidth = 8192, keyWidth = 1024, vocabulary = 200064;
  problem.model = {"sigma-200b", {{0, 63}}, sequence, hidden, experts, 154.8e9};
  problem.cluster.name = "2048x64";
  problem.cluster.numDevices = 2048;
  problem.cluster.device = {"early",
                            350000000000000,
                            int64_t(64) << 30,
                            3000000000000,
                            5000,
                            {700000, 500000, 400000, 1000000},
                            30000};
  problem.cluster.tiers = {{"node", 8, 200000000000, 5000, 30000},
                           {"pod", 2048, 25000000000, 15000, 150000}};
  problem.cluster.routingJitterPpm = 350000;
  problem.job.name = "pretrain";
  problem.job.globalBatch = 4096;
  problem.job.recipe = {2, 4, 12};
  problem.job.maxMicroBatch = 8;

  LayerRecipe layer;
  int64_t attention = hidden * (2 * queryWidth + 2 * keyWidth);
  layer.denseFlops = 2 * sequence * attention + 2 * sequence * sequence * queryWidth;
  layer.expertFlops = 2 * sequence * topK * 3 * hidden * width;
  layer.memoryBytes = sequence * hidden * 2 * 30;
  layer.exchangeBytes = sequence * topK * hidden * 2;
  layer.denseParameters = attention + hidden * experts;
  layer.expertParameters = experts * 3 * hidden * width;
  layer.savedBytes = sequence * (10 * hidden + 4 * queryWidth + topK * (4 * hidden + 6 * width));
  layer.rematSavedBytes = sequence * hidden * 2;
  layer.transientBytes = sequence * topK * hidden * 4;
  layer.rematTransientBytes = layer.transientBytes + layer.savedBytes;
  instance.costs.kinds = {layer};
  instance.costs.embeddingRecipe.memoryBytes = sequence * hidden * 6;
  instance.costs.embeddingRecipe.denseParameters = vocabulary * hidden;
  instance.costs.headRecipe.denseFlops = 2 * sequence * hidden * vocabulary;
  instance.costs.headRecipe.denseParameters = vocabulary * hidden;
  instance.costs.headRecipe.savedBytes = sequence * vocabulary * 2;
  instance.costs.headRecipe.transientBytes = sequence * vocabulary * 4;
  instance.costs.boundary = sequence * hidden * 2;
  instance.costs.batch = sequence * 8;
  instance.costs.workspace = 64 << 20;
  return instance;
}
