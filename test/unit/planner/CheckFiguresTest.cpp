// What the checker counts, against figures worked out by hand.
#include "Instances.h"

#include <gtest/gtest.h>

using namespace sigma::planner;
using namespace sigma::planner::test;

namespace {

// Four layers of 1 us forward and 2 us backward on two devices, nothing else.
Instance evenInstance() {
  Instance instance;
  LayerRecipe layer;
  layer.denseFlops = 1000000;
  layer.modes = {{"none", 0, false, 1000, 0, 500, 300, 40, 20}, {"full", 1000000, false, 100, 0}};
  instance.costs.kinds = {layer};
  instance.costs.embeddingRecipe.modes = {{"none", 0, false, 70, 0, 30, 20}};
  instance.costs.headRecipe.modes = {{"none", 0, false, 7, 0}};
  Problem &problem = instance.problem;
  problem.model.layers = {{0, 4}};
  problem.cluster.numDevices = 2;
  problem.cluster.device = {"toy", 1000000000000, int64_t(1) << 30, 100000000000};
  problem.cluster.tiers = {{"pod", 2, int64_t(1) << 40, 0}};
  problem.job.globalBatch = 4;
  problem.job.recipe = {2, 4, 12};
  return instance;
}

struct Expected {
  Schedule schedule;
  int64_t vpp, stepNs, activationBytes; // of stage 0
};

// t = 6 us, m = 4, two stages; see docs/cost-model.md, "The step" and "Memory".
TEST(CheckFigures, StepAndActivationsByHand) {
  for (const Expected &expected :
       {Expected{Schedule::OneForwardOneBackward, 1, 4 * 6000 + 6000, 2 * (2 * 1000 + 70)},
        // Nothing waits for gradients of weights while those of inputs are made.
        Expected{Schedule::ZeroBubbleH1, 1, 4 * 6000 + 2000, 2 * (2 * 1000 + 70) + 2 * 300 + 20},
        // u = 3 us; k = 2 + 2 + 1 of chunks of one layer, e = 4.
        Expected{Schedule::Interleaved, 2, 4 * 6000 + 3000, 5 * 1000 + 4 * 70},
        // u = (12 + 8 - 12) / 4 us; k = 5, e = 4, the head is here.
        Expected{Schedule::DualPipeV, 2, 4 * 6000 + 2000, 5 * 1000 + 4 * 70 + 7}}) {
    SCOPED_TRACE(scheduleName(expected.schedule));
    Instance instance = evenInstance();
    Plan plan;
    plan.layout.pp = 2;
    plan.layout.vpp = expected.vpp;
    plan.layout.schedule = expected.schedule;
    if (expected.vpp == 1)
      setStages(plan, {{{0, 2}}, {{2, 4}}});
    else if (expected.schedule == Schedule::Interleaved)
      setStages(plan, {{{0, 1}, {2, 3}}, {{1, 2}, {3, 4}}});
    else
      setStages(plan, {{{0, 1}, {3, 4}}, {{1, 2}, {2, 3}}});
    const CheckResult result = check(instance.problem, instance.costs, plan);
    ASSERT_TRUE(result.legal());
    EXPECT_EQ(result.plan.objectiveNs, expected.stepNs);
    EXPECT_EQ(result.plan.stages[0].activationBytes, expected.activationBytes);
    instance.problem.job.stepNs = 123;
    EXPECT_EQ(check(instance.problem, instance.costs, plan).plan.objectiveNs,
              expected.stepNs + 123);
  }
}

// Nobody goes through the order of 10^9 micro-batches, or of what has none.
TEST(CheckFigures, LongAndBrokenStepsAreTimedInClosedForm) {
  for (int64_t batch : {int64_t(1000000000), int64_t(3)}) {
    Instance instance = evenInstance();
    instance.problem.job.globalBatch = batch;
    Plan plan;
    plan.layout.pp = plan.layout.vpp = 2;
    plan.layout.schedule = Schedule::Interleaved;
    setStages(plan, {{{0, 1}, {2, 3}}, {{1, 2}, {3, 4}}});
    const CheckResult result = check(instance.problem, instance.costs, plan);
    EXPECT_EQ(result.legal(), batch % 2 == 0);
    EXPECT_GT(result.plan.stepTime.meanNs, 0);
    EXPECT_EQ(result.plan.stepTime.meanNs, double(result.plan.objectiveNs));
  }
}

// The last of two stages: of two layers, one micro-batch is between forward and backward, and one
// between gradients of inputs, which are being made, and of weights.
TEST(CheckFigures, PutOffGradientsByHand) {
  Instance instance = evenInstance();
  Plan plan;
  plan.layout.pp = 2;
  plan.layout.schedule = Schedule::ZeroBubbleH1;
  setStages(plan, {{{0, 2}}, {{2, 4}}});
  const CheckResult result = check(instance.problem, instance.costs, plan);
  ASSERT_TRUE(result.legal());
  EXPECT_EQ(result.plan.stages[1].activationBytes, 2 * (1000 + 500 + 300) + 7);
  EXPECT_EQ(result.plan.stages[1].transientBytes, 40);
}

// Gradients between layers are 8 bytes. Those at the borders of chunks are in buffers, those of the
// embedding and the head are not.
TEST(CheckFigures, GradientsBesidePeaksByHand) {
  const uint32_t in = Peak::bit(Beside::GradientIn), out = Peak::bit(Beside::GradientOut);
  Instance instance = evenInstance();
  instance.costs.boundary = 8;
  instance.costs.kinds[0].modes[0].morePeaks = {{101, in | out}, {102, out}};
  instance.costs.kinds[0].modes[0].moreSplitPeaks = {{103, out}};
  instance.costs.kinds[0].holdsGradient = true;
  Plan plan;
  plan.layout.pp = plan.layout.vpp = 2;
  plan.layout.schedule = Schedule::Interleaved;
  setStages(plan, {{{0, 1}, {2, 3}}, {{1, 2}, {3, 4}}});
  CheckResult result = check(instance.problem, instance.costs, plan);
  ASSERT_TRUE(result.legal());
  EXPECT_EQ(result.plan.stages[0].transientBytes, 102 + 8);
  EXPECT_EQ(result.plan.stages[1].transientBytes, 101 + 8);
  // A layer holds what comes from the next, in place of a buffer.
  plan.layout.vpp = 1;
  plan.layout.schedule = Schedule::ZeroBubbleH1;
  setStages(plan, {{{0, 2}}, {{2, 4}}});
  result = check(instance.problem, instance.costs, plan);
  ASSERT_TRUE(result.legal());
  EXPECT_EQ(result.plan.stages[0].transientBytes, 103 + 8);
  EXPECT_EQ(result.plan.stages[1].transientBytes, 103);
  EXPECT_EQ(result.plan.stages[0].bufferBytes, 8);
  EXPECT_EQ(result.plan.stages[1].bufferBytes, 16);
}

// One stage of two replicas: 1,000 dense parameters a layer, values of 2 bytes, gradients of 4,
// optimizer state of 12.
TEST(CheckFigures, ZeroByHand) {
  struct Bytes {
    int64_t parameters, gradients, optimizer, transient;
  };
  const Bytes expected[] = {{8000, 16000, 48000, 0},
                            {8000, 16000, 24000, 0},
                            {8000, 8000, 24000, 4000},
                            {4000, 8000, 24000, 4000 + 2000}};
  for (int64_t zero = 0; zero <= 3; ++zero) {
    SCOPED_TRACE("zero " + std::to_string(zero));
    Instance instance = evenInstance();
    instance.costs.kinds[0].denseParameters = 1000;
    instance.problem.cluster.tiers[0].bandwidthBytesPerS = 1000000000; // a byte a ns
    instance.problem.job.recipe.reduceBytes = 2;
    Plan plan;
    plan.layout.dp = 2;
    plan.layout.zero = zero;
    setStages(plan, {{{0, 4}}});
    const CheckResult result = check(instance.problem, instance.costs, plan);
    ASSERT_TRUE(result.legal());
    const StagePlan &stage = result.plan.stages[0];
    EXPECT_EQ(stage.parameterBytes, expected[zero].parameters);
    EXPECT_EQ(stage.gradientBytes, expected[zero].gradients);
    EXPECT_EQ(stage.optimizerBytes, expected[zero].optimizer);
    EXPECT_EQ(stage.transientBytes, expected[zero].transient);
    // Half of 4 x 1,000 gradients of 2 bytes goes out, and as much of the values comes in.
    const int64_t sync[] = {8000, 4000 + 4000, 4000, 0};
    EXPECT_EQ(stage.syncNs, sync[zero]);
    // Each layer by itself: gradients once, values twice.
    const int64_t everyMicroBatch[] = {0, 0, 4 * 1000, 4 * (1000 + 2 * 1000)};
    EXPECT_EQ(stage.zeroNs, everyMicroBatch[zero]);
    // 4 + 2 x 2 + 2 x 12 bytes of each parameter, 100 bytes a ns.
    EXPECT_EQ(stage.optimizerNs, (zero == 0 ? 4000 : 2000) * 32 / 100);
    instance.problem.job.overlap.gradientPpm = instance.problem.job.overlap.parameterPpm = 1000000;
    const CheckResult hidden = check(instance.problem, instance.costs, plan);
    EXPECT_EQ(hidden.plan.stages[0].syncNs, 0);
    EXPECT_EQ(hidden.plan.stages[0].zeroNs, 0);
    // While a layer computes, the values of the next come, and the gradients of the last are
    // summed.
    EXPECT_EQ(hidden.plan.stages[0].transientBytes,
              expected[zero].transient + (zero == 3 ? 2000 : 0) + (zero >= 2 ? 4000 : 0));
  }
}

// The table of 1,000 parameters is on the first and the last of two stages, with gradients of 4
// bytes that are summed as 2: a byte a ns, each way half of them, there and back.
TEST(CheckFigures, EndsByHand) {
  struct Expected {
    int64_t dp, zero, replicasNs, endsNs;
  };
  for (const Expected &expected :
       {Expected{1, 0, 0, 2000}, Expected{2, 0, 2000, 2000}, Expected{2, 1, 1000 + 1000, 1000}}) {
    SCOPED_TRACE("dp " + std::to_string(expected.dp) + " zero " + std::to_string(expected.zero));
    Instance instance = evenInstance();
    instance.problem.model.sharedParameters = 1000;
    instance.costs.embeddingRecipe.denseParameters = 1000;
    instance.costs.headRecipe.denseParameters = 1000;
    instance.costs.workspace = 3000;
    instance.problem.cluster.numDevices = 2 * expected.dp;
    instance.problem.cluster.tiers = {{"pod", 2 * expected.dp, 1000000000, 0}};
    instance.problem.job.recipe.reduceBytes = 2;
    Plan plan;
    plan.layout.pp = 2;
    plan.layout.dp = expected.dp;
    plan.layout.zero = expected.zero;
    setStages(plan, {{{0, 2}}, {{2, 4}}});
    const CheckResult result = check(instance.problem, instance.costs, plan);
    ASSERT_TRUE(result.legal());
    for (const StagePlan &stage : result.plan.stages) {
      EXPECT_EQ(stage.parameterBytes, 1000 * 2);
      EXPECT_EQ(stage.transientBytes, 3000);
      EXPECT_EQ(stage.syncNs, expected.replicasNs + expected.endsNs);
    }
    if (expected.dp > 1)
      continue;
    plan.layout.vpp = 2; // one stage has both ends
    plan.layout.schedule = Schedule::DualPipeV;
    setStages(plan, {{{0, 1}, {3, 4}}, {{1, 2}, {2, 3}}});
    const CheckResult folded = check(instance.problem, instance.costs, plan);
    ASSERT_TRUE(folded.legal());
    EXPECT_EQ(folded.plan.stages[0].parameterBytes, 1000 * 2);
    EXPECT_EQ(folded.plan.stages[0].syncNs, 0);
    EXPECT_EQ(folded.plan.stages[0].transientBytes, 0);
  }
}

// Rematerialization adds its time to one micro-batch, and saves what it says.
TEST(CheckFigures, RematByHand) {
  Instance instance = evenInstance();
  Plan plan;
  plan.layout.pp = 2;
  setStages(plan, {{{0, 3}}, {{3, 4}}});
  plan.stages[0].remat = {"none", "full", "full"};
  const CheckResult result = check(instance.problem, instance.costs, plan);
  ASSERT_TRUE(result.legal());
  EXPECT_EQ(result.plan.stages[0].recomputeNs, 2000);
  EXPECT_EQ(result.plan.stages[0].microBatchNs, 9000 + 2000);
  EXPECT_EQ(result.plan.stages[0].activationBytes, 2 * (1000 + 100 + 100 + 70));
  // Stage 1 takes 3000, in which stage 0 does its next forward: it never waits.
  EXPECT_EQ(result.plan.objectiveNs, 4 * 11000);
}

// A stage computes with the weakest of its devices, in every figure.
TEST(CheckFigures, WeakestDeviceByHand) {
  Instance instance = evenInstance();
  Cluster &cluster = instance.problem.cluster;
  Device slow = cluster.device;
  slow.peakFlopsPerS /= 2;
  slow.memoryBytes = 1000;
  cluster.groups = {{cluster.device, 1}, {slow, 1}};
  Plan plan;
  plan.layout.pp = 2;
  setStages(plan, {{{0, 2}}, {{2, 4}}});
  const CheckResult result = check(instance.problem, instance.costs, plan);
  EXPECT_EQ(result.plan.stages[0].microBatchNs, 6000);
  EXPECT_EQ(result.plan.stages[1].microBatchNs, 12000);
  ASSERT_EQ(result.violations.size(), 1u);
  EXPECT_EQ(result.violations[0].limit, "memory");
  EXPECT_EQ(result.violations[0].amount.find("stage 1 peak"), 0u) << result.violations[0].amount;
}

} // namespace
