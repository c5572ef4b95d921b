// The predicted step time against the simulation of the schedule, on random plans under random
// noise; and plans made with noise in mind against plans made without. Run by bench/noise.
#include "Instances.h"
#include "planner/search/Search.h"
#include "planner/simulate/Simulate.h"

#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

using namespace sigma::planner;
using namespace sigma::planner::test;
using Json = nlohmann::ordered_json;
using Draw = sigma::planner::test::Random;

// Low, usual, high: shares of the greatest jitter drawn below.
static constexpr double kLevels[] = {0.25, 0.5, 1};
static const char *const kLevelNames[] = {"low", "usual", "high"};

// A decoder with grouped-query attention and a dense or routed gated MLP; bf16, head width 128.
static RecipeCosts decoder(Draw &random, Model &model) {
  const int64_t hidden = random.pick<int64_t>({2048, 4096, 5120, 7168}), kv = 1024;
  const int64_t vocabulary = random.pick<int64_t>({32000, 128000, 200064});
  const int64_t sequence = random.pick<int64_t>({4096, 8192});
  const bool routed = random.chance(70);
  const int64_t experts = routed ? random.pick<int64_t>({8, 32, 64, 128}) : 0;
  const int64_t topK = experts == 8 ? 2 : 8, width = experts == 8 ? 3 * hidden : 1536;
  const int64_t dense = routed ? 0 : 3 * hidden * 4 * hidden,
                attention = hidden * (2 * hidden + 2 * kv);
  const int64_t saved = sequence * (10 * hidden + 4 * hidden), mlp = sequence * hidden * 16;
  LayerRecipe layer;
  layer.denseFlops = 2 * sequence * (attention + dense);
  layer.attentionFlops = 2 * sequence * sequence * hidden;
  layer.memoryBytes = sequence * hidden * 40;
  layer.tensorBytes = sequence * hidden * 2;
  layer.contextBytes = sequence * kv * 4;
  layer.denseParameters = attention + dense + hidden * experts;
  if (routed) {
    layer.expertFlops = 2 * sequence * topK * 3 * hidden * width;
    layer.exchangeBytes = layer.expertTensorBytes = sequence * topK * hidden * 2;
    layer.expertParameters = experts * 3 * hidden * width;
  }
  layer.modes = {{"none", 0, false, saved + mlp, mlp},
                 {"mlp", layer.denseFlops / 2, false, saved, 2 * mlp},
                 {"full", layer.denseFlops + layer.attentionFlops + layer.expertFlops, routed,
                  sequence * hidden * 2, saved + 2 * mlp}};
  model.name = "random";
  model.layers = {{0, random.between(16, 64)}};
  model.sequence = sequence;
  model.hiddenWidth = hidden;
  model.numExperts = experts;
  model.tensorDivisor = model.headDivisor = 8;
  model.expertTensorDivisor = routed ? 8 : 1;
  model.allowsContext = true;
  RecipeCosts costs;
  costs.kinds = {layer};
  costs.embeddingRecipe.memoryBytes = sequence * hidden * 6;
  costs.headRecipe.denseFlops = 2 * sequence * hidden * vocabulary;
  costs.embeddingRecipe.denseParameters = costs.headRecipe.denseParameters = vocabulary * hidden;
  costs.embeddingRecipe.modes = {{"none"}};
  costs.headRecipe.modes = {
      {"none", 0, false, sequence * vocabulary * 2, sequence * vocabulary * 2}};
  costs.boundary = sequence * hidden * 2;
  costs.batch = sequence * 8;
  return costs;
}

static void addCluster(Draw &random, double level, Instance &instance) {
  Cluster &cluster = instance.problem.cluster;
  auto jitter = [&](int64_t low, int64_t high) {
    return int64_t(level * random.between(low, high));
  };
  cluster.name = "random";
  cluster.numDevices = random.pick<int64_t>({16, 32, 64, 128});
  cluster.device = {"accelerator",
                    989000000000000,
                    random.pick<int64_t>({80, 141, 192}) << 30,
                    3350000000000,
                    4000,
                    0,
                    {700000, 550000, 500000, 850000},
                    jitter(10000, 40000)};
  cluster.tiers = {{"node", 8, 400000000000, 3000, jitter(10000, 40000)},
                   {"network", cluster.numDevices, 50000000000, 8000, jitter(30000, 150000)}};
  if (instance.problem.model.numExperts > 0)
    cluster.routingJitterPpm = jitter(50000, 350000);
  if (random.chance(40))
    cluster.spikes = {jitter(100, 2000), random.between(20, 400) * 1000000};
}

