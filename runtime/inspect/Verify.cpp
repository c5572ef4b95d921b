#include "runtime/checkpoint/Errors.h"
#include "runtime/checkpoint/Reader.h"
#include "runtime/inspect/Inspect.h"

#include <cstdio>
#include <map>

namespace sigma::runtime {
namespace {

/// Throws RejectedCheckpoint where the shards of a state of a tensor overlap, or leave a gap.
void checkCover(const std::string &what, const Shape &whole, const std::vector<Box> &boxes) {
  int64_t covered = 0;
  for (size_t i = 0; i < boxes.size(); ++i) {
    covered += boxes[i].elements();
    for (size_t j = 0; j < i; ++j)
      if (Box twice; intersect(boxes[i], boxes[j], twice))
        throw RejectedCheckpoint("the saved shards of " + what + " overlap");
  }
  if (covered != elementsOf(whole))
    throw RejectedCheckpoint("the saved shards of " + what + " cover " + std::to_string(covered) +
                             " of its " + std::to_string(elementsOf(whole)) + " elements");
}

/// Returns the bytes that were read.
int64_t verifyOne(const std::string &path) {
  CheckpointReader reader(path);
  const Manifest &manifest = reader.manifest();
  std::map<std::pair<std::string, std::string>, std::vector<Box>> boxes;
  int64_t bytes = 0;
  for (const Shard &shard : manifest.shards) {
    bytes += int64_t(reader.load(shard).size());
    boxes[{shard.state, shard.tensor}].push_back(shard.box);
  }
  for (const auto &[tensor, shape] : manifest.tensors())
    for (const SavedState &state : kSavedStates)
      checkCover(path + ": " + state.name + "/" + tensor, shape, boxes[{state.name, tensor}]);
  return bytes;
}

} // namespace

int verify(const ListOptions &options) {
  Json all = Json::array();
  int status = 0;
  for (const std::string &path : checkpointsAt(options.path)) {
    Json entry = {{"path", path}};
    try {
      entry["bytes"] = verifyOne(path);
    } catch (const RejectedCheckpoint &error) {
      entry["problem"] = error.what();
      status = 1;
    }
    if (!options.json && entry.contains("problem"))
      std::printf("%s: rejected: %s\n", path.c_str(), entry["problem"].get<std::string>().c_str());
    else if (!options.json)
      std::printf("%s: whole, %.1f MiB read\n", path.c_str(),
                  double(entry["bytes"].get<int64_t>()) / (1 << 20));
    all.push_back(std::move(entry));
  }
  if (options.json)
    std::printf("%s\n", all.dump(2).c_str());
  return status;
}

} // namespace sigma::runtime
