// The search against two oracles, its determinism, its limits, and an instance of real size.
#include "Exhaustive.h"
#include "Instances.h"
#include "LabelOracle.h"
#include "planner/PlanJson.h"

#include <gtest/gtest.h>
#include <numeric>

using namespace sigma::planner;
using namespace sigma::planner::test;

namespace {

std::vector<int64_t> countsOf(const Plan &plan) {
  std::vector<int64_t> counts;
  for (const StagePlan &stage : plan.stages)
    counts.push_back(stage.endLayer - stage.firstLayer);
  return counts;
}

int64_t rematOf(const Plan &plan) {
  int64_t total = 0;
  for (const StagePlan &stage : plan.stages)
    total += std::accumulate(stage.remat.begin(), stage.remat.end(), int64_t(0));
  return total;
}

void expectSameLayout(const Layout &a, const Layout &b) {
  EXPECT_EQ(a.pp, b.pp);
  EXPECT_EQ(a.dp, b.dp);
  EXPECT_EQ(a.ep, b.ep);
  EXPECT_EQ(a.microBatch, b.microBatch);
}

void expectLegal(Instance &instance, const Plan &plan) {
  CheckResult result = check(instance.problem, instance.costs, plan);
  EXPECT_TRUE(result.legal()) << result.error;
  for (const Violation &violation : result.violations)
    ADD_FAILURE() << violation.limit << ": " << violation.amount;
  EXPECT_NEAR(double(result.plan.objectiveNs), double(plan.objectiveNs), 1);
}

// The oracles round the noise of a step on their own; one nanosecond may lie between.
void expectExhaustive(uint64_t seed, bool coarse, int &feasible, int &infeasible) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Instance instance = randomInstance(seed, 6, 8, coarse);
  auto expected = exhaustive(instance);
  Answer answer = plan(instance.problem, instance.costs);
  ASSERT_EQ(answer.error, "");
  if (!expected) {
    ++infeasible;
    EXPECT_EQ(answer.proof.status, ProofStatus::Infeasible);
    EXPECT_TRUE(answer.plan.stages.empty());
    EXPECT_FALSE(answer.conflicts.empty());
    return;
  }
  ++feasible;
  ASSERT_EQ(answer.proof.status, ProofStatus::Optimal);
  EXPECT_EQ(answer.proof.gap, 0);
  EXPECT_NEAR(double(answer.plan.objectiveNs), double(expected->objectiveNs), 1);
  expectSameLayout(answer.plan.layout, expected->layout);
  EXPECT_EQ(countsOf(answer.plan), expected->counts);
  EXPECT_EQ(rematOf(answer.plan), expected->numRemat);
  expectLegal(instance, answer.plan);
}

TEST(Search, EqualsExhaustiveEnumeration) {
  int feasible = 0, infeasible = 0;
  for (uint64_t seed = 1; seed <= 220; ++seed)
    expectExhaustive(seed, false, feasible, infeasible);
  EXPECT_GE(feasible, 120);
  EXPECT_GE(infeasible, 10);
}

TEST(Search, BreaksTiesCanonically) {
  int feasible = 0, infeasible = 0;
  for (uint64_t seed = 1001; seed <= 1100; ++seed)
    expectExhaustive(seed, true, feasible, infeasible);
  EXPECT_GE(feasible, 50);
}

TEST(Search, EqualsLabelOracleOnLargerInstances) {
  int feasible = 0;
  int64_t z3 = 0, total = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Instance instance = randomInstance(seed * 7919, 24, 16, false);
    instance.problem.job.globalBatch *= 4;
    instance.problem.cluster.device.memoryBytes *= 3;
    auto expected = labelOracle(instance);
    Answer answer = plan(instance.problem, instance.costs);
    ASSERT_EQ(answer.error, "");
    ASSERT_EQ(answer.plan.stages.empty(), !expected);
    if (!expected)
      continue;
    ++feasible;
    EXPECT_EQ(answer.proof.status, ProofStatus::Optimal);
    EXPECT_NEAR(double(answer.plan.objectiveNs), double(expected->objectiveNs), 1);
    expectSameLayout(answer.plan.layout, expected->layout);
    expectLegal(instance, answer.plan);
    z3 += answer.proof.certificates.z3;
    total += answer.proof.configurations;
  }
  EXPECT_GE(feasible, 30);
  RecordProperty("z3Certificates", int(z3));
  RecordProperty("configurations", int(total));
}

