#include "runtime/abi/abi.h"
#include "runtime/checkpoint/Crc32c.h"
#include "runtime/checkpoint/Folder.h"
#include "runtime/checkpoint/RankFile.h"
#include "runtime/checkpoint/Reader.h"
#include "runtime/health/Fault.h"
#include "runtime/inspect/Inspect.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace sigma::runtime {
namespace {

/// Each tensor to the file that has least, larger ones first; by name where they are equal.
std::vector<std::vector<std::string>> spread(const std::map<std::string, Shape> &tensors,
                                             int files) {
  std::vector<std::pair<int64_t, std::string>> bySize;
  for (const auto &[name, shape] : tensors)
    bySize.push_back({-elementsOf(shape), name});
  std::sort(bySize.begin(), bySize.end());
  std::vector<std::vector<std::string>> all(files);
  std::vector<int64_t> load(files);
  for (const auto &[size, name] : bySize) {
    const size_t least = std::min_element(load.begin(), load.end()) - load.begin();
    all[least].push_back(name);
    load[least] -= size;
  }
  return all;
}

class File {
public:
  explicit File(const std::string &path) : path(path), descriptor(open(path.c_str(), O_WRONLY)) {
    check(descriptor >= 0);
  }
  ~File() { close(descriptor); }
  void write(const std::vector<char> &bytes, int64_t place) {
    for (size_t done = 0; done < bytes.size();) {
      const ssize_t wrote =
          pwrite(descriptor, bytes.data() + done, bytes.size() - done, place + int64_t(done));
      check(wrote > 0);
      done += size_t(wrote);
    }
  }
  /// Durable; returns its size.
  int64_t finish() {
    struct stat status = {};
    check(fsync(descriptor) == 0 && fstat(descriptor, &status) == 0);
    return status.st_size;
  }

private:
  void check(bool good) const {
    if (!good)
      throw std::system_error(errno, std::generic_category(), path);
  }
  std::string path;
  int descriptor;
};

/// The shards of whole tensors of one file, without their checksums.
std::vector<Shard> shardsOf(const Manifest &from, const std::vector<std::string> &names,
                            const std::string &file, int64_t elemBytes) {
  std::vector<Shard> shards;
  const std::map<std::string, Shape> shapes = from.tensors();
  for (const std::string &name : names)
    for (const SavedState &state : kSavedStates) {
      const Shape &shape = shapes.at(name);
      shards.push_back({name, state.name, file, std::string(state.name) + "/" + name, shape,
                        Box{Shape(shape.size(), 0), shape}, elementsOf(shape) * elemBytes, 0});
    }
  return shards;
}

void writeFile(CheckpointReader &reader, const std::string &folder, std::vector<Shard> shards,
               Manifest &manifest) {
  std::vector<DatasetSpec> datasets;
  for (const Shard &shard : shards)
    datasets.push_back({shard.dataset, shard.globalShape});
  const std::string name = shards.front().file, path = folder + "/" + name;
  const int64_t elem = reader.elemBytes() == sizeof(double) ? SIGMA_F64 : SIGMA_F32;
  const std::vector<int64_t> places = createRankFile(path, elem, datasets);
  File file(path);
  for (size_t i = 0; i < shards.size(); ++i) {
    std::vector<char> bytes(shards[i].bytes);
    reader.read(shards[i].tensor, shards[i].state, shards[i].box, bytes.data());
    shards[i].crc = crc32c(bytes.data(), bytes.size());
    file.write(bytes, places[i]);
  }
  manifest.fileBytes[name] = file.finish();
  manifest.shards.insert(manifest.shards.end(), shards.begin(), shards.end());
}

} // namespace

int reshard(const ReshardOptions &options) {
  CheckpointReader reader(checkpointAt(options.path));
  Manifest manifest = reader.manifest();
  if (options.files > int(manifest.tensors().size()))
    throw UserError("--files=" + std::to_string(options.files) + ": there are " +
                    std::to_string(manifest.tensors().size()) +
                    " tensors, and each is in one file");
  CheckpointFolder output(options.output);
  output.own();
  if (!output.candidates().empty())
    throw UserError(options.output + " holds checkpoints; name another folder");
  output.removeLeftovers();
  const std::string folder = output.temporaryPath(manifest.step);
  makeFolder(folder);
  const auto files = spread(manifest.tensors(), options.files);
  const Manifest source = manifest;
  manifest.shards.clear();
  manifest.fileBytes.clear();
  try {
    for (size_t i = 0; i < files.size(); ++i)
      writeFile(reader, folder,
                shardsOf(source, files[i], rankFileName(int(i)), reader.elemBytes()), manifest);
    writeManifest(folder, manifest);
    syncManifest(folder);
    output.commit(manifest.step);
  } catch (...) {
    output.discard(manifest.step);
    throw;
  }
  std::printf("wrote %s: step %lld in %d files\n", output.committedPath(manifest.step).c_str(),
              static_cast<long long>(manifest.step), options.files);
  return 0;
}

} // namespace sigma::runtime
