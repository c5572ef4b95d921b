//===- BridgeTest.cpp - jobs, clusters and plans as the planner sees them -===//

#include "dialects/Rank/RankDialect.h"
#include "dialects/Sigma/SigmaDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "passes/PlannerBridge.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace mlir::sigma;
namespace planner = ::sigma::planner;
using planner::Axis;

static const char kModel[] = R"(
sigma.model @m sequence 16 {
  sigma.embedding vocabulary 64 width 16
  sigma.repeat 4 {
    sigma.attention heads 8 kv_heads 4 head_width 2 rope 1.0e+04
    sigma.moe experts 8 top_k 2 width 8 router softmax
  }
  sigma.head untied
}
)";

static const char kCluster[] = R"(
sigma.cluster @c devices 32 {
  sigma.accelerator @old devices 24 memory_bytes 64 memory_bandwidth_bytes_per_s 10 peak_f32_flops_per_s 100
      launch_ns 5
  sigma.accelerator @new devices 8 memory_bytes 32 memory_bandwidth_bytes_per_s 20 peak_f32_flops_per_s 300
      launch_ns 7
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  sigma.tier @all devices 32 bandwidth_bytes_per_s 1 latency_ns 1
  sigma.noise compute_jitter_ppm 9
}
)";

namespace {
class Bridge : public testing::Test {
protected:
  void load(const std::string &job) {
    context.loadDialect<SigmaDialect, rank::RankDialect>();
    module = parseSourceString<ModuleOp>(kModel + std::string(kCluster) +
                                             "sigma.job @j model @m on @c batch 64 precision f32 " +
                                             job + " { sigma.adamw learning_rate 1.0e-3 }\n",
                                         &context);
    ASSERT_TRUE(module);
    FailureOr<PlanningTask> created = createPlanningTask(job_());
    ASSERT_TRUE(succeeded(created));
    task = std::move(*created);
  }
  JobOp job_() { return *module->getOps<JobOp>().begin(); }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  PlanningTask task;
};
} // namespace

TEST_F(Bridge, ChoicesAreThePlanners) {
  load("max_zero 2 overlap {gradient_ppm = 1, parameter_ppm = 2, tensor_ppm = 3, context_ppm = 4, "
       "exchange_ppm = 6, expert_ppm = 5} pin {tp = 2, cp = 1, vpp = 2, etp = 1, expert_zero = 1, "
       "schedule = "
       "interleaved, "
       "remat = full} forbid {zero = [2], ep = [4, 8], schedule = [\"zb-h1\", dualpipev]}");
  planner::Job &job = task.problem.job;
  EXPECT_EQ(job.maxZero, 2);
  EXPECT_EQ(job.overlap.gradientPpm, 1);
  EXPECT_EQ(job.overlap.parameterPpm, 2);
  EXPECT_EQ(job.overlap.tensorPpm, 3);
  EXPECT_EQ(job.overlap.contextPpm, 4);
  EXPECT_EQ(job.overlap.exchangePpm, 6);
  EXPECT_EQ(job.overlap.expertPpm, 5);
  EXPECT_EQ(job.pins[Axis::Tp], 2);
  EXPECT_EQ(job.pins[Axis::Cp], 1);
  EXPECT_EQ(job.pins[Axis::Vpp], 2);
  EXPECT_EQ(job.pins[Axis::Etp], 1);
  EXPECT_EQ(job.pins[Axis::ExpertZero], 1);
  EXPECT_EQ(job.pins[Axis::Zero], std::nullopt);
  EXPECT_EQ(job.pins.schedule, planner::Schedule::Interleaved);
  EXPECT_EQ(job.pins.remat, true);
  EXPECT_EQ(job.forbids[Axis::Zero], std::vector<int64_t>{2});
  EXPECT_EQ(job.forbids[Axis::Ep], (std::vector<int64_t>{4, 8}));
  EXPECT_EQ(job.forbids.schedules,
            (std::vector{planner::Schedule::ZeroBubbleH1, planner::Schedule::DualPipeV}));
}

TEST_F(Bridge, AForbiddenModePinsNoOther) {
  load("forbid {remat = [full]}");
  EXPECT_EQ(task.problem.job.pins.remat, std::nullopt);
  EXPECT_EQ(task.problem.job.forbids.remat, std::vector<std::string>{"full"});
}

