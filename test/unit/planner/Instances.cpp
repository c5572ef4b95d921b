#include "Instances.h"

using namespace sigma::planner;
using namespace sigma::planner::test;

int64_t Random::below(int64_t n) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return static_cast<int64_t>((state * 0x2545F4914F6CDD1Dull >> 11) % static_cast<uint64_t>(n));
}

//===----------------------------------------------------------------------===//
// Costs by recipe
//===----------------------------------------------------------------------===//

int64_t RecipeCosts::perRank(int64_t amount, const Sharding &sharding) {
  return amount * sharding.microBatch / (sharding.tp * sharding.cp);
}

// Ops and collectives one after the other, those of no size left out.
class WorkBuilder {
public:
  explicit WorkBuilder(const Sharding &sharding) : sharding(sharding) {}

  void op(OpClass opClass, int64_t flops, int64_t bytes) {
    if (flops > 0 || bytes > 0)
      work.ops.push_back(
          {opClass, RecipeCosts::perRank(flops, sharding), RecipeCosts::perRank(bytes, sharding)});
  }
  void collective(Collective collective, Group group, int64_t bytes) {
    if (bytes > 0)
      work.collectives.push_back({collective, group, bytes, int64_t(work.ops.size())});
  }

  WorkCost work;

private:
  Sharding sharding;
};

// `factor`: how much more arithmetic and memory traffic than forward. The order is that of a layer:
// what comes after the last collective belongs to the exchange.
static WorkCost work(const LayerRecipe &recipe, const Sharding &sharding, int64_t factor) {
  WorkBuilder builder(sharding);
  const int64_t whole = sharding.microBatch; // what tp ranks gather is not shared among them
  builder.collective(Collective::AllGather, Group::Tensor,
                     recipe.tensorBytes * whole / sharding.cp);
  builder.op(OpClass::Matmul, recipe.denseFlops * factor, 0);
  const int64_t context = RecipeCosts::perRank(recipe.contextBytes, sharding);
  if (sharding.contextKind == ContextKind::Ring)
    builder.collective(Collective::RingShift, Group::Context, context);
  else
    builder.collective(Collective::AllToAll, Group::Context, 2 * context);
  builder.op(OpClass::Attention, recipe.attentionFlops * factor, 0);
  builder.collective(Collective::ReduceScatter, Group::Tensor,
                     recipe.tensorBytes * whole / sharding.cp);
  builder.op(OpClass::Memory, 0, recipe.memoryBytes * factor);
  const int64_t exchange = RecipeCosts::perRank(recipe.exchangeBytes, sharding);
  const int64_t gathered = RecipeCosts::perRank(recipe.expertTensorBytes, sharding) * sharding.etp;
  builder.collective(Collective::AllToAll, Group::Expert, exchange);
  builder.collective(Collective::AllGather, Group::ExpertTensor, gathered);
  builder.op(OpClass::GroupedMatmul, recipe.expertFlops * factor, 0);
  builder.collective(Collective::ReduceScatter, Group::ExpertTensor, gathered);
  builder.collective(Collective::AllToAll, Group::Expert, exchange);
  return builder.work;
}

static RematMode mode(const LayerRecipe &layer, const ModeRecipe &recipe,
                      const Sharding &sharding) {
  WorkBuilder builder(sharding);
  builder.op(OpClass::Matmul, recipe.flops, 0);
  if (recipe.repeatsExchange) {
    builder.collective(Collective::AllToAll, Group::Expert,
                       RecipeCosts::perRank(layer.exchangeBytes, sharding));
    builder.op(OpClass::GroupedMatmul, layer.expertFlops / 3, 0);
  }
  auto perRank = [&](int64_t bytes) { return RecipeCosts::perRank(bytes, sharding); };
  auto peaks = [&](std::vector<Peak> first, const std::vector<Peak> &more) {
    first.insert(first.end(), more.begin(), more.end());
    for (Peak &peak : first)
      peak.bytes = perRank(peak.bytes);
    return first;
  };
  const uint32_t values = Peak::bit(Beside::DenseValues) | Peak::bit(Beside::SharedValues) |
                          Peak::bit(Beside::ExpertValues),
                 gradients = Peak::bit(Beside::DenseGradients) |
                             Peak::bit(Beside::SharedGradients) |
                             Peak::bit(Beside::ExpertGradients);
  return {recipe.name,
          builder.work,
          perRank(recipe.savedBytes),
          peaks({{recipe.transientBytes, values | gradients}}, recipe.morePeaks),
          perRank(recipe.heldBytes),
          perRank(recipe.madeBytes),
          peaks({{recipe.splitTransientBytes, values}, {recipe.weightTransientBytes, gradients}},
                recipe.moreSplitPeaks)};
}

