// Infeasible problems: the named limits are minimal and every suggestion works.
#include "Exhaustive.h"
#include "Instances.h"
#include "planner/Explain.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>

using namespace sigma::planner;
using namespace sigma::planner::test;

namespace {

std::vector<std::string> limitsOf(const Answer &answer) {
  std::vector<std::string> limits;
  for (const Conflict &conflict : answer.conflicts)
    limits.push_back(conflict.limit);
  return limits;
}

using Limits = std::vector<std::string>;

Answer infeasible(Instance &instance) {
  Answer answer = plan(instance.problem, instance.costs);
  EXPECT_EQ(answer.error, "");
  EXPECT_EQ(answer.proof.status, ProofStatus::Infeasible);
  EXPECT_TRUE(answer.plan.stages.empty());
  return answer;
}

bool isFeasible(Instance instance) { return exhaustive(instance).has_value(); }

// Gives up a pin, or what is forbidden, by name; false if the limit is something else.
bool drop(Job &job, const std::string &limit) {
  Pins &pins = job.pins;
  if (limit == "pin pp")
    pins.pp.reset();
  else if (limit == "pin dp")
    pins.dp.reset();
  else if (limit == "pin ep")
    pins.ep.reset();
  else if (limit == "pin micro-batch")
    pins.microBatch.reset();
  else if (limit == "pin remat")
    pins.remat.reset();
  else if (limit == "forbid")
    job.forbids = {};
  else
    return false;
  return true;
}

// "16.3 MiB of memory" -> bytes, as printed.
int64_t parseBytes(const std::string &text) {
  char unit[8] = "";
  double value = 0;
  sscanf(text.c_str(), "%lf %7s", &value, unit);
  std::string name = unit;
  double scale = name == "GiB" ? 1 << 30 : name == "MiB" ? 1 << 20 : name == "KiB" ? 1 << 10 : 1;
  return int64_t(value * scale) + 1;
}

// Carries a suggestion out and lets the exhaustive enumeration judge.
void expectSuggestionWorks(const Instance &instance, const Conflict &conflict) {
  if (conflict.suggest.empty())
    return;
  Instance changed = instance;
  Problem &problem = changed.problem;
  if (conflict.limit == "memory") {
    problem.cluster.device.memoryBytes = parseBytes(conflict.suggest.substr(strlen("with ")));
    EXPECT_TRUE(isFeasible(changed)) << conflict.suggest;
    // And hardly less would do: a tenth of the unit is the rounding.
    problem.cluster.device.memoryBytes =
        int64_t(double(parseBytes(conflict.suggest.substr(strlen("with ")))) * 0.88);
    EXPECT_FALSE(isFeasible(changed)) << conflict.suggest;
  } else if (conflict.limit == "device count") {
    problem.cluster.numDevices = atoll(conflict.suggest.c_str() + strlen("with "));
    Tier &outermost = problem.cluster.tiers.back();
    outermost.devices = std::max(outermost.devices, problem.cluster.numDevices);
    EXPECT_TRUE(isFeasible(changed)) << conflict.suggest;
  } else if (conflict.limit == "divisibility of batch") {
    problem.job.globalBatch = atoll(conflict.suggest.c_str() + strlen("with a global batch of "));
    EXPECT_TRUE(isFeasible(changed)) << conflict.suggest;
  } else {
    ASSERT_TRUE(drop(problem.job, conflict.limit)) << conflict.limit;
    EXPECT_TRUE(isFeasible(changed)) << conflict.suggest;
  }
}

TEST(Conflicts, MemoryNamesStageAmountAndParts) {
  Instance instance = simpleInstance();
  instance.problem.cluster.device.memoryBytes = 600000;
  instance.problem.cluster.tiers[1].devices = 8;
  Answer answer = infeasible(instance);
  ASSERT_FALSE(answer.conflicts.empty());
  const Conflict &memory = answer.conflicts.front();
  EXPECT_EQ(memory.limit, "memory");
  for (const char *part : {"stage ", "more than", "less 6 % margin", "parameters", "gradients",
                           "optimizer", "activations", "no layout comes closer"})
    EXPECT_NE(memory.amount.find(part), std::string::npos) << memory.amount;
  EXPECT_NE(memory.suggest, "");
  for (const Conflict &conflict : answer.conflicts)
    expectSuggestionWorks(instance, conflict);
  std::string text = explain(instance.problem, answer);
  EXPECT_NE(text.find("it fits: "), std::string::npos) << text;
}

TEST(Conflicts, APinThatDividesNothing) {
  Instance instance = simpleInstance();
  instance.problem.job.pins.ep = 3;
  Answer answer = infeasible(instance);
  EXPECT_EQ(limitsOf(answer), (Limits{"divisibility of experts", "pin ep"}));
  EXPECT_NE(answer.conflicts[1].suggest, "");
}

TEST(Conflicts, DenseModelsHaveNoExpertParallelism) {
  Instance instance = simpleInstance();
  instance.problem.model.numExperts = 0;
  instance.problem.job.pins.ep = 2;
  EXPECT_EQ(limitsOf(infeasible(instance)), (Limits{"divisibility of experts", "pin ep"}));
}

TEST(Conflicts, AllThatIsLeftIsForbidden) {
  Instance instance = simpleInstance();
  instance.problem.job.pins.pp = 2;
  instance.problem.job.forbids.dp = {instance.problem.cluster.numDevices / 2};
  Answer answer = infeasible(instance);
  EXPECT_EQ(limitsOf(answer), (Limits{"device count", "pin pp", "forbid"}));
  EXPECT_EQ(answer.conflicts.back().amount, "not dp = 4");
  for (const Conflict &conflict : answer.conflicts)
    expectSuggestionWorks(instance, conflict);
}

TEST(Conflicts, PinsThatDoNotMultiplyToTheCluster) {
  Instance instance = simpleInstance();
  instance.problem.job.pins.pp = 2;
  instance.problem.job.pins.dp = 2;
  Answer answer = infeasible(instance);
  EXPECT_EQ(limitsOf(answer), (Limits{"device count", "pin pp", "pin dp"}));
  for (const Conflict &conflict : answer.conflicts) {
    EXPECT_NE(conflict.suggest, "") << conflict.limit;
    expectSuggestionWorks(instance, conflict);
  }
}

TEST(Conflicts, MoreStagesThanLayers) {
  Instance instance = simpleInstance();
  instance.problem.job.pins.pp = 8;
  Answer answer = infeasible(instance);
  EXPECT_EQ(limitsOf(answer), (Limits{"layers", "pin pp"}));
  EXPECT_EQ(answer.conflicts[0].suggest, "");
  expectSuggestionWorks(instance, answer.conflicts[1]);
}

TEST(Conflicts, FoldingNeedsEnoughDataParallelism) {
  Instance instance = simpleInstance();
  instance.problem.job.pins.pp = 4;
  instance.problem.job.pins.ep = 8;
  Answer answer = infeasible(instance);
  EXPECT_EQ(limitsOf(answer), (Limits{"device count", "divisibility of dp", "pin pp", "pin ep"}));
  for (const Conflict &conflict : answer.conflicts)
    expectSuggestionWorks(instance, conflict);
}

TEST(Conflicts, ABatchThatDividesByNothing) {
  Instance instance = simpleInstance();
  instance.problem.cluster.numDevices = 7;
  instance.problem.job.globalBatch = 16;
  Answer answer = infeasible(instance);
  EXPECT_EQ(limitsOf(answer), (Limits{"device count", "divisibility of batch", "layers"}));
  for (const Conflict &conflict : answer.conflicts)
    expectSuggestionWorks(instance, conflict);
  EXPECT_EQ(answer.conflicts[1].suggest.rfind("with a global batch of 21 ", 0), 0u)
      << answer.conflicts[1].suggest;
}

TEST(Conflicts, MicroBatchPin) {
  Instance instance = simpleInstance();
  instance.problem.job.pins.microBatch = 5;
  Answer answer = infeasible(instance);
  EXPECT_EQ(limitsOf(answer), (Limits{"divisibility of batch", "pin micro-batch"}));
  for (const Conflict &conflict : answer.conflicts)
    expectSuggestionWorks(instance, conflict);
}

TEST(Conflicts, MemoryAgainstRematPin) {
  Instance instance = simpleInstance();
  Answer answer = plan(instance.problem, instance.costs);
  // Just enough for the plan that rematerializes everything on four stages.
  instance.problem.job.pins.remat = false;
  int64_t low = 1, high = instance.problem.cluster.device.memoryBytes;
  auto fits = [&](int64_t bytes) {
    instance.problem.cluster.device.memoryBytes = bytes;
    return isFeasible(instance);
  };
  while (low < high) {
    int64_t middle = (low + high) / 2;
    if (fits(middle))
      high = middle;
    else
      low = middle + 1;
  }
  instance.problem.cluster.device.memoryBytes = low - 1;
  answer = infeasible(instance);
  Limits limits = limitsOf(answer);
  EXPECT_NE(std::find(limits.begin(), limits.end(), "memory"), limits.end());
  for (const Conflict &conflict : answer.conflicts)
    expectSuggestionWorks(instance, conflict);
}

// On this cluster, or on one of the larger ones that the planner considers.
bool isFeasibleOnLarger(Instance instance) {
  int64_t devices = instance.problem.cluster.numDevices;
  for (int64_t factor : {1, 2, 3, 4, 6, 8, 12, 16, 32, 64}) {
    instance.problem.cluster.numDevices = devices * factor;
    instance.problem.cluster.tiers.back().devices = devices * factor;
    if (isFeasible(instance))
      return true;
  }
  return false;
}

bool names(const Limits &limits, const std::string &limit) {
  return std::find(limits.begin(), limits.end(), limit) != limits.end();
}

// A set of limits is minimal if each of them can be given up alone to get a plan. Limits that are
// not named may then be broken too: pins are dropped, and the cluster may grow.
void expectMinimal(const Instance &instance, const Limits &limits) {
  Instance named = instance;
  for (const char *pin : {"pin pp", "pin dp", "pin ep", "pin micro-batch", "pin remat", "forbid"})
    if (!names(limits, pin))
      drop(named.problem.job, pin);
  EXPECT_FALSE(isFeasible(named)) << "a pin is missing from the conflict";
  if (!names(limits, "memory"))
    return;
  bool fixedSize = names(limits, "device count");
  for (const std::string &limit : limits) {
    Instance fewer = named;
    if (limit == "memory")
      fewer.problem.cluster.device.memoryBytes = int64_t(1) << 40;
    else
      drop(fewer.problem.job, limit);
    bool mayGrow = limit == "device count" || !fixedSize;
    EXPECT_TRUE(mayGrow ? isFeasibleOnLarger(fewer) : isFeasible(fewer)) << limit;
  }
}

TEST(Conflicts, RandomProblemsAreExplainedMinimally) {
  int seen = 0, suggested = 0;
  for (uint64_t seed = 5000; seed < 5150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Instance instance = randomInstance(seed, 5, 8, false);
    int64_t &memory = instance.problem.cluster.device.memoryBytes;
    memory = std::min<int64_t>(memory, 4000000);
    Random random(seed);
    if (random.chance(30))
      instance.problem.job.pins.ep = random.between(1, 4);
    if (random.chance(30))
      instance.problem.job.pins.dp = random.between(1, 4);
    Answer answer = plan(instance.problem, instance.costs);
    ASSERT_EQ(answer.error, "");
    EXPECT_EQ(answer.plan.stages.empty(), !isFeasible(instance));
    if (!answer.plan.stages.empty())
      continue;
    ++seen;
    ASSERT_FALSE(answer.conflicts.empty());
    bool some = false;
    for (const Conflict &conflict : answer.conflicts) {
      some |= !conflict.suggest.empty();
      expectSuggestionWorks(instance, conflict);
    }
    suggested += some;
    expectMinimal(instance, limitsOf(answer));
  }
  EXPECT_GE(seen, 20);
  EXPECT_GE(suggested, seen * 3 / 4);
}

} // namespace
