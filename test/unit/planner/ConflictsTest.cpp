// Infeasible problems: the named limits are minimal and every suggestion works.
#include "ConflictOracle.h"
#include "Exhaustive.h"
#include "planner/Explain.h"
#include "planner/search/MemorySpace.h"
#include "planner/search/OptionGraph.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace sigma::planner;
using namespace sigma::planner::test;

namespace {

std::vector<std::string> limitsOf(const Answer &answer) {
  std::vector<std::string> limits;
  for (const Conflict &conflict : answer.conflicts)
    limits.push_back(conflict.limit);
  return limits;
}

using Limits = std::vector<std::string>;

Answer infeasible(Instance &instance) {
  Answer answer = plan(instance.problem, instance.costs);
  EXPECT_EQ(answer.error, "");
  EXPECT_EQ(answer.proof.status, ProofStatus::Infeasible);
  EXPECT_TRUE(answer.plan.stages.empty());
  return answer;
}

// Minimal, and each suggestion works.
void expectRight(const Instance &instance, const Answer &answer) {
  EXPECT_EQ(judgeConflicts(instance, answer.conflicts).complaint, "");
}

TEST(Conflicts, MemoryNamesStageAmountAndParts) {
  Instance instance = narrowInstance();
  instance.problem.cluster.device.memoryBytes = 600000;
  instance.problem.cluster.tiers[1].devices = 8;
  Answer answer = infeasible(instance);
  ASSERT_FALSE(answer.conflicts.empty());
  const Conflict &memory = answer.conflicts.front();
  EXPECT_EQ(memory.limit, "memory");
  for (const char *part : {"stage ", "more than", "less 6 % margin", "parameters", "gradients",
                           "optimizer", "activations", "no layout comes closer"})
    EXPECT_NE(memory.amount.find(part), std::string::npos) << memory.amount;
  EXPECT_NE(memory.suggest, "");
  expectRight(instance, answer);
  std::string text = explain(instance.problem, answer);
  EXPECT_NE(text.find("it fits: "), std::string::npos) << text;
}

TEST(Conflicts, APinThatDividesNothing) {
  Instance instance = narrowInstance();
  instance.problem.job.pins[Axis::Ep] = 3;
  Answer answer = infeasible(instance);
  EXPECT_EQ(limitsOf(answer), (Limits{"divisibility of experts", "pin ep"}));
  EXPECT_NE(answer.conflicts[1].suggest, "");
}

TEST(Conflicts, DenseModelsHaveNoExpertParallelism) {
  Instance instance = narrowInstance();
  instance.problem.model.numExperts = 0;
  instance.problem.job.pins[Axis::Ep] = 2;
  EXPECT_EQ(limitsOf(infeasible(instance)), (Limits{"divisibility of experts", "pin ep"}));
}

TEST(Conflicts, AllThatIsLeftIsForbidden) {
  Instance instance = narrowInstance();
  instance.problem.job.pins[Axis::Pp] = 2;
  instance.problem.job.forbids[Axis::Dp] = {instance.problem.cluster.numDevices / 2};
  Answer answer = infeasible(instance);
  EXPECT_EQ(limitsOf(answer), (Limits{"device count", "divisibility of tensors",
                                      "divisibility of sequence", "pin pp", "forbid"}));
  EXPECT_EQ(answer.conflicts.back().amount, "not dp = 4");
  expectRight(instance, answer);
}

TEST(Conflicts, PinsThatDoNotMultiplyToTheCluster) {
  Instance instance = narrowInstance();
  instance.problem.job.pins[Axis::Pp] = 2;
  instance.problem.job.pins[Axis::Dp] = 2;
  Answer answer = infeasible(instance);
  EXPECT_EQ(limitsOf(answer), (Limits{"device count", "divisibility of tensors",
                                      "divisibility of sequence", "pin pp", "pin dp"}));
  // The model's own limits cannot be given up.
  for (const Conflict &conflict : answer.conflicts)
    EXPECT_EQ(conflict.suggest.empty(), conflict.limit.find("divisibility") == 0) << conflict.limit;
  expectRight(instance, answer);
}

TEST(Conflicts, MoreStagesThanLayers) {
  Instance instance = narrowInstance();
  instance.problem.job.pins[Axis::Pp] = 8;
  Answer answer = infeasible(instance);
  EXPECT_EQ(limitsOf(answer), (Limits{"layers", "pin pp"}));
  EXPECT_EQ(answer.conflicts[0].suggest, "");
  expectRight(instance, answer);
}

TEST(Conflicts, FoldingNeedsEnoughDataParallelism) {
  Instance instance = narrowInstance();
  instance.problem.job.pins[Axis::Pp] = 4;
  instance.problem.job.pins[Axis::Ep] = 8;
  Answer answer = infeasible(instance);
  EXPECT_EQ(limitsOf(answer), (Limits{"device count", "divisibility of dp", "pin pp", "pin ep"}));
  expectRight(instance, answer);
}

TEST(Conflicts, ABatchThatDividesByNothing) {
  Instance instance = narrowInstance();
  instance.problem.cluster.numDevices = 7;
  instance.problem.job.globalBatch = 16;
  Answer answer = infeasible(instance);
  EXPECT_EQ(limitsOf(answer), (Limits{"device count", "divisibility of batch",
                                      "divisibility of sequence", "layers"}));
  expectRight(instance, answer);
  EXPECT_EQ(answer.conflicts[1].suggest.rfind("with a global batch of 21 ", 0), 0u)
      << answer.conflicts[1].suggest;
}

TEST(Conflicts, MicroBatchPin) {
  Instance instance = narrowInstance();
  instance.problem.job.pins[Axis::MicroBatch] = 5;
  Answer answer = infeasible(instance);
  EXPECT_EQ(limitsOf(answer), (Limits{"divisibility of batch", "pin micro-batch"}));
  expectRight(instance, answer);
}

TEST(Conflicts, MemoryAgainstRematPin) {
  Instance instance = narrowInstance();
  Answer answer = plan(instance.problem, instance.costs);
  // Just enough for the plan that rematerializes everything on four stages.
  instance.problem.job.pins.remat = false;
  int64_t low = 1, high = instance.problem.cluster.device.memoryBytes;
  auto fits = [&](int64_t bytes) {
    instance.problem.cluster.device.memoryBytes = bytes;
    return isFeasible(instance);
  };
  while (low < high) {
    int64_t middle = (low + high) / 2;
    if (fits(middle))
      high = middle;
    else
      low = middle + 1;
  }
  instance.problem.cluster.device.memoryBytes = low - 1;
  answer = infeasible(instance);
  Limits limits = limitsOf(answer);
  EXPECT_NE(std::find(limits.begin(), limits.end(), "memory"), limits.end());
  expectRight(instance, answer);
}

// bench/infeasible does the same with more seeds.
TEST(Conflicts, RandomProblemsAreExplainedMinimally) {
  int seen = 0, ofMemory = 0, suggested = 0;
  for (uint64_t seed = 5000; seed < 5040; ++seed) {
    Instance instance = tightInstance(seed);
    const Answer answer = plan(instance.problem, instance.costs);
    ASSERT_EQ(answer.error, "") << "seed " << seed;
    if (!answer.plan.stages.empty())
      continue;
    const ConflictJudgement judgement = judgeConflicts(instance, answer.conflicts);
    EXPECT_EQ(judgement.complaint, "") << "seed " << seed;
    ++seen;
    ofMemory += judgement.isOfMemory;
    suggested += judgement.suggestions > 0;
  }
  EXPECT_GE(seen, 20);
  EXPECT_GE(ofMemory, 8);
  EXPECT_LE(ofMemory, seen - 8);
  EXPECT_GE(suggested, seen / 2);
}

// The least that any split of the layout misses: by work alone it may only be less.
TEST(Conflicts, MemoryByWorkAloneIsNeverAboveTheTruth) {
  int layouts = 0, refuted = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Instance instance = randomInstance(seed, 6, 8, seed % 2 == 0);
    const Problem &problem = instance.problem;
    AskedCosts asked(problem.model, instance.costs);
    CostCache costs(problem, asked);
    MemorySpace memory(problem, asked.sequence(), costs);
    const LayoutSpace space(problem, asked.sequence());
    int64_t rejected = 0;
    for (const Layout &family : space.families(rejected)) {
      bool anyFits = false;
      for (const Layout &layout : space.variants(family)) {
        auto missing = [&](MemoryModel::Figures figures) {
          const MemoryModel model(problem, asked.sequence(), costs, layout, figures);
          return leastMemory(model, int64_t(1) << 60).missingBytes;
        };
        const int64_t bound = missing(MemoryModel::Figures::Work);
        const int64_t truth = missing(MemoryModel::Figures::Whole);
        ASSERT_LE(bound, truth) << "seed " << seed;
        EXPECT_EQ(memory.fits(layout), truth == 0);
        const StageModel stages(problem, asked.sequence(), costs, layout);
        EXPECT_EQ(bottleneckSplit(stages, StageTimes()).has_value(), truth == 0);
        anyFits |= truth == 0;
        ++layouts;
        refuted += bound > 0;
      }
      EXPECT_TRUE(memory.mayFit(family) || !anyFits) << "seed " << seed;
    }
  }
  EXPECT_GT(layouts, 1000);
  EXPECT_GT(refuted, layouts / 100);
}

