#include "OracleWork.h"

#include "planner/cost/Collectives.h"
#include "planner/cost/Devices.h"
#include "planner/cost/Roofline.h"
#include "planner/noise/Normal.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace sigma::planner;
using namespace sigma::planner::test;

int64_t sigma::planner::test::waitNs(int64_t mean, int64_t n, double cv) {
  int64_t factor = std::llround(maxOfNormalsMean(n) * cv * 1e9);
  return static_cast<int64_t>((__int128(mean) * factor + 999999999) / 1000000000);
}

int64_t sigma::planner::test::shownWaitNs(int64_t wait, int64_t room) {
  return wait > 0 ? int64_t((__int128(wait) * wait + wait + room - 1) / (wait + room)) : 0;
}

int64_t sigma::planner::test::exposedNs(int64_t comm, int64_t compute, int64_t ppm) {
  return std::max<int64_t>(0, comm - static_cast<int64_t>(__int128(compute) * ppm / 1000000));
}

namespace {

struct Pass {
  int64_t computeNs = 0, totalNs = 0;
  int64_t hiddenNs = 0;       // not in the total
  int64_t exchangeWaitNs = 0; // in the total, unless hidden
  double variance = 0;
};

// Goes from collective to collective; what lies between two of them is a segment.
class PassTimer {
public:
  PassTimer(const Problem &problem, const Device &device, const Layout &layout)
      : layout(layout), problem(problem), device(device), topology(problem.cluster), mesh(layout) {
    if (layout.ep > 1)
      routing = problem.cluster.routingJitterPpm * 1e-6 /
                std::sqrt(std::max(1.0, double(problem.model.numExperts) / double(layout.ep)));
  }

  enum Kind { Forward, Backward, Again };
  Pass time(const WorkCost &work, Kind kind);

  const Layout &layout;

private:
  // Ops [first, end) of a segment that ends in group `group`; none: nobody waits.
  void segment(const WorkCost &work, int64_t first, int64_t end, const Group *group);
  // Of ops, one ns in `part` is waited for.
  int64_t waits(Pass &pass, int64_t part) const;

  const Problem &problem;
  const Device &device;
  Topology topology;
  Mesh mesh;
  double routing = 0;
  int64_t plain[kNumGroups + 1], grouped[kNumGroups + 1], comm[kNumGroups + 1];
  int64_t attention = 0;
};

void PassTimer::segment(const WorkCost &work, int64_t first, int64_t end, const Group *group) {
  const int index = group ? static_cast<int>(*group) : kNumGroups;
  // The tokens of experts' tensor groups are uneven between those groups, not inside.
  const bool isUnevenLater = layout.ep > 1 && group && *group == Group::ExpertTensor;
  const int ofTokens = isUnevenLater ? static_cast<int>(Group::Expert) : index;
  for (int64_t i = first; i < end; ++i) {
    const OpCost &op = work.ops[i];
    const int64_t time = opTimeNs(device, op);
    if (op.opClass == OpClass::GroupedMatmul)
      grouped[ofTokens] += time;
    else
      plain[index] += time;
    if (op.opClass == OpClass::Attention)
      attention += time;
  }
}

int64_t PassTimer::waits(Pass &pass, int64_t part) const {
  const double jitter = device.jitterPpm * 1e-6, groupedJitter = std::hypot(jitter, routing);
  int64_t total = 0;
  for (int i = 0; i <= kNumGroups; ++i) {
    const bool isGroup = i < kNumGroups;
    const RankGroup ranks = isGroup ? mesh.group(static_cast<Group>(i)) : RankGroup();
    double link = topology.groupJitterPpm(ranks) * 1e-6;
    if (isGroup && static_cast<Group>(i) == Group::Expert)
      link = std::hypot(link, routing);
    const int64_t n = ranks.size();
    pass.variance +=
        (std::pow(double(plain[i]) * jitter, 2) + std::pow(double(grouped[i]) * groupedJitter, 2) +
         std::pow(double(comm[i]) * link, 2)) *
        maxOfNormalsVariance(n);
    const int64_t here = waitNs((plain[i] + part - 1) / part, n, jitter) +
                         waitNs((grouped[i] + part - 1) / part, n, groupedJitter) +
                         waitNs(comm[i], n, link);
    if (isGroup && static_cast<Group>(i) == Group::Expert)
      pass.exchangeWaitNs = here;
    else
      total += here;
  }
  return total;
}

Pass PassTimer::time(const WorkCost &work, Kind kind) {
  for (int i = 0; i <= kNumGroups; ++i)
    plain[i] = grouped[i] = comm[i] = 0;
  attention = 0;
  int64_t begin = 0;
  const Group *last = nullptr;
  for (const CollectiveCost &collective : work.collectives) {
    const RankGroup ranks = mesh.group(collective.group);
    if (ranks.size() == 1)
      continue;
    last = &collective.group;
    segment(work, begin, collective.position, last);
    begin = collective.position;
    comm[static_cast<int>(*last)] += topology.collectiveNs(collective, ranks);
  }
  segment(work, begin, static_cast<int64_t>(work.ops.size()), last);

  Pass pass;
  pass.computeNs = std::accumulate(plain, std::end(plain), int64_t(0)) +
                   std::accumulate(grouped, std::end(grouped), int64_t(0));
  const int64_t waited = hostWaitNs(device, work.ops, pass.computeNs);
  plain[last ? static_cast<int>(*last) : kNumGroups] += waited;
  pass.computeNs += waited;
  const Overlap &overlap = problem.job.overlap;
  auto of = [&](Group group) { return comm[static_cast<int>(group)]; };
  // ZB-H1 puts off half of backward, the gradients of weights.
  const bool isHalf = kind == Backward && layout.schedule == Schedule::ZeroBubbleH1;
  pass.totalNs = pass.computeNs + waits(pass, isHalf ? 2 : 1);
  pass.totalNs +=
      exposedNs(of(Group::Tensor) + of(Group::ExpertTensor), pass.computeNs, overlap.tensorPpm);
  pass.totalNs += exposedNs(of(Group::Context), attention, overlap.contextPpm);
  const bool hides = kind != Again && layout.schedule == Schedule::DualPipeV;
  const int64_t exchange = exposedNs(of(Group::Expert), pass.computeNs, overlap.exchangePpm);
  const int64_t cover =
      int64_t(__int128(pass.computeNs) * (hides ? overlap.expertPpm : 0) / 1000000);
  const int64_t shown = std::max<int64_t>(0, exchange - cover);
  const int64_t wait = pass.exchangeWaitNs;
  const int64_t shownWait = shownWaitNs(wait, std::max<int64_t>(0, cover - exchange));
  pass.totalNs += shown + shownWait;
  pass.hiddenNs = exchange - shown + wait - shownWait;
  return pass;
}

} // namespace

