#include "planner/PlanMessage.h"

#include "planner/cost/Arithmetic.h"

#include <cmath>
#include <initializer_list>

using namespace sigma::planner;
namespace pb = sigma::plan;

namespace {

// As many layers as a problem may have; a hand-made plan must not make us allocate more.
constexpr int64_t kMaxLayers = 4096;

// Throws PlanningError at the first field that is wrong.
class MessageReader {
public:
  void read(const pb::Plan &message, PlanDocument &document) {
    require(message.version() == kPlanVersion, "version is " + std::to_string(message.version()) +
                                                   "; this program reads version " +
                                                   std::to_string(kPlanVersion));
    document.model = message.model();
    document.cluster = message.cluster();
    document.job = message.job();
    if (message.has_numexperts())
      document.numExperts = integer(message.numexperts(), "numExperts");
    readNodes(message, document);
    if (message.has_recovery())
      document.recovery = readRecovery(message.recovery());
    Answer &answer = document.answer;
    answer.proof = readProof(message.proof());
    bool infeasible = answer.proof.status == ProofStatus::Infeasible;
    if (message.stages_size() > 0 || !infeasible)
      readPlan(message, answer.plan);
    for (const pb::Conflict &conflict : message.conflict())
      answer.conflicts.push_back({conflict.limit(), conflict.amount(), conflict.suggest()});
    for (const pb::Runner &runner : message.runnersup())
      readRunner(runner, "runnersUp[" + std::to_string(answer.runnersUp.size()) + "]",
                 answer.runnersUp);
    for (const pb::Runner &runner : message.alternatives())
      readRunner(runner, "alternatives[" + std::to_string(answer.alternatives.size()) + "]",
                 answer.alternatives);
  }

private:
  static void readNodes(const pb::Plan &message, PlanDocument &document) {
    if (message.has_devicespernode()) {
      document.devicesPerNode = integer(message.devicespernode(), "devicesPerNode");
      require(*document.devicesPerNode > 0, "devicesPerNode must be positive");
    }
    document.spareNodes = integer(message.sparenodes(), "spareNodes");
    require(document.spareNodes >= 0, "spareNodes is negative");
  }

  static Recovery readRecovery(const pb::Recovery &in) {
    Recovery recovery;
    recovery.checkpointIntervalSteps =
        integer(in.checkpointintervalsteps(), "recovery.checkpointIntervalSteps");
    require(recovery.checkpointIntervalSteps > 0,
            "recovery.checkpointIntervalSteps must be positive");
    recovery.snapshotIntervalSteps =
        integer(in.snapshotintervalsteps(), "recovery.snapshotIntervalSteps");
    require(recovery.snapshotIntervalSteps >= 0, "recovery.snapshotIntervalSteps is negative");
    recovery.bestSpareNodes = integer(in.bestsparenodes(), "recovery.bestSpareNodes");
    recovery.keptShare = finite(in.keptshare(), "recovery.keptShare");
    return recovery;
  }

  static void require(bool ok, const std::string &message) {
    if (!ok)
      throw PlanningError(message);
  }

  static double finite(double value, const std::string &field) {
    require(std::isfinite(value), field + " is not a finite number");
    return value;
  }

  static int64_t integer(double value, const std::string &field) {
    require(std::fabs(finite(value, field)) <= double(kSaturated), field + " is out of range");
    return std::llround(value);
  }

  // The value whose name is `name`; `value` where the message says nothing.
  template <typename Enum>
  static Enum named(const std::string &name, Enum value, std::initializer_list<Enum> allowed,
                    const char *(*nameOf)(Enum), const std::string &field) {
    if (name.empty())
      return value;
    std::string names;
    for (Enum candidate : allowed) {
      if (name == nameOf(candidate))
        return candidate;
      names += (names.empty() ? "" : ", ") + std::string(nameOf(candidate));
    }
    throw PlanningError(field + " is '" + name + "'; allowed: " + names);
  }

  static void readNames(const pb::Layout &in, const std::string &field, Layout &layout) {
    layout.schedule = named(
        in.schedule(), layout.vpp > 1 ? Schedule::Interleaved : Schedule::OneForwardOneBackward,
        {Schedule::OneForwardOneBackward, Schedule::Interleaved, Schedule::ZeroBubbleH1,
         Schedule::DualPipeV},
        scheduleName, field + ".schedule");
    layout.contextKind =
        named(in.contextkind(), ContextKind::Ring, {ContextKind::Ring, ContextKind::AllToAll},
              contextKindName, field + ".contextKind");
    layout.placement = named(in.placement(), Placement::StagesOutside,
                             {Placement::StagesOutside, Placement::StagesInside}, placementName,
                             field + ".placement");
  }