// What is not proven is not said: neither that a plan exists nor that none does.
TEST(Conflicts, StoppingSaysWhatIsKnown) {
  Instance instance = narrowInstance();
  instance.problem.cluster.device.memoryBytes = 600000;
  SearchOptions options;
  int polls = 0, most = 0;
  options.cancelled = [&] { return ++polls > most; };
  bool wasUnknown = false, wasWithoutReasons = false, wasWhole = false;
  for (most = 0; !wasWhole && most < 1000000; most += 1 + most / 8) {
    polls = 0;
    const Answer answer = plan(instance.problem, instance.costs, options);
    EXPECT_TRUE(answer.plan.stages.empty());
    if (!answer.error.empty()) {
      EXPECT_EQ(answer.proof.status, ProofStatus::Gap);
      wasUnknown = true;
    } else if (answer.lacksReasons) {
      EXPECT_EQ(answer.proof.status, ProofStatus::Infeasible);
      EXPECT_NE(explain(instance.problem, answer).find("stopped before"), std::string::npos);
      wasWithoutReasons = true;
    } else {
      EXPECT_FALSE(answer.conflicts.empty());
      wasWhole = true;
    }
  }
  EXPECT_TRUE(wasUnknown && wasWithoutReasons && wasWhole);
  options.cancelled = nullptr;
  options.timeLimitS = 1e-9;
  const Answer answer = plan(instance.problem, instance.costs, options);
  EXPECT_TRUE(answer.plan.stages.empty());
  EXPECT_TRUE(!answer.error.empty() || answer.lacksReasons);
}

} // namespace
