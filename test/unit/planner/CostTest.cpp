// Primitive times, by numbers worked out by hand.
#include "Instances.h"
#include "planner/cost/Collectives.h"
#include "planner/cost/Roofline.h"
#include "planner/memory/StageMemory.h"
#include "planner/search/RematChoice.h"

#include <algorithm>
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

TEST(Cost, ADeviceWaitsForItsHostWhereThatTakesLongerThanAllOps) {
  Device device = twoTiers().device;
  const std::vector<OpCost> ops{{OpClass::Matmul, 1000000, 0},
                                {OpClass::GroupedMatmul, 1000000, 0, 8}};
  EXPECT_EQ(hostWaitNs(device, ops, 2014), 0);
  device.issueNs = 1000;
  EXPECT_EQ(opTimeNs(device, ops[1]), 1000 + 7);
  EXPECT_EQ(hostWaitNs(device, ops, 2014), 9000 - 2014);
  EXPECT_EQ(hostWaitNs(device, ops, 10000), 0);
  device.slowdownPpm = 500000;
  EXPECT_EQ(hostWaitNs(device, ops, 10000), 3500);
}

TEST(Cost, AGroupedProductIsAsEfficientAsOneExpertsPart) {
  Device device = twoTiers().device;
  device.efficiency[static_cast<int>(OpClass::GroupedMatmul)] =
      Efficiency({{1000, 250000}, {8000, 500000}});
  EXPECT_EQ(opTimeNs(device, {OpClass::GroupedMatmul, 8000, 0}), 16 + 7);
  EXPECT_EQ(opTimeNs(device, {OpClass::GroupedMatmul, 8000, 0, 8}), 32 + 7);
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
  EXPECT_EQ(updateTimeNs(device, 1000), 15);
}

// `count` neighbours, or every so many-th rank.
RankGroup ranks(int64_t count, int64_t stride = 1) { return {count, stride, 1, 1}; }

int64_t allReduceNs(const Cluster &cluster, int64_t bytes, const RankGroup &group) {
  return Topology(cluster).collectiveNs(Collective::AllReduce, bytes, group);
}

int64_t allToAllNs(const Cluster &cluster, int64_t bytes, const RankGroup &group) {
  return Topology(cluster).collectiveNs(Collective::AllToAll, bytes, group);
}

TEST(Cost, ATreeMovesEveryByteTwiceInFewHops) {
  Cluster cluster = twoTiers();
  cluster.tiers[1].algorithm = CollectiveAlgorithm::Tree;
  // Node: a ring as before; pod: 2 * 2 MB at 1 GB/s, 2 log2(4) latencies.
  EXPECT_EQ(allReduceNs(cluster, 8000000, ranks(16)), 1200000 + 600 + 4000000 + 4000);
}

TEST(Cost, AllToAllSplitsBytesByTier) {
  Cluster cluster = twoTiers();
  EXPECT_EQ(allToAllNs(cluster, 1000000, ranks(1)), 0);
  EXPECT_EQ(allToAllNs(cluster, 3000000, ranks(4)), 300000 + 100);
  // 3 of 7 peers in the node, 4 outside.
  EXPECT_EQ(allToAllNs(cluster, 7000000, ranks(8)), 300000 + 100 + 4000000 + 1000);
}

// Against all ways to choose.
TEST(Cost, ATokenHitsTheUnitsOfItsExperts) {
  EXPECT_DOUBLE_EQ(hitProbability({8, 1}, 1), 1.0 / 8);
  EXPECT_DOUBLE_EQ(hitProbability({8, 2}, 4), 1 - (4.0 / 8) * (3.0 / 7));
  EXPECT_DOUBLE_EQ(hitProbability({8, 8}, 1), 1);
  EXPECT_DOUBLE_EQ(hitProbability({8, 2}, 8), 1);
  // Two of four groups of two experts, three experts of the four.
  const Routing grouped{8, 3, 4, 2};
  EXPECT_DOUBLE_EQ(hitProbability(grouped, 1), 0.5 * 0.75);
  EXPECT_DOUBLE_EQ(hitProbability(grouped, 2), 0.5);
  EXPECT_DOUBLE_EQ(hitProbability(grouped, 4), 1 - 1.0 / 6);
  EXPECT_DOUBLE_EQ(hitProbability(grouped, 6), 1);
  // One expert of the eight in two of four groups: a group's share is even.
  EXPECT_DOUBLE_EQ(hitProbability({16, 1, 4, 2}, 8), 0.5);
}

