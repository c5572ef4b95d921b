#include "codegen/megatron/Plans.h"

#include <algorithm>
#include <map>
#include <set>

using namespace sigma::megatron;
namespace planner = sigma::planner;
using sigma::planner::ContextKind;
using sigma::planner::LayerCost;
using sigma::planner::Layout;
using sigma::planner::Placement;
using sigma::planner::Plan;
using sigma::planner::Schedule;
using sigma::planner::StagePlan;

static std::string str(int64_t value) { return std::to_string(value); }

std::vector<StagePlan> sigma::megatron::stagesOf(const std::vector<VirtualStage> &virtualStages,
                                                 int64_t pp) {
  std::vector<StagePlan> stages(static_cast<size_t>(pp));
  int64_t next = 0;
  for (size_t v = 0; v < virtualStages.size(); ++v) {
    stages[v % stages.size()].chunks.push_back({next, next + virtualStages[v].layers});
    next += virtualStages[v].layers;
  }
  return stages;
}

namespace {

// As many stages and layers as a plan may have, so that flags cannot make us allocate more.
constexpr int64_t kMaxStages = 65536, kMaxLayers = 4096;

class Importer {
public:
  Importer(const Launch &launch, const Target &target)
      : launch(launch), target(target), model(target.problem.model) {}

  PlanOrError run() {
    for (const planner::LayerGroup &group : model.layers)
      kinds.insert(kinds.end(), static_cast<size_t>(group.count), group.kind);
    requireSameModel();
    if (ok())
      importSizes();
    if (ok())
      importLayers();
    if (ok()) {
      importZero();
      importRemat();
    }
    if (!ok())
      result.plan = Plan();
    return std::move(result);
  }

private:
  bool ok() const { return result.error.empty(); }

  void fail(const std::string &message) {
    if (ok())
      result.error = message;
  }

  int64_t numLayers() const { return static_cast<int64_t>(kinds.size()); }

  void requireSame(const char *flag, std::optional<int64_t> given, int64_t ours, const char *what) {
    if (given && *given != ours)
      fail(std::string(flag) + " is " + str(*given) + "; " + what + " " + str(ours));
  }

  void requireSameModel() {
    requireSame("--num-layers", launch.numLayers, numLayers(), "the model's layers are");
    requireSame("--seq-length", launch.sequence, model.sequence, "the job trains on sequences of");
    requireSame("--mtp-num-layers", launch.mtpLayers, target.mtpLayers,
                "the model's layers of multi-token prediction are");
    if (launch.numExperts && (*launch.numExperts > 0) != (model.numExperts > 0))
      fail("--num-experts is " + str(*launch.numExperts) +
           (model.numExperts ? "; the model has layers of experts" : "; the model has no experts"));
    if (!launch.numExperts && model.numExperts == 0 && launch.expertParallel > 1)
      fail("--expert-model-parallel-size is " + str(launch.expertParallel) +
           "; the model has no experts");
    requireSame("--global-batch-size", launch.globalBatch, target.problem.job.globalBatch,
                "the job's batch is");
  }

  void importSizes() {
    Layout &layout = result.plan.layout;
    layout.tp = launch.tensorParallel;
    layout.cp = launch.contextParallel;
    layout.pp = launch.pipelineParallel;
    layout.ep = launch.expertParallel;
    layout.microBatch = launch.microBatch;
    if (model.numExperts > 0)
      layout.etp = launch.expertTensorParallel.value_or(launch.tensorParallel);
    __int128 world = __int128(layout.tp) * layout.cp * layout.pp;
    int64_t devices = target.problem.cluster.numDevices;
    if (world > devices || devices % static_cast<int64_t>(world) != 0)
      return fail("tensor " + str(layout.tp) + " x context " + str(layout.cp) + " x pipeline " +
                  str(layout.pp) + " does not divide the cluster's " + str(devices) + " devices");
    layout.dp = devices / static_cast<int64_t>(world);
    if (layout.pp > kMaxStages)
      return fail("--pipeline-model-parallel-size is " + str(layout.pp) + "; it must be at most " +
                  str(kMaxStages));
    if (!launch.globalBatch && layout.dp * layout.microBatch != target.problem.job.globalBatch)
      return fail("there is no --global-batch-size; Megatron-LM would take " +
                  str(layout.dp * layout.microBatch) + ", the job's batch is " +
                  str(target.problem.job.globalBatch));
    layout.numMicroBatches = target.problem.job.globalBatch / (layout.dp * layout.microBatch);
    importContext(layout);
    // With one pipeline, or one stage, both placements are the same.
    if (launch.tpPpDpMapping && layout.pp > 1 && layout.dp > 1)
      layout.placement = Placement::StagesInside;
  }

