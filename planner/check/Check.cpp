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

// In closed form.
static Wide closedFormNs(const Problem &problem, const Plan &plan,
                         const std::vector<StepTerms> &terms) {
  Wide busiest = 0, fill = 0, tail = 0;
  for (const StepTerms &stage : terms) {
    busiest = std::max(busiest, stage.busyNs);
    fill += stage.fillNs;
  }
  for (const StagePlan &stage : plan.stages)
    tail = std::max(tail, Wide(stage.syncNs) + stage.optimizerNs);
  return busiest + fill + tail + problem.job.stepNs;
}

// The last stage to be done ends the step. A table that two stages hold is summed when both have
// reduced their gradients.
static Wide inOrderNs(const Problem &problem, const Plan &plan,
                      const std::vector<StepTerms> &terms) {
  std::vector<std::vector<ChunkTimes>> chunks;
  for (const StepTerms &stage : terms)
    chunks.push_back(stage.chunks);
  std::vector<Wide> ends = stageEndsNs(plan.layout, chunks);
  for (size_t stage = 0; stage < ends.size(); ++stage)
    ends[stage] += terms[stage].reduceNs;
  const int64_t head = stageOfVirtual(plan.layout, plan.layout.pp * plan.layout.vpp - 1);
  if (problem.model.sharedParameters > 0)
    ends[0] = ends[head] = std::max(ends[0], ends[head]);
  Wide last = 0;
  for (size_t stage = 0; stage < ends.size(); ++stage) {
    const StagePlan &held = plan.stages[stage];
    last = std::max(last, ends[stage] + held.syncNs - terms[stage].reduceNs + held.optimizerNs);
  }
  return last + problem.job.stepNs;
}

// Orders of more tasks would take longer to go through than the plan to find.
static bool hasOrder(const Layout &layout) {
  constexpr int64_t kMostTasks = 1000000;
  return 2 * Wide(layout.pp) * layout.vpp * layout.numMicroBatches <= kMostTasks;
}

static void addTimes(const Problem &problem, const StepNoise &noise, Wide closedFormNs,
                     Wide inOrderNs, Plan &plan) {
  const double quantile = noise.quantileNs(problem.job.quantilePpm * 1e-6);
  plan.noiseNs = static_cast<int64_t>(std::ceil(quantile));
  plan.objectiveNs = narrow(closedFormNs + plan.noiseNs);
  const double mean = double(inOrderNs);
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
  const Wide closedNs = closedFormNs(problem, result.plan, terms);
  // A layout that breaks a rule may have none.
  const bool goesInOrder = broken == 0 && hasOrder(layout);
  const Wide orderNs = goesInOrder ? inOrderNs(problem, result.plan, terms) : closedNs;
  addTimes(problem, stepNoise(problem, layout, varianceNs2(problem, layout, book, stages)),
           closedNs, orderNs, result.plan);
  return result;
}
