// The simulation of a step against what can be said in closed form.
#include "planner/simulate/Simulate.h"
#include "Instances.h"
#include "planner/Pipeline.h"
#include "planner/Schedule.h"
#include "planner/noise/Normal.h"
#include "planner/simulate/CellWork.h"
#include "planner/simulate/Random.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>

using namespace sigma::planner;
using namespace sigma::planner::test;

namespace {

// `pp` stages of equal layers in chunks of equal size, no transfers to speak of, no noise.
Instance evenInstance(Schedule schedule, int64_t pp) {
  Instance instance = simpleInstance();
  Problem &problem = instance.problem;
  problem.model.layers = {{0, 8}};
  problem.cluster.tiers = {{"pod", 8, int64_t(1) << 59, 0}};
  Pins &pins = problem.job.pins;
  pins.schedule = schedule;
  for (Axis axis : {Axis::Tp, Axis::Cp, Axis::Ep, Axis::Etp, Axis::MicroBatch})
    pins[axis] = 1;
  pins[Axis::Pp] = pp;
  pins[Axis::Zero] = pins[Axis::ExpertZero] = 0;
  pins[Axis::Vpp] = schedule == Schedule::Interleaved || schedule == Schedule::DualPipeV ? 2 : 1;
  instance.costs.embeddingRecipe.denseFlops = instance.costs.headRecipe.denseFlops = 0;
  instance.costs.embeddingRecipe.memoryBytes = instance.costs.headRecipe.memoryBytes = 0;
  return instance;
}

constexpr Schedule kSchedules[] = {Schedule::OneForwardOneBackward, Schedule::Interleaved,
                                   Schedule::ZeroBubbleH1, Schedule::DualPipeV};

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

Layout pipelineOf(Schedule schedule, int64_t pp, int64_t vpp, int64_t numMicroBatches) {
  Layout layout;
  layout.schedule = schedule;
  layout.pp = pp;
  layout.vpp = vpp;
  layout.numMicroBatches = numMicroBatches;
  return layout;
}

std::string text(const Task &task, bool chunks) {
  std::string result(1, "FBbw"[static_cast<int>(task.phase)]);
  return result + (chunks ? std::to_string(task.chunk) + "." : "") +
         std::to_string(task.microBatch);
}

// F: forward, B: backward, b: the input's gradient, w: the weights'; chunk.micro-batch; side by
// side with a bar.
std::string orderOf(const Layout &layout, int64_t stage) {
  std::string result;
  for (const Slot &slot : slotsOf(layout, stage)) {
    result += (result.empty() ? "" : " ") + text(slot.task, layout.vpp > 1);
    if (slot.beside)
      result += "|" + text(*slot.beside, layout.vpp > 1);
  }
  return result;
}

TEST(Simulate, OrderOf1F1B) {
  const Layout layout = pipelineOf(Schedule::OneForwardOneBackward, 3, 1, 4);
  EXPECT_EQ(orderOf(layout, 0), "F0 F1 F2 B0 F3 B1 B2 B3");
  EXPECT_EQ(orderOf(layout, 1), "F0 F1 B0 F2 B1 F3 B2 B3");
  EXPECT_EQ(orderOf(layout, 2), "F0 B0 F1 B1 F2 B2 F3 B3");
}

TEST(Simulate, OrderOfInterleaved) {
  const Layout layout = pipelineOf(Schedule::Interleaved, 2, 2, 4);
  EXPECT_EQ(orderOf(layout, 0), "F0.0 F0.1 F1.0 F1.1 F0.2 B1.0 F0.3 B1.1 F1.2 B0.0 F1.3 B0.1 "
                                "B1.2 B1.3 B0.2 B0.3");
  EXPECT_EQ(orderOf(layout, 1), "F0.0 F0.1 F1.0 B1.0 F1.1 B1.1 F0.2 B0.0 F0.3 B0.1 F1.2 B1.2 "
                                "F1.3 B1.3 B0.2 B0.3");
}

TEST(Simulate, OrderOfZeroBubbleH1) {
  const Layout layout = pipelineOf(Schedule::ZeroBubbleH1, 2, 1, 3);
  EXPECT_EQ(orderOf(layout, 0), "F0 F1 b0 w0 F2 b1 w1 b2 w2");
  EXPECT_EQ(orderOf(layout, 1), "F0 b0 F1 b1 w0 F2 b2 w1 w2");
}

TEST(Simulate, OrderOfDualPipeV) {
  const Layout layout = pipelineOf(Schedule::DualPipeV, 2, 2, 4);
  EXPECT_EQ(orderOf(layout, 0), "F0.0 F0.1 F0.2 F1.0 b1.0 w1.0 F1.1 F0.3|B1.1 F1.2|B0.0 B1.2 "
                                "F1.3|B0.1 B1.3 b0.2 w0.2 b0.3 w0.3");
  EXPECT_EQ(orderOf(layout, 1), "F0.0 F1.0 F0.1 F1.1 F0.2 B1.0 F1.2|B0.0 F0.3|B1.1 F1.3|B0.1 "
                                "B1.2 B0.2 b1.3 b0.3 w1.3 w0.3");
}

int64_t weighed(const Kept &kept, const Kept &bytes) {
  return kept.saved * bytes.saved + kept.held * bytes.held + kept.made * bytes.made;
}

// What a stage keeps of its chunks, or of one of them, is no more than at the moments that count,
// whatever is saved, held and made of it; what is held has been saved or made.
class KeptBook {
public:
  explicit KeptBook(const InFlight::Moments &moments) : moments(moments) {}

