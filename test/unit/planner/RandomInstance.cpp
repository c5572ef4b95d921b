#include "Instances.h"

#include "planner/cost/Devices.h"

#include <algorithm>

using namespace sigma::planner;
using namespace sigma::planner::test;

static LayerRecipe randomLayer(Random &random, bool hasExperts, int64_t unit) {
  LayerRecipe layer;
  layer.denseFlops = random.between(1, 6) * unit;
  layer.denseParameters = random.between(1, 40) * 840;
  layer.tensorBytes = random.between(0, 40) * 1000;
  layer.contextBytes = random.between(0, 40) * 1000;
  if (random.chance(70))
    layer.attentionFlops = random.between(1, 3) * unit;
  if (hasExperts && random.chance(70)) {
    layer.expertFlops = random.between(1, 8) * unit;
    layer.exchangeBytes = random.between(1, 60) * 1000;
    layer.expertTensorBytes = random.between(1, 60) * 1000;
    layer.expertParameters = random.between(1, 100) * 3840;
  }
  layer.modes = {
      {"none", 0, false, random.between(50, 300) * 1000, random.between(10, 100) * 1000}};
  return layer;
}

// Of a split backward, by the mode's other figures: seeds keep what else they have.
static void split(LayerRecipe &layer) {
  for (ModeRecipe &mode : layer.modes) {
    mode.heldBytes = (mode.savedBytes / 1000 * 37 % 211 + 20) * 1000;
    mode.madeBytes = mode.heldBytes * (mode.savedBytes / 1000 % 5 + 1) / 6;
    mode.splitTransientBytes = (mode.transientBytes / 1000 * 29 % 150 + 5) * 1000;
    mode.weightTransientBytes = (mode.savedBytes / 1000 * 53 % 160 + 5) * 1000;
  }
  layer.holdsGradient = layer.modes.front().heldBytes / 1000 % 2 == 1;
}

// More than the others, with less beside them, by the mode's other figures.
static void addPeaks(LayerRecipe &layer) {
  for (ModeRecipe &mode : layer.modes)
    for (int64_t i = 1; i <= 4; ++i) {
      auto draw = [&](int64_t figure, int64_t below) {
        return (figure / 1000 * 41 + i * 97) % below;
      };
      const auto beside = [&](int64_t figure) { return uint32_t(draw(figure, 1 << kNumBeside)); };
      mode.morePeaks.push_back(
          {mode.transientBytes + draw(mode.savedBytes, 60) * 1000, beside(mode.heldBytes)});
      mode.moreSplitPeaks.push_back(
          {mode.splitTransientBytes + draw(mode.heldBytes, 60) * 1000, beside(mode.savedBytes)});
    }
}

// Whether a mode is worth anything is left to chance.
static void addModes(Random &random, LayerRecipe &layer, int64_t unit, bool coarse) {
  const ModeRecipe none = layer.modes.front();
  const int64_t between = random.below(3);
  for (int64_t i = 0; i < between; ++i) {
    const int64_t flops = random.between(1, 4) * unit / 2;
    layer.modes.push_back({"part" + std::to_string(i), coarse ? flops : flops + random.below(9999),
                           random.chance(30), random.between(20, 250) * 1000,
                           none.transientBytes + random.between(0, 200) * 1000});
  }
  layer.modes.push_back({"full", layer.denseFlops + layer.attentionFlops + layer.expertFlops,
                         random.chance(50), random.between(5, 40) * 1000,
                         none.transientBytes + random.between(0, 300) * 1000});
  for (size_t mode = 0; mode < layer.modes.size(); ++mode)
    random.between(1, 10); // seeds keep what else they have
}