TEST(Cost, ADispatchPerNodeSendsATokenOnceToEachUnit) {
  const Cluster cluster = twoTiers();
  const Topology topology(cluster);
  CollectiveCost cost{Collective::AllToAll, Group::Expert, 7000000};
  EXPECT_EQ(topology.collectiveNs(cost, ranks(8)), allToAllNs(cluster, 7000000, ranks(8)));
  // 8 experts, one a rank, of which a token has 2: 8 MB of choices, 4 MB of tokens. Of 2 nodes, a
  // token has experts in 2 (1 - 4/8 3/7) = 11/7, half of them elsewhere. Inside, it comes to 2
  // ranks, a quarter of them by themselves.
  cost.routing = {8, 2};
  EXPECT_NEAR(topology.collectiveNs(cost, ranks(8)), 600000 + 100 + 3142857 + 1000, 2);
  // All experts of a token on the one rank that has them.
  cost.routing = {16, 2, 8, 1};
  EXPECT_NEAR(topology.collectiveNs(cost, ranks(8)), 300000 + 100 + 2000000 + 1000, 2);
  EXPECT_EQ(topology.collectiveNs(cost, ranks(1)), 0);
}

TEST(Cost, AllReduceIsAHierarchyOfRings) {
  Cluster cluster = twoTiers();
  Topology topology(cluster);
  EXPECT_EQ(allReduceNs(cluster, 0, ranks(16)), 0);
  // Node: 2 * 3/4 * 8 MB at 10 GB/s; pod: 2 * 3/4 * 2 MB at 1 GB/s; 6 latencies each.
  EXPECT_EQ(allReduceNs(cluster, 8000000, ranks(16)), 1200000 + 600 + 3000000 + 6000);
  // Every fourth rank: all in different nodes.
  EXPECT_EQ(allReduceNs(cluster, 8000000, ranks(4, 4)), 12000000 + 6000);
  EXPECT_EQ(topology.groupJitterPpm(ranks(4)), 1000);
  EXPECT_EQ(topology.groupJitterPpm(ranks(4, 4)), 2000);
  EXPECT_EQ(topology.groupJitterPpm(ranks(1)), 0);
}

// As the all-reduce, one way.
TEST(Cost, ReduceScatterAndAllGatherAreHalvesOfAnAllReduce) {
  const Cluster cluster = twoTiers();
  const Topology topology(cluster);
  for (Collective half : {Collective::ReduceScatter, Collective::AllGather})
    EXPECT_EQ(topology.collectiveNs(half, 8000000, ranks(16)), 600000 + 300 + 1500000 + 3000);
}

TEST(Cost, ARingShiftMovesTheBytesOnceForEachOtherRank) {
  const Cluster cluster = twoTiers();
  const Topology topology(cluster);
  EXPECT_EQ(topology.collectiveNs(Collective::RingShift, 1000000, ranks(4)), 3 * (100000 + 100));
  EXPECT_EQ(topology.collectiveNs(Collective::RingShift, 1000000, ranks(8)), 7 * (1000000 + 1000));
}

TEST(Cost, StageTransferUsesTheTierThatHoldsBothStages) {
  const Cluster cluster = twoTiers();
  const Topology topology(cluster);
  Layout layout;
  layout.dp = 2;
  layout.pp = 8;
  EXPECT_EQ(topology.stageTransferNs(1000000, layout, 0, 1), 100000 + 100);
  EXPECT_EQ(topology.stageTransferNs(1000000, layout, 1, 2), 1000000 + 1000);
  layout.dp = 4;
  layout.pp = 4;
  EXPECT_EQ(topology.stageTransferNs(1000000, layout, 0, 1), 1000000 + 1000);
  // Pipelines as blocks: four stages of one rank share a node.
  layout.placement = Placement::StagesInside;
  EXPECT_EQ(topology.stageTransferNs(1000000, layout, 0, 1), 100000 + 100);
}

