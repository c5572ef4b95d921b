#include "codegen/megatron/Plans.h"

#include <algorithm>
#include <set>

using namespace sigma::megatron;
namespace planner = sigma::planner;
using sigma::planner::ContextKind;
using sigma::planner::Layout;
using sigma::planner::Placement;
using sigma::planner::Plan;
using sigma::planner::Schedule;
using sigma::planner::StagePlan;

static std::string str(int64_t value) { return std::to_string(value); }

namespace {

using Modes = std::vector<std::string>;

class Exporter {
public:
  Exporter(const Plan &plan, std::optional<int64_t> numExperts, const Target *target)
      : plan(plan), layout(plan.layout), numExperts(numExperts), target(target) {
    if (target)
      this->numExperts = target->problem.model.numExperts;
  }

  LaunchOrError run() {
    if (target)
      requireModel();
    exportSchedule();
    exportSizes();
    exportLayers();
    exportZero();
    exportRemat();
    if (target)
      exportOverlap(target->problem.job.overlap);
    if (result.error.empty() && target)
      requireSameBack();
    if (!result.error.empty())
      result.launch = Launch();
    return std::move(result);
  }

private:
  void refuse(const std::string &message) {
    if (result.error.empty())
      result.error = message;
  }

  void requireModel() {
    int64_t held = 0, wanted = 0;
    for (const StagePlan &stage : plan.stages)
      held += stage.numLayers();
    for (const planner::LayerGroup &group : target->problem.model.layers)
      wanted += group.count;
    if (held != wanted)
      refuse("the plan holds " + str(held) + " layers; the specification's model has " +
             str(wanted));
  }

  void exportSchedule() {
    if (layout.schedule == Schedule::ZeroBubbleH1)
      refuse("schedule zb-h1 is not in Megatron-LM; nearest: 1f1b");
    if (layout.schedule == Schedule::DualPipeV)
      refuse("schedule dualpipev is not in Megatron-LM; nearest: interleaved with vpp 2");
  }

  void exportSizes() {
    Launch &launch = result.launch;
    launch.tensorParallel = layout.tp;
    launch.sequenceParallel = layout.tp > 1;
    launch.contextParallel = layout.cp;
    if (layout.cp > 1)
      launch.cpCommTypes = {layout.contextKind == ContextKind::Ring ? "p2p" : "a2a"};
    launch.pipelineParallel = layout.pp;
    launch.expertParallel = layout.ep;
    if (layout.etp != layout.tp)
      launch.expertTensorParallel = layout.etp;
    launch.tpPpDpMapping = layout.placement == Placement::StagesInside;
    launch.microBatch = layout.microBatch;
    launch.globalBatch = layout.dp * layout.microBatch * layout.numMicroBatches;
    if (layout.numMicroBatches < 1)
      refuse("the plan does not say numMicroBatches, of which --global-batch-size is made");
  }

  // Chunk by chunk, which is the order of virtual stages under an interleaved schedule.
  std::vector<VirtualStage> virtualStages() {
    std::vector<VirtualStage> stages;
    int64_t next = 0;
    for (int64_t v = 0; v < layout.vpp * layout.pp; ++v) {
      const StagePlan &stage = plan.stages[static_cast<size_t>(v % layout.pp)];
      const planner::LayerRange &chunk = stage.chunks[static_cast<size_t>(v / layout.pp)];
      if (chunk.first != next || chunk.size() < 1)
        refuse("chunk " + str(v / layout.pp) + " of stage " + str(v % layout.pp) +
               " holds layers " + str(chunk.first) + ".." + str(chunk.end) +
               "; it must hold at least one, from layer " + str(next));
      next = chunk.end;
      stages.push_back({chunk.size(), 0, v == 0, false});
    }
    stages.back().hasLoss = true;
    stages.back().mtpLayers = target ? target->mtpLayers : 0;
    return stages;
  }

