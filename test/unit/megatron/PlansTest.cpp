#include "codegen/megatron/Plans.h"

#include <gtest/gtest.h>

using namespace sigma::megatron;
using namespace sigma::planner;

namespace {

// Kind 0 is dense, kind 1 has experts; only the names of modes are read.
class NamedModes : public CostSource {
public:
  LayerCost layer(int kind, const Sharding &) override {
    LayerCost cost;
    auto add = [&](const char *name) {
      RematMode mode;
      mode.name = name;
      cost.modes.push_back(mode);
    };
    add("none");
    add("core_attn");
    add(kind ? "core_attn+moe_act" : "mlp");
    add("full");
    return cost;
  }
  LayerCost embedding(const Sharding &) override { return {}; }
  LayerCost head(const Sharding &) override { return {}; }
  int64_t boundaryBytes(const Sharding &) override { return 0; }
  int64_t batchBytes(const Sharding &) override { return 0; }
  int64_t workspaceBytes(const Sharding &) override { return 0; }
};

class PlansTest : public ::testing::Test {
protected:
  PlansTest() {
    problem.model.layers = {{0, 2}, {1, 28}};
    problem.model.numExperts = 8;
    problem.model.sequence = 4096;
    problem.cluster.numDevices = 64;
    problem.job.globalBatch = 512;
  }

  Target target() { return {problem, costs, mtpLayers}; }

  PlanOrError read(const std::string &flags) {
    LaunchText text = readLaunch("--micro-batch-size 1 --global-batch-size 512 " + flags);
    EXPECT_EQ(text.error.message, "") << flags;
    return planOf(text.launch, target());
  }

  Plan plan(const std::string &flags) {
    PlanOrError read = this->read(flags);
    EXPECT_EQ(read.error, "") << flags;
    return read.plan;
  }

  // "0..7 7..14 | ...": chunks of each stage.
  std::string layers(const std::string &flags) {
    std::string text;
    for (const StagePlan &stage : plan(flags).stages) {
      text += text.empty() ? "" : " |";
      for (const LayerRange &chunk : stage.chunks)
        text += " " + std::to_string(chunk.first) + ".." + std::to_string(chunk.end);
    }
    return text;
  }

  void expectRefused(const std::string &flags, const std::string &error) {
    EXPECT_EQ(read(flags).error, error) << flags;
  }

  void expectNoFlags(const Plan &plan, const std::string &part, bool withTarget = true) {
    Target known = target();
    LaunchOrError launch = launchOf(plan, 8, withTarget ? &known : nullptr);
    EXPECT_NE(launch.error.find(part), std::string::npos) << launch.error;
  }

  // Plan, flags, and the plan again.
  void expectRoundTrip(const Plan &plan) {
    Target known = target();
    LaunchOrError launch = launchOf(plan, {}, &known);
    ASSERT_EQ(launch.error, "");
    LaunchText text = readLaunch(printLaunch(launch.launch));
    ASSERT_EQ(text.error.message, "");
    PlanOrError again = planOf(text.launch, known);
    ASSERT_EQ(again.error, "");
    for (int axis = 0; axis < kNumAxes; ++axis)
      EXPECT_EQ(again.plan.layout.get(Axis(axis)), plan.layout.get(Axis(axis)))
          << axisName(Axis(axis));
    EXPECT_EQ(again.plan.layout.schedule, plan.layout.schedule);
    EXPECT_EQ(again.plan.layout.contextKind, plan.layout.contextKind);
    EXPECT_EQ(again.plan.layout.placement, plan.layout.placement);
    EXPECT_EQ(again.plan.layout.numMicroBatches, plan.layout.numMicroBatches);
    ASSERT_EQ(again.plan.stages.size(), plan.stages.size());
    for (size_t i = 0; i < plan.stages.size(); ++i) {
      EXPECT_EQ(again.plan.stages[i].remat, plan.stages[i].remat);
      ASSERT_EQ(again.plan.stages[i].chunks.size(), plan.stages[i].chunks.size());
      for (size_t j = 0; j < plan.stages[i].chunks.size(); ++j) {
        EXPECT_EQ(again.plan.stages[i].chunks[j].first, plan.stages[i].chunks[j].first);
        EXPECT_EQ(again.plan.stages[i].chunks[j].end, plan.stages[i].chunks[j].end);
      }
    }
  }

