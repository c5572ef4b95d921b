// Reading of profiles, and what becomes of a cluster by one.
#include "planner/profile/Profile.h"
#include "planner/cost/Collectives.h"
#include "planner/cost/Roofline.h"

#include <gtest/gtest.h>

using namespace sigma::planner;

namespace {

std::string op(const std::string &name, const std::string &point, int64_t amount, int64_t ns) {
  return R"({"op": ")" + name + R"(", "point": [)" + point + R"(], "amount": )" +
         std::to_string(amount) + R"(, "time": {"medianNs": )" + std::to_string(ns) + "}}";
}

// A byte and a FLOP take a ns, but for matmul_nn, whose rate falls with its outputs.
std::string ops() {
  std::string text = op("add", "1000", 1000, 1000) + ", " + op("add", "4000", 4000, 1000);
  for (const char *name : {"matmul_nt", "matmul_tn"})
    text += ", " + op(name, "16, 8, 8", 2048, 2048);
  for (int64_t tokens : {16, 32})
    for (int64_t outputs : {8, 16})
      text += ", " + op("matmul_nn", std::to_string(tokens) + ", 8, " + std::to_string(outputs),
                        2 * tokens * 8 * outputs,
                        outputs == 8 ? 2 * tokens * 8 * 8 : 8 * tokens * 8 * 16);
  return text + ", " + op("attention", "64, 32", 1000, 500) + ", " + op("update", "28", 28, 7) +
         ", " + op("of_later_versions", "", 0, 0);
}

// All take 100 ns for a hop, and a ns for 10 bytes on a link.
std::string exchanges(int64_t ranks, int64_t bytes) {
  std::string text;
  const std::pair<const char *, Collective> all[] = {{"all_gather", Collective::AllGather},
                                                     {"reduce_scatter", Collective::ReduceScatter},
                                                     {"all_reduce", Collective::AllReduce},
                                                     {"all_to_all", Collective::AllToAll},
                                                     {"ring_shift", Collective::RingShift}};
  for (const auto &[name, collective] : all) {
    const LinkUse use = linkUse(collective, CollectiveAlgorithm::Ring, ranks);
    const int64_t ns = 100 * use.hops + bytes * use.crossings / use.parts / 10;
    text += (text.empty() ? "" : ", ") + std::string(R"({"collective": ")") + name +
            R"(", "ranks": )" + std::to_string(ranks) + R"(, "bytes": )" + std::to_string(bytes) +
            R"(, "time": {"medianNs": )" + std::to_string(ns) + "}}";
  }
  return text;
}

std::string profileOf(const std::string &ops, const std::string &levels) {
  return R"({"version": 1, "ranks": 4, "unknown": {}, "devices": [{"kind": "cpu", "precision": "f32", )"
         R"("launchNs": 3, "jitterPpm": 2000, "ops": [)" +
         ops + R"(]}], "levels": [)" + levels + "]}";
}

std::string levelOf(const std::string &exchanges) {
  return R"({"name": "host", "jitterPpm": 50000, "exchanges": [)" + exchanges + "]}";
}

std::string fourRanks() {
  return levelOf(exchanges(2, 8) + ", " + exchanges(2, 4000) + ", " + exchanges(4, 8) + ", " +
                 exchanges(4, 4000));
}

Cluster clusterOf(int64_t devices) {
  Cluster cluster;
  cluster.numDevices = devices;
  cluster.device.name = "cpu";
  cluster.device.peakFlopsPerS = 5;
  cluster.device.memoryBytes = 1000;
  cluster.device.memoryBandwidthBytesPerS = 5;
  cluster.tiers = {{"node", devices, 77, 7}};
  return cluster;
}

class ProfileTest : public ::testing::Test {
protected:
  void expectError(const std::string &text, const std::string &part) {
    const Profile profile = profileFromJson(text);
    EXPECT_NE(profile.error.find(part), std::string::npos) << profile.error;
    EXPECT_TRUE(profile.devices.empty());
  }
  std::string apply(Cluster &cluster, const std::string &precision = "f32", int64_t margin = 0) {
    const Profile profile = profileFromJson(profileOf(ops(), levels));
    EXPECT_EQ(profile.error, "");
    return applyProfile(profile, precision, margin, cluster, remarks);
  }