  static Layout readLayout(const pb::Layout &in, const std::string &field) {
    auto degree = [&](bool given, int32_t value, const char *name) {
      require(!given || value >= 1,
              field + "." + name + " is " + std::to_string(value) + "; it must be at least 1");
      return given ? int64_t(value) : 1;
    };
    auto zeroStage = [&](int32_t value, const char *name) {
      require(value >= 0 && value <= 3,
              field + "." + name + " is " + std::to_string(value) + "; it must lie in 0..3");
      return int64_t(value);
    };
    Layout layout;
    layout.tp = degree(in.has_tp(), in.tp(), "tp");
    layout.cp = degree(in.has_cp(), in.cp(), "cp");
    layout.pp = degree(in.has_pp(), in.pp(), "pp");
    layout.vpp = degree(in.has_vpp(), in.vpp(), "vpp");
    layout.dp = degree(in.has_dp(), in.dp(), "dp");
    layout.ep = degree(in.has_ep(), in.ep(), "ep");
    layout.etp = degree(in.has_etp(), in.etp(), "etp");
    layout.zero = zeroStage(in.zero(), "zero");
    layout.expertZero = zeroStage(in.expertzero(), "expertZero");
    layout.microBatch = degree(in.has_microbatch(), in.microbatch(), "microBatch");
    layout.numMicroBatches = integer(in.nummicrobatches(), field + ".numMicroBatches");
    readNames(in, field, layout);
    return layout;
  }

  static void readRunner(const pb::Runner &in, const std::string &name,
                         std::vector<Runner> &runners) {
    Runner runner{in.choice(), {}, in.reason()};
    runner.plan.layout = readLayout(in.layout(), name + ".layout");
    runner.plan.objectiveNs = integer(in.objectivens(), name + ".objectiveNs");
    runner.plan.stepTime.objectiveNs = finite(in.steptimens(), name + ".stepTimeNs");
    runners.push_back(std::move(runner));
  }

  void readPlan(const pb::Plan &message, Plan &plan) {
    plan.layout = readLayout(message.layout(), "layout");
    int64_t next = 0;
    for (const pb::Stage &stage : message.stages()) {
      std::string name = "stages[" + std::to_string(plan.stages.size()) + "]";
      plan.stages.push_back(readStage(stage, name, next));
      const StagePlan &read = plan.stages.back();
      require(int64_t(read.chunks.size()) == plan.layout.vpp,
              name + " holds " + std::to_string(read.chunks.size()) + " chunks; layout.vpp is " +
                  std::to_string(plan.layout.vpp));
      next = read.chunks.back().end;
    }
    const pb::Predicted &predicted = message.predicted();
    const pb::StepTime &time = predicted.steptimens();
    plan.stepTime.meanNs = finite(time.mean(), "predicted.stepTimeNs.mean");
    plan.stepTime.p50Ns = finite(time.p50(), "predicted.stepTimeNs.p50");
    plan.stepTime.p95Ns = finite(time.p95(), "predicted.stepTimeNs.p95");
    plan.stepTime.objectiveNs = finite(time.objective(), "predicted.stepTimeNs.objective");
    plan.noiseNs = integer(time.noise(), "predicted.stepTimeNs.noise");
    plan.mfu = finite(predicted.mfu(), "predicted.mfu");
    plan.tokensPerSecond = finite(predicted.tokenspersecond(), "predicted.tokensPerSecond");
    plan.objectiveNs = integer(predicted.objectivens(), "predicted.objectiveNs");
  }

  static LayerRange readRange(int64_t first, int64_t end, const std::string &name) {
    require(first >= 0 && first <= end && end <= kMaxLayers,
            name + " holds layers " + std::to_string(first) + ".." + std::to_string(end) +
                "; they must lie in 0.." + std::to_string(kMaxLayers));
    return {first, end};
  }

  // From `chunks`; or from firstLayer and endLayer; or from `layers`, which follow `next`.
  static std::vector<LayerRange> readChunks(const pb::Stage &in, const std::string &name,
                                            int64_t next) {
    bool hasBorders = in.has_firstlayer() || in.has_endlayer();
    std::vector<LayerRange> chunks;
    for (const pb::Chunk &chunk : in.chunks())
      chunks.push_back(readRange(chunk.firstlayer(), chunk.endlayer(),
                                 name + ".chunks[" + std::to_string(chunks.size()) + "]"));
    if (hasBorders) {
      LayerRange range = readRange(in.firstlayer(), in.endlayer(), name);
      require(chunks.empty() || (chunks.size() == 1 && chunks[0].first == range.first &&
                                 chunks[0].end == range.end),
              name + ": firstLayer and endLayer say " + std::to_string(range.first) + ".." +
                  std::to_string(range.end) + " but its chunks say otherwise");
      chunks = {range};
    }
    if (chunks.empty())
      chunks = {readRange(next, next + in.layers(), name)};
    return chunks;
  }