  Problem problem;
  NamedModes costs;
  int64_t mtpLayers = 0;
};

TEST_F(PlansTest, SplitsLayersAsMegatronDoes) {
  EXPECT_EQ(layers(""), " 0..30");
  EXPECT_EQ(layers("--pipeline-model-parallel-size 2"), " 0..15 | 15..30");
  EXPECT_EQ(layers("--pipeline-model-parallel-size 2 --num-layers-per-virtual-pipeline-stage 5"),
            " 0..5 10..15 20..25 | 5..10 15..20 25..30");
  EXPECT_EQ(layers("--pipeline-model-parallel-size 4 --decoder-first-pipeline-num-layers 7 "
                   "--decoder-last-pipeline-num-layers 7"),
            " 0..7 | 7..15 | 15..23 | 23..30");
  EXPECT_EQ(layers("--pipeline-model-parallel-size 4 --account-for-embedding-in-pipeline-split "
                   "--account-for-loss-in-pipeline-split"),
            " 0..7 | 7..15 | 15..23 | 23..30");
  EXPECT_EQ(layers("--pipeline-model-parallel-size 2 "
                   "--pipeline-model-parallel-layout 'Et*6|t*8|t*8|t*8L'"),
            " 0..6 14..22 | 6..14 22..30");
}

// What Megatron-LM's issues tell of layers that nobody trains: the plan shows them.
TEST_F(PlansTest, DroppedLayersAreSeen) {
  // 1304: 30 layers over 4 stages.
  EXPECT_EQ(layers("--pipeline-model-parallel-size 4"), " 0..7 | 7..14 | 14..21 | 21..28");
  // 2718: both ends given, and no stage between them.
  EXPECT_EQ(layers("--pipeline-model-parallel-size 2 --decoder-first-pipeline-num-layers 11 "
                   "--decoder-last-pipeline-num-layers 13"),
            " 0..11 | 11..24");
  // 1778: one stage, and it is the last.
  EXPECT_EQ(layers("--decoder-last-pipeline-num-layers 1"), " 0..1");
  // 468: 80 layers, 16 stages, 5 a stage, chunks of 2.
  problem.model.layers = {{1, 80}};
  EXPECT_EQ(plan("--pipeline-model-parallel-size 16 --num-layers-per-virtual-pipeline-stage 2")
                .stages.back()
                .chunks.back()
                .end,
            64);
}

TEST_F(PlansTest, EmptyStagesAreSeen) {
  // 1852: the loss alone on the last stage, nothing before it.
  EXPECT_EQ(layers("--pipeline-model-parallel-size 4 "
                   "--pipeline-model-parallel-layout 'Et*10|t*10||t*10L'"),
            " 0..10 | 10..20 | 20..20 | 20..30");
}

TEST_F(PlansTest, ReadsTheRest) {
  Layout layout = plan("--tensor-model-parallel-size 2 --sequence-parallel "
                       "--context-parallel-size 2 --cp-comm-type a2a "
                       "--pipeline-model-parallel-size 2 --expert-model-parallel-size 8 "
                       "--use-tp-pp-dp-mapping --use-distributed-optimizer")
                      .layout;
  EXPECT_EQ(layout.dp, 8);
  EXPECT_EQ(layout.etp, 2); // as tensor parallelism
  EXPECT_EQ(layout.edp(), 2);
  EXPECT_EQ(layout.numMicroBatches, 64);
  EXPECT_EQ(layout.zero, 1);
  EXPECT_EQ(layout.expertZero, 1);
  EXPECT_EQ(layout.contextKind, ContextKind::AllToAll);
  EXPECT_EQ(layout.placement, Placement::StagesInside);
  // One holder of each expert: nothing to shard.
  EXPECT_EQ(plan("--expert-model-parallel-size 64 --use-distributed-optimizer").layout.expertZero,
            0);
}

TEST_F(PlansTest, ReadsRecomputation) {
  Plan selective = plan("--recompute-granularity selective --recompute-modules moe_act core_attn");
  EXPECT_EQ(selective.stages[0].remat[0], "core_attn"); // dense
  EXPECT_EQ(selective.stages[0].remat[2], "core_attn+moe_act");
  EXPECT_EQ(plan("--recompute-activations").stages[0].remat[5], "core_attn");
  EXPECT_EQ(
      plan("--recompute-granularity selective --recompute-modules mla_up_proj").stages[0].remat[5],
      "none");
  Plan block = plan("--pipeline-model-parallel-size 2 --recompute-granularity full "
                    "--recompute-method block --recompute-num-layers 3");
  EXPECT_EQ(block.stages[1].remat[2], "full");
  EXPECT_EQ(block.stages[1].remat[3], "none");
}

TEST_F(PlansTest, RefusesWhatIsNotThisJob) {
  expectRefused("--num-layers 32", "--num-layers is 32; the model's layers are 30");
  expectRefused("--seq-length 8192", "--seq-length is 8192; the job trains on sequences of 4096");
  expectRefused("--global-batch-size 256", "--global-batch-size is 256; the job's batch is 512");
  expectRefused("--pipeline-model-parallel-size 5",
                "tensor 1 x context 1 x pipeline 5 does not divide the cluster's 64 devices");
  expectRefused("--pipeline-model-parallel-size 2 --pipeline-model-parallel-layout Et|t|tL",
                "--pipeline-model-parallel-layout 'Et|t|tL' has 3 virtual stages, which "
                "--pipeline-model-parallel-size 2 does not divide");
  expectRefused("--pipeline-model-parallel-layout Et*29mL",
                "--pipeline-model-parallel-layout has 1 m; the model has 0 layers of multi-token "
                "prediction");
  expectRefused("--context-parallel-size 2 --cp-comm-type allgather",
                "--cp-comm-type has 'allgather'; plans have p2p or a2a in all layers");
  expectRefused("--decoder-first-pipeline-num-layers 1000000000000",
                "the split has more than 4096 layers or chunks on a stage");
  problem.model.numExperts = 0;
  expectRefused("--expert-model-parallel-size 2",
                "--expert-model-parallel-size is 2; the model has no experts");
}

TEST_F(PlansTest, RoundTrips) {
  for (const char *flags :
       {"", "--pipeline-model-parallel-size 2 --expert-model-parallel-size 8",
        "--tensor-model-parallel-size 4 --sequence-parallel --expert-tensor-parallel-size 1",
        "--tensor-model-parallel-size 4 --sequence-parallel --expert-tensor-parallel-size 4 "
        "--use-distributed-optimizer",
        "--pipeline-model-parallel-size 2 --num-layers-per-virtual-pipeline-stage 5 "
        "--use-tp-pp-dp-mapping",
        "--pipeline-model-parallel-size 4 --pipeline-model-parallel-layout 'Et*6|(t*8|)*2t*8L'",
        "--context-parallel-size 2 --use-megatron-fsdp --data-parallel-sharding-strategy "
        "optim_grads --expert-model-parallel-size 2",
        "--recompute-granularity full --recompute-method uniform --recompute-num-layers 1",
        "--pipeline-model-parallel-size 2 --recompute-granularity full --recompute-method block "
        "--recompute-num-layers 3",
        "--recompute-granularity selective --recompute-modules moe_act core_attn"})
    expectRoundTrip(plan(flags));
}

TEST_F(PlansTest, MultiTokenPredictionStandsWithTheHead) {
  mtpLayers = 1;
  Plan uneven = plan("--pipeline-model-parallel-size 2 --pipeline-model-parallel-layout "
                     "'Et*14|t*16mL'");
  expectRoundTrip(uneven);
  Target known = target();
  EXPECT_EQ(launchOf(uneven, {}, &known).launch.pipelineLayout, "Et*14|t*16mL");
  expectRefused(
      "--pipeline-model-parallel-size 2 --pipeline-model-parallel-layout 'Et*30m|L'",
      "--pipeline-model-parallel-layout has m in virtual stage 0; plans have it with L, in "
      "the last");
}

TEST_F(PlansTest, RefusesPlansThatMegatronCannotSay) {
  Plan base = plan("--pipeline-model-parallel-size 2 --expert-model-parallel-size 8");
  Plan zb = base;
  zb.layout.schedule = Schedule::ZeroBubbleH1;
  expectNoFlags(zb, "schedule zb-h1 is not in Megatron-LM; nearest: 1f1b");
  Plan zero = base;
  zero.layout.zero = 1;
  expectNoFlags(zero, "expert zero is 0 and zero 1; Megatron-LM has one for both; nearest: zero 0");
  Plan mixed = base;
  mixed.stages[0].remat[4] = "full";
  expectNoFlags(mixed, "remat of stage 0 is full in 1 of 15 layers of a chunk");
  Plan other = base;
  other.stages[0].remat.assign(15, "qkv");
  expectNoFlags(other, "remat 'qkv' recomputes 'qkv', which Megatron-LM cannot; it can: core_attn");
  Plan perLayer = base;
  perLayer.stages[1].remat[3] = "core_attn";
  expectNoFlags(perLayer, "remat of layer 0 is 'none'; Megatron-LM recomputes the same "
                          "modules in all layers; nearest: 'core_attn'");
  expectNoFlags(perLayer, "give the specification with --spec", /*withTarget=*/false);
  Problem thirty = problem;
  problem.model.layers = {{1, 20}};
  expectNoFlags(base, "the plan holds 30 layers; the specification's model has 20");
  problem = thirty;
  Plan dropped = base;
  dropped.stages[1].chunks[0] = {16, 31};
  expectNoFlags(dropped, "chunk 0 of stage 1 holds layers 16..31; it must hold at least one, from "
                         "layer 15");
}

} // namespace
