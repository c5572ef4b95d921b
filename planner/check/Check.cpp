#include "planner/check/Check.h"

#include "planner/Units.h"
#include "planner/check/CheckStage.h"
#include "planner/check/Rules.h"
#include "planner/check/Wide.h"
#include "planner/noise/StepNoise.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace sigma::planner;

/// The decisions of a plan without its figures, which may be anybody's.
static Plan decisionsOf(const Plan &plan) {
  Plan bare;
  bare.layout = plan.layout;
  for (const StagePlan &stage : plan.stages) {
    StagePlan decided;
    decided.chunks = stage.chunks;
    decided.remat = stage.remat;
    bare.stages.push_back(decided);
  }
  return bare;
}

static StepNoise stepNoise(const Problem &problem, const Layout &layout, double varianceNs2) {
  StepNoise noise;
  noise.cellSigmaNs = std::sqrt(varianceNs2 / double(layout.pp));
  noise.numMicroBatches = layout.numMicroBatches;
  noise.numStages = layout.pp;
  // Ranks of a tensor, context or expert group are in lock step; all that meet for ZeRO with every
  // micro-batch are.
  noise.numReplicas =
      std::max(layout.zero, layout.expertZero) >= 2
          ? 1
          : layout.ranksPerStage() / std::lcm(layout.tp * layout.cp, layout.etp * layout.ep);
  noise.numDevices = problem.cluster.numDevices;
  noise.spikes = problem.cluster.spikes;
  return noise;
}

static void checkStep(const Problem &problem, double varianceNs2,
                      const std::vector<StepTerms> &terms, Plan &plan) {
  Wide busiest = 0, fill = 0, tail = 0;
  for (const StepTerms &stage : terms) {
    busiest = std::max(busiest, stage.busyNs);
    fill += stage.fillNs;
  }
  for (const StagePlan &stage : plan.stages)
    tail = std::max(tail, Wide(stage.syncNs) + stage.optimizerNs);
  const Wide core = busiest + fill + tail + problem.job.stepNs;
  const StepNoise noise = stepNoise(problem, plan.layout, varianceNs2);
  const double quantile = noise.quantileNs(problem.job.quantilePpm * 1e-6);
  plan.noiseNs = static_cast<int64_t>(std::ceil(quantile));
  plan.objectiveNs = narrow(core + plan.noiseNs);
  const double mean = double(core);
  plan.stepTime = {mean + noise.meanNs(), mean + noise.quantileNs(0.5),
                   mean + noise.quantileNs(0.95), mean + quantile};
  const double seconds = plan.stepTime.meanNs / 1e9;
  const double tokens = double(problem.job.globalBatch) * double(problem.model.sequence);
  plan.tokensPerSecond = seconds > 0 ? tokens / seconds : 0;
  plan.mfu = plan.tokensPerSecond * problem.model.flopsPerToken / problem.cluster.peakFlopsPerS();
}

static void checkCapacity(const Problem &problem, const Contents &contents, int64_t peakBytes,
                          std::vector<Violation> &violations) {
  const int64_t memory = contents.device.memoryBytes, margin = problem.job.memoryMarginPpm;
  if (peakBytes > shareOf(memory, 1000000 - margin))
    violations.push_back({"memory", "stage " + std::to_string(contents.stage) + " peak " +
                                        formatBytes(peakBytes, Round::Up) + " > " +
                                        formatCapacity(memory, margin)});
}

CheckResult sigma::planner::recount(const Problem &problem, CostSource &costs, const Plan &plan) {
  CheckResult result;
  result.plan = decisionsOf(plan);
  if (!RuleBook(problem, plan, result.violations).check())
    return result;
  Layout &layout = result.plan.layout;
  layout.numMicroBatches = problem.job.globalBatch / (layout.dp * layout.microBatch);
  ContentsBook book(problem, costs, layout);
  const size_t broken = result.violations.size();
  std::vector<Contents> stages;
  for (int64_t stage = 0; stage < layout.pp; ++stage)
    stages.push_back(book.contents(result.plan, stage, result.violations));
  if (result.violations.size() > broken) // modes without a cost
    return result;
  std::vector<StepTerms> terms;
  for (const Contents &contents : stages) {
    StagePlan &stage = result.plan.stages[contents.stage];
    terms.push_back(checkStageTime(problem, layout, book, stages, contents, stage));
    checkStageMemory(problem, layout, book, contents, stage);
    checkCapacity(problem, contents, stage.peakBytes, result.violations);
  }
  checkStep(problem, varianceNs2(problem, layout, book, stages), terms, result.plan);
  return result;
}