  void exportLayers() {
    if (static_cast<int64_t>(plan.stages.size()) != layout.pp)
      return refuse("the plan has " + str(static_cast<int64_t>(plan.stages.size())) +
                    " stages; layout.pp is " + str(layout.pp));
    std::vector<VirtualStage> stages = virtualStages();
    bool isEven = std::all_of(stages.begin(), stages.end(), [&](const VirtualStage &stage) {
      return stage.layers == stages.front().layers;
    });
    if (!isEven)
      result.launch.pipelineLayout = printLayoutString(stages);
    else if (layout.vpp > 1)
      result.launch.layersPerVirtualStage = stages.front().layers;
  }

  // Megatron-LM has one stage of ZeRO for all parameters. Where one rank holds them, any is the
  // same.
  void exportZero() {
    bool hasExperts = numExperts ? *numExperts > 0 : layout.ep > 1 || layout.etp > 1;
    bool sharesDense = layout.cp * layout.dp > 1;
    bool sharesExperts = hasExperts && layout.edp() > 1;
    if (!numExperts && !hasExperts && layout.zero != layout.expertZero)
      return refuse("zero is " + str(layout.zero) + " and expert zero " + str(layout.expertZero) +
                    ", and the plan does not say numExperts; give the specification with --spec");
    if (sharesDense && sharesExperts && layout.zero != layout.expertZero)
      return refuse("expert zero is " + str(layout.expertZero) + " and zero " + str(layout.zero) +
                    "; Megatron-LM has one for both; nearest: zero " +
                    str(std::min(layout.zero, layout.expertZero)) + " for both");
    int64_t zero = std::max(layout.zero, layout.expertZero);
    result.launch.distributedOptimizer = zero > 0;
    if (zero > 1) {
      result.launch.fsdp = true;
      result.launch.shardingStrategy = zero;
    }
  }

  void exportRemat() {
    std::set<std::string> modes;
    for (const StagePlan &stage : plan.stages)
      modes.insert(stage.remat.begin(), stage.remat.end());
    if (modes.empty() || modes == std::set<std::string>{"none"})
      return;
    if (modes == std::set<std::string>{"full"})
      return setFull(RecomputeMethod::Uniform, 1);
    if (modes == std::set<std::string>{"full", "none"})
      return exportBlock();
    if (modes.count("full"))
      return refuse(
          "remat is full in some layers and modules in others; Megatron-LM recomputes all "
          "layers alike; nearest: full everywhere");
    if (modes.size() > 1 && !target)
      return refuse(
          "remat differs between layers; whether Megatron-LM can say that depends on what "
          "each layer holds: give the specification with --spec");
    exportSelective(modes);
  }

  void setFull(RecomputeMethod method, int64_t layers) {
    result.launch.recompute = Recompute::Full;
    result.launch.recomputeMethod = method;
    result.launch.recomputeLayers = layers;
  }

  // --recompute-method block: the first layers of each chunk, as many in all.
  void exportBlock() {
    int64_t count = 0;
    for (const StagePlan &stage : plan.stages)
      forEachChunk(stage, [&](size_t first, size_t end) {
        count = std::max(count, leadingFull(stage, first, end));
      });
    for (size_t i = 0; i < plan.stages.size(); ++i)
      forEachChunk(plan.stages[i], [&](size_t first, size_t end) {
        auto begin = plan.stages[i].remat.begin();
        int64_t full = std::count(begin + first, begin + end, "full");
        int64_t expected = std::min(count, int64_t(end - first));
        if (full != expected || leadingFull(plan.stages[i], first, end) != full)
          refuse(
              "remat of stage " + str(int64_t(i)) + " is full in " + str(full) + " of " +
              str(int64_t(end - first)) +
              " layers of a chunk; Megatron-LM recomputes the first layers of every chunk, as many "
              "in all; nearest: the first " +
              str(count) + " of each (--recompute-method block --recompute-num-layers " +
              str(count) + ")");
      });
    setFull(RecomputeMethod::Block, count);
  }

