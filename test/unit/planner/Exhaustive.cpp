#include "Exhaustive.h"

#include "planner/cost/Collectives.h"
#include "planner/cost/Roofline.h"
#include "planner/noise/Normal.h"
#include "planner/noise/StepNoise.h"

#include <algorithm>
#include <cmath>

using namespace sigma::planner;
using namespace sigma::planner::test;

static int64_t waitNs(int64_t mean, int64_t n, double cv) {
  int64_t factor = std::llround(maxOfNormalsMean(n) * cv * 1e9);
  return static_cast<int64_t>((__int128(mean) * factor + 999999999) / 1000000000);
}

static int64_t passNs(const Problem &problem, const WorkCost &work, int64_t ep, double &variance) {
  const Cluster &cluster = problem.cluster;
  Topology topology(cluster);
  double device = cluster.device.jitterPpm * 1e-6;
  double routing = 0;
  if (ep > 1)
    routing = cluster.routingJitterPpm * 1e-6 /
              std::sqrt(std::max(1.0, double(problem.model.numExperts) / double(ep)));
  double grouped = std::hypot(device, routing);
  double link = std::hypot(topology.groupJitterPpm(ep, 1) * 1e-6, routing);
  int64_t plainNs = 0, groupedNs = 0, exchangeNs = 0;
  for (const OpCost &op : work.ops)
    (op.opClass == OpClass::GroupedMatmul ? groupedNs : plainNs) += opTimeNs(cluster.device, op);
  for (const ExchangeCost &exchange : work.exchanges)
    exchangeNs += topology.allToAllNs(exchange.bytes, ep);
  bool waits = ep > 1 && !work.exchanges.empty();
  variance += (std::pow(plainNs * device, 2) + std::pow(groupedNs * grouped, 2) +
               std::pow(exchangeNs * link, 2)) *
              (waits ? maxOfNormalsVariance(ep) : 1);
  int64_t total = plainNs + groupedNs + exchangeNs;
  if (waits)
    total +=
        waitNs(plainNs, ep, device) + waitNs(groupedNs, ep, grouped) + waitNs(exchangeNs, ep, link);
  return total;
}

static Figures figuresOf(const Problem &problem, const LayerCost &cost, int64_t ep) {
  Figures figures;
  double ignored = 0;
  figures.baseNs = passNs(problem, cost.forward, ep, figures.variance);
  figures.baseNs += passNs(problem, cost.backward, ep, figures.variance);
  figures.extraNs = passNs(problem, cost.recompute, ep, ignored);
  figures.dense = cost.denseParameters;
  figures.expert = cost.expertParameters;
  figures.saved = cost.savedBytes;
  figures.rematSaved = cost.rematSavedBytes;
  figures.transient = cost.transientBytes;
  figures.rematTransient = cost.rematTransientBytes;
  return figures;
}

LayoutFigures::LayoutFigures(Instance &instance, const Layout &layout)
    : instance(instance), layout(layout) {
  const Problem &problem = instance.problem;
  int64_t mb = layout.microBatch, ep = layout.ep;
  double variance = 0;
  for (const LayerGroup &group : problem.model.layers) {
    Figures one = figuresOf(problem, instance.costs.layer(group.kind, mb, ep), ep);
    layers.insert(layers.end(), group.count, one);
    variance += one.variance * double(group.count);
  }
  embedding = figuresOf(problem, instance.costs.embedding(mb, ep), ep);
  head = figuresOf(problem, instance.costs.head(mb, ep), ep);
  variance += embedding.variance + head.variance;
  capacity = problem.cluster.device.memoryBytes * (1000000 - problem.job.memoryMarginPpm) / 1000000;
  StepNoise noise;
  noise.cellSigmaNs = std::sqrt(variance / double(layout.pp));
  noise.numMicroBatches = layout.numMicroBatches;
  noise.numStages = layout.pp;
  noise.numReplicas = layout.dp / ep;
  noise.numDevices = problem.cluster.numDevices;
  noise.spikes = problem.cluster.spikes;
  // Rounded up by the planner; sums in another order may differ in the last bit, hence the
  // small step back.
  noiseNs = int64_t(std::ceil(noise.quantileNs(problem.job.quantilePpm * 1e-6) - 1e-5));
}

