// What is chosen against failures, in steps of a plan.
#include "planner/Recovery.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace sigma::planner;

namespace {

Problem breaking() {
  Problem problem = {};
  FailureModel &failures = problem.cluster.failures;
  failures.numNodes = 256;
  failures.numSpareNodes = 9;
  failures.failuresPerHour = 0.3;
  failures.nodeRepairHours = 6;
  failures.restartS = 120;
  failures.checkpointStallS = 1;
  return problem;
}

Problem repairing() {
  Problem problem = breaking();
  FailureModel &failures = problem.cluster.failures;
  failures.repairableShare = 0.9;
  failures.repairS = 5;
  failures.snapshotStallS = 0.1;
  return problem;
}

Plan steps(double seconds) {
  Plan plan;
  plan.stepTime.meanNs = seconds * 1e9;
  return plan;
}

TEST(Recovery, IsNotChosenWithoutFailuresOrSteps) {
  Problem problem = breaking();
  EXPECT_FALSE(chooseRecovery(problem, steps(0)));
  problem.cluster.failures.failuresPerHour = 0;
  EXPECT_FALSE(chooseRecovery(problem, steps(3)));
}

TEST(Recovery, IsNotChosenWhereNoTimeIsLeft) {
  Problem problem = breaking();
  problem.cluster.failures.failuresPerHour = 1e5;
  EXPECT_FALSE(chooseRecovery(problem, steps(3)));
}

TEST(Recovery, CountsStepsOfThePlan) {
  const double best = withBestIntervals(breaking().cluster.failures).checkpointIntervalS;
  const auto recovery = chooseRecovery(breaking(), steps(3));
  ASSERT_TRUE(recovery);
  EXPECT_EQ(recovery->checkpointIntervalSteps, std::llround(best / 3));
  EXPECT_EQ(recovery->snapshotIntervalSteps, 0);
  EXPECT_EQ(recovery->bestSpareNodes, bestSpareNodes(breaking().cluster.failures));
  EXPECT_GT(recovery->keptShare, 0.95);
}

TEST(Recovery, CheckpointsComeWithASnapshot) {
  const FailureModel best = withBestIntervals(repairing().cluster.failures);
  for (double seconds : {0.01, 0.7, 3.0, 20.0}) {
    const auto recovery = chooseRecovery(repairing(), steps(seconds));
    ASSERT_TRUE(recovery);
    EXPECT_EQ(recovery->checkpointIntervalSteps % recovery->snapshotIntervalSteps, 0);
    const double snapshotS = double(recovery->snapshotIntervalSteps) * seconds;
    EXPECT_NEAR(snapshotS, best.snapshotIntervalS, seconds / 2);
    EXPECT_NEAR(double(recovery->checkpointIntervalSteps) * seconds, best.checkpointIntervalS,
                snapshotS / 2);
    EXPECT_GT(recovery->keptShare, chooseRecovery(breaking(), steps(seconds))->keptShare);
  }
}

TEST(Recovery, AStepIsTheLeast) {
  const auto recovery = chooseRecovery(repairing(), steps(3600));
  ASSERT_TRUE(recovery);
  EXPECT_EQ(recovery->checkpointIntervalSteps, 1);
  EXPECT_EQ(recovery->snapshotIntervalSteps, 1);
}

TEST(Recovery, WithoutSpareNodesThereAreNoSnapshots) {
  Problem problem = repairing();
  problem.cluster.failures.numSpareNodes = 0;
  const auto recovery = chooseRecovery(problem, steps(3));
  ASSERT_TRUE(recovery);
  EXPECT_EQ(recovery->snapshotIntervalSteps, 0);
  EXPECT_GT(recovery->bestSpareNodes, 0);
}

} // namespace
