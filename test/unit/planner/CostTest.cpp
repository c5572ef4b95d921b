// Primitive times, by numbers worked out by hand.
#include "Instances.h"
#include "planner/cost/Collectives.h"
#include "planner/cost/Roofline.h"
#include "planner/memory/StageMemory.h"
#include "planner/search/RematChoice.h"

#include <gtest/gtest.h>

using namespace sigma::planner;
using namespace sigma::planner::test;

namespace {

Cluster twoTiers() {
  Cluster cluster;
  cluster.numDevices = 16;
  cluster.device = {"d", 1000000000000, 1 << 30, 100000000000, 7};
  cluster.tiers = {{"node", 4, 10000000000, 100, 1000}, {"pod", 16, 1000000000, 1000, 2000}};
  return cluster;
}

TEST(Cost, RooflineTakesTheSlowerOfComputeAndMemory) {
  Device device = twoTiers().device;
  device.efficiency[0] = 500000;
  EXPECT_EQ(opTimeNs(device, {OpClass::Matmul, 1000000, 0}), 2000 + 7);
  EXPECT_EQ(opTimeNs(device, {OpClass::Memory, 10, 1000000}), 10000 + 7);
  EXPECT_EQ(opTimeNs(device, {OpClass::Matmul, int64_t(1) << 62, 1}),
            int64_t((__int128(1) << 62) / 500 + 1) + 7);
}

TEST(Cost, EfficiencyIsLinearBetweenItsPoints) {
  Efficiency curve({{100, 200000}, {300, 600000}});
  EXPECT_EQ(curve.ppmAt(0), 200000);
  EXPECT_EQ(curve.ppmAt(100), 200000);
  EXPECT_EQ(curve.ppmAt(200), 400000);
  EXPECT_EQ(curve.ppmAt(300), 600000);
  EXPECT_EQ(curve.ppmAt(1 << 30), 600000);
  EXPECT_EQ(curve.ppmAtMost(), 600000);
  Device device = twoTiers().device;
  device.efficiency[0] = Efficiency({{0, 250000}, {1000000, 750000}});
  device.efficiency[3] = 500000;
  EXPECT_EQ(opTimeNs(device, {OpClass::Matmul, 500000, 0}), 1000 + 7);
  EXPECT_EQ(opTimeNs(device, {OpClass::Matmul, 0, 1000}), 20 + 7);
  // A memory-bound op is not slowed twice.
  EXPECT_EQ(opTimeNs(device, {OpClass::Memory, 1000000, 10}), 1000 + 7);
}

TEST(Cost, ASlowDeviceTakesLongerForEverythingItComputes) {
  Device device = twoTiers().device;
  device.slowdownPpm = 500000;
  EXPECT_EQ(opTimeNs(device, {OpClass::Matmul, 3000000, 0}), 4511);
  EXPECT_EQ(memoryTimeNs(device, 1000), 15);
}

TEST(Cost, ATreeMovesEveryByteTwiceInFewHops) {
  Cluster cluster = twoTiers();
  cluster.tiers[1].algorithm = CollectiveAlgorithm::Tree;
  // Node: a ring as before; pod: 2 * 2 MB at 1 GB/s, 2 log2(4) latencies.
  EXPECT_EQ(Topology(cluster).allReduceNs(8000000, 16, 1), 1200000 + 600 + 4000000 + 4000);
}

TEST(Cost, AllToAllSplitsBytesByTier) {
  Cluster cluster = twoTiers();
  Topology topology(cluster);
  EXPECT_EQ(topology.allToAllNs(1000000, 1), 0);
  EXPECT_EQ(topology.allToAllNs(3000000, 4), 300000 + 100);
  // 3 of 7 peers in the node, 4 outside.
  EXPECT_EQ(topology.allToAllNs(7000000, 8), 300000 + 100 + 4000000 + 1000);
}

TEST(Cost, AllReduceIsAHierarchyOfRings) {
  Cluster cluster = twoTiers();
  Topology topology(cluster);
  EXPECT_EQ(topology.allReduceNs(0, 16, 1), 0);
  // Node: 2 * 3/4 * 8 MB at 10 GB/s; pod: 2 * 3/4 * 2 MB at 1 GB/s; 6 latencies each.
  EXPECT_EQ(topology.allReduceNs(8000000, 16, 1), 1200000 + 600 + 3000000 + 6000);
  // Every fourth rank: all in different nodes.
  EXPECT_EQ(topology.allReduceNs(8000000, 4, 4), 12000000 + 6000);
  EXPECT_EQ(topology.groupJitterPpm(4, 1), 1000);
  EXPECT_EQ(topology.groupJitterPpm(4, 4), 2000);
  EXPECT_EQ(topology.groupJitterPpm(1, 1), 0);
}

TEST(Cost, StageTransferUsesTheTierThatHoldsBothStages) {
  Cluster cluster = twoTiers();
  Topology topology(cluster);
  EXPECT_EQ(topology.stageTransferNs(1000000, 0, 2), 100000 + 100);
  EXPECT_EQ(topology.stageTransferNs(1000000, 2, 2), 1000000 + 1000);
}

TEST(Memory, MarginRoundTrips) {
  for (int64_t memory : {1, 17, 1000003, 1 << 30})
    for (int64_t margin : {0, 1, 60000, 999999}) {
      int64_t usable = usableMemoryBytes(memory, margin);
      EXPECT_LE(deviceMemoryFor(usable, margin), memory);
      EXPECT_GE(usableMemoryBytes(deviceMemoryFor(usable, margin), margin), usable);
    }
}

// Rematerialization of a stage against all subsets of its layers.
TEST(Memory, RematChoiceEqualsEnumeration) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    Random random(seed);
    RematProblem problem;
    problem.fixedTransientBytes = random.between(0, 50);
    for (int64_t kind = random.between(1, 3); kind > 0; --kind)
      problem.kinds.push_back({random.between(0, 4), random.between(0, 9), random.between(1, 60),
                               random.between(1, 60), random.between(0, 90),
                               random.between(0, 90)});
    int64_t budget = random.between(0, 400), best = -1, least = INT64_MAX;
    std::vector<int64_t> counts(problem.kinds.size(), 0);
    while (true) {
      int64_t saved = 0, extra = 0;
      for (size_t i = 0; i < counts.size(); ++i) {
        const RematKind &kind = problem.kinds[i];
        saved += counts[i] * kind.rematBytes + (kind.count - counts[i]) * kind.keptBytes;
        extra += counts[i] * kind.extraNs;
      }
      int64_t bytes = saved + transientBytes(problem, counts);
      least = std::min(least, bytes);
      if (bytes <= budget && (best < 0 || extra < best))
        best = extra;
      size_t i = 0;
      while (i < counts.size() && counts[i] == problem.kinds[i].count)
        counts[i++] = 0;
      if (i == counts.size())
        break;
      ++counts[i];
    }
    auto choice = chooseRemat(problem, budget);
    ASSERT_EQ(choice.has_value(), best >= 0) << seed;
    if (choice) {
      EXPECT_EQ(choice->extraNs, best) << seed;
    }
    EXPECT_EQ(leastRematBudget(problem), least) << seed;
  }
}

} // namespace
