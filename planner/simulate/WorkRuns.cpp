#include "planner/simulate/WorkRuns.h"

#include "planner/cost/Arithmetic.h"
#include "planner/cost/Roofline.h"

#include <algorithm>
#include <cmath>

using namespace sigma::planner;

// What moves parameters or gradients, by ZeRO stage: with every micro-batch, and once a step.
static const ByZero kGatherEach = {{{}, {}, {}, Collective::AllGather}};
static const ByZero kReduceEach = {{{}, {}, Collective::ReduceScatter, Collective::ReduceScatter}};
static const ByZero kReduceOnce = {{Collective::AllReduce, Collective::ReduceScatter, {}, {}}};
static const ByZero kGatherOnce = {{{}, Collective::AllGather, Collective::AllGather, {}}};

static constexpr Span::Kind kGather = Span::Kind::GatherParameters;
static constexpr Span::Kind kReduce = Span::Kind::ReduceGradients;

StageDevices::StageDevices(const Cluster &cluster, const Layout &layout, int64_t stage) {
  const bool all = layout.placement == Placement::StagesInside;
  const int64_t first = all ? 0 : stage * layout.ranksPerStage();
  const int64_t end = all ? cluster.numDevices : first + layout.ranksPerStage();
  int64_t begin = 0;
  for (const DeviceGroup &group : cluster.groups) {
    if (begin < end && begin + group.count > first)
      kinds.push_back(&group.device);
    begin += group.count;
  }
  if (kinds.empty())
    kinds.push_back(&cluster.device);
}

int64_t StageDevices::opNs(const OpCost &op) const {
  int64_t slowest = 0;
  for (const Device *device : kinds)
    slowest = std::max(slowest, opTimeNs(*device, op));
  return slowest;
}

int64_t StageDevices::hostWaitNs(const std::vector<OpCost> &ops, int64_t opsNs) const {
  int64_t longest = 0;
  for (const Device *device : kinds)
    longest = std::max(longest, planner::hostWaitNs(*device, ops, opsNs));
  return longest;
}

int64_t StageDevices::memoryNs(int64_t bytes) const {
  int64_t slowest = 0;
  for (const Device *device : kinds)
    slowest = std::max(slowest, updateTimeNs(*device, bytes));
  return slowest;
}

int64_t StageDevices::jitterPpm() const {
  int64_t most = 0;
  for (const Device *device : kinds)
    most = std::max(most, device->jitterPpm);
  return most;
}

void sigma::planner::appendRun(Run run, std::vector<Run> &runs) {
  if (run.stretches.empty())
    return;
  if (run.looks || runs.empty() || runs.back().looks || runs.back().kind != run.kind) {
    runs.push_back(std::move(run));
    return;
  }
  Run &last = runs.back();
  last.layer = -1;
  last.stretches[0].plainNs += run.stretches[0].plainNs;
  last.stretches[0].groupedNs += run.stretches[0].groupedNs;
  last.sigmaNs = std::hypot(last.sigmaNs, run.sigmaNs);
}

WorkRuns::WorkRuns(const Problem &problem, const Layout &layout, const StageDevices &devices)
    : problem(problem), layout(layout), devices(devices), topology(problem.cluster), mesh(layout),
      jitterCv(devices.jitterPpm() * 1e-6),
      routes(layout.ep > 1 && problem.cluster.routingJitterPpm > 0) {}

// Work without arithmetic.
static Run commRun(const std::vector<Comm> &comms, Span::Kind kind, int64_t layer) {
  Run run{kind, layer, {}, 0, true};
  for (const Comm &comm : comms)
    run.stretches.push_back({0, 0, comm});
  return run;
}

