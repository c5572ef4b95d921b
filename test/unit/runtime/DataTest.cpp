// Random numbers, initial values, and the order of the data.
#include "Support.h"

#include "runtime/data/Initialize.h"
#include "runtime/data/Permutation.h"
#include "runtime/health/Fault.h"

#include <unistd.h>

#include <fstream>
#include <set>

using namespace sigma::runtime;

namespace {

TEST(Philox, KnownAnswersOfRandom123) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u}));
  EXPECT_EQ(philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (PhiloxCounter{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu}));
  EXPECT_EQ(
      philox({0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}, {0xa4093822u, 0x299f31d0u}),
      (PhiloxCounter{0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u}));
}

TEST(Permutation, HitsEveryIndexOnce) {
  for (const uint64_t n : {1, 2, 3, 5, 64, 1000, 4097})
    for (const uint32_t key : {1u, 99u}) {
      const Permutation permutation(n, {key, 7});
      std::set<uint64_t> seen;
      for (uint64_t i = 0; i < n; ++i)
        seen.insert(permutation(i));
      EXPECT_EQ(seen.size(), n);
      EXPECT_EQ(*seen.rbegin(), n - 1);
    }
}

Tensor normalTensor(Shape local, int64_t shardDim) {
  Tensor tensor;
  tensor.name = "layers.0.gate";
  tensor.local = std::move(local);
  tensor.shardDim = shardDim;
  tensor.init = SIGMA_INIT_NORMAL;
  tensor.initScale = 0.02;
  return tensor;
}

TEST(Initialize, ShardsAreSlicesOfTheWhole) {
  for (int64_t dim = 0; dim < 3; ++dim) {
    std::vector<double> whole(4 * 6 * 8), shard(whole.size() / 2), merged(whole.size());
    initializeTensor(normalTensor({4, 6, 8}, -1), 1, 0, 5, SIGMA_F64, whole.data());
    Shape local{4, 6, 8};
    local[dim] /= 2;
    const Tensor cut = normalTensor(local, dim);
    for (int64_t ep = 0; ep < 2; ++ep) {
      initializeTensor(cut, 2, ep, 5, SIGMA_F64, shard.data());
      const Box box = cut.box(ep);
      copyBox(box, reinterpret_cast<char *>(shard.data()), {{0, 0, 0}, {4, 6, 8}},
              reinterpret_cast<char *>(merged.data()), box, 8);
    }
    EXPECT_EQ(whole, merged) << "cut along " << dim;
  }
}

TEST(Initialize, SingleIsRoundedDouble) {
  const Tensor tensor = normalTensor({100, 101}, -1);
  std::vector<double> wide(10100);
  std::vector<float> narrow(10100);
  initializeTensor(tensor, 1, 0, 3, SIGMA_F64, wide.data());
  initializeTensor(tensor, 1, 0, 3, SIGMA_F32, narrow.data());
  double sum = 0, squares = 0;
  for (size_t i = 0; i < wide.size(); ++i) {
    ASSERT_EQ(narrow[i], float(wide[i]));
    sum += wide[i];
    squares += wide[i] * wide[i];
  }
  EXPECT_NEAR(sum / 10100, 0, 0.02 * 0.03);
  EXPECT_NEAR(std::sqrt(squares / 10100), 0.02, 0.02 * 0.03);
}

struct DataFile {
  explicit DataFile(int64_t bytes)
      : path(::testing::TempDir() + "/data-" + std::to_string(getpid())) {
    std::ofstream file(path, std::ios::binary);
    for (int64_t i = 0; i < bytes; ++i)
      file.put(char(i * 7 + i / 251));
  }
  ~DataFile() { unlink(path.c_str()); }
  std::string path;
};

TEST(Dataset, AnEpochShowsEveryWindowOnceAndTargetsFollowTokens) {
  const DataFile file(16 * 20 + 5);
  Dataset data;
  data.open(file.path, 16, 256, 1);
  ASSERT_EQ(data.windows(), 20);
  std::vector<int32_t> tokens(16), targets(16);
  for (int64_t epoch = 0; epoch < 2; ++epoch) {
    std::set<std::vector<int32_t>> seen;
    for (int64_t i = 0; i < 20; ++i) {
      data.load(epoch * 20 + i, tokens.data(), targets.data());
      EXPECT_TRUE(std::equal(tokens.begin() + 1, tokens.end(), targets.begin()));
      seen.insert(tokens);
    }
    EXPECT_EQ(seen.size(), 20u);
  }
}

TEST(Dataset, RefusesWhatCannotServeByName) {
  const DataFile file(16);
  Dataset data;
  EXPECT_THROW(data.open(file.path, 16, 256, 1), UserError);
  EXPECT_THROW(data.open(file.path, 4, 255, 1), UserError);
  EXPECT_THROW(data.open(file.path + ".none", 4, 256, 1), UserError);
  EXPECT_THROW(data.open("/dev", 4, 256, 1), UserError);
}

TEST(Batch, DependsOnTheSampleAndNotOnThePlan) {
  const DataFile file(4000);
  // Samples 8..15 of step 1, once as one rank of 8 rows, once as 2 ranks of 2 micro-batches of 2
  // rows.
  std::vector<int32_t> whole(8 * 16), parts(8 * 16), targets(8 * 16);
  for (const int64_t dp : {1, 2}) {
    Runtime rt;
    rt.program.globalBatch = 8;
    rt.program.sequence = 16;
    rt.program.dp = dp;
    rt.program.microBatch = dp == 1 ? 8 : 2;
    rt.step.finished = 1;
    rt.data.open(file.path, 16, 256, 1);
    std::vector<int32_t> &out = dp == 1 ? whole : parts;
    for (int64_t rank = 0; rank < dp; ++rank)
      for (int64_t m = 0; m < rt.program.numMicroBatches(); ++m) {
        rt.mesh.dpIndex = rank;
        const int64_t row = (rank * rt.program.numMicroBatches() + m) * rt.program.microBatch;
        sigma_load_batch(&rt, m, out.data() + row * 16, targets.data());
      }
  }
  EXPECT_EQ(whole, parts);
}

TEST(Optimizer, WarmsUpLinearly) {
  Optimizer optimizer;
  optimizer.learningRate = 1;
  optimizer.warmupSteps = 4;
  EXPECT_EQ(optimizer.rateAfter(0), 0.25);
  EXPECT_EQ(optimizer.rateAfter(3), 1);
  EXPECT_EQ(optimizer.rateAfter(100), 1);
}

} // namespace
