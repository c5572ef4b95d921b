#include "planner/PlanMessage.h"

#include "planner/Recovery.h"

#include <algorithm>
#include <nlohmann/json.hpp>

using namespace sigma::planner;
namespace pb = sigma::plan;

// Protobuf strings are UTF-8; what is not in a name becomes a replacement character.
static std::string utf8(const std::string &name) {
  using Json = nlohmann::json;
  return Json::parse(Json(name).dump(-1, ' ', false, Json::error_handler_t::replace));
}

static void fill(pb::Layout &out, const Layout &layout) {
  out.set_tp(static_cast<int32_t>(layout.tp));
  out.set_pp(static_cast<int32_t>(layout.pp));
  out.set_vpp(static_cast<int32_t>(layout.vpp));
  out.set_ep(static_cast<int32_t>(layout.ep));
  out.set_etp(static_cast<int32_t>(layout.etp));
  out.set_cp(static_cast<int32_t>(layout.cp));
  out.set_dp(static_cast<int32_t>(layout.dp));
  out.set_zero(static_cast<int32_t>(layout.zero));
  out.set_expertzero(static_cast<int32_t>(layout.expertZero));
  out.set_microbatch(static_cast<int32_t>(layout.microBatch));
  out.set_nummicrobatches(double(layout.numMicroBatches));
  out.set_schedule(scheduleName(layout.schedule));
  out.set_contextkind(contextKindName(layout.contextKind));
  out.set_placement(placementName(layout.placement));
}

static void fillLayers(pb::Stage &out, const StagePlan &stage) {
  for (const LayerRange &range : stage.chunks) {
    pb::Chunk &chunk = *out.add_chunks();
    chunk.set_firstlayer(static_cast<int32_t>(range.first));
    chunk.set_endlayer(static_cast<int32_t>(range.end));
  }
  if (stage.chunks.size() == 1) {
    out.set_firstlayer(static_cast<int32_t>(stage.chunks.front().first));
    out.set_endlayer(static_cast<int32_t>(stage.chunks.front().end));
  }
  out.set_layers(static_cast<int32_t>(stage.numLayers()));
  for (const std::string &mode : stage.remat)
    out.add_remat(utf8(mode));
}

static void fill(pb::Stage &out, const StagePlan &stage) {
  fillLayers(out, stage);
  out.set_peakmemorybytes(double(stage.peakBytes));
  out.set_microbatchns(double(stage.microBatchNs));
  pb::MemoryParts &memory = *out.mutable_memory();
  memory.set_parameterbytes(double(stage.parameterBytes));
  memory.set_gradientbytes(double(stage.gradientBytes));
  memory.set_optimizerbytes(double(stage.optimizerBytes));
  memory.set_activationbytes(double(stage.activationBytes));
  memory.set_transientbytes(double(stage.transientBytes));
  memory.set_bufferbytes(double(stage.bufferBytes));
  pb::TimeParts &time = *out.mutable_time();
  time.set_computens(double(stage.computeNs));
  time.set_recomputens(double(stage.recomputeNs));
  time.set_exchangens(double(stage.exchangeNs));
  time.set_tensorns(double(stage.tensorNs));
  time.set_contextns(double(stage.contextNs));
  time.set_zerons(double(stage.zeroNs));
  time.set_transferns(double(stage.transferNs));
  time.set_noisens(double(stage.noiseNs));
  time.set_syncns(double(stage.syncNs));
  time.set_optimizerns(double(stage.optimizerNs));
}

static void fill(pb::Predicted &out, const Plan &plan) {
  pb::StepTime &time = *out.mutable_steptimens();
  time.set_mean(plan.stepTime.meanNs);
  time.set_p50(plan.stepTime.p50Ns);
  time.set_p95(plan.stepTime.p95Ns);
  time.set_objective(plan.stepTime.objectiveNs);
  time.set_noise(double(plan.noiseNs));
  int64_t peak = 0;
  for (const StagePlan &stage : plan.stages)
    peak = std::max(peak, stage.peakBytes);
  out.set_peakmemorybytes(double(peak));
  out.set_mfu(plan.mfu);
  out.set_tokenspersecond(plan.tokensPerSecond);
  out.set_objectivens(double(plan.objectiveNs));
}

static void fill(pb::Recovery &out, const Recovery &recovery) {
  out.set_checkpointintervalsteps(double(recovery.checkpointIntervalSteps));
  out.set_snapshotintervalsteps(double(recovery.snapshotIntervalSteps));
  out.set_bestsparenodes(double(recovery.bestSpareNodes));
  out.set_keptshare(recovery.keptShare);
}

static const char *statusName(ProofStatus status) {
  switch (status) {
  case ProofStatus::Optimal:
    return "OPTIMAL";
  case ProofStatus::Gap:
    return "GAP";
  case ProofStatus::Infeasible:
    return "INFEASIBLE";
  }
  return "";
}

static void fill(pb::Runner &out, const Runner &runner) {
  fill(*out.mutable_layout(), runner.plan.layout);
  out.set_objectivens(double(runner.plan.objectiveNs));
  out.set_steptimens(runner.plan.stepTime.objectiveNs);
  out.set_reason(runner.reason);
  out.set_choice(runner.choice);
}

static void fill(pb::Proof &out, const Proof &proof) {
  out.set_status(statusName(proof.status));
  out.set_gap(proof.gap);
  out.set_wallms(double(proof.wallMs));
  out.set_z3ms(proof.z3Ms);
  out.set_configurations(double(proof.configurations));
  pb::Certificates &certificates = *out.mutable_certificates();
  certificates.set_indivisible(double(proof.certificates.indivisible));
  certificates.set_memorybound(double(proof.certificates.memoryBound));
  certificates.set_timebound(double(proof.certificates.timeBound));
  certificates.set_lagrange(double(proof.certificates.lagrange));
  certificates.set_z3(double(proof.certificates.z3));
}

pb::Plan sigma::planner::toMessage(const Problem &problem, const Answer &answer) {
  pb::Plan out;
  out.set_version(kPlanVersion);
  out.set_model(utf8(problem.model.name));
  out.set_cluster(utf8(problem.cluster.name));
  out.set_job(utf8(problem.job.name));
  out.set_numexperts(double(problem.model.numExperts));
  out.set_devicespernode(double(problem.cluster.devicesPerNode));
  out.set_sparenodes(double(problem.cluster.numSpareNodes));
  fill(*out.mutable_layout(), answer.plan.layout);
  for (const StagePlan &stage : answer.plan.stages)
    fill(*out.add_stages(), stage);
  fill(*out.mutable_predicted(), answer.plan);
  if (const std::optional<Recovery> recovery = chooseRecovery(problem, answer.plan))
    fill(*out.mutable_recovery(), *recovery);
  fill(*out.mutable_proof(), answer.proof);
  for (const Conflict &conflict : answer.conflicts) {
    pb::Conflict &entry = *out.add_conflict();
    entry.set_limit(conflict.limit);
    entry.set_amount(conflict.amount);
    entry.set_suggest(conflict.suggest);
  }
  for (const Runner &runner : answer.runnersUp)
    fill(*out.add_runnersup(), runner);
  for (const Runner &runner : answer.alternatives)
    fill(*out.add_alternatives(), runner);
  for (const std::string &remark : problem.remarks)
    out.add_remarks(utf8(remark));
  return out;
}