  template <typename Function>
  static void forEachChunk(const StagePlan &stage, Function function) {
    size_t first = 0;
    for (const planner::LayerRange &chunk : stage.chunks) {
      size_t end = std::min(stage.remat.size(), first + static_cast<size_t>(chunk.size()));
      function(first, end);
      first = end;
    }
  }

  static int64_t leadingFull(const StagePlan &stage, size_t first, size_t end) {
    auto begin = stage.remat.begin() + static_cast<std::ptrdiff_t>(first);
    auto last = stage.remat.begin() + static_cast<std::ptrdiff_t>(end);
    return std::find(begin, last, "none") - begin;
  }

  // The union of all layers' modules; a layer leaves out what it does not hold, which
  // requireSameBack makes sure of.
  void exportSelective(const std::set<std::string> &modes) {
    result.launch.recompute = Recompute::Selective;
    std::vector<std::string> &modules = result.launch.recomputeModules;
    for (const std::string &mode : modes)
      for (size_t begin = 0, end; mode != "none" && begin <= mode.size(); begin = end + 1) {
        end = std::min(mode.size(), mode.find('+', begin));
        std::string module = mode.substr(begin, end - begin);
        if (!isRecomputeModule(module))
          return refuse("remat '" + mode + "' recomputes '" + module +
                        "', which Megatron-LM cannot; it can: " + recomputeModuleNames());
        if (std::find(modules.begin(), modules.end(), module) == modules.end())
          modules.push_back(module);
      }
  }

  void exportOverlap(const planner::Overlap &overlap) {
    Launch &launch = result.launch;
    launch.overlapGradReduce = overlap.gradientPpm > 0 && layout.cp * layout.dp > 1;
    launch.overlapParamGather =
        overlap.parameterPpm > 0 && launch.overlapGradReduce && launch.distributedOptimizer;
    launch.tpCommOverlap = overlap.tensorPpm > 0 && layout.tp > 1;
  }

  void requireSameBack() {
    PlanOrError back = planOf(result.launch, *target);
    if (!back.error.empty())
      return refuse(back.error);
    if (!std::equal(plan.stages.begin(), plan.stages.end(), back.plan.stages.begin(),
                    back.plan.stages.end(), holdSameLayers))
      return refuse("Megatron-LM splits the layers of the specification's model otherwise");
    for (size_t i = 0; i < plan.stages.size(); ++i)
      requireSameModes(plan.stages[i], back.plan.stages[i]);
  }

  static bool holdSameLayers(const StagePlan &a, const StagePlan &b) {
    auto isSame = [](const planner::LayerRange &x, const planner::LayerRange &y) {
      return x.first == y.first && x.end == y.end;
    };
    return std::equal(a.chunks.begin(), a.chunks.end(), b.chunks.begin(), b.chunks.end(), isSame);
  }

  void requireSameModes(const StagePlan &ours, const StagePlan &theirs) {
    size_t index = 0;
    for (const planner::LayerRange &chunk : ours.chunks)
      for (int64_t layer = chunk.first; layer < chunk.end && index < ours.remat.size(); ++layer) {
        const std::string &mode = ours.remat[index], &other = theirs.remat[index];
        ++index;
        if (mode != other)
          return refuse("remat of layer " + str(layer) + " is '" + mode +
                        "'; Megatron-LM recomputes the same modules in all layers; nearest: '" +
                        other + "'");
      }
  }

  const Plan &plan;
  const Layout &layout;
  std::optional<int64_t> numExperts;
  const Target *target;
  LaunchOrError result;
};

} // namespace

LaunchOrError sigma::megatron::launchOf(const Plan &plan, std::optional<int64_t> numExperts,
                                        const Target *target) {
  return Exporter(plan, numExperts, target).run();
}
