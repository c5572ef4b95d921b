// The search against its oracles, its determinism, its limits, and an instance of real size.
#include "Agreement.h"
#include "Exhaustive.h"
#include "planner/PlanJson.h"
#include "planner/search/Layouts.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>

using namespace sigma::planner;
using namespace sigma::planner::test;

namespace {

std::vector<int64_t> countsOf(const Plan &plan) {
  std::vector<int64_t> counts;
  for (const StagePlan &stage : plan.stages)
    counts.push_back(stage.numLayers());
  return counts;
}

void expectLegal(Instance &instance, const Plan &plan) {
  CheckResult result = check(instance.problem, instance.costs, plan);
  EXPECT_TRUE(result.legal()) << result.error;
  for (const Violation &violation : result.violations)
    ADD_FAILURE() << violation.limit << ": " << violation.amount;
  EXPECT_NEAR(double(result.plan.objectiveNs), double(plan.objectiveNs), 1);
}

// bench/optimality does the same with more seeds.
TEST(Search, EqualsExhaustiveEnumeration) {
  int feasible = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    const Agreement agreement = compareWithEnumeration(randomInstance(seed, 6, 8, false), seed, 3);
    EXPECT_EQ(agreement.complaint, "") << "seed " << seed;
    feasible += agreement.isFeasible;
  }
  EXPECT_GE(feasible, 30);
  EXPECT_LE(feasible, 58);
}

TEST(Search, EqualsDynamicProgramOnLargeInstances) {
  int64_t feasible = 0, tables = 0;
  for (uint64_t seed = 21; seed <= 30; ++seed) {
    const Agreement agreement = compareWithLabels(largeInstance(seed), seed, 2);
    EXPECT_EQ(agreement.complaint, "") << "seed " << seed;
    feasible += agreement.isFeasible;
    tables += agreement.tables;
  }
  EXPECT_GE(feasible, 6);
  EXPECT_GE(tables, 15);
}

// Of equally fast layouts, the first in canonical order.
TEST(Search, BreaksTiesCanonically) {
  int ties = 0;
  for (uint64_t seed = 1001; seed <= 1025; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Instance instance = randomInstance(seed, 5, 8, true);
    const std::vector<OraclePlan> all = exhaustiveByLayout(instance);
    if (all.empty())
      continue;
    auto isFaster = [](const OraclePlan &a, const OraclePlan &b) {
      return a.objectiveNs != b.objectiveNs ? a.objectiveNs < b.objectiveNs
                                            : comesBefore(a.plan.layout, b.plan.layout);
    };
    const OraclePlan &first = *std::min_element(all.begin(), all.end(), isFaster);
    ties += std::count_if(all.begin(), all.end(), [&](const OraclePlan &plan) {
              return plan.objectiveNs == first.objectiveNs;
            }) > 1;
    const Answer answer = plan(instance.problem, instance.costs);
    EXPECT_EQ(answer.plan.objectiveNs, first.objectiveNs);
    EXPECT_EQ(describe(answer.plan.layout), describe(first.plan.layout));
  }
  EXPECT_GE(ties, 5);
}