  StagePlan readStage(const pb::Stage &in, const std::string &name, int64_t next) {
    StagePlan stage;
    stage.chunks = readChunks(in, name, next);
    int64_t layers = stage.numLayers();
    require(in.layers() == 0 || in.layers() == layers,
            name + ".layers is " + std::to_string(in.layers()) + " but its borders say " +
                std::to_string(layers));
    layersLeft -= layers;
    require(layersLeft >= 0,
            name + " brings the plan to more than " + std::to_string(kMaxLayers) + " layers");
    for (const std::string &mode : in.remat()) {
      require(!mode.empty(), name + ".remat holds an empty name; allowed: none, full, or another "
                                    "mode of the layer");
      stage.remat.push_back(mode);
    }
    if (stage.remat.empty())
      stage.remat.assign(static_cast<size_t>(layers), "none");
    readFigures(in, name, stage);
    return stage;
  }

  static void readFigures(const pb::Stage &in, const std::string &name, StagePlan &stage) {
    stage.peakBytes = integer(in.peakmemorybytes(), name + ".peakMemoryBytes");
    stage.microBatchNs = integer(in.microbatchns(), name + ".microBatchNs");
    const pb::MemoryParts &memory = in.memory();
    stage.parameterBytes = integer(memory.parameterbytes(), name + ".memory.parameterBytes");
    stage.gradientBytes = integer(memory.gradientbytes(), name + ".memory.gradientBytes");
    stage.optimizerBytes = integer(memory.optimizerbytes(), name + ".memory.optimizerBytes");
    stage.activationBytes = integer(memory.activationbytes(), name + ".memory.activationBytes");
    stage.transientBytes = integer(memory.transientbytes(), name + ".memory.transientBytes");
    stage.bufferBytes = integer(memory.bufferbytes(), name + ".memory.bufferBytes");
    const pb::TimeParts &time = in.time();
    stage.computeNs = integer(time.computens(), name + ".time.computeNs");
    stage.recomputeNs = integer(time.recomputens(), name + ".time.recomputeNs");
    stage.exchangeNs = integer(time.exchangens(), name + ".time.exchangeNs");
    stage.tensorNs = integer(time.tensorns(), name + ".time.tensorNs");
    stage.contextNs = integer(time.contextns(), name + ".time.contextNs");
    stage.zeroNs = integer(time.zerons(), name + ".time.zeroNs");
    stage.transferNs = integer(time.transferns(), name + ".time.transferNs");
    stage.noiseNs = integer(time.noisens(), name + ".time.noiseNs");
    stage.syncNs = integer(time.syncns(), name + ".time.syncNs");
    stage.optimizerNs = integer(time.optimizerns(), name + ".time.optimizerNs");
  }

  Proof readProof(const pb::Proof &in) {
    Proof proof;
    const std::string &status = in.status();
    // A plan written by hand carries no proof.
    require(status.empty() || status == "OPTIMAL" || status == "GAP" || status == "INFEASIBLE",
            "proof.status is '" + status + "'; allowed: OPTIMAL, GAP, INFEASIBLE");
    proof.status = status == "OPTIMAL"      ? ProofStatus::Optimal
                   : status == "INFEASIBLE" ? ProofStatus::Infeasible
                                            : ProofStatus::Gap;
    proof.gap = finite(in.gap(), "proof.gap");
    proof.wallMs = integer(in.wallms(), "proof.wallMs");
    proof.z3Ms = finite(in.z3ms(), "proof.z3Ms");
    proof.configurations = integer(in.configurations(), "proof.configurations");
    const pb::Certificates &certificates = in.certificates();
    proof.certificates.indivisible =
        integer(certificates.indivisible(), "proof.certificates.indivisible");
    proof.certificates.memoryBound =
        integer(certificates.memorybound(), "proof.certificates.memoryBound");
    proof.certificates.timeBound =
        integer(certificates.timebound(), "proof.certificates.timeBound");
    proof.certificates.lagrange = integer(certificates.lagrange(), "proof.certificates.lagrange");
    proof.certificates.z3 = integer(certificates.z3(), "proof.certificates.z3");
    return proof;
  }

  int64_t layersLeft = kMaxLayers;
};

} // namespace

PlanDocument sigma::planner::fromMessage(const pb::Plan &message) {
  PlanDocument document;
  try {
    MessageReader().read(message, document);
  } catch (const PlanningError &error) {
    document = PlanDocument();
    document.error = error.what();
  }
  return document;
}