static void addJob(Draw &random, Schedule schedule, Instance &instance) {
  Job &job = instance.problem.job;
  const bool routed = instance.problem.model.numExperts > 0;
  job.name = "run";
  job.recipe = {2, 4, 12};
  job.maxMicroBatch = 2;
  job.quantilePpm = random.pick<int64_t>({500000, 900000, 950000});
  job.globalBatch = instance.problem.cluster.numDevices * random.pick<int64_t>({1, 2, 4});
  auto share = [&] { return random.pick<int64_t>({0, 500000, 800000}); };
  job.overlap = {share(), share(), random.pick<int64_t>({0, 200000}), share(), 0, share()};
  const bool chunks = schedule == Schedule::Interleaved || schedule == Schedule::DualPipeV;
  Pins &pins = job.pins;
  pins.schedule = schedule;
  pins[Axis::Pp] = schedule == Schedule::OneForwardOneBackward ? random.pick<int64_t>({1, 2, 4, 8})
                                                               : random.pick<int64_t>({2, 4, 8});
  pins[Axis::Vpp] = chunks ? 2 : 1;
  pins[Axis::Tp] = random.pick<int64_t>({1, 1, 2, 4});
  pins[Axis::Cp] = random.pick<int64_t>({1, 1, 1, 2});
  pins[Axis::Ep] = routed ? random.pick<int64_t>({1, 4, 8, 8}) : 1;
  pins[Axis::Etp] = routed ? random.pick<int64_t>({1, 1, 1, 2}) : 1;
  pins[Axis::Zero] = random.pick<int64_t>({0, 1, 1, 1, 2});
  pins[Axis::ExpertZero] = routed ? random.pick<int64_t>({0, 1}) : 0;
}

// Empty when nothing fits.
static Plan bestPlan(const Problem &problem, CostSource &costs) {
  SearchOptions options;
  options.timeLimitS = 10;
  Answer answer;
  AskedCosts asked(problem.model, costs);
  Search(problem, asked, options).run(answer);
  return answer.plan;
}

static Simulation simulated(const Problem &problem, CostSource &costs, const Plan &plan,
                            int64_t samples) {
  SimulateOptions options;
  options.samples = samples;
  options.threads = int(std::max(1u, std::thread::hardware_concurrency()));
  Simulation result = simulate(problem, costs, plan, options);
  if (!result.error.empty() || !result.violations.empty()) {
    std::fprintf(stderr, "noise: error: the planner's plan was refused: %s\n",
                 result.violations.empty() ? result.error.c_str()
                                           : result.violations.front().amount.c_str());
    std::exit(1);
  }
  return result;
}

static Json layoutJson(const Layout &layout) {
  Json json = {{"schedule", scheduleName(layout.schedule)}};
  for (int i = 0; i < kNumAxes; ++i)
    json[axisName(Axis(i))] = layout.get(Axis(i));
  json["microBatches"] = layout.numMicroBatches;
  return json;
}