// Two slow, light layers around two fast ones full of parameters: all splits take equally long, so
// both heuristics see a tie, and only the solver notices that the heavy layers must be kept apart.
TEST(Search, SolverImprovesOnTheHeuristics) {
  Instance instance;
  LayerRecipe slow, heavy;
  slow.denseFlops = 8000000;
  heavy.denseParameters = 1000000;
  slow.modes = heavy.modes = {{"none"}};
  instance.costs.kinds = {slow, heavy};
  instance.costs.embeddingRecipe.modes = instance.costs.headRecipe.modes = {{"none"}};
  Problem &problem = instance.problem;
  problem.model.layers = {{0, 1}, {1, 2}, {0, 1}};
  problem.cluster.numDevices = 2;
  problem.cluster.device = {"toy", 1000000000000, int64_t(1) << 30, 100000000000};
  problem.cluster.tiers = {{"pod", 2, 10000000000, 0}};
  problem.job.globalBatch = 4;
  problem.job.recipe = {4, 4, 8};
  problem.job.pins[Axis::Pp] = 2;
  const Answer answer = plan(problem, instance.costs);
  ASSERT_EQ(answer.error, "");
  EXPECT_EQ(answer.proof.status, ProofStatus::Optimal);
  EXPECT_EQ(countsOf(answer.plan), (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(answer.plan.objectiveNs, exhaustive(instance)->objectiveNs);
  expectLegal(instance, answer.plan);
}

// With chunks, another light unit brings down the average that a heavy layer in front of the units
// has raised: a stage may hold more units than fewer.
TEST(Search, MoreUnitsMayNeedLessMemory) {
  Instance instance = narrowInstance();
  Problem &problem = instance.problem;
  LayerRecipe heavy, light;
  heavy.denseFlops = light.denseFlops = 1000000;
  heavy.modes = {{"none", 0, false, 1000000, 0}};
  light.modes = {{"none", 0, false, 10000, 0}};
  instance.costs.kinds = {heavy, light};
  instance.costs.headRecipe.modes = {{"none"}};
  problem.model.layers = {{0, 1}, {1, 6}};
  problem.model.numExperts = 0;
  problem.cluster.numDevices = 2;
  problem.cluster.tiers = {{"pod", 2, 5000000000, 1000}};
  problem.job.globalBatch = 8;
  problem.job.pins[Axis::Pp] = problem.job.pins[Axis::Vpp] = 2;
  problem.job.pins[Axis::MicroBatch] = 1;
  problem.job.pins.schedule = Schedule::Interleaved;
  int feasible = 0;
  for (int64_t memoryBytes = 3000000; memoryBytes < 6000000; memoryBytes += 100000) {
    problem.cluster.device.memoryBytes = memoryBytes;
    const Agreement agreement = compareWithEnumeration(instance, 1, 0);
    EXPECT_EQ(agreement.complaint, "") << memoryBytes;
    feasible += agreement.isFeasible;
  }
  EXPECT_GE(feasible, 5);
  EXPECT_LE(feasible, 25);
}

// The same in the table of options: a row does not end where one number of units does not fit.
TEST(Search, OptionsOfAStageMayFitBeyondOneThatDoesNot) {
  Instance instance = narrowInstance();
  Problem &problem = instance.problem;
  LayerRecipe heavy, light;
  heavy.denseFlops = 4000000;
  heavy.denseParameters = 20000;
  heavy.modes = {{"none", 0, false, 3900000, 0}, {"full", 2700000, false, 1950000, 0}};
  light.denseFlops = 1000000;
  light.denseParameters = 100000;
  light.modes = {{"none", 0, false, 290000, 0}, {"full", 600000, false, 36250, 0}};
  instance.costs.kinds = {heavy, light};
  instance.costs.headRecipe.denseFlops = 2500000;
  instance.costs.headRecipe.modes = {{"none"}};
  problem.model.layers = {{0, 2}, {1, 8}};
  problem.model.numExperts = 0;
  problem.cluster.numDevices = 2;
  problem.cluster.tiers = {{"pod", 2, 5000000000, 1000}};
  problem.cluster.device.memoryBytes = 22400000;
  problem.job.globalBatch = 4;
  problem.job.pins[Axis::Pp] = problem.job.pins[Axis::Vpp] = 2;
  problem.job.pins[Axis::MicroBatch] = 1;
  problem.job.pins.schedule = Schedule::Interleaved;
  const Agreement agreement = compareWithEnumeration(instance, 1, 0);
  EXPECT_EQ(agreement.complaint, "");
  EXPECT_TRUE(agreement.isFeasible);
}

TEST(Search, CertificatesCoverEveryLayout) {
  Instance instance = simpleInstance();
  const Answer answer = plan(instance.problem, instance.costs);
  const Certificates &c = answer.proof.certificates;
  EXPECT_EQ(c.memoryBound + c.timeBound + c.lagrange + c.z3, answer.proof.configurations);
  EXPECT_GE(c.z3, 1) << "the winner is always confirmed by Z3";
}

TEST(Search, SameInputSamePlan) {
  for (uint64_t seed : {3, 11, 42}) {
    Instance instance = randomInstance(seed, 20, 16, true);
    SearchOptions options;
    options.top = 3;
    Answer first = plan(instance.problem, instance.costs, options);
    std::vector<std::vector<char>> disturbedHeap(1000, std::vector<char>(777));
    Answer second = plan(instance.problem, instance.costs, options);
    first.proof.wallMs = second.proof.wallMs = 0;
    first.proof.z3Ms = second.proof.z3Ms = 0;
    EXPECT_EQ(toJson(instance.problem, first), toJson(instance.problem, second));
  }
}

TEST(Search, PlansSigmaInSeconds) {
  Instance instance = sigmaInstance();
  SearchOptions options;
  options.top = 3;
  const Answer answer = plan(instance.problem, instance.costs, options);
  ASSERT_EQ(answer.error, "");
  ASSERT_EQ(answer.proof.status, ProofStatus::Optimal);
  EXPECT_LT(answer.proof.wallMs, 20000);
  EXPECT_GT(answer.proof.z3Ms, 0) << "Z3 confirms every optimum";
  EXPECT_LE(answer.proof.z3Ms, double(answer.proof.wallMs + 1));
  EXPECT_EQ(answer.runnersUp.size(), 2u);
  int64_t previous = answer.plan.objectiveNs;
  for (const Runner &runner : answer.runnersUp) {
    EXPECT_GE(runner.plan.objectiveNs, previous);
    EXPECT_NE(runner.reason, "");
    previous = runner.plan.objectiveNs;
  }
  expectLegal(instance, answer.plan);
}

// Layouts of one kind differ in what a person would call tuning; of each kind the best counts.
TEST(Search, RunnersUpAreTheBestOfOtherKinds) {
  int runners = 0;
  for (uint64_t seed : {2, 5, 9, 17, 23, 31, 40, 41, 42, 43, 44, 45}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Instance instance = randomInstance(seed, 6, 8, false);
    SearchOptions options;
    options.top = 4;
    const Answer answer = plan(instance.problem, instance.costs, options);
    std::vector<OraclePlan> all = exhaustiveByLayout(instance);
    auto dropKind = [&](const Layout &layout) {
      all.erase(std::remove_if(
                    all.begin(), all.end(),
                    [&](const OraclePlan &plan) { return isSameKind(plan.plan.layout, layout); }),
                all.end());
    };
    if (!answer.plan.stages.empty())
      dropKind(answer.plan.layout);
    for (const Runner &runner : answer.runnersUp) {
      ASSERT_FALSE(all.empty());
      const auto best =
          std::min_element(all.begin(), all.end(), [](const OraclePlan &a, const OraclePlan &b) {
            return a.objectiveNs < b.objectiveNs;
          });
      EXPECT_NEAR(double(runner.plan.objectiveNs), double(best->objectiveNs), 1);
      dropKind(runner.plan.layout);
      ++runners;
    }
    EXPECT_TRUE(answer.runnersUp.size() == 3 || all.empty());
  }
  EXPECT_GE(runners, 6);
}

// Each alternative is the best plan with another size of one axis.
TEST(Search, AlternativesAreTheBestOfTheirSize) {
  int alternatives = 0;
  for (uint64_t seed : {2, 5, 9, 40, 41, 42, 43, 44}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Instance instance = randomInstance(seed, 6, 8, false);
    SearchOptions options;
    options.alternatives = true;
    const Answer answer = plan(instance.problem, instance.costs, options);
    const std::vector<OraclePlan> all = exhaustiveByLayout(instance);
    for (const Runner &runner : answer.alternatives) {
      EXPECT_NE(runner.choice, "");
      EXPECT_GE(runner.plan.objectiveNs, answer.plan.objectiveNs);
      const bool exists = std::any_of(all.begin(), all.end(), [&](const OraclePlan &plan) {
        return describe(plan.plan.layout) == describe(runner.plan.layout) &&
               std::abs(plan.objectiveNs - runner.plan.objectiveNs) <= 1;
      });
      EXPECT_TRUE(exists) << runner.choice;
      ++alternatives;
    }
  }
  EXPECT_GE(alternatives, 3);
}

// Where memory asks for it, a layer may still drop some values.
TEST(Search, AForbiddenModeExcludesOnlyItself) {
  int others = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Instance instance = randomInstance(seed, 6, 8, false);
    Job &job = instance.problem.job;
    job.pins.remat.reset();
    for (const char *forbidden : {"none", "full"}) {
      job.forbids.remat = {forbidden};
      const Answer answer = plan(instance.problem, instance.costs);
      ASSERT_EQ(answer.error, "");
      for (const StagePlan &stage : answer.plan.stages)
        for (const std::string &mode : stage.remat) {
          EXPECT_NE(mode, forbidden);
          others += mode != "none" && mode != "full";
        }
    }
  }
  EXPECT_GT(others, 0);
}

TEST(Search, TimeLimitGivesAProvenGap) {
  Instance instance = sigmaInstance();
  const Answer best = plan(instance.problem, instance.costs);
  SearchOptions options;
  options.timeLimitS = 1e-9;
  const Answer answer = plan(instance.problem, instance.costs, options);
  ASSERT_EQ(answer.error, "");
  ASSERT_FALSE(answer.plan.stages.empty());
  EXPECT_EQ(answer.proof.status, ProofStatus::Gap);
  EXPECT_GT(answer.proof.gap, 0);
  const double bound = double(answer.plan.objectiveNs) / (1 + answer.proof.gap);
  EXPECT_LE(bound, double(best.plan.objectiveNs) * (1 + 1e-9));
  expectLegal(instance, answer.plan);
}

TEST(Search, CancelStopsAndProgressReports) {
  Instance instance = sigmaInstance();
  SearchOptions options;
  options.cancelled = [] { return true; };
  const Answer answer = plan(instance.problem, instance.costs, options);
  EXPECT_TRUE(!answer.error.empty() || answer.proof.status == ProofStatus::Gap);
  int reports = 0;
  options.cancelled = nullptr;
  options.progress = [&](const Progress &progress) {
    ++reports;
    EXPECT_LE(progress.closed, progress.configurations);
  };
  plan(instance.problem, instance.costs, options);
  EXPECT_GT(reports, 0);
}

// Counts the questions for each sharding.
struct CountingCosts : RecipeCosts {
  explicit CountingCosts(const RecipeCosts &costs) : RecipeCosts(costs) {}

  LayerCost layer(int kind, const Sharding &sharding) override {
    ++whole[key(sharding)];
    return RecipeCosts::layer(kind, sharding);
  }
  LayerCost layerWork(int kind, const Sharding &sharding) override {
    ++work[key(sharding)];
    return RecipeCosts::layer(kind, sharding);
  }

  using Key = std::vector<int64_t>;
  static Key key(const Sharding &s) {
    return {s.microBatch, s.tp, s.cp, s.etp, s.ep, int64_t(s.contextKind)};
  }
  std::map<Key, int> whole, work;
};

TEST(Search, AsksForEachTableOnce) {
  Instance instance = sigmaInstance();
  CountingCosts costs(instance.costs);
  plan(instance.problem, costs);
  EXPECT_GT(costs.work.size(), 10u);
  for (const auto &[key, times] : costs.work)
    EXPECT_LE(times, 1);
  // Once more by the check of the plan.
  int again = 0;
  for (const auto &[key, times] : costs.whole)
    again += times - 1;
  EXPECT_LE(again, 1);
  EXPECT_LT(costs.whole.size(), costs.work.size()) << "modes are asked where a layout may win";
}

} // namespace