int64_t LayoutFigures::receiveNs(int64_t stage) const {
  Topology topology(instance.problem.cluster);
  int64_t bytes = instance.costs.boundaryBytes(layout.microBatch), total = 0;
  for (int64_t lower : {stage - 1, stage})
    if (lower >= 0 && lower + 1 < layout.pp)
      total += topology.stageTransferNs(bytes, lower * layout.dp, layout.dp);
  return total;
}

int64_t LayoutFigures::tailNs(int64_t dense, int64_t expert) const {
  const Problem &problem = instance.problem;
  const Recipe &recipe = problem.job.recipe;
  Topology topology(problem.cluster);
  int64_t edp = layout.dp / layout.ep;
  int64_t a = topology.allReduceNs(dense * recipe.gradientBytes, layout.dp, 1);
  int64_t b = topology.allReduceNs(expert * recipe.gradientBytes, edp, layout.ep);
  a += waitNs(a, layout.dp, topology.groupJitterPpm(layout.dp, 1) * 1e-6);
  b += waitNs(b, edp, topology.groupJitterPpm(edp, layout.ep) * 1e-6);
  int64_t touched = recipe.gradientBytes + 2 * recipe.valueBytes + 2 * recipe.optimizerBytes;
  return a + b + memoryTimeNs(problem.cluster.device, (dense + expert) * touched);
}

std::optional<StageResult> sigma::planner::test::stageResult(const LayoutFigures &figures,
                                                             int64_t stage, int64_t first,
                                                             int64_t end,
                                                             const std::vector<bool> &remat) {
  const Layout &layout = figures.layout;
  RecipeCosts &costs = figures.instance.costs;
  bool isFirst = stage == 0, isLast = stage == layout.pp - 1;
  int64_t time = figures.receiveNs(stage), dense = 0, expert = 0, saved = 0, transient = 0;
  auto add = [&](const Figures &one, bool again) {
    time += one.baseNs + (again ? one.extraNs : 0);
    dense += one.dense;
    expert += one.expert;
    saved += again ? one.rematSaved : one.saved;
    transient = std::max(transient, again ? one.rematTransient : one.transient);
  };
  if (isFirst)
    add(figures.embedding, false);
  for (int64_t layer = first; layer < end; ++layer)
    add(figures.layers[layer], remat[layer]);
  if (isLast)
    add(figures.head, false);
  const Recipe &recipe = figures.instance.problem.job.recipe;
  int64_t inFlight = std::min(layout.pp - stage, layout.numMicroBatches);
  int64_t peak =
      (dense + expert) * (recipe.valueBytes + recipe.gradientBytes + recipe.optimizerBytes);
  transient = std::max(transient, costs.workspaceBytes(layout.microBatch, layout.ep));
  peak += saved * inFlight + transient;
  peak += costs.boundaryBytes(layout.microBatch) * ((isFirst ? 0 : 2) + (isLast ? 0 : 2));
  if (isFirst || isLast)
    peak += inFlight * costs.batchBytes(layout.microBatch);
  if (peak > figures.capacity)
    return std::nullopt;
  return StageResult{time, figures.tailNs(dense, expert)};
}

static bool names(const std::vector<int64_t> &values, int64_t value) {
  return std::count(values.begin(), values.end(), value) > 0;
}