// One line a pair, null where nothing fits.
static Json pairJson(uint64_t seed, int64_t samples) {
  Draw random(seed);
  const Schedule schedule = Schedule(seed % kNumSchedules);
  const int level = int(seed / kNumSchedules % 3);
  Instance instance;
  instance.costs = decoder(random, instance.problem.model);
  addCluster(random, kLevels[level], instance);
  addJob(random, schedule, instance);
  const Plan plan = bestPlan(instance.problem, instance.costs);
  if (plan.stages.empty())
    return nullptr;
  const Simulation noisy = simulated(instance.problem, instance.costs, plan, samples);
  const Simulation quiet = simulated(withoutNoise(instance.problem), instance.costs, plan, 1);
  int64_t leastLayers = plan.stages[0].numLayers();
  for (const StagePlan &stage : plan.stages)
    for (const LayerRange &chunk : stage.chunks)
      leastLayers = std::min(leastLayers, chunk.size());
  return {{"seed", seed},
          {"schedule", scheduleName(schedule)},
          {"noise", kLevelNames[level]},
          {"quantilePpm", instance.problem.job.quantilePpm},
          {"spikes", instance.problem.cluster.spikes.durationNs > 0},
          {"leastLayersOfAChunk", leastLayers},
          {"layout", layoutJson(plan.layout)},
          {"predictedNs", noisy.plan.stepTime.objectiveNs},
          {"closedFormNs", noisy.plan.objectiveNs},
          {"simulatedNs", noisy.objective.ns},
          {"confidence95Ns", {noisy.objective.lowNs, noisy.objective.highNs}},
          {"predictedRatio", noisy.plan.stepTime.objectiveNs / noisy.objective.ns},
          {"predictedRatioWithoutNoise", quiet.plan.stepTime.meanNs / quiet.mean.ns},
          {"closedFormRatio", double(noisy.plan.objectiveNs) / noisy.objective.ns},
          {"closedFormRatioWithoutNoise", double(quiet.plan.objectiveNs) / quiet.mean.ns}};
}

// The plan for the p95 of a noisy cluster beside the plan for its mean times, that is without
// noise, both simulated with it. Null where nothing fits or both are one.
static Json marginJson(uint64_t seed, int64_t samples) {
  Draw random(seed);
  Instance instance;
  instance.costs = decoder(random, instance.problem.model);
  addCluster(random, 1, instance);
  addJob(random, Schedule::OneForwardOneBackward, instance);
  Job &job = instance.problem.job;
  job.quantilePpm = 950000;
  job.pins = {};
  job.pins[Axis::Cp] = job.pins[Axis::Etp] = 1;
  Json json = {{"seed", seed}};
  double p95[2], p99[2];
  const char *const names[] = {"forQuantile", "forMeanTimes"};
  for (int i = 0; i < 2; ++i) {
    const Plan plan =
        bestPlan(i == 0 ? instance.problem : withoutNoise(instance.problem), instance.costs);
    if (plan.stages.empty())
      return nullptr;
    const Simulation noisy = simulated(instance.problem, instance.costs, plan, samples);
    p95[i] = noisy.p95.ns;
    p99[i] = noisy.p99.ns;
    json[names[i]] = {{"layout", layoutJson(plan.layout)},
                      {"withoutNoiseNs",
                       simulated(withoutNoise(instance.problem), instance.costs, plan, 1).mean.ns},
                      {"predictedP95Ns", noisy.plan.stepTime.p95Ns},
                      {"simulatedP50Ns", noisy.p50.ns},
                      {"simulatedP95Ns", noisy.p95.ns},
                      {"simulatedP99Ns", noisy.p99.ns}};
  }
  json["gainP95"] = p95[1] / p95[0] - 1;
  json["gainP99"] = p99[1] / p99[0] - 1;
  return json["forQuantile"]["layout"] == json["forMeanTimes"]["layout"] ? Json() : json;
}

int main(int argc, char **argv) {
  if (argc != 5 || (std::strcmp(argv[1], "pairs") != 0 && std::strcmp(argv[1], "margins") != 0)) {
    std::fprintf(stderr, "usage: %s pairs|margins COUNT SAMPLES SEED\n", argv[0]);
    return 2;
  }
  const auto draw = std::strcmp(argv[1], "pairs") == 0 ? pairJson : marginJson;
  const int64_t count = std::atoll(argv[2]), samples = std::atoll(argv[3]);
  uint64_t seed = std::strtoull(argv[4], nullptr, 10);
  for (int64_t done = 0; done < count; ++seed)
    if (Json json = draw(seed, samples); !json.is_null()) {
      std::printf("%s\n", json.dump().c_str());
      std::fflush(stdout);
      ++done;
    }
  return 0;
}
