// Reads boxes of logical tensors from a committed checkpoint, checking everything it touches. Knows
// nothing of ranks or MPI.
#ifndef SIGMA_RUNTIME_CHECKPOINT_READER_H
#define SIGMA_RUNTIME_CHECKPOINT_READER_H

#include "runtime/checkpoint/Hdf5.h"
#include "runtime/checkpoint/Manifest.h"

#include <map>
#include <string>
#include <vector>

namespace sigma::runtime {

class CheckpointReader {
public:
  /// Reads and checks the manifest, and that every file is there with its size. Throws
  /// RejectedCheckpoint.
  explicit CheckpointReader(std::string folder);

  const Manifest &manifest() const { return contents; }
  int64_t elemBytes() const { return contents.elem == "f64" ? 8 : 4; }

  /// Fills `target`, the row-major memory of `wanted`, from the saved shards. Throws
  /// RejectedCheckpoint when a shard is damaged, or when the shards do not cover the box.
  void read(const std::string &tensor, const std::string &state, const Box &wanted, char *target);

  /// The bytes of one shard, after its checksum was found right.
  const std::vector<char> &load(const Shard &shard);

private:
  void checkFiles() const;
  void readDataset(const Shard &shard);

  std::string folder;
  Manifest contents;
  std::map<std::string, Hdf5Handle> files;
  const Shard *loaded = nullptr; // the shard in `buffer`
  std::vector<char> buffer;
};

} // namespace sigma::runtime

#endif
