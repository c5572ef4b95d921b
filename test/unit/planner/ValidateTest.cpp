// Malformed and extreme problems: an error or an answer, never a crash.
#include "Instances.h"

#include <cmath>
#include <gtest/gtest.h>
#include <stdexcept>

using namespace sigma::planner;
using namespace sigma::planner::test;

namespace {

void expectError(Instance instance, const std::string &part) {
  Answer answer = plan(instance.problem, instance.costs);
  EXPECT_NE(answer.error.find(part), std::string::npos) << "'" << answer.error << "' vs " << part;
  EXPECT_TRUE(answer.plan.stages.empty());
  CheckResult result = check(instance.problem, instance.costs, Plan());
  EXPECT_NE(result.error, "");
}

template <class Change>
void expectErrorAfter(Change change, const std::string &part) {
  Instance instance = simpleInstance();
  change(instance.problem);
  expectError(instance, part);
}

TEST(Validate, NamesTheField) {
  expectErrorAfter([](Problem &p) { p.cluster.numDevices = 0; }, "number of devices is 0");
  expectErrorAfter([](Problem &p) { p.cluster.numDevices = -8; }, "number of devices is -8");
  expectErrorAfter([](Problem &p) { p.cluster.numDevices = 16; }, "outermost tier holds 8 of 16");
  expectErrorAfter([](Problem &p) { p.cluster.tiers.clear(); }, "outermost tier");
  expectErrorAfter([](Problem &p) { p.cluster.tiers[1].devices = 2; }, "tier 'pod'");
  expectErrorAfter([](Problem &p) { p.cluster.tiers[0].bandwidthBytesPerS = 0; }, "bandwidth");
  expectErrorAfter([](Problem &p) { p.cluster.device.peakFlopsPerS = 0; }, "peak FLOP/s");
  expectErrorAfter([](Problem &p) { p.cluster.device.memoryBytes = -1; }, "memory bytes");
  expectErrorAfter([](Problem &p) { p.cluster.device.efficiency[2] = 0; }, "efficiency");
  expectErrorAfter([](Problem &p) { p.cluster.device.efficiency[0].points.clear(); }, "no point");
  expectErrorAfter([](Problem &p) { p.cluster.device.efficiency[0] = {{{5, 1}, {5, 2}}}; },
                   "do not increase");
  expectErrorAfter([](Problem &p) { p.cluster.device.slowdownPpm = -1; }, "slowdown");
  expectErrorAfter([](Problem &p) { p.model.layers.clear(); }, "no layer");
  expectErrorAfter([](Problem &p) { p.model.layers = {{0, -3}}; }, "layer group");
  expectErrorAfter([](Problem &p) { p.model.layers = {{0, 4000}, {0, 4000}}; }, "number of layers");
  expectErrorAfter([](Problem &p) { p.model.numExperts = -1; }, "number of experts");
  expectErrorAfter([](Problem &p) { p.model.flopsPerToken = NAN; }, "FLOPs per token");
  expectErrorAfter([](Problem &p) { p.job.globalBatch = 0; }, "global batch");
  expectErrorAfter([](Problem &p) { p.job.memoryMarginPpm = 1000000; }, "memory margin");
  expectErrorAfter([](Problem &p) { p.job.quantilePpm = 0; }, "quantile");
  expectErrorAfter([](Problem &p) { p.job.pins[Axis::Ep] = 0; }, "pin ep");
  expectErrorAfter([](Problem &p) { p.job.pins[Axis::Zero] = 4; }, "pin zero");
  expectErrorAfter([](Problem &p) { p.job.maxZero = 4; }, "largest ZeRO stage");
  expectErrorAfter([](Problem &p) { p.job.overlap.tensorPpm = 1000001; }, "overlap");
  expectErrorAfter([](Problem &p) { p.job.recipe.valueBytes = -2; }, "value bytes");
  expectErrorAfter([](Problem &p) { p.model.tensorDivisor = 0; }, "tensor divisor");
  expectErrorAfter([](Problem &p) { p.model.headDivisor = 0; }, "head divisor");
  expectErrorAfter([](Problem &p) { p.model.sharedParameters = -1; }, "shared parameters");
  expectErrorAfter([](Problem &p) { p.cluster.groups = {{p.cluster.device, 7}}; },
                   "its kinds have 7 of 8 devices");
}

TEST(Validate, NegativeTablesAreAnError) {
  Instance instance = simpleInstance();
  instance.costs.kinds[0].modes[0].savedBytes = -1000000;
  Answer answer = plan(instance.problem, instance.costs);
  EXPECT_NE(answer.error.find("saved bytes"), std::string::npos) << answer.error;
}

struct ThrowingCosts : RecipeCosts {
  LayerCost layer(int, const Sharding &) override { throw std::runtime_error("no such block"); }
};

TEST(Validate, NothingThrownLeavesThePlanner) {
  Instance instance = simpleInstance();
  ThrowingCosts costs;
  costs.embeddingRecipe.modes = costs.headRecipe.modes = {{"none"}};
  EXPECT_EQ(plan(instance.problem, costs).error, "no such block");
  Plan given;
  given.layout.dp = 8;
  given.layout.numMicroBatches = 0;
  given.stages.resize(1);
  given.stages[0].chunks = {{0, 6}};
  given.stages[0].remat.assign(6, "none");
  EXPECT_EQ(check(instance.problem, costs, given).error, "no such block");
}

TEST(Validate, TenTrillionParametersDoNotOverflow) {
  Instance instance = sigmaInstance();
  instance.problem.cluster.numDevices = 65536;
  instance.problem.cluster.tiers[1].devices = 65536;
  instance.problem.job.globalBatch = 65536;
  instance.problem.model.numExperts = 512;
  instance.problem.model.layers = {{0, 128}};
  instance.costs.kinds[0].expertParameters = int64_t(78) << 30;
  instance.problem.cluster.device.memoryBytes = int64_t(180) << 30;
  Answer answer = plan(instance.problem, instance.costs);
  EXPECT_EQ(answer.error, "");
  EXPECT_EQ(answer.proof.status, ProofStatus::Optimal);
  EXPECT_GT(answer.plan.objectiveNs, 0);
}

TEST(Validate, AbsurdCostsAreAnErrorOrInfeasible) {
  Instance instance = simpleInstance();
  instance.costs.kinds[0].denseFlops = int64_t(1) << 50;
  instance.problem.cluster.device.peakFlopsPerS = 1;
  EXPECT_NE(plan(instance.problem, instance.costs).error, "");
  instance = simpleInstance();
  instance.costs.kinds[0].expertParameters = int64_t(1) << 60;
  Answer answer = plan(instance.problem, instance.costs);
  EXPECT_TRUE(!answer.error.empty() || answer.proof.status == ProofStatus::Infeasible);
  EXPECT_TRUE(answer.plan.stages.empty());
}

TEST(Validate, OneDeviceNeedsNoTier) {
  Instance instance = simpleInstance();
  instance.problem.cluster.numDevices = 1;
  instance.problem.cluster.tiers.clear();
  Answer answer = plan(instance.problem, instance.costs);
  EXPECT_EQ(answer.error, "");
  EXPECT_EQ(answer.plan.stages.size(), 1u);
}

} // namespace
