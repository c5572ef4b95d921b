#include "Instances.h"
#include "planner/PlanJson.h"

#include <gtest/gtest.h>

using namespace sigma::planner;
using namespace sigma::planner::test;

namespace {

class JsonTest : public ::testing::Test {
protected:
  void SetUp() override {
    SearchOptions options;
    options.top = 3;
    answer = sigma::planner::plan(instance.problem, instance.costs, options);
    ASSERT_EQ(answer.error, "");
    text = toJson(instance.problem, answer);
  }

  std::string replaced(const std::string &from, const std::string &to) {
    std::string result = text;
    size_t position = result.find(from);
    EXPECT_NE(position, std::string::npos) << from << "\n" << text;
    return position == std::string::npos ? result : result.replace(position, from.size(), to);
  }

  void expectError(const std::string &json, const std::string &part) {
    PlanDocument document = fromJson(json);
    EXPECT_NE(document.error.find(part), std::string::npos) << document.error;
    EXPECT_TRUE(document.answer.plan.stages.empty());
  }

  Instance instance = simpleInstance();
  Answer answer;
  std::string text;
};

TEST_F(JsonTest, RoundTrips) {
  PlanDocument document = fromJson(text);
  ASSERT_EQ(document.error, "");
  EXPECT_EQ(document.model, "simple");
  EXPECT_EQ(toJson(instance.problem, document.answer), text);
  EXPECT_TRUE(check(instance.problem, instance.costs, document.answer.plan).legal());
}

TEST_F(JsonTest, SaysWhatIsChosenAgainstFailures) {
  EXPECT_EQ(text.find("recovery"), std::string::npos);
  EXPECT_FALSE(fromJson(text).recovery);
  FailureModel &failures = instance.problem.cluster.failures;
  failures.failuresPerHour = 0.3;
  failures.numNodes = 100;
  failures.numSpareNodes = 20;
  failures.repairableShare = 0.9;
  failures.snapshotStallS = 0.1;
  text = toJson(instance.problem, answer);
  PlanDocument document = fromJson(text);
  ASSERT_EQ(document.error, "");
  ASSERT_TRUE(document.recovery);
  EXPECT_GT(document.recovery->snapshotIntervalSteps, 0);
  EXPECT_GT(document.recovery->checkpointIntervalSteps, document.recovery->snapshotIntervalSteps);
  EXPECT_GT(document.recovery->keptShare, 0.9);
  EXPECT_EQ(toJson(instance.problem, document.answer), text);
}

TEST_F(JsonTest, RefusesIntervalsThatNobodyCanKeep) {
  const auto with = [&](const std::string &recovery) {
    return replaced("\"version\": 1,", "\"version\": 1, \"recovery\": " + recovery + ",");
  };
  EXPECT_EQ(fromJson(with("{\"checkpointIntervalSteps\": 7}")).error, "");
  expectError(with("{}"), "recovery.checkpointIntervalSteps must be positive");
  expectError(with("{\"checkpointIntervalSteps\": 7, \"snapshotIntervalSteps\": -1}"),
              "recovery.snapshotIntervalSteps is negative");
  expectError(with("{\"checkpointIntervalSteps\": 7, \"keptShare\": \"NaN\"}"),
              "recovery.keptShare is not a finite number");
}

TEST_F(JsonTest, PrintsWhatProgramsRelyOn) {
  for (const char *key :
       {"\"tp\": 1", "\"vpp\": 1", "\"zero\": ", "\"microBatch\": ", "\"schedule\": \"1f1b\"",
        "\"p95\": ", "\"peakMemoryBytes\": ", "\"tokensPerSecond\": ", "\"status\": \"OPTIMAL\"",
        "\"gap\": 0", "\"wallMs\": ", "\"z3Ms\": ", "\"conflict\": []", "\"version\": 1"})
    EXPECT_NE(text.find(key), std::string::npos) << key << "\n" << text;
}

TEST_F(JsonTest, KeepsUnknownFields) {
  std::string extended =
      replaced("\"version\": 1,", "\"version\": 1, \"site\": {\"rack\": [1, 2]},");
  extended.replace(extended.find("\"tp\": 1"), 7, "\"tp\": 1, \"sp\": true");
  extended.replace(extended.find("\"firstLayer\": 0"), 15, "\"firstLayer\": 0, \"note\": \"x\"");
  PlanDocument document = fromJson(extended);
  ASSERT_EQ(document.error, "");
  std::string again = toJson(instance.problem, document.answer, extended);
  for (const char *part : {"\"site\": {", "\"sp\": true", "\"note\": \"x\""})
    EXPECT_NE(again.find(part), std::string::npos) << part << "\n" << again;
}

TEST_F(JsonTest, ReadsHandMadePlans) {
  PlanDocument document = fromJson(R"({"version": 1,
    "layout": {"pp": 2, "dp": 4, "ep": 2, "microBatch": 1},
    "stages": [{"layers": 3}, {"layers": 3, "remat": ["full", "none", "none"]}]})");
  ASSERT_EQ(document.error, "");
  const Plan &plan = document.answer.plan;
  EXPECT_EQ(plan.stages[1].chunks[0].first, 3);
  EXPECT_EQ(plan.stages[0].remat, (std::vector<std::string>{"none", "none", "none"}));
  EXPECT_EQ(plan.stages[1].remat[0], "full");
  EXPECT_EQ(plan.layout.schedule, Schedule::OneForwardOneBackward);
  EXPECT_TRUE(check(instance.problem, instance.costs, plan).legal());
}