  std::string levels = fourRanks();
  std::vector<std::string> remarks;
};

TEST_F(ProfileTest, TimesOfOpsAreThoseThatWereMeasured) {
  Cluster cluster = clusterOf(4);
  ASSERT_EQ(apply(cluster), "");
  OpCost product{OpClass::Matmul, 2 * 16 * 8 * 8, 1 << 20, 1, OpKind::MatmulNn, {8, 8}};
  EXPECT_EQ(opTimeNs(cluster.device, product), 2 * 16 * 8 * 8); // whatever its bytes
  product.shape = {8, 16};
  product.flops = 2 * 16 * 8 * 16;
  EXPECT_EQ(opTimeNs(cluster.device, product), 8 * 16 * 8 * 16);
  product.flops *= 3; // experts of 16 rows
  product.kernels = 3;
  EXPECT_EQ(opTimeNs(cluster.device, product), 3 * 8 * 16 * 8 * 16);
  EXPECT_EQ(opTimeNs(cluster.device, {OpClass::Attention, 5000, 0, 1, OpKind::Attention, {64, 32}}),
            2500);
  // Between two sizes the rate is, of 1 and 4 bytes a ns, 2.
  EXPECT_EQ(opTimeNs(cluster.device, {OpClass::Memory, 0, 2000, 1, OpKind::Add}), 1000);
  // What was not measured moves memory as an addition does.
  EXPECT_EQ(opTimeNs(cluster.device, {OpClass::Memory, 0, 4000}), 1000 + 3);
  EXPECT_EQ(opTimeNs(cluster.device, {OpClass::Memory, 0, 4000, 1, OpKind::Exchanged}), 0);
  EXPECT_EQ(updateTimeNs(cluster.device, 2800), 700);
  EXPECT_EQ(cluster.device.jitterPpm, 2000);
  EXPECT_EQ(cluster.device.memoryBytes, 1000);
}

TEST_F(ProfileTest, SlownessAndMarginsStay) {
  Cluster cluster = clusterOf(4);
  cluster.device.slowdownPpm = 500000;
  ASSERT_EQ(apply(cluster, "f32", 500000), "");
  EXPECT_EQ(opTimeNs(cluster.device, {OpClass::Attention, 5000, 0, 1, OpKind::Attention, {64, 32}}),
            3750);
  EXPECT_NEAR(Topology(cluster).collectiveNs(Collective::AllGather, 4000, {4, 1}), 1.5 * 600, 2);
}

TEST_F(ProfileTest, TimesOfExchangesAreThoseThatWereMeasured) {
  Cluster cluster = clusterOf(4);
  ASSERT_EQ(apply(cluster), "");
  EXPECT_EQ(cluster.tiers[0].latencyNs, 100);
  EXPECT_EQ(cluster.tiers[0].algorithm, CollectiveAlgorithm::Ring);
  EXPECT_EQ(cluster.tiers[0].jitterPpm, 50000);
  const Topology topology(cluster);
  EXPECT_NEAR(topology.collectiveNs(Collective::AllReduce, 4000, {4, 1}), 600 + 600, 1);
  EXPECT_NEAR(topology.collectiveNs(Collective::AllReduce, 4000, {2, 1}), 200 + 400, 1);
  EXPECT_NEAR(topology.collectiveNs(Collective::AllToAll, 4000, {4, 1}), 100 + 400, 1);
  EXPECT_NEAR(topology.collectiveNs(Collective::RingShift, 4000, {2, 1}), 100 + 400, 1);
}

TEST_F(ProfileTest, OuterTiersStayAsStated) {
  Cluster cluster = clusterOf(4);
  cluster.numDevices = 8;
  cluster.tiers.push_back({"rack", 8, 88, 8});
  ASSERT_EQ(apply(cluster), "");
  EXPECT_EQ(cluster.tiers[1].bandwidthBytesPerS, 88);
  ASSERT_EQ(remarks.size(), 1u);
  EXPECT_NE(remarks[0].find("rack"), std::string::npos);
}

