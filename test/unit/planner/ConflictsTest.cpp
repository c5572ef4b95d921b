// Infeasible problems: the named limits are minimal and every suggestion works.
#include "ConflictOracle.h"
#include "Exhaustive.h"
#include "planner/Explain.h"

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

} // namespace
