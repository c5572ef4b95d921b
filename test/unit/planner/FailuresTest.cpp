// Long runs whose nodes break, against what can be said in closed form.
#include "planner/simulate/Failures.h"

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
  model.stallS = 2;
  model.intervalS = 600;
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
  model.repairHours = 2;
  expectAgreement(model, 200);
  model.numSpareNodes = 2;
  model.repairHours = 10;
  expectAgreement(model, 400);
  model = usual();
  model.failuresPerHour = 6; // recoveries are interrupted
  model.repairHours = 1;
  expectAgreement(model, 50);
}

TEST(Failures, WithoutFailuresOnlyCheckpointsCost) {
  FailureModel model = usual();
  model.failuresPerHour = 0;
  const Goodput goodput = expectedGoodput(model);
  EXPECT_DOUBLE_EQ(goodput.kept, 600.0 / 602);
  EXPECT_EQ(goodput.replayed + goodput.recovering + goodput.waiting, 0);
}

TEST(Failures, TheBestIntervalIsAMaximumNearYoungs) {
  FailureModel model = usual();
  const double best = bestIntervalS(model);
  EXPECT_NEAR(best / std::sqrt(2 * model.stallS * 3600 / model.failuresPerHour), 1, 0.02);
  model.intervalS = best;
  const double kept = expectedGoodput(model).kept;
  for (double factor : {0.5, 0.9, 1.1, 2.0}) {
    model.intervalS = best * factor;
    EXPECT_LT(expectedGoodput(model).kept, kept);
  }
}

TEST(Failures, TheSameSeedGivesTheSameRuns) {
  const FailureSimulation one = simulateFailures(usual(), 30, 20, 5),
                          two = simulateFailures(usual(), 30, 20, 5),
                          other = simulateFailures(usual(), 30, 20, 6);
  EXPECT_EQ(one.goodput.kept, two.goodput.kept);
  EXPECT_NE(one.goodput.kept, other.goodput.kept);
}

} // namespace
