// Checksums, boxes, and whole checkpoints: what was saved is what is loaded, under other shardings
// as well, and what was damaged is refused by name.
#include "Support.h"

#include "runtime/checkpoint/Checkpointer.h"
#include "runtime/checkpoint/Crc32c.h"
#include "runtime/checkpoint/Errors.h"
#include "runtime/checkpoint/Loader.h"
#include "runtime/checkpoint/Reader.h"
#include "runtime/health/Fault.h"

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>

using namespace sigma::runtime;
namespace fs = std::filesystem;

/// HDF5 1.10 itself loses memory when it refuses a damaged file.
extern "C" const char *__lsan_default_suppressions() { return "leak:libhdf5"; }

namespace {

TEST(Crc32c, KnownVectors) {
  const std::string digits = "123456789";
  EXPECT_EQ(crc32c(digits.data(), digits.size()), 0xE3069283u);
  std::vector<uint8_t> bytes(32, 0);
  EXPECT_EQ(crc32c(bytes.data(), 32), 0x8A9136AAu);
  std::fill(bytes.begin(), bytes.end(), 0xff);
  EXPECT_EQ(crc32c(bytes.data(), 32), 0x62A8AB43u);
  std::iota(bytes.begin(), bytes.end(), 0);
  EXPECT_EQ(crc32c(bytes.data(), 32), 0x46DD794Eu);
  EXPECT_EQ(crc32c(bytes.data() + 13, 19, crc32c(bytes.data(), 13)), 0x46DD794Eu);
  EXPECT_EQ(crc32cByTable(bytes.data(), 32), 0x46DD794Eu);
}

TEST(Box, Intersection) {
  Box common;
  EXPECT_TRUE(intersect({{0, 2}, {4, 4}}, {{3, 0}, {4, 3}}, common));
  EXPECT_EQ(common, (Box{{3, 2}, {1, 1}}));
  EXPECT_FALSE(intersect({{0, 0}, {4, 4}}, {{4, 0}, {4, 4}}, common));
}

// Boxes of a run have its elements, in its order.
TEST(Box, RunsOfABox) {
  const Box whole{{1, 2, 3}, {3, 4, 5}};
  const int64_t n = whole.elements();
  std::vector<int32_t> numbers(n), elements;
  std::iota(numbers.begin(), numbers.end(), 0);
  for (int64_t begin = 0; begin < n; ++begin)
    for (int64_t end = begin; end <= n; ++end) {
      std::vector<int32_t> run;
      for (const Box &box : boxesOfRun(whole, begin, end)) {
        elements.resize(box.elements());
        copyBox(whole, reinterpret_cast<char *>(numbers.data()), box,
                reinterpret_cast<char *>(elements.data()), box, 4);
        run.insert(run.end(), elements.begin(), elements.end());
      }
      EXPECT_EQ(run, std::vector<int32_t>(numbers.begin() + begin, numbers.begin() + end));
    }
  EXPECT_EQ(boxesOfRun(whole, 20, 40).size(), 1u);
  EXPECT_EQ(boxesOfRun(whole, 1, n - 1).size(), 5u);
  EXPECT_TRUE(boxesOfRun(whole, 7, 3).empty());
}

TEST(Box, CopyInEveryRank) {
  for (int64_t rank = 1; rank <= 4; ++rank) {
    const Shape shape(rank, 5);
    const Box whole{Shape(rank, 0), shape}, part{Shape(rank, 1), Shape(rank, 3)};
    std::vector<int32_t> from(whole.elements()), cut(part.elements()), back(whole.elements(), -1);
    std::iota(from.begin(), from.end(), 0);
    copyBox(whole, reinterpret_cast<char *>(from.data()), part,
            reinterpret_cast<char *>(cut.data()), part, 4);
    copyBox(part, reinterpret_cast<char *>(cut.data()), whole,
            reinterpret_cast<char *>(back.data()), part, 4);
    int64_t kept = 0;
    for (size_t i = 0; i < back.size(); ++i) {
      EXPECT_TRUE(back[i] == -1 || back[i] == from[i]);
      kept += back[i] >= 0;
    }
    EXPECT_EQ(kept, part.elements());
  }
}

/// A one-rank job with three tensors and a checkpoint folder of its own.
struct Job {
  explicit Job(const std::string &folder, int64_t elem = SIGMA_F32) {
    rt.program.name = "test";
    rt.program.elem = elem;
    rt.program.globalBatch = 4;
    rt.program.sequence = 8;
    rt.options.checkpointDir = folder;
    rt.options.checkpointInterval = 1;
    rt.options.checkInterval = 0; // no update makes what is filled in here
    rt.options.steps = 100;
    rt.options.seed = 7;
    rt.options.data = "/usr/share/common-licenses/GPL-3";
    rt.data.open(SIGMA_TEST_TEXT, 8, 256, 7);
    add("norm", {33}, false);
    add("layers.0.wq", {64, 40}, false);
    add("layers.0.gate", {4, 16, 24}, true);
    rt.arena.allocate(end);
  }
  void add(const std::string &name, Shape local, bool expert) {
    Tensor t;
    t.name = name;
    t.local = std::move(local);
    t.expert = expert;
    for (int64_t *offset : {&t.value, &t.gradient, &t.first, &t.second}) {
      *offset = end;
      end += t.elements() * elemBytes(rt.program.elem);
    }
    rt.tensors.push_back(t);
  }
  void fill(unsigned seed) {
    const auto values = sigma::test::as<float>(sigma::test::randomValues(end / 4, seed));
    std::memcpy(rt.arena.data(), values.data(), end);
  }
  void startCheckpoints() {
    rt.checkpointer = std::make_unique<Checkpointer>(&rt, rt.options.checkpointDir);
    rt.checkpointer->folder().own();
  }
  void save(int64_t step, unsigned seed) {
    fill(seed);
    rt.step.finished = step - 1;
    rt.step.loss = double(step);
    sigma_checkpoint_hook(&rt);
    rt.checkpointer->finish();
  }
  LoadedCheckpoint load() { return loadNewest(&rt, CheckpointFolder(rt.options.checkpointDir)); }
  /// Everything but gradients equals what fill(seed) gives.
  void expectState(unsigned seed) {
    const auto wanted = sigma::test::as<float>(sigma::test::randomValues(end / 4, seed));
    for (const Tensor &t : rt.tensors)
      for (const int64_t offset : {t.value, t.first, t.second})
        EXPECT_EQ(std::memcmp(rt.arena.data() + offset, wanted.data() + offset / 4,
                              t.elements() * elemBytes(rt.program.elem)),
                  0)
            << t.name;
  }
  Runtime rt;
  int64_t end = 0;
};

struct Checkpoints : ::testing::Test {
  Checkpoints() : folder(::testing::TempDir() + "sigma-checkpoint-" + std::to_string(getpid())) {
    fs::remove_all(folder);
  }
  ~Checkpoints() override { fs::remove_all(folder); }

