#include "planner/PlanMessage.h"

#include "planner/cost/Arithmetic.h"

#include <cmath>

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
    Answer &answer = document.answer;
    answer.proof = readProof(message.proof());
    bool infeasible = answer.proof.status == ProofStatus::Infeasible;
    if (message.stages_size() > 0 || !infeasible)
      readPlan(message, answer.plan);
    for (const pb::Conflict &conflict : message.conflict())
      answer.conflicts.push_back({conflict.limit(), conflict.amount(), conflict.suggest()});
    for (const pb::Runner &runner : message.runnersup())
      answer.runnersUp.push_back({readLayout(runner.layout(), "runnersUp.layout"),
                                  integer(runner.objectivens(), "runnersUp.objectiveNs"),
                                  runner.reason()});
  }

private:
  static void require(bool ok, const std::string &message) {
    if (!ok)
      throw PlanningError(message);
  }

  static double finite(double value, const char *field) {
    require(std::isfinite(value), std::string(field) + " is not a finite number");
    return value;
  }

  static int64_t integer(double value, const char *field) {
    require(std::fabs(finite(value, field)) <= double(kSaturated),
            std::string(field) + " is out of range");
    return std::llround(value);
  }

  // A degree that this planner does not search yet: absent or 1.
  static void onlyOne(int32_t value, const std::string &field) {
    require(value == 0 || value == 1,
            field + " is " + std::to_string(value) + "; this version plans with 1 only");
  }

  Layout readLayout(const pb::Layout &in, const std::string &field) {
    onlyOne(in.tp(), field + ".tp");
    onlyOne(in.vpp(), field + ".vpp");
    onlyOne(in.etp(), field + ".etp");
    onlyOne(in.cp(), field + ".cp");
    require(in.zero() == 0,
            field + ".zero is " + std::to_string(in.zero()) + "; this version plans with 0 only");
    require(in.schedule().empty() || in.schedule() == "1f1b",
            field + ".schedule is '" + in.schedule() + "'; allowed: 1f1b");
    Layout layout;
    auto degree = [&](int32_t value, const char *name) {
      require(value >= 1,
              field + "." + name + " is " + std::to_string(value) + "; it must be at least 1");
      return int64_t(value);
    };
    layout.pp = degree(in.pp(), "pp");
    layout.dp = degree(in.dp(), "dp");
    layout.ep = degree(in.ep(), "ep");
    layout.microBatch = degree(in.microbatch(), "microBatch");
    layout.numMicroBatches = integer(in.nummicrobatches(), "layout.numMicroBatches");
    return layout;
  }

  void readPlan(const pb::Plan &message, Plan &plan) {
    plan.layout = readLayout(message.layout(), "layout");
    int64_t next = 0;
    for (const pb::Stage &stage : message.stages()) {
      plan.stages.push_back(readStage(stage, plan.stages.size(), next));
      next = plan.stages.back().endLayer;
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

  StagePlan readStage(const pb::Stage &in, size_t index, int64_t next) {
    std::string name = "stages[" + std::to_string(index) + "]";
    StagePlan stage;
    bool hasBorders = in.firstlayer() != 0 || in.endlayer() != 0;
    stage.firstLayer = hasBorders ? in.firstlayer() : next;
    stage.endLayer = hasBorders ? in.endlayer() : next + in.layers();
    int64_t layers = stage.endLayer - stage.firstLayer;
    require(stage.firstLayer >= 0 && layers >= 0 && stage.endLayer <= kMaxLayers,
            name + " holds layers " + std::to_string(stage.firstLayer) + ".." +
                std::to_string(stage.endLayer) + "; they must lie in 0.." +
                std::to_string(kMaxLayers));
    require(in.layers() == 0 || in.layers() == layers,
            name + ".layers is " + std::to_string(in.layers()) + " but its borders say " +
                std::to_string(layers));
    for (const std::string &mode : in.remat()) {
      require(mode == "none" || mode == "full",
              name + ".remat holds '" + mode + "'; allowed: none, full");
      stage.remat.push_back(mode == "full");
    }
    if (stage.remat.empty())
      stage.remat.assign(layers, false);
    readFigures(in, stage);
    return stage;
  }

  void readFigures(const pb::Stage &in, StagePlan &stage) {
    stage.peakBytes = integer(in.peakmemorybytes(), "stages.peakMemoryBytes");
    stage.microBatchNs = integer(in.microbatchns(), "stages.microBatchNs");
    const pb::MemoryParts &memory = in.memory();
    stage.parameterBytes = integer(memory.parameterbytes(), "stages.memory.parameterBytes");
    stage.gradientBytes = integer(memory.gradientbytes(), "stages.memory.gradientBytes");
    stage.optimizerBytes = integer(memory.optimizerbytes(), "stages.memory.optimizerBytes");
    stage.activationBytes = integer(memory.activationbytes(), "stages.memory.activationBytes");
    stage.transientBytes = integer(memory.transientbytes(), "stages.memory.transientBytes");
    stage.bufferBytes = integer(memory.bufferbytes(), "stages.memory.bufferBytes");
    const pb::TimeParts &time = in.time();
    stage.computeNs = integer(time.computens(), "stages.time.computeNs");
    stage.recomputeNs = integer(time.recomputens(), "stages.time.recomputeNs");
    stage.exchangeNs = integer(time.exchangens(), "stages.time.exchangeNs");
    stage.transferNs = integer(time.transferns(), "stages.time.transferNs");
    stage.noiseNs = integer(time.noisens(), "stages.time.noiseNs");
    stage.syncNs = integer(time.syncns(), "stages.time.syncNs");
    stage.optimizerNs = integer(time.optimizerns(), "stages.time.optimizerNs");
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