static void randomModel(Random &random, Instance &instance, int64_t maxLayers, bool coarse) {
  const int64_t unit = 1000000;
  const bool hasExperts = random.chance(70);
  const int64_t kinds = random.between(1, 3);
  int64_t layers = random.between(1, maxLayers);
  for (int64_t kind = 0; kind < kinds; ++kind) {
    const int64_t size = coarse ? unit : unit + random.below(unit);
    instance.costs.kinds.push_back(randomLayer(random, hasExperts, size));
    addModes(random, instance.costs.kinds.back(), size, coarse);
  }
  Model &model = instance.problem.model;
  model.name = "random";
  while (layers > 0) {
    const int64_t count = random.between(1, layers);
    model.layers.push_back({static_cast<int>(random.below(kinds)), count});
    layers -= count;
  }
  model.sequence = random.pick<int64_t>({24, 48, 64, 128});
  model.numExperts = hasExperts ? random.pick<int64_t>({2, 4, 6, 8}) : 0;
  model.flopsPerToken = 1e6;
  model.tensorDivisor = random.pick<int64_t>({1, 2, 4, 6, 8});
  model.expertTensorDivisor = random.pick<int64_t>({1, 2, 3, 4});
  model.headDivisor = random.pick<int64_t>({1, 2, 4, 8});
  model.allowsContext = random.chance(40);
  instance.costs.embeddingRecipe = randomLayer(random, false, unit / 10);
  instance.costs.headRecipe = randomLayer(random, false, unit);
  for (LayerRecipe &layer : instance.costs.kinds) {
    split(layer);
    addPeaks(layer);
  }
  for (LayerRecipe *end : {&instance.costs.embeddingRecipe, &instance.costs.headRecipe}) {
    split(*end);
    addPeaks(*end);
  }
  if (random.chance(30)) {
    model.sharedParameters = instance.costs.headRecipe.denseParameters - random.below(3);
    instance.costs.embeddingRecipe.denseParameters = instance.costs.headRecipe.denseParameters;
  }
  instance.costs.boundary = random.between(0, 20) * 1000;
  instance.costs.batch = 512;
  instance.costs.workspace = random.between(0, 5) * 1000;
}

// Two kinds of devices, each better in something.
static void splitDevices(Random &random, Cluster &cluster) {
  Device other = cluster.device;
  other.name = "other";
  other.peakFlopsPerS = other.peakFlopsPerS * random.between(5, 15) / 10;
  other.memoryBandwidthBytesPerS = other.memoryBandwidthBytesPerS * random.between(5, 15) / 10;
  other.memoryBytes = other.memoryBytes / 10 * random.between(7, 14);
  other.jitterPpm = random.chance(50) ? other.jitterPpm : other.jitterPpm / 2;
  const int64_t first = random.between(1, cluster.numDevices - 1);
  cluster.groups = {{cluster.device, first}, {other, cluster.numDevices - first}};
  double peak = 0;
  for (const DeviceGroup &group : cluster.groups)
    peak += double(group.count) * double(group.device.peakFlopsPerS);
  cluster.device = weaker(cluster.device, other);
  cluster.surplusPeakFlopsPerS =
      peak - double(cluster.numDevices) * double(cluster.device.peakFlopsPerS);
}

static void randomTiers(Random &random, Cluster &cluster, bool coarse) {
  const int64_t node = random.pick<int64_t>({2, 3, 4, 8});
  const int64_t latency = coarse ? 0 : random.between(0, 5000);
  const int64_t fast = coarse ? int64_t(1) << 59 : 40000000000;
  const int64_t slow = coarse ? int64_t(1) << 59 : random.pick<int64_t>({1000000000, 10000000000});
  if (random.chance(20))
    cluster.tiers.push_back({"device", 1, fast, latency});
  if (node < cluster.numDevices)
    cluster.tiers.push_back({"node", node, fast, latency});
  cluster.tiers.push_back({"pod", cluster.numDevices, slow, latency});
  if (random.chance(30))
    cluster.tiers.back().algorithm = CollectiveAlgorithm::Tree;
}