PieceRuns WorkRuns::piece(const LayerCost &cost, const RematMode *remat, int64_t layer) const {
  const Overlap &overlap = problem.job.overlap;
  const Run forward = runOf(cost.forward, Span::Kind::Forward, layer);
  const Run backward = runOf(cost.backward, Span::Kind::Backward, layer);
  const double backwardNs = backward.arithmeticNs(), bothNs = forward.arithmeticNs() + backwardNs;
  const ParameterCount parameters{cost.denseParameters, cost.expertParameters};
  // Gathered before forward and before backward.
  const Run gather = commRun(
      comms(kGatherEach, parameters, overlap.parameterPpm * 1e-6 * bothNs / 2), kGather, layer);
  const Run reduce = commRun(
      comms(kReduceEach, parameters, overlap.gradientPpm * 1e-6 * backwardNs), kReduce, layer);
  const Run recompute = runOf(remat ? remat->recompute : WorkCost(), Span::Kind::Recompute, layer);
  PieceRuns runs;
  auto add = [&](Phase phase, std::initializer_list<Run> list) {
    for (const Run &run : list)
      appendRun(settled(run), runs[int(phase)]);
  };
  add(Phase::Forward, {gather, forward});
  add(Phase::Backward, {gather, recompute, backward, reduce});
  add(Phase::InputGradient, {gather, recompute, inputHalf(backward)});
  add(Phase::WeightGradient, {weightHalf(backward), reduce});
  return runs;
}

TailWork WorkRuns::tail(const ParameterCount &parameters, double forwardNs,
                        double backwardNs) const {
  const Overlap &overlap = problem.job.overlap;
  const Recipe &recipe = problem.job.recipe;
  auto shard = [](int64_t count, int64_t zero, int64_t ranks) {
    return zero >= 1 ? ceilDiv(count, ranks) : count;
  };
  const int64_t atEnds = shard(parameters.atEnds, layout.zero, layout.cp * layout.dp);
  const int64_t updated = addSat(shard(parameters.dense, layout.zero, layout.cp * layout.dp),
                                 shard(parameters.expert, layout.expertZero, layout.edp()));
  // Adam reads the gradient, and reads and writes values, master copy and moments.
  const int64_t bytes = recipe.gradientBytes + 2 * (recipe.valueBytes + recipe.optimizerBytes);
  return {comms(kReduceOnce, parameters, overlap.gradientPpm * 1e-6 * backwardNs),
          comms(kGatherOnce, parameters, overlap.parameterPpm * 1e-6 * forwardNs),
          double(topology.collectiveNs(Collective::AllReduce, mulSat(atEnds, recipe.reduceBytes),
                                       mesh.ends())),
          double(devices.memoryNs(mulSat(updated, bytes)))};
}

Run WorkRuns::runOf(const WorkCost &work, Span::Kind kind, int64_t layer) const {
  Run run{kind, layer, {{}}};
  size_t next = 0;
  for (size_t i = 0; i <= work.ops.size(); ++i) {
    for (; next < work.collectives.size() && work.collectives[next].position <= int64_t(i); ++next)
      if (const CollectiveCost &cost = work.collectives[next]; mesh.group(cost.group).size() > 1) {
        run.stretches.back().comm = commOf(cost);
        run.stretches.emplace_back();
      }
    if (i == work.ops.size())
      break;
    Stretch &open = run.stretches.back();
    (work.ops[i].opClass == OpClass::GroupedMatmul ? open.groupedNs : open.plainNs) +=
        double(devices.opNs(work.ops[i]));
  }
  run.stretches.back().plainNs +=
      double(devices.hostWaitNs(work.ops, std::llround(run.arithmeticNs())));
  hide(work, run);
  return run;
}

Comm WorkRuns::commOf(const CollectiveCost &cost) const {
  const RankGroup ranks = mesh.group(cost.group);
  return {static_cast<Meeting>(cost.group), double(topology.collectiveNs(cost, ranks)), 0};
}

