#include "Agreement.h"

#include "Exhaustive.h"
#include "LabelOracle.h"
#include "OracleSpace.h"
#include "planner/search/StageProver.h"

#include <cstdlib>

using namespace sigma::planner;
using namespace sigma::planner::test;

static std::string differ(const std::string &what, int64_t a, int64_t b) {
  return what + ": " + std::to_string(a) + " and " + std::to_string(b);
}

// Sums of variance in another order may move the noise, which is rounded up, by one nanosecond.
static bool areEqual(int64_t a, int64_t b) { return std::abs(a - b) <= 1; }

static std::string checkComplaint(Instance &instance, const Plan &plan, int64_t objectiveNs) {
  const CheckResult result = check(instance.problem, instance.costs, plan);
  if (!result.error.empty())
    return "check: " + result.error;
  if (!result.violations.empty())
    return "check: " + result.violations[0].limit + ": " + result.violations[0].amount;
  if (!areEqual(result.plan.objectiveNs, objectiveNs))
    return differ("objective by the check and as found", result.plan.objectiveNs, objectiveNs);
  return {};
}

// `expected`: the optimum by an oracle.
static std::string answerComplaint(Instance &instance, const Answer &answer,
                                   const std::optional<OraclePlan> &expected, int64_t layouts) {
  if (!answer.error.empty())
    return answer.error;
  const bool isFeasible = !answer.plan.stages.empty();
  if (isFeasible != expected.has_value())
    return isFeasible ? "only the search finds a plan" : "only the oracle finds a plan";
  if (!isFeasible) {
    const bool isExplained =
        answer.proof.status == ProofStatus::Infeasible && !answer.conflicts.empty();
    return isExplained ? "" : "an infeasible answer without conflicts";
  }
  if (answer.proof.status != ProofStatus::Optimal || answer.proof.gap != 0)
    return "the plan is not proven optimal";
  if (answer.proof.configurations != layouts)
    return differ("layouts of the search and the oracle", answer.proof.configurations, layouts);
  if (!areEqual(answer.plan.objectiveNs, expected->objectiveNs))
    return differ("objective by the search and the oracle", answer.plan.objectiveNs,
                  expected->objectiveNs);
  return checkComplaint(instance, answer.plan, answer.plan.objectiveNs);
}

static Instance pinnedTo(Instance instance, const Layout &layout) {
  Pins &pins = instance.problem.job.pins;
  for (int i = 0; i < kNumAxes; ++i)
    pins.sizes[i] = layout.get(static_cast<Axis>(i));
  pins.schedule = layout.schedule;
  return instance;
}

static Agreement compareWhole(Instance &instance, const std::vector<Layout> &layouts,
                              const std::optional<OraclePlan> &expected) {
  Agreement result;
  const Answer answer = plan(instance.problem, instance.costs);
  result.layouts = int64_t(layouts.size());
  result.complaint = answerComplaint(instance, answer, expected, result.layouts);
  result.isFeasible = expected.has_value();
  result.plan = answer.plan;
  result.certificates = answer.proof.certificates;
  return result;
}

Agreement sigma::planner::test::compareWithEnumeration(Instance instance, uint64_t seed,
                                                       int numLayouts) {
  const std::vector<Layout> layouts = allLayouts(instance.problem);
  const std::optional<OraclePlan> expected = exhaustive(instance);
  Agreement result = compareWhole(instance, layouts, expected);
  if (expected && result.complaint.empty())
    result.complaint = checkComplaint(instance, expected->plan, expected->objectiveNs);
  Random random(seed);
  for (int i = 0; i < numLayouts && !layouts.empty() && result.complaint.empty(); ++i) {
    Instance pinned =
        pinnedTo(instance, layouts[random.below(static_cast<int64_t>(layouts.size()))]);
    const std::vector<Layout> few = allLayouts(pinned.problem);
    result.complaint = compareWhole(pinned, few, exhaustive(pinned)).complaint;
    if (!result.complaint.empty())
      result.complaint += " (" + describe(few.front()) + ")";
  }
  return result;
}

// Z3 on a table that presolve, with a limit far from the optimum, has left open.
static std::string tableComplaint(Instance &instance, const Layout &layout, bool &hasTable) {
  AskedCosts asked(instance.problem.model, instance.costs);
  CostCache costs(instance.problem, asked);
  const StageModel model(instance.problem, asked.sequence(), costs, layout);
  std::optional<OptionGraph> graph = buildOptions(model, StageTimes(), int64_t(1) << 59);
  if (!graph)
    return "a table of options is too large";
  const std::optional<int64_t> best = cheapestPath(*graph);
  hasTable = best.has_value();
  if (!best)
    return {};
  const std::optional<int64_t> expected = labelOracle(instance, layout);
  if (!expected || !areEqual(*expected, *best + model.constantNs()))
    return differ("optimum by the oracle's tables and by the search's", expected.value_or(-1),
                  *best + model.constantNs());
  presolve(*graph, *best + *best / 4);
  if (graph->lowerBoundNs() > *best)
    return differ("lower bound and optimum of a table", graph->lowerBoundNs(), *best);
  ProverSession session;
  if (StageProver(session, *graph, *best - 1, 0).check() != Verdict::Refuted)
    return "Z3 does not refute what is better than the optimum of a table";
  StageProver prover(session, *graph, *best, 0);
  if (prover.check() != Verdict::Found || prover.split().costNs != *best)
    return "Z3 does not find the optimum of a table";
  return {};
}

Agreement sigma::planner::test::compareWithLabels(Instance instance, uint64_t seed,
                                                  int numLayouts) {
  const std::vector<Layout> layouts = allLayouts(instance.problem);
  Agreement result = compareWhole(instance, layouts, labelOracle(instance));
  if (!result.isFeasible)
    return result;
  Random random(seed);
  std::vector<Layout> drawn{result.plan.layout};
  for (int i = 0; i < numLayouts; ++i)
    drawn.push_back(layouts[random.below(static_cast<int64_t>(layouts.size()))]);
  for (const Layout &layout : drawn) {
    if (!result.complaint.empty())
      break;
    bool hasTable = false;
    result.complaint = tableComplaint(instance, layout, hasTable);
    result.tables += hasTable;
    if (!result.complaint.empty())
      result.complaint += " (" + describe(layout) + ")";
  }
  return result;
}