static bool isAllowed(const Job *job, const std::string &mode) {
  if (!job)
    return true;
  for (const std::string &forbidden : job->forbids.remat)
    if (mode == forbidden)
      return false;
  return !job->pins.remat || mode == (*job->pins.remat ? "full" : "none");
}

// What a peak comes to under a layout, without gradients between pieces. `shared` of the parameters
// are the embedding's.
static int64_t peakBytes(const Problem &problem, const Layout &layout, const LayerCost &cost,
                         int64_t shared, const Peak &peak, const WorkFigures &work) {
  const Recipe &recipe = problem.job.recipe;
  int64_t sum = peak.bytes + work.comingBytes + work.leavingBytes;
  auto has = [&](Beside what) { return (peak.beside & Peak::bit(what)) != 0; };
  auto add = [&](int64_t zero, int64_t parameters, Beside values, Beside gradients, Beside sums) {
    if (zero == 3 && has(values))
      sum += parameters * recipe.valueBytes;
    if (zero >= 2 && has(gradients))
      sum += parameters * recipe.gradientBytes;
    if (zero >= 2 && has(sums) && problem.job.overlap.gradientPpm == 0)
      sum += std::min(parameters * recipe.gradientBytes, work.workspaceBytes);
  };
  add(layout.zero, std::max<int64_t>(0, cost.denseParameters - shared), Beside::DenseValues,
      Beside::DenseGradients, Beside::DenseSums);
  add(layout.zero, shared, Beside::SharedValues, Beside::SharedGradients, Beside::SharedSums);
  add(layout.expertZero, cost.expertParameters, Beside::ExpertValues, Beside::ExpertGradients,
      Beside::ExpertSums);
  return sum;
}

static PieceFigures figuresOf(PassTimer &timer, const LayerCost &cost, const Job *job,
                              int64_t shared, const Problem &problem, const WorkFigures &work) {
  PieceFigures figures;
  const Pass forward = timer.time(cost.forward, PassTimer::Forward),
             backward = timer.time(cost.backward, PassTimer::Backward);
  figures.forwardNs = forward.computeNs;
  figures.backwardNs = backward.computeNs;
  figures.baseNs = forward.totalNs + backward.totalNs;
  figures.wholeForwardNs = forward.totalNs;
  figures.shownBackwardNs = backward.totalNs;
  figures.wholeBackwardNs = backward.totalNs + backward.hiddenNs;
  figures.hiddenNs = forward.hiddenNs + backward.hiddenNs;
  figures.variance = forward.variance + backward.variance;
  figures.dense = cost.denseParameters;
  figures.expert = cost.expertParameters;
  figures.holdsGradient = cost.holdsGradient;
  for (const RematMode &mode : cost.modes) {
    if (!isAllowed(job, mode.name))
      continue;
    ModeFigures one{mode.name, timer.time(mode.recompute, PassTimer::Again).totalNs,
                    mode.savedBytes};
    const bool isSplit = timer.layout.schedule == Schedule::ZeroBubbleH1;
    for (const Peak &peak : isSplit ? mode.splitPeaks : mode.peaks) {
      const int64_t bytes = peakBytes(problem, timer.layout, cost, shared, peak, work);
      const bool hasIn = peak.beside & Peak::bit(Beside::GradientIn),
                 hasOut = peak.beside & Peak::bit(Beside::GradientOut);
      for (const int in : {0, 1})
        for (const int out : {0, 1}) {
          int64_t &most = one.transientBytes[in][out];
          most = std::max(most, bytes + ((hasIn && in) + (hasOut && out)) * work.boundaryBytes);
        }
    }
    if (timer.layout.schedule == Schedule::ZeroBubbleH1 ||
        timer.layout.schedule == Schedule::DualPipeV) {
      one.heldBytes = mode.heldBytes;
      one.madeBytes = mode.madeBytes;
    }
    figures.modes.push_back(one);
  }
  return figures;
}

