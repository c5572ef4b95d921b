// The checker refuses what is wrong and says by how much.
#include "Instances.h"

#include <gtest/gtest.h>

using namespace sigma::planner;
using namespace sigma::planner::test;

namespace {

// The simple model on two stages of 4 ranks, made by hand.
class CheckTest : public ::testing::Test {
protected:
  CheckTest() {
    plan.layout.pp = 2;
    plan.layout.dp = plan.layout.ep = 4;
    setStages(plan, {{{0, 3}}, {{3, 6}}});
  }

  CheckResult judge() { return check(instance.problem, instance.costs, plan); }

  void expectLegal() {
    const CheckResult result = judge();
    EXPECT_EQ(result.error, "");
    for (const Violation &violation : result.violations)
      ADD_FAILURE() << violation.limit << ": " << violation.amount;
  }

  void expectViolation(const std::string &limit, const std::string &amount = "") {
    const CheckResult result = judge();
    EXPECT_EQ(result.error, "");
    EXPECT_FALSE(result.legal());
    std::string all;
    bool found = false;
    for (const Violation &violation : result.violations) {
      found |= violation.limit == limit && violation.amount.find(amount) != std::string::npos;
      all += violation.limit + ": " + violation.amount + "\n";
    }
    EXPECT_TRUE(found) << limit << ": " << amount << "\nis not among\n" << all;
  }

  // As it is, with one figure of the layout changed.
  template <class Change>
  void expectAfter(Change change, const std::string &limit, const std::string &amount = "") {
    const Plan before = plan;
    change(plan.layout);
    expectViolation(limit, amount);
    plan = before;
  }

  // Two chunks a stage.
  void makeInterleaved() {
    plan.layout.vpp = 2;
    plan.layout.schedule = Schedule::Interleaved;
    setStages(plan, {{{0, 1}, {2, 5}}, {{1, 2}, {5, 6}}});
  }