// Each collective of a kind hides in proportion to its time.
void WorkRuns::hide(const WorkCost &work, Run &run) const {
  const Overlap &overlap = problem.job.overlap;
  double attentionNs = 0;
  for (const OpCost &op : work.ops)
    if (op.opClass == OpClass::Attention)
      attentionNs += double(devices.opNs(op));
  auto hideAmong = [&](std::initializer_list<Meeting> meetings, double hiddenNs,
                       double Comm::*part = &Comm::hiddenNs) {
    auto isAmong = [&](const Stretch &stretch) {
      return std::count(meetings.begin(), meetings.end(), stretch.comm.meeting) > 0;
    };
    double totalNs = 0;
    for (const Stretch &stretch : run.stretches)
      totalNs += isAmong(stretch) ? stretch.comm.meanNs : 0;
    for (Stretch &stretch : run.stretches)
      if (isAmong(stretch) && totalNs > 0)
        stretch.comm.*part = stretch.comm.meanNs * hiddenNs / totalNs;
  };
  const double arithmeticNs = run.arithmeticNs();
  hideAmong({Meeting::Tensor, Meeting::ExpertTensor}, overlap.tensorPpm * 1e-6 * arithmeticNs);
  hideAmong({Meeting::Context}, overlap.contextPpm * 1e-6 * attentionNs);
  hideAmong({Meeting::Expert}, overlap.exchangePpm * 1e-6 * arithmeticNs);
  if (layout.schedule == Schedule::DualPipeV && run.kind != Span::Kind::Recompute)
    hideAmong({Meeting::Expert}, overlap.expertPpm * 1e-6 * arithmeticNs, &Comm::pairedNs);
}

Run WorkRuns::inputHalf(Run run) const {
  run.kind = Span::Kind::InputGradient;
  for (Stretch &stretch : run.stretches) {
    stretch.plainNs /= 2;
    stretch.groupedNs /= 2;
  }
  return run;
}

Run WorkRuns::weightHalf(const Run &run) const {
  Run half{Span::Kind::WeightGradient, run.layer, {{}}};
  for (const Stretch &stretch : run.stretches) {
    half.stretches[0].plainNs += stretch.plainNs / 2;
    half.stretches[0].groupedNs += stretch.groupedNs / 2;
  }
  return half;
}

// Without anything to do it has no stretch.
Run WorkRuns::settled(Run run) const {
  double commNs = 0;
  bool meets = false;
  for (const Stretch &stretch : run.stretches) {
    const Meeting meeting = stretch.comm.meeting;
    commNs += stretch.comm.meanNs;
    meets |= meeting != Meeting::None;
    run.hasPlain |= stretch.plainNs > 0;
    run.hasTokens |= stretch.groupedNs > 0 || meeting == Meeting::Expert;
  }
  if (run.arithmeticNs() + commNs == 0)
    run.stretches.clear();
  run.looks = meets || (routes && run.hasTokens);
  if (!run.looks && !run.stretches.empty())
    run.sigmaNs = jitterCv * std::hypot(run.stretches[0].plainNs, run.stretches[0].groupedNs);
  return run;
}

std::vector<Comm> WorkRuns::comms(const ByZero &byZero, const ParameterCount &parameters,
                                  double hiddenNs) const {
  std::vector<Comm> comms;
  auto add = [&](int64_t zero, int64_t count, Meeting meeting, const RankGroup &ranks) {
    if (!byZero[zero] || ranks.size() <= 1 || count == 0)
      return;
    const Recipe &recipe = problem.job.recipe;
    const bool gathers = *byZero[zero] == Collective::AllGather;
    const int64_t bytes = mulSat(count, gathers ? recipe.valueBytes : recipe.reduceBytes);
    comms.push_back({meeting, double(topology.collectiveNs(*byZero[zero], bytes, ranks)), 0});
  };
  add(layout.zero, parameters.dense, Meeting::DenseReplicas, mesh.denseReplicas());
  add(layout.expertZero, parameters.expert, Meeting::ExpertReplicas, mesh.expertReplicas());
  double totalNs = 0;
  for (const Comm &comm : comms)
    totalNs += comm.meanNs;
  for (Comm &comm : comms)
    comm.hiddenNs = totalNs > 0 ? comm.meanNs * hiddenNs / totalNs : 0;
  return comms;
}