static LayerCost layerCost(const LayerRecipe &recipe, const Sharding &sharding) {
  LayerCost cost;
  cost.forward = work(recipe, sharding, 1);
  cost.backward = work(recipe, sharding, 2);
  cost.denseParameters = recipe.denseParameters / sharding.tp;
  cost.expertParameters = recipe.expertParameters / (sharding.ep * sharding.etp);
  for (const ModeRecipe &one : recipe.modes)
    cost.modes.push_back(mode(recipe, one, sharding));
  cost.holdsGradient = recipe.holdsGradient;
  return cost;
}

LayerCost RecipeCosts::embedding(const Sharding &sharding) {
  ++calls;
  return layerCost(embeddingRecipe, sharding);
}

LayerCost RecipeCosts::layer(int kind, const Sharding &sharding) {
  ++calls;
  return layerCost(kinds.at(kind), sharding);
}

LayerCost RecipeCosts::head(const Sharding &sharding) {
  ++calls;
  return layerCost(headRecipe, sharding);
}

void sigma::planner::test::setStages(Plan &plan,
                                     const std::vector<std::vector<LayerRange>> &stages) {
  plan.layout.numMicroBatches = 0; // not given
  plan.stages.clear();
  for (const std::vector<LayerRange> &chunks : stages) {
    StagePlan stage;
    stage.chunks = chunks;
    stage.remat.assign(stage.numLayers(), "none");
    plan.stages.push_back(stage);
  }
}

Problem sigma::planner::test::withoutNoise(Problem problem) {
  problem.cluster.device.jitterPpm = problem.cluster.routingJitterPpm = 0;
  for (DeviceGroup &group : problem.cluster.groups)
    group.device.jitterPpm = 0;
  for (Tier &tier : problem.cluster.tiers)
    tier.jitterPpm = 0;
  problem.cluster.spikes = {};
  return problem;
}

std::string sigma::planner::test::describe(const Layout &layout) {
  std::string text;
  for (int i = 0; i < kNumAxes; ++i)
    text += std::string(axisName(static_cast<Axis>(i))) + " " +
            std::to_string(layout.get(static_cast<Axis>(i))) + " ";
  return text + scheduleName(layout.schedule) + " " + placementName(layout.placement) + " " +
         contextKindName(layout.contextKind);
}

//===----------------------------------------------------------------------===//
// By hand
//===----------------------------------------------------------------------===//

static RecipeCosts simpleCosts() {
  RecipeCosts costs;
  LayerRecipe layer;
  layer.denseFlops = 1500000;
  layer.attentionFlops = 500000;
  layer.expertFlops = 4000000;
  layer.memoryBytes = 100000;
  layer.tensorBytes = 40000;
  layer.contextBytes = 20000;
  layer.exchangeBytes = 20000;
  layer.expertTensorBytes = 20000;
  layer.denseParameters = 4000;
  layer.expertParameters = 64000;
  layer.modes = {{"none", 0, false, 200000, 50000},
                 {"moe_act", 400000, false, 120000, 90000},
                 {"full", 6000000, true, 20000, 230000}};
  costs.kinds = {layer};
  costs.embeddingRecipe.denseFlops = 1000;
  costs.embeddingRecipe.denseParameters = 20000;
  costs.embeddingRecipe.modes = {{"none"}};
  costs.headRecipe.denseFlops = 3000000;
  costs.headRecipe.denseParameters = 20000;
  costs.headRecipe.modes = {{"none", 0, false, 100000, 100000}};
  costs.boundary = 20000;
  costs.batch = 1024;
  costs.workspace = 4096;
  return costs;
}

Instance sigma::planner::test::simpleInstance() {
  Instance instance;
  Problem &problem = instance.problem;
  Model &model = problem.model;
  model.name = "simple";
  model.layers = {{0, 6}};
  model.sequence = 128;
  model.numExperts = 8;
  model.flopsPerToken = 6e6;
  model.tensorDivisor = model.expertTensorDivisor = model.headDivisor = 4;
  model.allowsContext = true;
  problem.cluster.name = "pod";
  problem.cluster.numDevices = 8;
  problem.cluster.device = {"toy", 1000000000000, int64_t(16) << 20, 100000000000};
  problem.cluster.tiers = {{"node", 4, 50000000000, 2000}, {"pod", 8, 5000000000, 10000}};
  problem.job.name = "run";
  problem.job.globalBatch = 32;
  problem.job.recipe = {4, 4, 8};
  instance.costs = simpleCosts();
  return instance;
}

