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

Tensor normalTensor(Shape local) {
  Tensor tensor;
  tensor.name = "layers.0.gate";
  tensor.local = std::move(local);
  tensor.init = SIGMA_INIT_NORMAL;
  tensor.initScale = 0.02;
  return tensor;
}

TEST(Initialize, ShardsAreSlicesOfTheWhole) {
  const Shape shape{4, 6, 8};
  for (const bool expert : {false, true})
    for (int64_t dim = expert; dim < 3; ++dim) {
      Mesh mesh;
      mesh.shape.ep = expert ? 2 : 1;
      (expert ? mesh.shape.etp : mesh.shape.tp) = 2;
      Tensor cut = normalTensor(shape);
      cut.expert = expert;
      cut.split = dim;
      cut.local[dim] /= 2;
      cut.local[0] /= mesh.shape.ep;
      EXPECT_EQ(cut.globalShape(mesh.shape), shape);
      std::vector<double> whole(4 * 6 * 8), shard(cut.elements()), merged(whole.size());
      const Box all{{0, 0, 0}, shape};
      initializeBox(normalTensor(shape), shape, all, 5, SIGMA_F64, whole.data());
      for (mesh.expert.index = 0; mesh.expert.index < mesh.shape.ep; ++mesh.expert.index)
        for (const int part : {0, 1}) {
          (expert ? mesh.expertTensor : mesh.tensor).index = part;
          const Box box = cut.box(mesh);
          initializeBox(cut, shape, box, 5, SIGMA_F64, shard.data());
          copyBox(box, reinterpret_cast<char *>(shard.data()), all,
                  reinterpret_cast<char *>(merged.data()), box, 8);
        }
      EXPECT_EQ(whole, merged) << "cut along " << dim;
    }
}

TEST(Initialize, SingleIsRoundedDouble) {
  const Tensor tensor = normalTensor({100, 101});
  std::vector<double> wide(10100);
  std::vector<float> narrow(10100);
  const Box all{{0, 0}, tensor.local};
  initializeBox(tensor, tensor.local, all, 3, SIGMA_F64, wide.data());
  initializeBox(tensor, tensor.local, all, 3, SIGMA_F32, narrow.data());
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
  for (int64_t epoch = 0; epoch < 2; ++epoch) {
    std::set<std::vector<int32_t>> seen;
    for (int64_t i = 0; i < 20; ++i) {
      const Sample sample = data.sample(epoch * 20 + i);
      std::vector<int32_t> tokens;
      for (int64_t position = 0; position < 16; ++position) {
        EXPECT_EQ(sample.target(position), sample.token(position + 1));
        tokens.push_back(sample.token(position));
      }
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
    rt.mesh.shape.dp = dp;
    rt.program.microBatch = dp == 1 ? 8 : 2;
    rt.step.finished = 1;
    rt.data.open(file.path, 16, 256, 1);
    std::vector<int32_t> &out = dp == 1 ? whole : parts;
    for (int64_t rank = 0; rank < dp; ++rank)
      for (int64_t m = 0; m < rt.numMicroBatches(); ++m) {
        rt.mesh.dpIndex = rank;
        const int64_t row = (rank * rt.numMicroBatches() + m) * rt.program.microBatch;
        sigma_load_batch(&rt, m, out.data() + row * 16, targets.data());
      }
  }
  EXPECT_EQ(whole, parts);
}

/// Of a sequence of 16, what each of the ranks of a context group has.
TEST(Batch, RanksOfAContextGroupShareSequences) {
  const DataFile file(4000);
  const std::vector<std::vector<int64_t>> ring{
      {0, 1, 14, 15}, {2, 3, 12, 13}, {4, 5, 10, 11}, {6, 7, 8, 9}},
      allToAll{{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9, 10, 11}, {12, 13, 14, 15}};
  for (const int64_t context : {SIGMA_RING, SIGMA_ALL_TO_ALL})
    for (int rank = 0; rank < 4; ++rank) {
      Runtime rt;
      rt.program.globalBatch = rt.program.microBatch = 2;
      rt.program.sequence = 16;
      rt.mesh.shape.cp = 4;
      rt.mesh.shape.context = context;
      rt.mesh.context.index = rank;
      rt.data.open(file.path, 16, 256, 1);
      std::vector<int32_t> tokens(2 * 4), targets(2 * 4);
      sigma_load_batch(&rt, 0, tokens.data(), targets.data());
      for (int64_t row = 0; row < 2; ++row)
        for (int64_t i = 0; i < 4; ++i) {
          const int64_t position = (context == SIGMA_RING ? ring : allToAll)[rank][i];
          EXPECT_EQ(tokens[row * 4 + i], rt.data.sample(row).token(position));
          EXPECT_EQ(targets[row * 4 + i], rt.data.sample(row).target(position));
        }
    }
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