  void add(const Kept &change) {
    now.saved += change.saved, now.held += change.held, now.made += change.made;
    for (const Kept &bytes :
         {Kept{1, 0, 0}, {0, 1, 1}, {1, 1, 0}, {1, 2, 1}, {3, 2, 1}, {1, 5, 5}}) {
      int64_t most = 0;
      for (const Kept &moment : moments)
        most = std::max(most, weighed(moment, bytes));
      EXPECT_LE(weighed(now, bytes), most) << now.saved << ", " << now.held << ", " << now.made;
    }
  }

private:
  InFlight::Moments moments;
  Kept now;
};

void expectEveryTaskOnce(const Layout &layout, int64_t stage) {
  SCOPED_TRACE(scheduleName(layout.schedule) + (" " + std::to_string(stage)));
  std::map<std::pair<int64_t, int64_t>, int> left; // phases, by chunk and micro-batch
  const InFlight flight = inFlight(layout, stage);
  InFlight::Moments ofHead = flight.head;
  if (layout.schedule == Schedule::DualPipeV) // what is made of it counts with layers
    ofHead[0].made = 1;
  KeptBook layers(flight.layers), embedding(flight.embedding), head(ofHead);
  auto change = [&](const Task &task, const Kept &by) {
    const int64_t part = virtualIndex(layout, stage, task.chunk);
    layers.add(by);
    if (part == 0)
      embedding.add(by);
    if (part == layout.pp * layout.vpp - 1)
      head.add(by);
  };
  int64_t done = 0;
  auto work = [&](const Task &task) {
    int &phases = left[{task.chunk, task.microBatch}];
    switch (task.phase) {
    case Phase::Forward:
      EXPECT_EQ(phases, 0);
      phases = 1;
      change(task, {1, 0, 0});
      break;
    case Phase::InputGradient:
      EXPECT_EQ(phases, 1);
      phases = 2;
      change(task, {0, 0, 1});
      change(task, {-1, 1, -1});
      break;
    case Phase::Backward:
    case Phase::WeightGradient:
      EXPECT_EQ(phases, task.phase == Phase::Backward ? 1 : 2);
      change(task, task.phase == Phase::Backward ? Kept{-1, 0, 0} : Kept{0, -1, 0});
      phases = 3;
      ++done;
      break;
    }
  };
  for (const Slot &slot : slotsOf(layout, stage)) {
    work(slot.task);
    if (slot.beside)
      work(*slot.beside);
  }
  EXPECT_EQ(done, layout.vpp * layout.numMicroBatches);
}

TEST(Simulate, ScheduleHoldsEveryTaskOnceWithinItsActivations) {
  for (int64_t pp : {1, 2, 4, 5})
    for (int64_t times : {1, 2, 3, 7})
      for (Schedule schedule : kSchedules) {
        const bool chunks = schedule == Schedule::Interleaved || schedule == Schedule::DualPipeV;
        if (pp == 1 && schedule != Schedule::OneForwardOneBackward)
          continue;
        if (schedule == Schedule::DualPipeV && times == 1)
          continue;
        const int64_t vpp = schedule == Schedule::Interleaved ? times : 2;
        if (schedule == Schedule::Interleaved && vpp == 1)
          continue;
        const Layout layout = pipelineOf(schedule, pp, chunks ? vpp : 1, pp * times);
        for (int64_t stage = 0; stage < pp; ++stage)
          expectEveryTaskOnce(layout, stage);
        EXPECT_NO_THROW(stepOrder(layout));
      }
}

TEST(Simulate, WithoutNoiseEqualsTheClosedForm) {
  for (Schedule schedule : kSchedules)
    for (int64_t pp : {1, 2, 4}) {
      if (pp == 1 && schedule != Schedule::OneForwardOneBackward)
        continue;
      Instance instance = evenInstance(schedule, pp);
      SimulateOptions options;
      options.samples = 3;
      Simulation result = simulated(instance, options);
      EXPECT_NEAR(result.mean.ns, result.plan.stepTime.meanNs, 5e-5 * result.mean.ns) // rounding
          << scheduleName(schedule) << pp;
      EXPECT_DOUBLE_EQ(result.p99.ns, result.mean.ns);
      EXPECT_DOUBLE_EQ(result.p99.highNs, result.p99.lowNs);
    }
}

// The first and the last stage sum the gradients of what both hold.
TEST(Simulate, EndsSumWhatBothHold) {
  Instance instance = evenInstance(Schedule::OneForwardOneBackward, 4);
  const double alone = simulated(instance, {}).mean.ns;
  instance.problem.model.sharedParameters = 100000000000000; // at 2^59 bytes a second
  const Simulation result = simulated(instance, {});
  EXPECT_GT(result.mean.ns, alone + 100000);
  EXPECT_NEAR(result.mean.ns, result.plan.stepTime.meanNs, 5e-5 * result.mean.ns);
}

// One layer more than the chunks can share evenly, and recomputation everywhere.
TEST(Simulate, WithoutNoiseIsNearTheClosedFormOfUnevenStages) {
  for (Schedule schedule : kSchedules) {
    Instance instance = evenInstance(schedule, 4);
    instance.problem.model.layers = {{0, 17}};
    instance.problem.job.pins.remat = true;
    SimulateOptions options;
    options.samples = 1;
    Simulation result = simulated(instance, options);
    // Of DualPipeV the last backwards are half split, half whole.
    const double tolerance = schedule == Schedule::DualPipeV ? 0.05 : 0.03;
    EXPECT_NEAR(double(result.plan.objectiveNs) / result.mean.ns, 1, tolerance)
        << scheduleName(schedule);
    EXPECT_NEAR(result.plan.stepTime.meanNs / result.mean.ns, 1, 5e-5) << scheduleName(schedule);
  }
}

// Of every schedule, plans of uneven stages whose collectives hide or do not.
TEST(Simulate, WithoutNoiseEqualsTheOrderOfTheSchedule) {
  std::map<Schedule, int> plans;
  for (uint64_t seed = 1; seed <= 80; ++seed) {
    Instance instance = randomInstance(seed, 20, 16, false);
    instance.problem = withoutNoise(instance.problem);
    instance.problem.cluster.groups.clear();
    instance.problem.job.pins.schedule = kSchedules[seed % kNumSchedules];
    Answer answer = plan(instance.problem, instance.costs);
    if (answer.plan.stages.empty())
      continue;
    SimulateOptions options;
    options.samples = 1;
    Simulation result = simulate(instance.problem, instance.costs, answer.plan, options);
    EXPECT_NEAR(answer.plan.stepTime.meanNs / result.mean.ns, 1, 5e-5)
        << seed << ": " << describe(answer.plan.layout);
    ++plans[answer.plan.layout.schedule];
  }
  EXPECT_EQ(plans.size(), size_t(kNumSchedules));
}

TEST(Simulate, JitterOfEqualStagesEqualsTheClosedForm) {
  for (Schedule schedule : kSchedules) {
    Instance instance = evenInstance(schedule, 4);
    instance.problem.cluster.device.jitterPpm = 100000;
    SimulateOptions options;
    options.samples = 2000;
    Simulation result = simulated(instance, options);
    EXPECT_NEAR(result.plan.stepTime.meanNs / result.mean.ns, 1, 0.03) << scheduleName(schedule);
    EXPECT_NEAR(result.plan.stepTime.p95Ns / result.p95.ns, 1, 0.03) << scheduleName(schedule);
    EXPECT_LT(result.p50.ns, result.p95.ns);
    EXPECT_LT(result.p95.lowNs, result.p95.ns);
    EXPECT_GT(result.p95.highNs, result.p95.ns);
  }
}

// A head as heavy as six layers is in the last of two chunks; in the turn of the others its stage
// waits.
TEST(Simulate, TurnsLastAsLongAsTheirLongestChunk) {
  Instance instance = evenInstance(Schedule::Interleaved, 4);
  instance.problem.model.layers = {{0, 14}};
  instance.problem.job.globalBatch = 64;
  instance.costs.headRecipe.denseFlops = 6 * instance.costs.kinds[0].denseFlops;
  instance.costs.headRecipe.memoryBytes = 6 * instance.costs.kinds[0].memoryBytes;
  SimulateOptions options;
  options.samples = 1;
  Simulation result = simulated(instance, options);
  int64_t longest = 0;
  for (const StagePlan &stage : result.plan.stages)
    longest = std::max(longest, stage.microBatchNs);
  EXPECT_GT(result.mean.ns, 1.05 * double(result.plan.layout.numMicroBatches * longest));
  EXPECT_NEAR(result.plan.stepTime.meanNs / result.mean.ns, 1, 0.03);
}

// Gradients that nothing hides are reduced where a split backward puts its weights off.
TEST(Simulate, ReducedGradientsFillBubbles) {
  for (Schedule schedule : kSchedules) {
    Instance instance = evenInstance(schedule, 4);
    instance.problem.job.pins[Axis::Zero] = instance.problem.job.pins[Axis::ExpertZero] = 2;
    instance.problem.cluster.tiers = {{"pod", 8, 20000000000, 0}};
    SimulateOptions options;
    options.samples = 1;
    Simulation result = simulated(instance, options);
    EXPECT_GT(result.plan.stages[0].zeroNs, 0);
    EXPECT_NEAR(result.plan.stepTime.meanNs / result.mean.ns, 1, 0.03) << scheduleName(schedule);
  }
}

// One axis of 8 ranks waits for its slowest: so much longer than without noise, as predicted.
void expectWaits(Axis axis, int64_t etp = 1) {
  Instance instance = evenInstance(Schedule::OneForwardOneBackward, 1);
  Problem &problem = instance.problem;
  problem.cluster.tiers = {{"pod", 8, 50000000000, 2000, 100000}};
  problem.cluster.routingJitterPpm = 300000;
  problem.cluster.device.jitterPpm = 30000;
  problem.job.pins[axis] = axis == Axis::Ep ? 8 / etp : 4;
  problem.job.pins[Axis::Etp] = etp;
  SimulateOptions options;
  options.samples = 1000;
  Simulation result = simulated(instance, options);
  const StagePlan &stage = result.plan.stages[0];
  const double noiseless =
      result.mean.ns * (1 - double(stage.noiseNs) / double(stage.microBatchNs));
  EXPECT_GT(result.mean.ns, 1.01 * noiseless) << axisName(axis);
  EXPECT_NEAR(result.plan.stepTime.meanNs / result.mean.ns, 1, 0.03) << axisName(axis);
}

TEST(Simulate, TensorGroupsWaitForTheirSlowest) { expectWaits(Axis::Tp); }
TEST(Simulate, ContextGroupsWaitForTheirSlowest) { expectWaits(Axis::Cp); }
TEST(Simulate, ExpertGroupsWaitForTheirSlowest) { expectWaits(Axis::Ep); }
TEST(Simulate, SharedExpertsWaitForTheirTokens) { expectWaits(Axis::Ep, 2); }

TEST(Simulate, SpikesComeAsOftenAsStated) {
  Instance instance = evenInstance(Schedule::OneForwardOneBackward, 1);
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
  plan.stages.back().chunks.back().end -= 1;
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
  instance.problem.job.pins[Axis::Pp] = 2;
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
  EXPECT_EQ(int64_t(ends.size()), 2 * meetingsOf(instance.problem, plan.layout).lockStep);
  EXPECT_GE(forwards, 2 * plan.layout.numMicroBatches);
}

} // namespace