  Instance instance = simpleInstance();
  Plan plan;
};

TEST_F(CheckTest, AcceptsTheSearchsPlan) {
  const Answer answer = sigma::planner::plan(instance.problem, instance.costs);
  ASSERT_EQ(answer.error, "");
  plan = answer.plan;
  expectLegal();
  const CheckResult result = judge();
  EXPECT_EQ(result.plan.objectiveNs, answer.plan.objectiveNs);
  EXPECT_DOUBLE_EQ(result.plan.mfu, answer.plan.mfu);
  for (size_t i = 0; i < plan.stages.size(); ++i) {
    const StagePlan &ours = result.plan.stages[i], &theirs = plan.stages[i];
    for (auto field :
         {&StagePlan::computeNs, &StagePlan::recomputeNs, &StagePlan::exchangeNs,
          &StagePlan::tensorNs, &StagePlan::contextNs, &StagePlan::zeroNs, &StagePlan::transferNs,
          &StagePlan::noiseNs, &StagePlan::syncNs, &StagePlan::optimizerNs,
          &StagePlan::parameterBytes, &StagePlan::gradientBytes, &StagePlan::optimizerBytes,
          &StagePlan::activationBytes, &StagePlan::transientBytes, &StagePlan::bufferBytes})
      EXPECT_EQ(ours.*field, theirs.*field) << "stage " << i;
  }
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

TEST_F(CheckTest, NamesDroppedLayers) {
  setStages(plan, {{{0, 3}}, {{3, 5}}});
  expectViolation("layers", "no stage holds layer 5; the model has 6");
  setStages(plan, {{{0, 2}}, {{4, 6}}});
  expectViolation("layers", "no stage holds layers 2 to 3; the model has 6");
}

TEST_F(CheckTest, RefusesLayersHeldTwiceOrNotThere) {
  setStages(plan, {{{0, 3}}, {{2, 6}}});
  expectViolation("layers", "more than one stage or chunk holds layer 2");
  setStages(plan, {{{0, 3}}, {{3, 8}}});
  expectViolation("layers", "stage 1 holds layers 3..8; the model has 6");
  setStages(plan, {{{3, 6}}, {{0, 3}}});
  expectViolation("layers", "stage 0 begins at layer 3 but layer 0 is next");
}

TEST_F(CheckTest, NamesEmptyStagesAndChunks) {
  setStages(plan, {{{0, 0}}, {{0, 6}}});
  expectViolation("layers", "stage 0 has no layer");
  makeInterleaved();
  expectLegal();
  setStages(plan, {{{0, 1}, {2, 6}}, {{1, 2}, {6, 6}}});
  expectViolation("layers", "chunk 1 of stage 1 has no layer");
}

TEST_F(CheckTest, RefusesMissingStagesChunksAndModes) {
  Plan whole = plan;
  plan.stages.pop_back();
  expectViolation("layers", "1 stages are given");
  plan = whole;
  plan.layout.vpp = 2;
  plan.layout.schedule = Schedule::Interleaved;
  expectViolation("layers", "vpp = 2 but stage 0 has 1 chunks");
  plan = whole;
  plan.stages[1].remat.pop_back();
  expectViolation("layers", "stage 1 has 2 remat modes for 3 layers");
}

TEST_F(CheckTest, ChunksMayHaveAnySize) {
  makeInterleaved();
  expectLegal();
  // DualPipeV: the second chunk of the last stage follows its first.
  plan.layout.schedule = Schedule::DualPipeV;
  expectViolation("layers", "chunk 1 of stage 1 begins at layer 5 but layer 2 is next");
  setStages(plan, {{{0, 1}, {5, 6}}, {{1, 2}, {2, 5}}});
  expectLegal();
}

TEST_F(CheckTest, NamesTheModesOfALayer) {
  plan.stages[1].remat[0] = "selective";
  expectViolation("remat", "layer 3 has no mode 'selective'; it has 'none', 'moe_act', 'full'");
}

//===----------------------------------------------------------------------===//
// Layouts
//===----------------------------------------------------------------------===//

TEST_F(CheckTest, RefusesIndivisibleDegrees) {
  expectAfter([](Layout &l) { l.dp = 3; }, "device count", "1 x 1 x 3 x 2 does not use the 8");
  expectAfter([](Layout &l) { l.dp = 0; }, "layout", "dp is 0; it must be at least 1");
  expectAfter([](Layout &l) { l.dp = INT64_MAX; }, "layout", "at most");
  expectAfter([](Layout &l) { l.tp = l.cp = l.dp = l.pp = int64_t(1) << 40; }, "device count");
  expectAfter([](Layout &l) { l.microBatch = 3; }, "divisibility of batch",
              "global batch 32 does not divide by dp x micro-batch = 4 x 3");
  expectAfter([](Layout &l) { l.microBatch = l.dp = int64_t(1) << 40; }, "divisibility of batch");
  expectAfter([](Layout &l) { l.numMicroBatches = 7; }, "divisibility of batch",
              "7 micro-batches are given; 32 / (4 x 1) = 8");
  expectAfter([](Layout &l) { l.tp = 8; }, "divisibility of tensors",
              "the common divisor 4, which does not divide by tp = 8");
  expectAfter([](Layout &l) { l.etp = 8; }, "divisibility of expert tensors", "etp = 8");
  expectAfter([](Layout &l) { l.ep = 3; }, "divisibility of experts",
              "8 experts do not divide by ep = 3");
  expectAfter([](Layout &l) { l.ep = 8; }, "divisibility of dp",
              "1 x 1 x 4 does not divide by etp x ep = 1 x 8");
}

TEST_F(CheckTest, ADenseModelHasNoExpertParallelism) {
  instance.problem.model.numExperts = 0;
  expectViolation("divisibility of experts", "ep must be 1, not 4");
  expectAfter([](Layout &l) { l.etp = 2; }, "divisibility of expert tensors",
              "etp must be 1, not 2");
}

TEST_F(CheckTest, RefusesSequencesThatDoNotDivide) {
  auto shareContext = [](Layout &l) {
    l.cp = 2;
    l.dp = 2;
  };
  auto ulysses = [&](Layout &l) {
    shareContext(l);
    l.contextKind = ContextKind::AllToAll;
  };
  instance.problem.model.sequence = 126; // by 2, not by 4
  expectAfter(shareContext, "divisibility of sequence",
              "sequence 126 does not divide by 2 x cp = 2 x 2");
  instance.problem.model.headDivisor = 1;
  expectAfter(ulysses, "divisibility of heads", "the common divisor 1");
  instance.problem.model.sequence = 127;
  expectAfter(shareContext, "divisibility of sequence", "does not divide by tp x cp = 1 x 2");
  instance.problem.model.allowsContext = false;
  expectAfter(shareContext, "divisibility of sequence", "cp must be 1, not 2");
}

TEST_F(CheckTest, RefusesSchedulesThatCannotRun) {
  expectAfter([](Layout &l) { l.vpp = 2; }, "schedule", "1f1b needs vpp = 1, not 2");
  auto with = [&](Schedule schedule) { return [=](Layout &l) { l.schedule = schedule; }; };
  expectAfter(with(Schedule::Interleaved), "schedule",
              "interleaved needs vpp of at least 2, not 1");
  expectAfter(with(Schedule::DualPipeV), "schedule", "dualpipev needs vpp = 2, not 1");
  instance.problem.job.globalBatch = 12; // 3 micro-batches
  makeInterleaved();
  expectViolation("schedule", "interleaved needs micro-batches that divide by pp = 2, not 3");
  expectAfter(with(Schedule::DualPipeV), "schedule",
              "dualpipev needs at least 2 x pp = 4 micro-batches, not 3");
  instance.problem.job.globalBatch = 4; // one micro-batch
  expectAfter([](Layout &l) { l.schedule = Schedule::ZeroBubbleH1, l.vpp = 1; }, "schedule",
              "zb-h1 needs at least pp = 2 micro-batches, not 1");
  plan.layout = {};
  plan.layout.dp = 8;
  plan.layout.schedule = Schedule::ZeroBubbleH1;
  expectViolation("schedule", "zb-h1 needs pp of at least 2, not 1");
}

TEST_F(CheckTest, RefusesZeroStages) {
  expectAfter([](Layout &l) { l.zero = 4; }, "zero", "zero = 4 is no ZeRO stage");
  expectAfter([](Layout &l) { l.zero = -1; }, "zero", "zero = -1 is no ZeRO stage");
  expectAfter([](Layout &l) { l.expertZero = 1; }, "zero",
              "expert zero = 1 has nothing to share where edp = 1");
  instance.problem.job.maxZero = 1;
  expectAfter([](Layout &l) { l.zero = 2; }, "zero", "exceeds the job's limit of 1");
  plan.layout.zero = 1;
  expectLegal();
}

TEST_F(CheckTest, RefusesPlacementsThatCutGroups) {
  plan.layout.placement = Placement::StagesInside;
  expectLegal();
  expectAfter(
      [](Layout &l) {
        l.pp = 8;
        l.dp = l.ep = 1;
      },
      "placement", "needs pp and dp above 1, not pp = 8 and dp = 1");
  // tp x cp = 4, etp x ep = 6.
  instance.problem.cluster.numDevices = instance.problem.cluster.tiers[1].devices = 24;
  instance.problem.model.numExperts = 6;
  instance.problem.job.globalBatch = 48;
  expectAfter(
      [](Layout &l) {
        l.tp = 4;
        l.dp = 3;
        l.ep = 6;
      },
      "placement", "needs an etp x ep that divides tp x cp = 4 or is a multiple of it, not 6");
}

TEST_F(CheckTest, RefusesTooMuchMemory) {
  instance.problem.cluster.device.memoryBytes = judge().plan.stages[0].peakBytes;
  expectViolation("memory", "less 6 % margin");
}

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

TEST_F(CheckTest, RefusesABrokenPin) {
  Pins &pins = instance.problem.job.pins;
  for (Axis axis : {Axis::Tp, Axis::Cp, Axis::Pp, Axis::Vpp, Axis::Dp, Axis::Ep, Axis::Etp,
                    Axis::Zero, Axis::ExpertZero, Axis::MicroBatch}) {
    const int64_t given = plan.layout.get(axis);
    pins[axis] = given;
    expectLegal();
    pins[axis] = given + 1;
    expectViolation(std::string("pin ") + axisName(axis),
                    std::to_string(given) + " instead of " + std::to_string(given + 1));
    pins[axis].reset();
  }
  pins.schedule = Schedule::ZeroBubbleH1;
  expectViolation("pin schedule", "1f1b instead of zb-h1");
  pins.schedule.reset();
  pins.remat = false;
  plan.stages[0].remat[1] = "full";
  expectViolation("pin remat", "1 layer has another mode than 'none'");
  pins.remat = true;
  expectViolation("pin remat", "5 layers have another mode than 'full'");
}

TEST_F(CheckTest, RefusesWhatIsForbidden) {
  instance.problem.job.forbids[Axis::Ep] = {2, 4};
  expectViolation("forbid", "ep = 4 is forbidden");
  instance.problem.job.forbids = {};
  instance.problem.job.forbids.schedules = {Schedule::OneForwardOneBackward};
  expectViolation("forbid", "schedule = 1f1b is forbidden");
  instance.problem.job.forbids = {};
  instance.problem.job.forbids.remat = {"full"};
  expectLegal();
  plan.stages[0].remat[1] = "full";
  expectViolation("forbid", "1 layer has the forbidden mode 'full'");
}

} // namespace