TEST_F(JsonTest, ReadsChunks) {
  PlanDocument document = fromJson(R"({"version": 1,
    "layout": {"tp": 2, "cp": 2, "pp": 2, "vpp": 2, "etp": 2, "zero": 1, "expertZero": 2,
               "contextKind": "all-to-all", "placement": "tp-cp-pp-dp"},
    "stages": [{"chunks": [{"endLayer": 2}, {"firstLayer": 3, "endLayer": 4}]},
               {"chunks": [{"firstLayer": 2, "endLayer": 3}, {"firstLayer": 4, "endLayer": 6}],
                "remat": ["none", "norm+moe_act", "full"]}]})");
  ASSERT_EQ(document.error, "");
  const Plan &plan = document.answer.plan;
  EXPECT_EQ(plan.layout.schedule, Schedule::Interleaved);
  EXPECT_EQ(plan.layout.contextKind, ContextKind::AllToAll);
  EXPECT_EQ(plan.layout.placement, Placement::StagesInside);
  EXPECT_EQ(plan.layout.expertZero, 2);
  EXPECT_EQ(plan.stages[1].chunks[1].size(), 2);
  EXPECT_EQ(plan.stages[1].remat[1], "norm+moe_act");
  std::string json = toJson(instance.problem, document.answer);
  EXPECT_EQ(json.find("\"firstLayer\": 0,\n          \"endLayer\": 4"), std::string::npos);
  EXPECT_EQ(toJson(instance.problem, fromJson(json).answer), json);
}

TEST_F(JsonTest, RefusesChunksThatDisagree) {
  auto stage = [&](const std::string &layout, const std::string &fields) {
    return R"({"version": 1, "layout": {)" + layout + R"(}, "stages": [{)" + fields + "}]}";
  };
  expectError(stage("", R"("firstLayer": 0, "endLayer": 3, "chunks": [{"endLayer": 2}])"),
              "stages[0]: firstLayer and endLayer say 0..3 but its chunks say otherwise");
  expectError(stage(R"("vpp": 2)", R"("layers": 3)"), "stages[0] holds 1 chunks; layout.vpp is 2");
  expectError(stage("", R"("chunks": [{"firstLayer": 3, "endLayer": 2}])"),
              "stages[0].chunks[0] holds layers 3..2; they must lie in");
  std::string most = R"({"endLayer": 4096})";
  expectError(stage(R"("vpp": 2)", R"("chunks": [)" + most + ", " + most + "]"),
              "stages[0] brings the plan to more than 4096 layers");
  expectError(stage("", R"("layers": 1, "remat": [""])"), "stages[0].remat holds an empty name");
}

TEST_F(JsonTest, RefusesMalformedText) {
  expectError("", "not JSON");
  expectError("{", "not JSON");
  expectError("[1]", "JSON object");
  expectError("{'version': 1}", "not JSON");
  expectError("{\"version\": 1} trailing", "not JSON");
  expectError(std::string(1000000, '['), "nested");
  expectError("{\"version\": 1, \"x\": " + std::string(500000, '[') + std::string(500000, ']') +
                  "}",
              "nested");
  toJson(instance.problem, answer, std::string(1000000, '['));
  expectError("\xff\xfe", "not JSON");
}

TEST_F(JsonTest, RefusesWrongFields) {
  expectError("{}", "version is 0");
  expectError(replaced("\"version\": 1", "\"version\": 2"), "version is 2");
  expectError(replaced("\"tp\": 1", "\"tp\": 0"), "layout.tp is 0; it must be at least 1");
  expectError(replaced("\"zero\": ", "\"zero\": 4, \"was\": "),
              "layout.zero is 4; it must lie in 0..3");
  expectError(replaced("\"placement\": \"tp-cp-dp-pp\"", "\"placement\": \"pp-dp\""),
              "layout.placement is 'pp-dp'; allowed: tp-cp-dp-pp, tp-cp-pp-dp");
  expectError(replaced("\"schedule\": \"1f1b\"", "\"schedule\": \"magic\""),
              "allowed: 1f1b, interleaved, zb-h1, dualpipev");
  expectError(replaced("\"status\": \"OPTIMAL\"", "\"status\": \"MAYBE\""), "allowed: OPTIMAL");
  expectError(replaced("\"microBatch\": ", "\"microBatch\": \"many\", \"was\": "), "not a plan");
  expectError(replaced("\"gap\": 0", "\"gap\": \"NaN\""), "finite");
  expectError(replaced("\"firstLayer\": 0", "\"firstLayer\": 2000000000"), "they must lie in");
  expectError(replaced("\"stages\": [", "\"stages\": 5, \"was\": ["), "not a plan");
  expectError(replaced("\"layers\": ", "\"layers\": 17, \"was\": "), "borders say");
}

TEST_F(JsonTest, PrintsNamesThatAreNotUtf8) {
  instance.problem.model.name = "bad\xff";
  EXPECT_EQ(fromJson(toJson(instance.problem, answer)).error, "");
}

TEST_F(JsonTest, RoundTripsInfeasibility) {
  instance.problem.cluster.device.memoryBytes = 1000;
  Answer none = sigma::planner::plan(instance.problem, instance.costs);
  EXPECT_EQ(none.proof.status, ProofStatus::Infeasible);
  std::string json = toJson(instance.problem, none);
  PlanDocument document = fromJson(json);
  EXPECT_EQ(document.error, "");
  EXPECT_EQ(document.answer.conflicts.size(), none.conflicts.size());
  EXPECT_EQ(toJson(instance.problem, document.answer), json);
}

} // namespace