// [first, last] kinds of devices of a stage.
static std::pair<size_t, size_t> kindsOfStage(const Cluster &cluster, const Layout &layout,
                                              int64_t stage) {
  std::vector<size_t> kindOf; // per device
  for (size_t kind = 0; kind < cluster.groups.size(); ++kind)
    kindOf.insert(kindOf.end(), cluster.groups[kind].count, kind);
  if (layout.placement == Placement::StagesInside)
    return {kindOf.front(), kindOf.back()};
  const int64_t ranks = layout.tp * layout.cp * layout.dp;
  return {kindOf[stage * ranks], kindOf[(stage + 1) * ranks - 1]};
}

static Device weakestOf(const Cluster &cluster, std::pair<size_t, size_t> kinds) {
  Device device = cluster.groups[kinds.first].device;
  for (size_t kind = kinds.first + 1; kind <= kinds.second; ++kind)
    device = weaker(device, cluster.groups[kind].device);
  return device;
}

WorkFigures::WorkFigures(Instance &instance, const Layout &layout) {
  const Problem &problem = instance.problem;
  const Cluster &cluster = problem.cluster;
  const Sharding sharding = layout.sharding();
  boundaryBytes = instance.costs.boundaryBytes(sharding);
  batchBytes = instance.costs.batchBytes(sharding);
  workspaceBytes = instance.costs.workspaceBytes(sharding);
  if (problem.job.overlap.parameterPpm > 0)
    for (const LayerGroup &group : problem.model.layers) {
      const LayerCost &layer = instance.costs.layer(group.kind, sharding);
      comingBytes = std::max(comingBytes, ((layout.zero == 3 ? layer.denseParameters : 0) +
                                           (layout.expertZero == 3 ? layer.expertParameters : 0)) *
                                              problem.job.recipe.valueBytes);
    }
  auto noteLeaving = [&](const LayerCost &piece) {
    if (problem.job.overlap.gradientPpm > 0)
      leavingBytes =
          std::max(leavingBytes, ((layout.zero >= 2 ? piece.denseParameters : 0) +
                                  (layout.expertZero >= 2 ? piece.expertParameters : 0)) *
                                     problem.job.recipe.gradientBytes);
  };
  noteLeaving(instance.costs.head(sharding));
  for (const LayerGroup &group : problem.model.layers)
    noteLeaving(instance.costs.layer(group.kind, sharding));
  std::map<std::pair<size_t, size_t>, std::shared_ptr<const Stage>> known;
  for (int64_t index = 0; index < layout.pp; ++index) {
    const bool isUniform = cluster.groups.empty();
    auto kinds = isUniform ? std::pair<size_t, size_t>() : kindsOfStage(cluster, layout, index);
    std::shared_ptr<const Stage> &entry = known[kinds];
    if (!entry) {
      auto stage = std::make_shared<Stage>();
      stage->device = isUniform ? cluster.device : weakestOf(cluster, kinds);
      PassTimer timer(problem, stage->device, layout);
      auto figures = [&](const LayerCost &cost, const Job *job, int64_t shared = 0) {
        return figuresOf(timer, cost, job, shared, problem, *this);
      };
      for (const LayerGroup &group : problem.model.layers)
        if (!stage->kinds.count(group.kind))
          stage->kinds[group.kind] =
              figures(instance.costs.layer(group.kind, sharding), &problem.job);
      stage->embedding = figures(instance.costs.embedding(sharding), nullptr);
      const int64_t tp = layout.tp, shared = (problem.model.sharedParameters + tp - 1) / tp;
      stage->head = figures(instance.costs.head(sharding), nullptr, shared);
      entry = stage;
    }
    stages.push_back(entry);
  }
}

const WorkFigures &WorkBook::work(const Layout &layout) {
  const std::vector<int64_t> key{layout.tp,
                                 layout.cp,
                                 layout.dp,
                                 layout.pp,
                                 layout.ep,
                                 layout.etp,
                                 layout.microBatch,
                                 int64_t(layout.contextKind),
                                 int64_t(layout.placement),
                                 int64_t(layout.schedule),
                                 layout.zero >= 2 ? layout.zero : 0,
                                 layout.expertZero >= 2 ? layout.expertZero : 0};
  auto entry = known.find(key);
  if (entry == known.end())
    entry = known.emplace(key, WorkFigures(instance, layout)).first;
  return entry->second;
}
