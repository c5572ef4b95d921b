// The simulation of a step against what can be said in closed form.
#include "planner/simulate/Simulate.h"
#include "Instances.h"
#include "planner/noise/Normal.h"
#include "planner/simulate/Random.h"
#include "planner/simulate/Schedule.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>

using namespace sigma::planner;
using namespace sigma::planner::test;

namespace {

// `pp` stages of equal layers, no transfers to speak of, no noise.
Instance evenInstance(int64_t pp) {
  Instance instance = simpleInstance();
  Problem &problem = instance.problem;
  problem.model.layers = {{0, 8}};
  problem.cluster.tiers = {{"pod", 8, int64_t(1) << 59, 0}};
  problem.job.pins.pp = pp;
  problem.job.pins.ep = 1;
  instance.costs.embeddingRecipe.denseFlops = instance.costs.headRecipe.denseFlops = 0;
  return instance;
}

Simulation simulated(Instance &instance, const SimulateOptions &options) {
  Answer answer = plan(instance.problem, instance.costs);
  EXPECT_EQ(answer.error, "");
  Simulation result = simulate(instance.problem, instance.costs, answer.plan, options);
  EXPECT_EQ(result.error, "");
  EXPECT_TRUE(result.violations.empty());
  return result;
}

// Moments and tails against the normal distribution; the tolerances are five standard errors.
TEST(Simulate, NormalsAreNormal) {
  sigma::planner::Random random(1, 0);
  const int n = 4000000;
  double sum = 0, squares = 0, fourth = 0;
  int beyond1 = 0, beyond3 = 0, beyond4 = 0;
  for (int i = 0; i < n; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
    beyond1 += x > 1;
    beyond3 += x > 3;
    beyond4 += x > 4;
  }
  EXPECT_NEAR(sum / n, 0, 0.0025);
  EXPECT_NEAR(squares / n, 1, 0.0036);
  EXPECT_NEAR(fourth / n, 3, 0.025);
  EXPECT_NEAR(beyond1 / double(n), normalCdf(-1), 1e-3);
  EXPECT_NEAR(beyond3 / double(n), normalCdf(-3), 1e-4);
  EXPECT_NEAR(beyond4 / double(n), normalCdf(-4), 1.5e-5);
}

TEST(Simulate, ScheduleHoldsEverySlotOnceWithinItsActivations) {
  for (int64_t stages : {1, 2, 5})
    for (int64_t microBatches : {1, 2, 5, 9})
      for (int64_t stage = 0; stage < stages; ++stage) {
        std::set<int64_t> alive, done;
        for (const Slot &slot : oneForwardOneBackward(stage, stages, microBatches)) {
          if (slot.direction == Direction::Forward)
            EXPECT_TRUE(alive.insert(slot.microBatch).second);
          else
            EXPECT_TRUE(alive.erase(slot.microBatch) && done.insert(slot.microBatch).second);
          EXPECT_LE(int64_t(alive.size()), stages - stage);
        }
        EXPECT_EQ(int64_t(done.size()), microBatches);
      }
}

TEST(Simulate, WithoutNoiseEqualsTheClosedForm) {
  for (int64_t pp : {1, 2, 4, 8}) {
    Instance instance = evenInstance(pp);
    SimulateOptions options;
    options.samples = 3;
    Simulation result = simulated(instance, options);
    EXPECT_NEAR(result.mean.ns, result.plan.stepTime.meanNs, 1e-5 * result.mean.ns) << pp; // rounding per stage
    EXPECT_DOUBLE_EQ(result.p99.ns, result.mean.ns);
    EXPECT_DOUBLE_EQ(result.p99.highNs, result.p99.lowNs);
  }
}

TEST(Simulate, JitterOfEqualStagesEqualsTheClosedForm) {
  for (int64_t pp : {1, 4}) {
    Instance instance = evenInstance(pp);
    instance.problem.cluster.device.jitterPpm = 100000;
    SimulateOptions options;
    options.samples = 4000;
    Simulation result = simulated(instance, options);
    EXPECT_NEAR(result.mean.ns, result.plan.stepTime.meanNs, 0.03 * result.mean.ns) << pp;
    EXPECT_NEAR(result.p95.ns, result.plan.stepTime.p95Ns, 0.03 * result.p95.ns) << pp;
    EXPECT_LT(result.p50.ns, result.p95.ns);
    EXPECT_LT(result.p95.lowNs, result.p95.ns);
    EXPECT_GT(result.p95.highNs, result.p95.ns);
  }
}

TEST(Simulate, ExpertGroupsWaitForTheirSlowest) {
  Instance instance = simpleInstance();
  instance.problem.job.pins.pp = 1;
  instance.problem.job.pins.ep = 8;
  instance.problem.cluster.routingJitterPpm = 300000;
  SimulateOptions options;
  options.samples = 4000;
  Simulation result = simulated(instance, options);
  double noiseless = double(result.plan.stages[0].microBatchNs - result.plan.stages[0].noiseNs) *
                     double(result.plan.layout.numMicroBatches);
  EXPECT_GT(result.mean.ns, 1.02 * noiseless);
  EXPECT_NEAR(result.mean.ns, result.plan.stepTime.meanNs, 0.03 * result.mean.ns);
}

TEST(Simulate, SpikesComeAsOftenAsStated) {
  Instance instance = evenInstance(1);
  instance.problem.cluster.spikes = {10000, 1000000000}; // 1 % of 8 devices
  SimulateOptions options;
  options.samples = 20000;
  Simulation result = simulated(instance, options);
  EXPECT_NEAR(result.mean.ns - result.p50.ns, 0.08e9, 0.01e9);
}

TEST(Simulate, DependsOnTheSeedAndNotOnTheThreads) {
  Instance instance = simpleInstance();
  instance.problem.cluster.device.jitterPpm = 50000;
  SimulateOptions options;
  options.samples = 200;
  Simulation one = simulated(instance, options);
  options.threads = 3;
  Simulation three = simulated(instance, options);
  EXPECT_EQ(one.mean.ns, three.mean.ns);
  EXPECT_EQ(one.p99.ns, three.p99.ns);
  options.seed = 2;
  EXPECT_NE(one.mean.ns, simulated(instance, options).mean.ns);
}

TEST(Simulate, RefusesAPlanThatIsNotLegal) {
  Instance instance = simpleInstance();
  Plan plan = sigma::planner::plan(instance.problem, instance.costs).plan;
  plan.stages.back().endLayer -= 1;
  plan.stages.back().remat.pop_back();
  Simulation result = simulate(instance.problem, instance.costs, plan);
  EXPECT_FALSE(result.violations.empty());
  EXPECT_EQ(result.samples, 0);
  EXPECT_EQ(traceJson(instance.problem, instance.costs, plan, 1, 0), "");
}

TEST(Simulate, StopsWhenCancelled) {
  Instance instance = simpleInstance();
  SimulateOptions options;
  int calls = 0;
  options.cancelled = [&] { return ++calls > 5; };
  EXPECT_EQ(simulated(instance, options).samples, 5);
}

TEST(Simulate, TraceFillsEveryRankWithoutOverlap) {
  Instance instance = simpleInstance();
  instance.problem.job.pins.pp = 2;
  instance.problem.cluster.device.jitterPpm = 50000;
  Plan plan = sigma::planner::plan(instance.problem, instance.costs).plan;
  nlohmann::json trace =
      nlohmann::json::parse(traceJson(instance.problem, instance.costs, plan, 1, 0));
  std::map<std::pair<int, int>, double> ends;
  int forwards = 0;
  for (const auto &event : trace["traceEvents"]) {
    if (event["ph"] != "X")
      continue;
    double &end = ends[{event["pid"], event["tid"]}];
    EXPECT_GE(double(event["ts"]), end - 1e-6);
    end = double(event["ts"]) + double(event["dur"]);
    forwards += event["name"] == "forward";
  }
  EXPECT_EQ(int64_t(ends.size()), 2 * plan.layout.ep);
  EXPECT_GE(forwards, 2 * plan.layout.numMicroBatches);
}

} // namespace
