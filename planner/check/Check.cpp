#include "planner/check/Check.h"

#include "planner/Units.h"
#include "planner/check/Rules.h"
#include "planner/cost/Collectives.h"
#include "planner/cost/Roofline.h"
#include "planner/noise/Normal.h"
#include "planner/noise/StepNoise.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

using namespace sigma::planner;

namespace {

using Wide = __int128;

// Sums of 64-bit figures cannot overflow 128 bits here; only the result has to fit.
int64_t narrow(Wide value) {
  if (value > (Wide(1) << 62) || value < -(Wide(1) << 62))
    throw std::overflow_error("the cost of this plan does not fit 64 bits");
  return static_cast<int64_t>(value);
}

int64_t ppmOf(int64_t value, int64_t ppm) { return narrow(Wide(value) * ppm / 1000000); }

// Mean, wait and variance of work, accumulated.
struct Tally {
  Wide computeNs = 0, exchangeNs = 0, noiseNs = 0;
  double variance = 0;

  Wide total() const { return computeNs + exchangeNs + noiseNs; }
};

class Recounter {
public:
  Recounter(const Problem &problem, CostSource &costs, const Layout &layout)
      : problem(problem), costs(costs), layout(layout), topology(problem.cluster) {
    for (const LayerGroup &group : problem.model.layers)
      kinds.insert(kinds.end(), group.count, group.kind);
    double perRank = std::max<double>(1, double(problem.model.numExperts) / double(layout.ep));
    double routing = layout.ep == 1 ? 0 : problem.cluster.routingJitterPpm / 1e6 / sqrt(perRank);
    double device = problem.cluster.device.jitterPpm / 1e6;
    double link = topology.groupJitterPpm(layout.ep, 1) / 1e6;
    cvPlain = device;
    cvGrouped = sqrt(device * device + routing * routing);
    cvExchange = sqrt(link * link + routing * routing);
  }

  void stage(int64_t index, StagePlan &plan);
  void step(Plan &plan) const;

private:
  // The wait for the slowest of n, as an exact product with an integer factor.
  static Wide wait(Wide mean, int64_t n, double cv) {
    Wide factor = std::llround(maxOfNormalsMean(n) * cv * 1e9);
    return (mean * factor + 999999999) / 1000000000;
  }

  Tally tally(const WorkCost &work) const;
  void count(const LayerCost &cost, bool remat, StagePlan &plan, Wide &saved);
  const LayerCost &layerCost(int64_t layer);
  int64_t receive(int64_t index);
  int64_t sync(Wide dense, Wide expert) const;