// Two slow, light layers around two fast ones full of parameters: all splits take equally long, so
// both heuristics see a tie, and only the solver notices that the heavy layers must be kept apart.
TEST(Search, SolverImprovesOnTheHeuristics) {
  Instance instance;
  LayerRecipe slow, heavy;
  slow.denseFlops = 8000000;
  heavy.denseParameters = 1000000;
  instance.costs.kinds = {slow, heavy};
  Problem &problem = instance.problem;
  problem.model.layers = {{0, 1}, {1, 2}, {0, 1}};
  problem.cluster.numDevices = 2;
  problem.cluster.device = {"toy", 1000000000000, int64_t(1) << 30, 100000000000};
  problem.cluster.tiers = {{"pod", 2, 10000000000, 0}};
  problem.job.globalBatch = 4;
  problem.job.recipe = {4, 4, 8};
  problem.job.pins.pp = 2;
  Answer answer = plan(problem, instance.costs);
  ASSERT_EQ(answer.error, "");
  EXPECT_EQ(answer.proof.status, ProofStatus::Optimal);
  EXPECT_EQ(countsOf(answer.plan), (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(answer.plan.objectiveNs, exhaustive(instance)->objectiveNs);
  expectLegal(instance, answer.plan);
}

TEST(Search, CertificatesCoverEveryLayout) {
  Instance instance = simpleInstance();
  Answer answer = plan(instance.problem, instance.costs);
  const Certificates &c = answer.proof.certificates;
  EXPECT_EQ(c.memoryBound + c.timeBound + c.lagrange + c.z3, answer.proof.configurations);
  EXPECT_GE(c.z3, 1) << "the winner is always confirmed by Z3";
}

TEST(Search, SameInputSamePlan) {
  for (uint64_t seed : {3, 11, 42}) {
    Instance instance = randomInstance(seed, 20, 16, true);
    Answer first = plan(instance.problem, instance.costs);
    std::vector<std::vector<char>> disturbedHeap(1000, std::vector<char>(777));
    Answer second = plan(instance.problem, instance.costs);
    first.proof.wallMs = second.proof.wallMs = 0;
    EXPECT_EQ(toJson(instance.problem, first), toJson(instance.problem, second));
  }
}

TEST(Search, PlansSigmaInSeconds) {
  Instance instance = sigmaInstance();
  SearchOptions options;
  options.top = 3;
  Answer answer = plan(instance.problem, instance.costs, options);
  ASSERT_EQ(answer.error, "");
  ASSERT_EQ(answer.proof.status, ProofStatus::Optimal);
  EXPECT_LT(answer.proof.wallMs, 10000);
  EXPECT_EQ(answer.runnersUp.size(), 2u);
  int64_t previous = answer.plan.objectiveNs;
  for (const Runner &runner : answer.runnersUp) {
    EXPECT_GE(runner.objectiveNs, previous);
    EXPECT_NE(runner.reason, "");
    previous = runner.objectiveNs;
  }
  expectLegal(instance, answer.plan);
}

TEST(Search, RunnersUpAreTheNextBestLayouts) {
  for (uint64_t seed : {2, 5, 9, 17, 23, 31}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Instance instance = randomInstance(seed, 6, 8, false);
    SearchOptions options;
    options.top = 4;
    Answer answer = plan(instance.problem, instance.costs, options);
    for (const Runner &runner : answer.runnersUp) {
      Instance pinned = instance;
      pinned.problem.job.pins.pp = runner.layout.pp;
      pinned.problem.job.pins.ep = runner.layout.ep;
      pinned.problem.job.pins.microBatch = runner.layout.microBatch;
      auto expected = exhaustive(pinned);
      ASSERT_TRUE(expected);
      EXPECT_NEAR(double(runner.objectiveNs), double(expected->objectiveNs), 1);
    }
  }
}

TEST(Search, TimeLimitGivesAProvenGap) {
  Instance instance = sigmaInstance();
  Answer best = plan(instance.problem, instance.costs);
  SearchOptions options;
  options.timeLimitS = 1e-9;
  Answer answer = plan(instance.problem, instance.costs, options);
  ASSERT_EQ(answer.error, "");
  ASSERT_FALSE(answer.plan.stages.empty());
  EXPECT_EQ(answer.proof.status, ProofStatus::Gap);
  EXPECT_GT(answer.proof.gap, 0);
  double bound = double(answer.plan.objectiveNs) / (1 + answer.proof.gap);
  EXPECT_LE(bound, double(best.plan.objectiveNs) * (1 + 1e-9));
  expectLegal(instance, answer.plan);
}

TEST(Search, CancelStopsAndProgressReports) {
  Instance instance = sigmaInstance();
  SearchOptions options;
  options.cancelled = [] { return true; };
  Answer answer = plan(instance.problem, instance.costs, options);
  EXPECT_NE(answer.error, "");
  int reports = 0;
  options.cancelled = nullptr;
  options.progress = [&](const Progress &progress) {
    ++reports;
    EXPECT_LE(progress.closed, progress.configurations);
  };
  plan(instance.problem, instance.costs, options);
  EXPECT_GT(reports, 0);
}

TEST(Search, AsksForEachTableOnce) {
  Instance instance = sigmaInstance();
  plan(instance.problem, instance.costs);
  // Three pieces for each (micro-batch, ep), and once more by the check.
  EXPECT_LE(instance.costs.calls, 3 * 4 * 6 + 3);
}

} // namespace