TEST_F(Bridge, NothingIsSaidByDefault) {
  load("");
  planner::Job &job = task.problem.job;
  EXPECT_EQ(job.maxZero, 3);
  EXPECT_EQ(job.overlap.gradientPpm, 0);
  for (int axis = 0; axis < planner::kNumAxes; ++axis)
    EXPECT_EQ(job.pins[static_cast<Axis>(axis)], std::nullopt);
  EXPECT_EQ(job.pins.schedule, std::nullopt);
}

TEST_F(Bridge, KindsStandInRankOrder) {
  load("");
  const planner::Cluster &cluster = task.problem.cluster;
  ASSERT_EQ(cluster.groups.size(), 2u);
  EXPECT_EQ(cluster.groups[0].device.name, "old");
  EXPECT_EQ(cluster.groups[0].count, 24);
  EXPECT_EQ(cluster.groups[0].device.memoryBytes, 64);
  EXPECT_EQ(cluster.groups[0].device.jitterPpm, 9);
  EXPECT_EQ(cluster.groups[1].device.name, "new");
  EXPECT_EQ(cluster.groups[1].count, 8);
  EXPECT_EQ(cluster.groups[1].device.peakFlopsPerS, 300);
  // The weakest in every figure.
  EXPECT_EQ(cluster.device.memoryBytes, 32);
  EXPECT_EQ(cluster.device.peakFlopsPerS, 100);
  EXPECT_EQ(cluster.device.launchNs, 7);
  EXPECT_EQ(cluster.peakFlopsPerS(), 24 * 100 + 8 * 300);
}

/// Every field of a layout goes through the op and back.
TEST_F(Bridge, PlansGoThereAndBack) {
  load("");
  planner::Plan plan;
  planner::Layout &layout = plan.layout;
  layout.tp = layout.cp = layout.pp = layout.vpp = layout.etp = 2;
  layout.dp = 4;
  layout.ep = 4;
  layout.microBatch = 4;
  layout.numMicroBatches = 4;
  layout.zero = 3;
  layout.expertZero = 1;
  layout.schedule = planner::Schedule::DualPipeV;
  layout.contextKind = planner::ContextKind::AllToAll;
  layout.placement = planner::Placement::StagesInside;
  plan.stages.resize(2);
  plan.stages[0].chunks = {{0, 1}, {3, 4}};
  plan.stages[0].remat = {"none", "moe_act+layernorm"};
  plan.stages[1].chunks = {{1, 2}, {2, 3}};
  plan.stages[1].remat = {"full", "none"};
  PlanOp op = createPlanOp(job_(), plan, ProofStatus::Unproven);
  ASSERT_TRUE(succeeded(verify(*module)));
  planner::Plan back = planFromOp(op);
  for (int i = 0; i < planner::kNumAxes; ++i)
    EXPECT_EQ(back.layout.get(static_cast<Axis>(i)), layout.get(static_cast<Axis>(i))) << i;
  EXPECT_EQ(back.layout.numMicroBatches, layout.numMicroBatches);
  EXPECT_EQ(back.layout.schedule, layout.schedule);
  EXPECT_EQ(back.layout.contextKind, layout.contextKind);
  EXPECT_EQ(back.layout.placement, layout.placement);
  for (int stage = 0; stage < 2; ++stage) {
    EXPECT_EQ(back.stages[stage].remat, plan.stages[stage].remat);
    ASSERT_EQ(back.stages[stage].chunks.size(), 2u);
    for (int chunk = 0; chunk < 2; ++chunk) {
      EXPECT_EQ(back.stages[stage].chunks[chunk].first, plan.stages[stage].chunks[chunk].first);
      EXPECT_EQ(back.stages[stage].chunks[chunk].end, plan.stages[stage].chunks[chunk].end);
    }
  }
}

/// The cases of the enumerations have the same names on both sides.
TEST(BridgeNames, AreTheSame) {
  for (int i = 0; i < planner::kNumSchedules; ++i) {
    const StringRef name = planner::scheduleName(static_cast<planner::Schedule>(i));
    EXPECT_EQ(stringifySchedule(static_cast<Schedule>(i)), name);
    EXPECT_EQ(stringifyScheduleKind(static_cast<rank::ScheduleKind>(i)), name);
  }
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(stringifyContextKind(static_cast<ContextKind>(i)),
              planner::contextKindName(static_cast<planner::ContextKind>(i)));
    EXPECT_EQ(stringifyPlacement(static_cast<Placement>(i)),
              planner::placementName(static_cast<planner::Placement>(i)));
  }
}
