// The checker refuses what is wrong and says by how much.
#include "Instances.h"
#include "planner/Explain.h"
#include "planner/PlanJson.h"

#include <gtest/gtest.h>

using namespace sigma::planner;
using namespace sigma::planner::test;

namespace {

class CheckTest : public ::testing::Test {
protected:
  void SetUp() override {
    instance.problem.job.pins.pp = 2;
    answer = sigma::planner::plan(instance.problem, instance.costs);
    ASSERT_EQ(answer.error, "");
    mutated = answer.plan;
    ASSERT_EQ(mutated.stages.size(), 2u);
  }

  void expectViolation(const std::string &limit, const std::string &amount = "") {
    CheckResult result = check(instance.problem, instance.costs, mutated);
    EXPECT_EQ(result.error, "");
    EXPECT_FALSE(result.legal());
    bool found = false;
    for (const Violation &violation : result.violations)
      found |= violation.limit == limit && violation.amount.find(amount) != std::string::npos;
    EXPECT_TRUE(found) << limit << ": " << amount;
    for (const Violation &violation : result.violations)
      if (!found)
        ADD_FAILURE() << violation.limit << ": " << violation.amount;
  }

  Instance instance = simpleInstance();
  Answer answer;
  Plan mutated;
};

TEST_F(CheckTest, AcceptsTheSearchsPlan) {
  CheckResult result = check(instance.problem, instance.costs, mutated);
  EXPECT_TRUE(result.legal());
  EXPECT_EQ(result.plan.objectiveNs, answer.plan.objectiveNs);
  EXPECT_DOUBLE_EQ(result.plan.mfu, answer.plan.mfu);
  EXPECT_EQ(result.plan.stages[0].peakBytes, answer.plan.stages[0].peakBytes);
  EXPECT_EQ(result.plan.stages[1].syncNs, answer.plan.stages[1].syncNs);
}

TEST_F(CheckTest, RefusesADroppedLayer) {
  mutated.stages[1].endLayer -= 1;
  mutated.stages[1].remat.pop_back();
  expectViolation("layers", "the model has 6");
}

TEST_F(CheckTest, RefusesALayerHeldTwice) {
  mutated.stages[1].firstLayer -= 1;
  mutated.stages[1].remat.push_back(false);
  expectViolation("layers", "is next");
}

TEST_F(CheckTest, RefusesAnEmptyStage) {
  mutated.stages[0] = {};
  mutated.stages[1].firstLayer = 0;
  mutated.stages[1].remat.assign(6, false);
  expectViolation("layers", "stage 0 has no layer");
}

TEST_F(CheckTest, RefusesMissingStages) {
  mutated.stages.pop_back();
  expectViolation("layers", "1 stages are given");
}

TEST_F(CheckTest, RefusesTooMuchMemory) {
  instance.problem.cluster.device.memoryBytes = mutated.stages[0].peakBytes;
  expectViolation("memory", "less 6 % margin");
}

TEST_F(CheckTest, RefusesIndivisibleDegrees) {
  mutated.layout.ep = 3;
  expectViolation("divisibility of experts", "8 experts do not divide by ep = 3");
  mutated.layout.ep = 8;
  expectViolation("divisibility of dp");
  mutated = answer.plan;
  mutated.layout.microBatch = 3;
  expectViolation("divisibility of batch");
  mutated = answer.plan;
  mutated.layout.dp = 3;
  expectViolation("device count");
  mutated.layout.dp = INT64_MAX;
  expectViolation("layout");
  mutated.layout.dp = 0;
  expectViolation("layout");
  mutated = answer.plan;
  mutated.layout.numMicroBatches += 1;
  expectViolation("divisibility of batch", "micro-batches are given");
}

TEST_F(CheckTest, RefusesABrokenPin) {
  instance.problem.job.pins.pp = 4;
  expectViolation("pin pp", "2 instead of 4");
  instance.problem.job.pins.pp.reset();
  instance.problem.job.pins.remat = true;
  expectViolation("pin remat");
}

TEST_F(CheckTest, ComputesTheCostOfAHandMadePlan) {
  Plan plan;
  plan.layout = {2, 4, 4, 1, 0};
  plan.stages.resize(2);
  plan.stages[0] = {0, 5, std::vector<bool>(5, true)};
  plan.stages[1] = {5, 6, {false}};
  CheckResult result = check(instance.problem, instance.costs, plan);
  EXPECT_TRUE(result.legal());
  EXPECT_EQ(result.plan.layout.numMicroBatches, 8);
  EXPECT_GT(result.plan.objectiveNs, answer.plan.objectiveNs);
  EXPECT_GT(result.plan.stages[0].recomputeNs, 0);
  EXPECT_EQ(result.plan.stages[1].recomputeNs, 0);
}

TEST_F(CheckTest, ExplainsForPeople) {
  std::string text = explain(instance.problem, answer);
  for (const char *part : {"where the step goes", "pipeline bubble", "memory of a device",
                           "proof: optimal", "pinned: pp = 2"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

} // namespace