  void importContext(Layout &layout) {
    for (const std::string &type : launch.cpCommTypes)
      if (layout.cp > 1 && (type != launch.cpCommTypes.front() || (type != "p2p" && type != "a2a")))
        return fail("--cp-comm-type has '" + type + "'; plans have p2p or a2a in all layers");
    if (layout.cp > 1 && !launch.cpCommTypes.empty() && launch.cpCommTypes.front() == "a2a")
      layout.contextKind = ContextKind::AllToAll;
  }

  void importLayers() {
    std::vector<VirtualStage> stages =
        launch.pipelineLayout ? readLayout()
                              : splitAsMegatron(launch.numLayers.value_or(numLayers()));
    if (!ok())
      return;
    Layout &layout = result.plan.layout;
    layout.vpp = static_cast<int64_t>(stages.size()) / layout.pp;
    layout.schedule = layout.vpp > 1 ? Schedule::Interleaved : Schedule::OneForwardOneBackward;
    result.plan.stages = stagesOf(stages, layout.pp);
  }

  std::vector<VirtualStage> readLayout() {
    LayoutString layout = parseLayoutString(*launch.pipelineLayout);
    if (!layout.error.empty())
      fail("--pipeline-model-parallel-layout '" + *launch.pipelineLayout + "': " + layout.error);
    else if (static_cast<int64_t>(layout.stages.size()) % launch.pipelineParallel != 0)
      fail("--pipeline-model-parallel-layout '" + *launch.pipelineLayout + "' has " +
           str(static_cast<int64_t>(layout.stages.size())) +
           " virtual stages, which --pipeline-model-parallel-size " + str(launch.pipelineParallel) +
           " does not divide");
    else
      requireMtp(layout.stages);
    return layout.stages;
  }

  // In a plan, layers of multi-token prediction are part of the head.
  void requireMtp(const std::vector<VirtualStage> &stages) {
    for (size_t v = 0; v + 1 < stages.size(); ++v)
      if (stages[v].mtpLayers > 0)
        return fail("--pipeline-model-parallel-layout has m in virtual stage " +
                    str(static_cast<int64_t>(v)) + "; plans have it with L, in the last");
    if (stages.back().mtpLayers != target.mtpLayers)
      fail("--pipeline-model-parallel-layout has " + str(stages.back().mtpLayers) +
           " m; the model has " + str(target.mtpLayers) + " layers of multi-token prediction");
  }

  int64_t virtualStagesPerStage(int64_t layersPerStage) const {
    if (launch.virtualStagesPerRank)
      return *launch.virtualStagesPerRank;
    if (!launch.layersPerVirtualStage)
      return 1;
    return std::max<int64_t>(1, layersPerStage / *launch.layersPerVirtualStage);
  }