TEST_F(ProfileTest, SaysWhatIsMissing) {
  Cluster cluster = clusterOf(4);
  EXPECT_NE(apply(cluster, "f64").find("no device kind 'cpu' in f64; it has cpu in f32"),
            std::string::npos);
  cluster.device.name = "gpu";
  EXPECT_NE(apply(cluster).find("no device kind 'gpu'"), std::string::npos);
  cluster = clusterOf(4);
  levels.clear();
  EXPECT_NE(apply(cluster).find("no times of links"), std::string::npos);
  cluster = clusterOf(1);
  EXPECT_EQ(apply(cluster), ""); // has no links either
}

TEST_F(ProfileTest, SeveralKindsAreAsWeakAsTheWeakest) {
  Cluster cluster = clusterOf(4);
  cluster.groups = {{cluster.device, 2}, {cluster.device, 2}};
  ASSERT_EQ(apply(cluster), "");
  EXPECT_EQ(updateTimeNs(cluster.device, 2800), 700);
  EXPECT_EQ(updateTimeNs(cluster.groups[1].device, 2800), 700);
}

TEST_F(ProfileTest, RefusesByName) {
  expectError("[]", "a profile must be a JSON object");
  expectError("{", "not JSON");
  expectError(R"({"version": 2})", "version is 2; this program reads version 1");
  expectError(R"({"version": 1, "ranks": 1})", "devices is empty");
  expectError(R"({"version": 1, "ranks": 0})", "ranks is 0");
  expectError(profileOf(op("add", "1", 1, 1), ""), "devices[0]: there is no time of matmul_nn");
  expectError(profileOf(ops() + ", " + op("add", "1000", 1, 1), ""),
              "is a second time of add at this point");
  expectError(profileOf(ops() + ", " + op("rms_norm", "1", 5, 0), ""),
              "time.medianNs must be positive");
  expectError(profileOf(ops() + ", " + op("rms_norm", "", 5, 1), ""),
              "point must have 1 to 3 sizes");
  expectError(profileOf(ops() + ", " + op("rms_norm", "-1", 5, 1), ""), "point[0] must be from 0");
  expectError(profileOf(ops() + ", " + op("rms_norm", "1", 0, 1), ""), "amount must be from 1");
  expectError(profileOf(ops() + ", " + op("matmul_nn", "64, 8, 8", 5, 1), ""),
              "there is no time of matmul_nn at 64, 8, 16");
  expectError(profileOf(ops(), levelOf("")), "levels[0]: there is no time of all_gather");
  expectError(profileOf(ops(), levelOf(exchanges(1, 8))), "exchanges[0].ranks is 1");
  expectError(profileOf(ops(), levelOf(exchanges(2, 8) + ", " + exchanges(4, 16))),
              "there is no time of all_gather of 2 ranks and 16 bytes");
  expectError(
      profileOf(ops(), R"({"exchanges": [{"collective": "shout", "ranks": 2, "bytes": 1}]})"),
      "collective is 'shout'; allowed: all_gather");
}

TEST(RateTable, IsLinearBetweenPoints) {
  RateTable table;
  table.axes = {{{10, 20}, {1, 2}, {5}}};
  table.rates = {100, 200, 300, 400};
  EXPECT_EQ(table.at({10, 1, 0}), 100);
  EXPECT_EQ(table.at({15, 1, 9}), 200);
  EXPECT_EQ(table.at({10, 2, 5}), 200);
  EXPECT_EQ(table.at({25, 3, 5}), 400);
  EXPECT_EQ(table.at({1, 0, 5}), 100);
}

TEST(RateTable, LesserIsNowhereAbove) {
  RateTable a, b;
  a.axes = {{{10, 20}, {0}, {0}}};
  a.rates = {100, 400};
  b.axes = {{{15}, {0}, {0}}};
  b.rates = {200};
  const RateTable less = lesserRates(a, b);
  EXPECT_EQ(less.axes[0], (std::vector<int64_t>{10, 15, 20}));
  EXPECT_EQ(less.rates, (std::vector<int64_t>{100, 200, 200}));
}

TEST(OpKinds, HaveNames) {
  for (int i = 0; i < kNumOpKinds; ++i)
    EXPECT_EQ(opKindNamed(opKindName(static_cast<OpKind>(i))), static_cast<OpKind>(i));
  EXPECT_FALSE(opKindNamed("none"));
}

} // namespace
