// Long runs whose nodes break, against what can be said in closed form.
#include "planner/simulate/Failures.h"
#include "planner/simulate/Random.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace sigma::planner;

namespace {

FailureModel usual() {
  FailureModel model;
  model.numNodes = 256;
  model.numSpareNodes = 9;
  model.failuresPerHour = 0.3;
  model.detectionS = 30;
  model.replacementS = 60;
  model.restartS = 120;
  model.checkpointStallS = 2;
  model.checkpointIntervalS = 600;
  return model;
}

double sum(const Goodput &g) { return g.kept + g.stalled + g.replayed + g.recovering + g.waiting; }

void expectAgreement(const FailureModel &model, double days) {
  const FailureSimulation simulated = simulateFailures(model, days, 400, 1);
  const Goodput expected = expectedGoodput(model);
  EXPECT_NEAR(sum(simulated.goodput), 1, 1e-9);
  EXPECT_NEAR(sum(expected), 1, 1e-9);
  EXPECT_NEAR(simulated.goodput.kept, expected.kept, 0.004);
  EXPECT_NEAR(simulated.goodput.stalled, expected.stalled, 0.002);
  EXPECT_NEAR(simulated.goodput.replayed, expected.replayed, 0.002);
  EXPECT_NEAR(simulated.goodput.recovering, expected.recovering, 0.002);
  EXPECT_NEAR(simulated.goodput.waiting, expected.waiting, 0.004);
}

TEST(Failures, SimulationAgreesWithTheClosedForm) {
  expectAgreement(usual(), 100);
  FailureModel model = usual();
  model.numSpareNodes = 0;
  model.nodeRepairHours = 2;
  expectAgreement(model, 200);
  model.numSpareNodes = 2;
  model.nodeRepairHours = 10;
  expectAgreement(model, 400);
  model = usual();
  model.failuresPerHour = 6; // recoveries are interrupted
  model.nodeRepairHours = 1;
  expectAgreement(model, 50);
}

TEST(Failures, WithoutFailuresOnlyCheckpointsCost) {
  FailureModel model = usual();
  model.failuresPerHour = 0;
  const Goodput goodput = expectedGoodput(model);
  EXPECT_DOUBLE_EQ(goodput.kept, 600.0 / 602);
  EXPECT_EQ(goodput.replayed + goodput.recovering + goodput.waiting, 0);
}

// Three failures in four are repaired in the job, and a spare is always free.
FailureModel repaired() {
  FailureModel model = usual();
  model.numSpareNodes = 30;
  model.repairableShare = 0.75;
  model.repairS = 5;
  model.snapshotStallS = 0.1;
  model.snapshotIntervalS = 30;
  return model;
}

TEST(Failures, RepairsInTheJobLoseOnlyWhatFollowsTheSnapshot) {
  expectAgreement(repaired(), 100);
  FailureModel stopped = repaired();
  stopped.repairableShare = 0;
  const Goodput with = expectedGoodput(repaired()), without = expectedGoodput(stopped);
  EXPECT_NEAR(with.replayed / without.replayed, 0.25 + 0.75 * 30 / 600, 0.01);
  EXPECT_NEAR(with.recovering / without.recovering, 0.25 + 0.75 * 5 / 210, 0.02);
  const FailureSimulation simulated = simulateFailures(repaired(), 100, 100, 1);
  EXPECT_NEAR(simulated.repairs / simulated.failures, 0.75, 0.01);
}

TEST(Failures, WithoutASpareNothingIsRepairedInTheJob) {
  FailureModel model = repaired(), other = usual();
  model.numSpareNodes = other.numSpareNodes = 0;
  model.nodeRepairHours = other.nodeRepairHours = 2;
  EXPECT_EQ(simulateFailures(model, 20, 10, 1).repairs, 0);
  EXPECT_EQ(simulateFailures(model, 20, 10, 1).goodput.kept,
            simulateFailures(other, 20, 10, 1).goodput.kept);
  EXPECT_EQ(expectedGoodput(model).kept, expectedGoodput(other).kept);
}

TEST(Failures, TheLossOfABuddyStopsTheRun) {
  FailureModel model = repaired();
  model.numNodes = 2; // each keeps the other's copy
  model.failuresPerHour = 6;
  model.nodeRepairHours = 0.1;
  model.repairableShare = 1;
  model.repairS = 60;
  expectAgreement(model, 50);
  const FailureSimulation simulated = simulateFailures(model, 50, 100, 1);
  EXPECT_NEAR(1 - simulated.repairs / simulated.failures, -std::expm1(-6 * 60 / 3600.0), 0.03);
}

// At most one recovery in five is interrupted.
TEST(Failures, SimulationAgreesWithTheClosedFormOnRandomModels) {
  for (int64_t i = 0; i < 40; ++i) {
    SCOPED_TRACE(i);
    Random random(11, uint64_t(i));
    const auto between = [&](double low, double high) {
      return low * std::pow(high / low, random.uniform());
    };
    FailureModel model;
    model.numNodes = int64_t(between(4, 4000));
    model.failuresPerHour = between(0.02, 3);
    model.nodeRepairHours = between(0.5, 24);
    model.numSpareNodes =
        1 + int64_t(model.failuresPerHour * model.nodeRepairHours * between(0.5, 3));
    model.detectionS = between(1, 60);
    model.restartS = between(10, 200);
    model.checkpointStallS = between(0.2, 5);
    model.repairableShare = random.uniform();
    model.repairS = between(0.2, 60);
    model.snapshotStallS = between(0.02, 1);
    model = withBestIntervals(model);
    model.checkpointIntervalS *= between(0.3, 3);
    model.snapshotIntervalS *= between(0.3, 3);
    expectAgreement(model, 1000 / model.failuresPerHour / 24 + 30 * model.nodeRepairHours / 24);
  }
}

void expectMaximum(const FailureModel &best, double FailureModel::*interval) {
  for (double factor : {0.5, 0.9, 1.1, 2.0}) {
    FailureModel model = best;
    model.*interval *= factor;
    EXPECT_LE(expectedGoodput(model).kept, expectedGoodput(best).kept);
  }
}

double youngS(double stallS, double failuresPerHour) {
  return std::sqrt(2 * stallS * 3600 / failuresPerHour);
}

FailureModel chosen(FailureModel model) {
  model.checkpointIntervalS = model.snapshotIntervalS = 0;
  return withBestIntervals(model);
}

TEST(Failures, TheBestIntervalsAreAMaximumNearYoungs) {
  const FailureModel one = chosen(usual());
  EXPECT_NEAR(one.checkpointIntervalS / youngS(one.checkpointStallS, one.failuresPerHour), 1, 0.02);
  expectMaximum(one, &FailureModel::checkpointIntervalS);
  const FailureModel two = chosen(repaired());
  EXPECT_NEAR(two.checkpointIntervalS / youngS(two.checkpointStallS, two.failuresPerHour / 4), 1,
              0.05);
  EXPECT_NEAR(two.snapshotIntervalS / youngS(two.snapshotStallS, two.failuresPerHour * 3 / 4), 1,
              0.05);
  EXPECT_NEAR(two.checkpointIntervalS, double(two.snapshotsPerCheckpoint()) * two.snapshotIntervalS,
              1e-6);
  expectMaximum(two, &FailureModel::checkpointIntervalS);
  expectMaximum(two, &FailureModel::snapshotIntervalS);
}

TEST(Failures, AGivenIntervalStays) {
  FailureModel model = repaired();
  model.checkpointIntervalS = 0;
  const FailureModel checkpoint = withBestIntervals(model);
  EXPECT_EQ(checkpoint.snapshotIntervalS, 30);
  EXPECT_NEAR(std::remainder(checkpoint.checkpointIntervalS, 30), 0, 1e-6);
  model = repaired();
  model.snapshotIntervalS = 0;
  const FailureModel snapshot = withBestIntervals(model);
  EXPECT_EQ(snapshot.checkpointIntervalS, 600);
  expectMaximum(snapshot, &FailureModel::snapshotIntervalS);
}

TEST(Failures, WhatIsNearlyAlwaysRepairedIsCheckpointedOnceADay) {
  FailureModel model = repaired();
  model.repairableShare = 1;
  model.numSpareNodes = 200;
  EXPECT_NEAR(chosen(model).checkpointIntervalS, 86400, 60);
}

TEST(Failures, OneMoreSpareNodeIsNotWorthItsPrice) {
  FailureModel model = repaired();
  const int64_t best = bestSpareNodes(model);
  EXPECT_GT(best, 0);
  const auto keptPerNode = [&](int64_t spares) {
    model.numSpareNodes = spares;
    return expectedGoodput(chosen(model)).kept / double(model.numNodes + spares);
  };
  for (int64_t spares = 0; spares < 3 * best; ++spares)
    EXPECT_LE(keptPerNode(spares), keptPerNode(best));
}

TEST(Failures, TheSameSeedGivesTheSameRuns) {
  const FailureSimulation one = simulateFailures(usual(), 30, 20, 5),
                          two = simulateFailures(usual(), 30, 20, 5),
                          other = simulateFailures(usual(), 30, 20, 6);
  EXPECT_EQ(one.goodput.kept, two.goodput.kept);
  EXPECT_NE(one.goodput.kept, other.goodput.kept);
}

} // namespace