std::vector<Layout> sigma::planner::test::allLayouts(const Problem &problem) {
  const Pins &pins = problem.job.pins;
  int64_t layers = 0, devices = problem.cluster.numDevices, batch = problem.job.globalBatch;
  for (const LayerGroup &group : problem.model.layers)
    layers += group.count;
  std::vector<Layout> layouts;
  for (int64_t pp = 1; pp <= layers; ++pp)
    for (int64_t ep = 1; ep <= devices; ++ep)
      for (int64_t size = batch; size >= 1; --size) {
        int64_t dp = devices / pp;
        bool legal = dp * pp == devices && dp % ep == 0 && batch % (dp * size) == 0;
        legal &= problem.model.numExperts > 0 ? problem.model.numExperts % ep == 0 : ep == 1;
        legal &= pins.microBatch ? size == *pins.microBatch : size <= problem.job.maxMicroBatch;
        legal &= pins.pp.value_or(pp) == pp && pins.dp.value_or(dp) == dp;
        legal &= pins.ep.value_or(ep) == ep;
        const Forbids &forbids = problem.job.forbids;
        legal &= !names(forbids.pp, pp) && !names(forbids.dp, dp) && !names(forbids.ep, ep) &&
                 !names(forbids.microBatch, size);
        if (legal)
          layouts.push_back({pp, dp, ep, size, batch / (dp * size)});
      }
  return layouts;
}

namespace {

// All plans of one layout, depth first by stage.
class Enumerator {
public:
  Enumerator(const LayoutFigures &figures, std::optional<ExhaustivePlan> &best)
      : figures(figures), best(best), layers(int64_t(figures.layers.size())) {}

  void run() { stage(0, 0, 0, 0, 0, 0); }

private:
  void stage(int64_t index, int64_t first, int64_t slowest, int64_t sum, int64_t tail,
             int64_t numRemat) {
    int64_t after = figures.layout.pp - index - 1;
    if (after < 0) {
      offer(slowest, sum, tail, numRemat);
      return;
    }
    int64_t from = after == 0 ? layers : first + 1;
    for (int64_t end = from; end <= layers - after; ++end) {
      counts.push_back(end - first);
      subsets(index, first, end, slowest, sum, tail, numRemat);
      counts.pop_back();
    }
  }

  void subsets(int64_t index, int64_t first, int64_t end, int64_t slowest, int64_t sum,
               int64_t tail, int64_t numRemat) {
    std::optional<bool> pinned = figures.instance.problem.job.pins.remat;
    for (int64_t set = 0; set < int64_t(1) << (end - first); ++set) {
      std::vector<bool> remat(layers, false);
      int64_t count = 0;
      for (int64_t layer = first; layer < end; ++layer) {
        remat[layer] = set >> (layer - first) & 1;
        count += remat[layer];
      }
      if (pinned && count != (*pinned ? end - first : 0))
        continue;
      if (auto result = stageResult(figures, index, first, end, remat))
        stage(index + 1, end, std::max(slowest, result->timeNs), sum + result->timeNs,
              std::max(tail, result->tailNs), numRemat + count);
    }
  }

  void offer(int64_t slowest, int64_t sum, int64_t tail, int64_t numRemat) {
    int64_t objective =
        (figures.layout.numMicroBatches - 1) * slowest + sum + tail + figures.noiseNs;
    bool sameLayout = best && best->layout.pp == figures.layout.pp &&
                      best->layout.ep == figures.layout.ep &&
                      best->layout.microBatch == figures.layout.microBatch;
    bool wins = !best || objective < best->objectiveNs;
    if (!wins && objective == best->objectiveNs && sameLayout)
      wins = counts < best->counts || (counts == best->counts && numRemat < best->numRemat);
    if (wins)
      best = ExhaustivePlan{figures.layout, objective, counts, numRemat};
  }

  const LayoutFigures &figures;
  std::optional<ExhaustivePlan> &best;
  int64_t layers;
  std::vector<int64_t> counts;
};

} // namespace

std::optional<ExhaustivePlan> sigma::planner::test::exhaustive(Instance &instance) {
  std::optional<ExhaustivePlan> best;
  for (const Layout &layout : allLayouts(instance.problem)) {
    LayoutFigures figures(instance, layout);
    Enumerator(figures, best).run();
  }
  return best;
}