Instance sigma::planner::test::narrowInstance() {
  Instance instance = simpleInstance();
  Model &model = instance.problem.model;
  model.tensorDivisor = model.expertTensorDivisor = model.headDivisor = 1;
  model.allowsContext = false;
  Job &job = instance.problem.job;
  job.maxZero = 0;
  job.pins.schedule = Schedule::OneForwardOneBackward;
  return instance;
}

//===----------------------------------------------------------------------===//
// SIGMA-MoE 200B
//===----------------------------------------------------------------------===//

static RecipeCosts sigmaCosts() {
  const int64_t sequence = 4096, hidden = 5120, width = 2160, experts = 96, topK = 8;
  const int64_t queryWidth = 8192, keyWidth = 1024, vocabulary = 200064;
  const int64_t attention = hidden * (2 * queryWidth + 2 * keyWidth);
  RecipeCosts costs;
  LayerRecipe layer;
  layer.denseFlops = 2 * sequence * attention;
  layer.attentionFlops = 2 * sequence * sequence * queryWidth;
  layer.expertFlops = 2 * sequence * topK * 3 * hidden * width;
  layer.memoryBytes = sequence * hidden * 2 * 30;
  layer.tensorBytes = sequence * hidden * 2;
  layer.contextBytes = sequence * keyWidth * 4;
  layer.exchangeBytes = sequence * topK * hidden * 2;
  layer.expertTensorBytes = sequence * topK * hidden * 2;
  layer.denseParameters = attention + hidden * experts;
  layer.expertParameters = experts * 3 * hidden * width;
  const int64_t activations = sequence * topK * (4 * hidden + 6 * width);
  const int64_t saved = sequence * (10 * hidden + 4 * queryWidth) + activations;
  const int64_t transient = sequence * topK * hidden * 4;
  layer.modes = {{"none", 0, false, saved, transient},
                 {"moe_act", layer.memoryBytes, false, saved - activations / 2, transient},
                 {"full", layer.denseFlops + layer.attentionFlops + layer.expertFlops / 3 * 2, true,
                  sequence * hidden * 2, transient + saved}};
  costs.kinds = {layer};
  costs.embeddingRecipe.memoryBytes = sequence * hidden * 6;
  costs.embeddingRecipe.denseParameters = vocabulary * hidden;
  costs.embeddingRecipe.modes = {{"none"}};
  costs.headRecipe.denseFlops = 2 * sequence * hidden * vocabulary;
  costs.headRecipe.denseParameters = vocabulary * hidden;
  costs.headRecipe.modes = {
      {"none", 0, false, sequence * vocabulary * 2, sequence * vocabulary * 4}};
  costs.boundary = sequence * hidden * 2;
  costs.batch = sequence * 8;
  costs.workspace = 64 << 20;
  return costs;
}

Instance sigma::planner::test::sigmaInstance() {
  Instance instance;
  Problem &problem = instance.problem;
  problem.model = {"sigma-200b", {{0, 63}}, 4096, 5120, 96, 154.8e9};
  problem.model.tensorDivisor = problem.model.headDivisor = 8;
  problem.model.expertTensorDivisor = 16;
  problem.model.allowsContext = true;
  problem.cluster.name = "2048x64";
  problem.cluster.numDevices = 2048;
  problem.cluster.device = {"early",
                            350000000000000,
                            int64_t(64) << 30,
                            3000000000000,
                            5000,
                            0,
                            {700000, 500000, 400000, 1000000},
                            30000};
  problem.cluster.tiers = {{"node", 8, 200000000000, 5000, 30000},
                           {"pod", 2048, 25000000000, 15000, 150000}};
  problem.cluster.routingJitterPpm = 350000;
  problem.job.name = "pretrain";
  problem.job.globalBatch = 4096;
  problem.job.recipe = {2, 4, 12};
  problem.job.maxMicroBatch = 8;
  problem.job.overlap = {800000, 800000, 300000, 800000, 0, 800000};
  instance.costs = sigmaCosts();
  return instance;
}