// tp 2, cp 2, pp 2, dp 4: a stage is 16 ranks or, with pipelines inside, four blocks of 4 ranks.
TEST(Cost, GroupsLieWhereThePlacementPutsThem) {
  Layout layout;
  layout.tp = layout.cp = layout.pp = layout.etp = 2;
  layout.dp = layout.ep = 4;
  auto expect = [&](const RankGroup &group, int64_t inner, int64_t stride, int64_t outer,
                    int64_t outerStride) {
    EXPECT_EQ(group.inner, inner);
    EXPECT_EQ(group.outer, outer);
    if (inner > 1) {
      EXPECT_EQ(group.stride, stride);
    }
    if (outer > 1) {
      EXPECT_EQ(group.outerStride, outerStride);
    }
  };
  expect(Mesh(layout).group(Group::Tensor), 2, 1, 1, 1);
  expect(Mesh(layout).group(Group::Context), 2, 2, 1, 1);
  expect(Mesh(layout).group(Group::ExpertTensor), 2, 1, 1, 1);
  expect(Mesh(layout).group(Group::Expert), 4, 2, 1, 1);
  expect(Mesh(layout).denseReplicas(), 8, 2, 1, 1);
  expect(Mesh(layout).expertReplicas(), 2, 8, 1, 1);
  layout.placement = Placement::StagesInside;
  expect(Mesh(layout).group(Group::Tensor), 2, 1, 1, 1);
  expect(Mesh(layout).group(Group::Context), 2, 2, 1, 1);
  expect(Mesh(layout).group(Group::Expert), 2, 2, 2, 8);
  expect(Mesh(layout).denseReplicas(), 2, 2, 4, 8);
  // Ranks 8 apart in the stage: every other block of 4.
  expect(Mesh(layout).expertReplicas(), 1, 1, 2, 16);
}

TEST(Memory, MarginRoundTrips) {
  for (int64_t memory : {1, 17, 1000003, 1 << 30})
    for (int64_t margin : {0, 1, 60000, 999999}) {
      int64_t usable = usableMemoryBytes(memory, margin);
      EXPECT_LE(deviceMemoryFor(usable, margin), memory);
      EXPECT_GE(usableMemoryBytes(deviceMemoryFor(usable, margin), margin), usable);
    }
}

RematProblem randomRemat(Random &random) {
  RematProblem problem;
  problem.fixedBytes = random.between(0, 50);
  problem.fixedTransientBytes = random.between(0, 50);
  problem.numerator = random.between(1, 4);
  problem.denominator = random.between(1, 3);
  for (int64_t kind = random.between(1, 3); kind > 0; --kind) {
    RematKind made{random.between(0, 4), {}};
    // More time for fewer saved bytes.
    int64_t extra = 0, saved = random.between(40, 60);
    for (int64_t option = random.between(1, 3); option > 0; --option) {
      made.options.push_back({extra, saved, random.between(0, 90)});
      extra += random.between(1, 9);
      saved -= random.between(1, 20);
    }
    problem.kinds.push_back(std::move(made));
  }
  return problem;
}

struct RematOracle {
  const RematProblem &problem;
  int64_t capacity;
  int64_t leastExtra = -1, leastBytes = INT64_MAX;

  void run() { kind(0, 0, 0, 0); }
  void kind(size_t index, int64_t extra, int64_t saved, int64_t transient) {
    if (index == problem.kinds.size()) {
      const int64_t held = saved * problem.numerator;
      const int64_t bytes = problem.fixedBytes +
                            (held + problem.denominator - 1) / problem.denominator +
                            std::max(transient, problem.fixedTransientBytes);
      leastBytes = std::min(leastBytes, bytes);
      if (bytes <= capacity && (leastExtra < 0 || extra < leastExtra))
        leastExtra = extra;
      return;
    }
    layer(index, problem.kinds[index].count, extra, saved, transient);
  }
  void layer(size_t index, int64_t left, int64_t extra, int64_t saved, int64_t transient) {
    if (left == 0)
      return kind(index + 1, extra, saved, transient);
    for (const RematOption &option : problem.kinds[index].options)
      layer(index, left - 1, extra + option.extraNs, saved + option.savedBytes,
            std::max(transient, option.transientBytes));
  }
};

// Rematerialization of a stage against every mode of every layer.
TEST(Memory, RematChoiceEqualsEnumeration) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    Random random(seed);
    const RematProblem problem = randomRemat(random);
    RematOracle oracle{problem, random.between(0, 600)};
    oracle.run();
    const auto choice = chooseRemat(problem, oracle.capacity);
    ASSERT_EQ(choice.has_value(), oracle.leastExtra >= 0) << seed;
    if (choice) {
      EXPECT_EQ(choice->extraNs, oracle.leastExtra) << seed;
    }
    EXPECT_EQ(leastPeakBytes(problem), oracle.leastBytes) << seed;
  }
}

} // namespace