static void randomCluster(Random &random, Instance &instance, int64_t maxDevices, bool coarse) {
  Cluster &cluster = instance.problem.cluster;
  cluster.name = "random";
  cluster.numDevices = random.pick<int64_t>({1, 2, 3, 4, 6, 8, 8, 12, 16, 16});
  while (cluster.numDevices > maxDevices)
    cluster.numDevices /= 2;
  cluster.device = {"toy", 1000000000000, 1, 200000000000};
  cluster.device.launchNs = coarse ? 0 : random.between(0, 3000);
  cluster.device.issueNs = coarse || random.chance(60) ? 0 : random.between(0, 300000);
  // Between "only with everything rematerialized" and "anything fits".
  cluster.device.memoryBytes =
      random.chance(20) ? int64_t(1) << 33 : random.between(700, 9000) * 1000;
  randomTiers(random, cluster, coarse);
  if (!coarse && random.chance(60)) {
    cluster.device.jitterPpm = random.between(0, 60000);
    cluster.tiers.back().jitterPpm = random.between(0, 200000);
    cluster.routingJitterPpm = random.between(0, 400000);
    if (random.chance(40))
      cluster.spikes = {random.between(0, 50000), random.between(0, 3000000)};
  }
  if (cluster.numDevices > 1 && random.chance(20))
    splitDevices(random, cluster);
}

// Values that are sometimes possible.
static int64_t randomValue(Random &random, Axis axis) {
  if (axis == Axis::Zero || axis == Axis::ExpertZero)
    return random.below(4);
  return random.pick<int64_t>({1, 1, 2, 2, 4});
}

static void randomChoices(Random &random, Job &job) {
  for (int i = 0; i < kNumAxes; ++i) {
    const Axis axis = static_cast<Axis>(i);
    if (random.chance(2))
      job.pins[axis] = randomValue(random, axis);
    else if (random.chance(3))
      job.forbids[axis] = {randomValue(random, axis)};
  }
  if (random.chance(10))
    job.pins.remat = random.chance(50);
  else if (random.chance(10))
    job.forbids.remat = {random.chance(50) ? "full" : "none"};
  if (random.chance(10))
    job.pins.schedule = static_cast<Schedule>(random.below(kNumSchedules));
  else if (random.chance(20))
    job.forbids.schedules = {static_cast<Schedule>(random.below(kNumSchedules))};
}

static void randomJob(Random &random, Instance &instance, bool coarse) {
  Job &job = instance.problem.job;
  job.name = "run";
  job.globalBatch = instance.problem.cluster.numDevices * random.pick<int64_t>({1, 2, 4, 6, 8});
  job.recipe = {random.pick<int64_t>({2, 4}), 4, random.pick<int64_t>({8, 12}),
                random.pick<int64_t>({2, 4})};
  job.stepNs = random.chance(20) ? random.below(1000000) : 0;
  job.memoryMarginPpm = random.between(0, 150000);
  job.quantilePpm = random.pick<int64_t>({500000, 900000, 950000, 990000});
  job.maxMicroBatch = random.pick<int64_t>({1, 2, 4});
  job.maxZero = random.pick<int64_t>({0, 1, 2, 3, 3, 3});
  Overlap &overlap = job.overlap;
  for (int64_t *share : {&overlap.gradientPpm, &overlap.parameterPpm, &overlap.tensorPpm,
                         &overlap.contextPpm, &overlap.exchangePpm, &overlap.expertPpm})
    *share = random.chance(50) ? 0 : coarse ? 500000 : random.between(1, 1000000);
  randomChoices(random, job);
}

Instance sigma::planner::test::randomInstance(uint64_t seed, int64_t maxLayers, int64_t maxDevices,
                                              bool coarse) {
  Random random(seed);
  Instance instance;
  randomModel(random, instance, maxLayers, coarse);
  randomCluster(random, instance, maxDevices, coarse);
  randomJob(random, instance, coarse);
  return instance;
}

Instance sigma::planner::test::largeInstance(uint64_t seed) {
  Random random(seed * 7919);
  Instance instance = randomInstance(seed * 7919, 48, 16, false);
  Problem &problem = instance.problem;
  problem.job.pins = {};
  problem.job.forbids = {};
  problem.job.globalBatch = problem.cluster.numDevices * random.pick<int64_t>({8, 16, 32});
  auto enlarge = [](Device &device) { device.memoryBytes *= 4; };
  enlarge(problem.cluster.device);
  for (DeviceGroup &group : problem.cluster.groups)
    enlarge(group.device);
  return instance;
}