  const Problem &problem;
  CostSource &costs;
  const Layout &layout;
  Topology topology;
  std::vector<int> kinds; // per layer
  std::map<int, LayerCost> known;
  double cvPlain, cvGrouped, cvExchange;
  double varianceOfAllStages = 0;
  Wide denseParameters = 0, expertParameters = 0; // of the stage at hand
};

Tally Recounter::tally(const WorkCost &work) const {
  Wide plain = 0, grouped = 0;
  Tally result;
  for (const OpCost &op : work.ops)
    (op.opClass == OpClass::GroupedMatmul ? grouped : plain) +=
        opTimeNs(problem.cluster.device, op);
  for (const ExchangeCost &exchange : work.exchanges)
    result.exchangeNs += topology.allToAllNs(exchange.bytes, layout.ep);
  result.computeNs = plain + grouped;
  bool meets = layout.ep > 1 && !work.exchanges.empty();
  if (meets)
    result.noiseNs = wait(plain, layout.ep, cvPlain) + wait(grouped, layout.ep, cvGrouped) +
                     wait(result.exchangeNs, layout.ep, cvExchange);
  double a = double(plain) * cvPlain, b = double(grouped) * cvGrouped,
         c = double(result.exchangeNs) * cvExchange;
  result.variance = (a * a + b * b + c * c) * (meets ? maxOfNormalsVariance(layout.ep) : 1);
  return result;
}

void Recounter::count(const LayerCost &cost, bool remat, StagePlan &plan, Wide &saved) {
  Tally forward = tally(cost.forward), backward = tally(cost.backward);
  plan.computeNs = narrow(plan.computeNs + forward.computeNs + backward.computeNs);
  plan.exchangeNs = narrow(plan.exchangeNs + forward.exchangeNs + backward.exchangeNs);
  plan.noiseNs = narrow(plan.noiseNs + forward.noiseNs + backward.noiseNs);
  varianceOfAllStages += forward.variance + backward.variance;
  if (remat) {
    Tally again = tally(cost.recompute);
    plan.recomputeNs = narrow(plan.recomputeNs + again.computeNs + again.exchangeNs);
    plan.noiseNs = narrow(plan.noiseNs + again.noiseNs);
  }
  denseParameters += cost.denseParameters;
  expertParameters += cost.expertParameters;
  saved += remat ? cost.rematSavedBytes : cost.savedBytes;
  plan.transientBytes =
      std::max(plan.transientBytes, remat ? cost.rematTransientBytes : cost.transientBytes);
}

const LayerCost &Recounter::layerCost(int64_t layer) {
  auto [position, isNew] = known.try_emplace(kinds[layer]);
  if (isNew)
    position->second = costs.layer(kinds[layer], layout.microBatch, layout.ep);
  return position->second;
}

// A stage waits for the activation from below and the gradient from above.
int64_t Recounter::receive(int64_t index) {
  int64_t bytes = costs.boundaryBytes(layout.microBatch), dp = layout.dp;
  Wide total = 0;
  if (index > 0)
    total += topology.stageTransferNs(bytes, (index - 1) * dp, dp);
  if (index < layout.pp - 1)
    total += topology.stageTransferNs(bytes, index * dp, dp);
  return narrow(total);
}

int64_t Recounter::sync(Wide dense, Wide expert) const {
  auto reduce = [&](Wide parameters, int64_t size, int64_t stride) {
    int64_t bytes = narrow(parameters * problem.job.recipe.gradientBytes);
    Wide mean = topology.allReduceNs(bytes, size, stride);
    return mean + wait(mean, size, topology.groupJitterPpm(size, stride) / 1e6);
  };
  return narrow(reduce(dense, layout.dp, 1) + reduce(expert, layout.dp / layout.ep, layout.ep));
}

void Recounter::stage(int64_t index, StagePlan &plan) {
  StagePlan fresh;
  fresh.firstLayer = plan.firstLayer;
  fresh.endLayer = plan.endLayer;
  fresh.remat = plan.remat;
  denseParameters = expertParameters = 0;
  Wide saved = 0;
  bool first = index == 0, last = index == layout.pp - 1;
  int64_t mb = layout.microBatch, ep = layout.ep;
  fresh.transientBytes = costs.workspaceBytes(mb, ep);
  if (first)
    count(costs.embedding(mb, ep), false, fresh, saved);
  for (int64_t layer = fresh.firstLayer; layer < fresh.endLayer; ++layer)
    count(layerCost(layer), fresh.remat[layer - fresh.firstLayer], fresh, saved);
  if (last)
    count(costs.head(mb, ep), false, fresh, saved);
  if (first && last)
    denseParameters -= problem.model.sharedParameters;
  fresh.transferNs = receive(index);
  fresh.microBatchNs = narrow(Wide(fresh.computeNs) + fresh.recomputeNs + fresh.exchangeNs +
                              fresh.transferNs + fresh.noiseNs);

  const Recipe &recipe = problem.job.recipe;
  Wide parameters = denseParameters + expertParameters;
  fresh.syncNs = sync(denseParameters, expertParameters);
  Wide touched =
      parameters * (recipe.gradientBytes + 2 * recipe.valueBytes + 2 * recipe.optimizerBytes);
  fresh.optimizerNs = memoryTimeNs(problem.cluster.device, narrow(touched));

  Wide inFlight = std::min(layout.pp - index, layout.numMicroBatches);
  fresh.parameterBytes = narrow(parameters * recipe.valueBytes);
  fresh.gradientBytes = narrow(parameters * recipe.gradientBytes);
  fresh.optimizerBytes = narrow(parameters * recipe.optimizerBytes);
  fresh.activationBytes = narrow(saved * inFlight);
  Wide neighbours = (first ? 0 : 1) + (last ? 0 : 1);
  Wide buffers = 2 * neighbours * costs.boundaryBytes(mb);
  if (first || last)
    buffers += inFlight * costs.batchBytes(mb);
  fresh.bufferBytes = narrow(buffers);
  fresh.peakBytes = narrow(Wide(fresh.parameterBytes) + fresh.gradientBytes + fresh.optimizerBytes +
                           fresh.activationBytes + fresh.transientBytes + fresh.bufferBytes);
  plan = fresh;
}

void Recounter::step(Plan &plan) const {
  Wide slowest = 0, sum = 0, tail = 0;
  for (const StagePlan &stage : plan.stages) {
    slowest = std::max<Wide>(slowest, stage.microBatchNs);
    tail = std::max(tail, Wide(stage.syncNs) + stage.optimizerNs);
    sum += stage.microBatchNs;
  }
  StepNoise noise;
  noise.cellSigmaNs = std::sqrt(varianceOfAllStages / double(layout.pp));
  noise.numMicroBatches = layout.numMicroBatches;
  noise.numStages = layout.pp;
  noise.numReplicas = layout.dp / layout.ep;
  noise.numDevices = problem.cluster.numDevices;
  noise.spikes = problem.cluster.spikes;
  double quantile = noise.quantileNs(problem.job.quantilePpm / 1e6);
  Wide core = (layout.numMicroBatches - 1) * slowest + sum + tail;
  plan.noiseNs = static_cast<int64_t>(std::ceil(quantile));
  plan.objectiveNs = narrow(core + plan.noiseNs);
  double mean = double(core);
  plan.stepTime = {mean + noise.meanNs(), mean + noise.quantileNs(0.5),
                   mean + noise.quantileNs(0.95), mean + quantile};
  double seconds = plan.stepTime.meanNs / 1e9;
  double tokens = double(problem.job.globalBatch) * double(problem.model.sequence);
  plan.tokensPerSecond = seconds > 0 ? tokens / seconds : 0;
  plan.mfu = plan.tokensPerSecond * problem.model.flopsPerToken / problem.cluster.peakFlopsPerS();
}

void checkMemory(const Problem &problem, const Plan &plan, std::vector<Violation> &violations) {
  int64_t memory = problem.cluster.device.memoryBytes, margin = problem.job.memoryMarginPpm;
  int64_t usable = ppmOf(memory, 1000000 - margin);
  for (size_t i = 0; i < plan.stages.size(); ++i) {
    int64_t peak = plan.stages[i].peakBytes;
    if (peak > usable)
      violations.push_back({"memory", "stage " + std::to_string(i) + " peak " +
                                          formatBytes(peak, Round::Up) + " > " +
                                          formatCapacity(memory, margin)});
  }
}

} // namespace

/// The decisions of a plan without its figures, which may be anybody's.
static Plan decisionsOf(const Plan &plan) {
  Plan bare;
  bare.layout = plan.layout;
  for (const StagePlan &stage : plan.stages) {
    StagePlan decided;
    decided.firstLayer = stage.firstLayer;
    decided.endLayer = stage.endLayer;
    decided.remat = stage.remat;
    bare.stages.push_back(decided);
  }
  return bare;
}

CheckResult sigma::planner::recount(const Problem &problem, CostSource &costs, const Plan &plan) {
  CheckResult result;
  result.plan = decisionsOf(plan);
  if (!checkRules(problem, plan, result.violations))
    return result;
  Layout &layout = result.plan.layout;
  layout.numMicroBatches = problem.job.globalBatch / (layout.dp * layout.microBatch);
  Recounter recounter(problem, costs, layout);
  for (size_t i = 0; i < plan.stages.size(); ++i)
    recounter.stage(static_cast<int64_t>(i), result.plan.stages[i]);
  recounter.step(result.plan);
  checkMemory(problem, result.plan, result.violations);
  return result;
}