  /// Two checkpoints, of steps 1 (state 1) and 2 (state 2).
  void saveTwo() {
    Job job(folder);
    job.startCheckpoints();
    job.save(1, 1);
    job.save(2, 2);
  }
  std::string path(int64_t step, const std::string &file) {
    return CheckpointFolder(folder).committedPath(step) + "/" + file;
  }
  void expectFallback() {
    Job job(folder);
    EXPECT_EQ(job.load().step, 1);
    job.expectState(1);
  }
  static void flip(const std::string &path, int64_t at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const char byte = char(file.get() ^ 0x10);
    file.seekp(at);
    file.put(byte);
  }
  std::string folder;
};

TEST_F(Checkpoints, RoundTrip) {
  saveTwo();
  Job job(folder);
  const LoadedCheckpoint loaded = job.load();
  EXPECT_EQ(loaded.step, 2);
  EXPECT_EQ(loaded.lossHex, hexFloat(2.0));
  job.expectState(2);
}

TEST_F(Checkpoints, RoundTripInDouble) {
  {
    Job job(folder, SIGMA_F64);
    job.startCheckpoints();
    job.save(3, 5);
  }
  Job job(folder, SIGMA_F64);
  EXPECT_EQ(job.load().step, 3);
  job.expectState(5);
}

TEST_F(Checkpoints, EmptyFolderHasNothingToLoad) {
  Job job(folder);
  EXPECT_EQ(job.load().step, 0);
}

TEST_F(Checkpoints, KeepsTheNewest) {
  Job job(folder);
  job.startCheckpoints();
  for (int64_t step = 1; step <= 5; ++step)
    job.save(step, 1);
  EXPECT_EQ(CheckpointFolder(folder).candidates(),
            (std::vector<std::string>{"step-00000005", "step-00000004"}));
  EXPECT_EQ(CheckpointFolder(folder).latestStep(), 5);
}

TEST_F(Checkpoints, TruncatedFileIsRefused) {
  saveTwo();
  fs::resize_file(path(2, "rank-0000.h5"), fs::file_size(path(2, "rank-0000.h5")) - 1);
  expectFallback();
}

TEST_F(Checkpoints, FlippedBitInDataIsRefused) {
  saveTwo();
  const CheckpointReader reader(CheckpointFolder(folder).committedPath(2));
  // Somewhere in the middle of the largest tensor's payload.
  flip(path(2, "rank-0000.h5"), int64_t(fs::file_size(path(2, "rank-0000.h5"))) / 2);
  expectFallback();
}

TEST_F(Checkpoints, MissingFileIsRefused) {
  saveTwo();
  fs::remove(path(2, "rank-0000.h5"));
  expectFallback();
}

TEST_F(Checkpoints, EveryFlippedByteOfTheManifestIsRefusedOrHarmless) {
  saveTwo();
  const std::string manifest = path(2, "manifest.h5");
  const int64_t size = fs::file_size(manifest);
  for (int64_t at = 0; at < size; at += std::max<int64_t>(1, size / 200)) {
    flip(manifest, at);
    Job job(folder);
    const int64_t step = job.load().step;
    EXPECT_TRUE(step == 1 || step == 2) << at;
    job.expectState(unsigned(step));
    flip(manifest, at);
  }
}

TEST_F(Checkpoints, MissingManifestIsRefused) {
  saveTwo();
  fs::remove(path(2, "manifest.h5"));
  expectFallback();
}

TEST_F(Checkpoints, NothingValidLoadsNothing) {
  saveTwo();
  for (int64_t step : {1, 2})
    fs::remove(path(step, "manifest.h5"));
  Job job(folder);
  EXPECT_EQ(job.load().step, 0);
}

TEST_F(Checkpoints, LatestThatNamesNothingIsNoHarm) {
  saveTwo();
  std::ofstream(folder + "/LATEST") << "step-00000099\n";
  Job job(folder);
  EXPECT_EQ(job.load().step, 2);
  std::ofstream(folder + "/LATEST") << "garbage ../../etc\n";
  EXPECT_EQ(job.load().step, 2);
}

TEST_F(Checkpoints, OfAnotherRunIsAnErrorOfTheUser) {
  saveTwo();
  Job seed(folder), batch(folder), precision(folder, SIGMA_F64), missing(folder), shape(folder);
  seed.rt.options.seed = 8;
  EXPECT_THROW(seed.load(), UserError);
  batch.rt.program.globalBatch = 8;
  EXPECT_THROW(batch.load(), UserError);
  EXPECT_THROW(precision.load(), UserError);
  missing.rt.tensors.pop_back();
  EXPECT_THROW(missing.load(), UserError);
  shape.rt.tensors[1].local = {40, 64};
  EXPECT_THROW(shape.load(), UserError);
}

TEST_F(Checkpoints, TwoJobsOnOneFolderAreRefused) {
  CheckpointFolder first(folder), second(folder);
  first.own();
  EXPECT_THROW(second.own(), UserError);
}

TEST_F(Checkpoints, LeftoversAreRemoved) {
  saveTwo();
  CheckpointFolder home(folder);
  makeFolder(home.temporaryPath(3));
  home.removeLeftovers();
  EXPECT_FALSE(fs::exists(home.temporaryPath(3)));
  EXPECT_EQ(home.candidates().size(), 2u);
}

TEST_F(Checkpoints, ReplacesARejectedOneOfTheSameStep) {
  saveTwo();
  fs::remove(path(2, "manifest.h5"));
  Job job(folder);
  job.startCheckpoints();
  ASSERT_EQ(job.load().step, 1);
  job.save(2, 9);
  EXPECT_EQ(job.load().step, 2);
  job.expectState(9);
}

/// Writes the given rows of a [4, 6] tensor as one rank's file, and gives its shards.
std::vector<Shard> writeRows(const std::string &folder, int rank, int64_t begin, int64_t rows,
                             Manifest &manifest) {
  const std::string file = rankFileName(rank), path = folder + "/" + file;
  std::vector<DatasetSpec> specs;
  for (const SavedState &state : kSavedStates)
    specs.push_back({std::string(state.name) + "/t", {rows, 6}});
  const std::vector<int64_t> places = createRankFile(path, SIGMA_F32, specs);
  std::vector<float> values(rows * 6);
  std::iota(values.begin(), values.end(), float(begin * 6));
  std::vector<PayloadPiece> pieces;
  for (const int64_t place : places)
    pieces.push_back({reinterpret_cast<char *>(values.data()), rows * 24, place});
  const PayloadResult result = writePayload(path, pieces);
  EXPECT_EQ(result.error, "");
  for (int i = 0; i < 3; ++i)
    manifest.shards.push_back({"t",
                               kSavedStates[i].name,
                               file,
                               specs[i].name,
                               {4, 6},
                               {{begin, 0}, {rows, 6}},
                               rows * 24,
                               result.checksums[i]});
  manifest.fileBytes[file] = int64_t(fs::file_size(path));
  return manifest.shards;
}

TEST_F(Checkpoints, BoxesOfOtherPlansAreAssembledFromShards) {
  makeFolder(folder);
  Manifest manifest;
  manifest.elem = "f32";
  writeRows(folder, 0, 0, 1, manifest);
  writeRows(folder, 1, 1, 3, manifest);
  writeManifest(folder, manifest);
  CheckpointReader reader(folder);
  std::vector<float> whole(24), middle(2 * 3);
  reader.read("t", "value", {{0, 0}, {4, 6}}, reinterpret_cast<char *>(whole.data()));
  for (int i = 0; i < 24; ++i)
    EXPECT_EQ(whole[i], float(i));
  reader.read("t", "second_moment", {{0, 2}, {2, 3}}, reinterpret_cast<char *>(middle.data()));
  EXPECT_EQ(middle, (std::vector<float>{2, 3, 4, 8, 9, 10}));
}

TEST_F(Checkpoints, AMissingShardIsNamed) {
  makeFolder(folder);
  Manifest manifest;
  manifest.elem = "f32";
  writeRows(folder, 1, 1, 3, manifest);
  writeManifest(folder, manifest);
  CheckpointReader reader(folder);
  std::vector<float> whole(24);
  try {
    reader.read("t", "value", {{0, 0}, {4, 6}}, reinterpret_cast<char *>(whole.data()));
    FAIL() << "fill values instead of an error";
  } catch (const RejectedCheckpoint &error) {
    EXPECT_NE(std::string(error.what()).find("value/t cover 18 of the 24"), std::string::npos)
        << error.what();
  }
}

TEST_F(Checkpoints, AFullDiskGivesUpTheCheckpointAndGoesOn) {
  Job job(folder);
  job.startCheckpoints();
  job.save(1, 1);
  // A file where the next temporary folder should be: the snapshot fails like on a full disk.
  std::ofstream(job.rt.checkpointer->folder().temporaryPath(2)) << "in the way";
  job.save(2, 2);
  EXPECT_EQ(job.rt.checkpointer->lastStep(), 1);
  job.save(3, 3);
  EXPECT_EQ(job.rt.checkpointer->lastStep(), 3);
}

} // namespace