  // As Megatron-LM counts without a layout string: every quotient is rounded down, and what is left
  // over is on no stage.
  std::vector<VirtualStage> splitAsMegatron(int64_t layers) {
    int64_t pp = launch.pipelineParallel;
    int64_t counted = layers + launch.accountForEmbedding + launch.accountForLoss;
    int64_t given = launch.firstStageLayers.value_or(0) + launch.lastStageLayers.value_or(0);
    int64_t others = pp - launch.firstStageLayers.has_value() - launch.lastStageLayers.has_value();
    int64_t perStage = others > 0 ? std::max<int64_t>(0, counted - given) / others : 0;
    int64_t vpp = virtualStagesPerStage(perStage);
    if (vpp > kMaxLayers || std::max(perStage, given) > kMaxLayers || pp * vpp > 2 * kMaxStages) {
      fail("the split has more than " + str(kMaxLayers) + " layers or chunks on a stage");
      return {};
    }
    std::vector<VirtualStage> stages;
    for (int64_t v = 0; v < pp * vpp; ++v) {
      int64_t stage = v % pp, held = perStage;
      if (stage == 0 && launch.firstStageLayers)
        held = *launch.firstStageLayers;
      if (stage == pp - 1 && launch.lastStageLayers)
        held = *launch.lastStageLayers;
      stages.push_back({held / vpp, 0, v == 0, v == pp * vpp - 1});
    }
    stages.front().layers -= launch.accountForEmbedding;
    stages.back().layers -= launch.accountForLoss;
    for (VirtualStage &stage : stages)
      stage.layers = std::max<int64_t>(0, stage.layers);
    return stages;
  }

  // Megatron-LM's ZeRO covers dense parameters and experts; 0 where one rank holds them.
  void importZero() {
    Layout &layout = result.plan.layout;
    int64_t zero = launch.fsdp ? launch.shardingStrategy.value_or(0) : launch.distributedOptimizer;
    layout.zero = layout.cp * layout.dp > 1 ? zero : 0;
    layout.expertZero = model.numExperts > 0 && layout.edp() > 1 ? zero : 0;
  }

  void importRemat() {
    for (StagePlan &stage : result.plan.stages)
      for (const planner::LayerRange &chunk : stage.chunks)
        for (int64_t layer = chunk.first; layer < chunk.end; ++layer)
          stage.remat.push_back(modeOf(layer, layer - chunk.first));
  }

  std::string modeOf(int64_t layer, int64_t indexInChunk) {
    switch (launch.recompute) {
    case Recompute::None:
      return "none";
    case Recompute::Full:
      return launch.recomputeMethod == RecomputeMethod::Uniform ||
                     indexInChunk < *launch.recomputeLayers
                 ? "full"
                 : "none";
    case Recompute::Selective:
      return selectiveMode(layer);
    }
    return {};
  }

  // The mode that drops the named modules as far as the layer holds them. Layers that the model
  // lacks have none; that there are too many is for the check to say.
  std::string selectiveMode(int64_t layer) {
    if (layer >= numLayers())
      return "none";
    int kind = kinds[static_cast<size_t>(layer)];
    auto known = modes.find(kind);
    if (known == modes.end())
      known = modes.emplace(kind, findMode(kind)).first;
    return known->second;
  }

  static std::set<std::string> modulesOf(const std::string &mode) {
    std::set<std::string> modules;
    for (size_t begin = 0, end; begin <= mode.size(); begin = end + 1) {
      end = std::min(mode.size(), mode.find('+', begin));
      modules.insert(mode.substr(begin, end - begin));
    }
    return modules;
  }

  std::string findMode(int kind) {
    std::vector<std::string> names = launch.recomputeModules;
    if (names.empty())
      names = {"core_attn"};
    LayerCost cost = target.costs.layer(kind, planner::Sharding());
    std::set<std::string> wanted, held;
    for (const planner::RematMode &mode : cost.modes)
      for (const std::string &module : modulesOf(mode.name))
        held.insert(module);
    for (const std::string &name : names)
      if (held.count(name))
        wanted.insert(name);
    if (wanted.empty())
      return "none";
    for (const planner::RematMode &mode : cost.modes)
      if (modulesOf(mode.name) == wanted)
        return mode.name;
    std::string joined;
    for (const std::string &name : wanted)
      joined += (joined.empty() ? "" : "+") + name;
    return joined;
  }

  const Launch &launch;
  const Target &target;
  const planner::Model &model;
  std::vector<int> kinds; // of each layer
  std::map<int, std::string> modes;
  PlanOrError result;
};

} // namespace

PlanOrError sigma::megatron::planOf(const Launch &launch, const Target &target) {
  return Importer(launch, target).run();
}
