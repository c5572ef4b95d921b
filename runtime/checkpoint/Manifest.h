// The manifest of a checkpoint: which shard of which logical tensor lies where, and what the run
// was. It is the last file of a checkpoint to be written, an HDF5 file with the dataset `manifest`
// (JSON text) and its attribute `crc32c`.
#ifndef SIGMA_RUNTIME_CHECKPOINT_MANIFEST_H
#define SIGMA_RUNTIME_CHECKPOINT_MANIFEST_H

#include "runtime/Log.h"
#include "runtime/Tensor.h"
#include "runtime/checkpoint/Box.h"
#include "runtime/comm/Mesh.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sigma::runtime {

/// What is saved of a tensor, and the groups of a rank file.
struct SavedState {
  State state;
  const char *name;
};
constexpr SavedState kSavedStates[] = {{State::Value, "value"},
                                       {State::FirstMoment, "first_moment"},
                                       {State::SecondMoment, "second_moment"}};

/// One dataset of one rank file: a box of one state of a logical tensor.
struct Shard {
  std::string tensor, state, file, dataset;
  Shape globalShape;
  Box box;
  int64_t bytes = 0;
  uint32_t crc = 0;
};

struct Manifest {
  int64_t version = 1;
  int64_t step = 0;
  int64_t seed = 0;
  std::string program, programHash, elem; // elem: "f32", "f64"
  MeshShape mesh;                         // for people: a shard says itself what it holds
  int64_t globalBatch = 0, sequence = 0;
  int64_t dataBytes = 0;
  uint32_t dataCrc = 0;
  std::string lossHex; // of the step
  std::map<std::string, int64_t> fileBytes;
  std::vector<Shard> shards;

  /// Global shape of every logical tensor.
  std::map<std::string, Shape> tensors() const;
};

Json toJson(const MeshShape &mesh);
Json toJson(const Shard &shard);
Shard shardFromJson(const Json &json);

/// Writes manifest.h5 in the folder, and makes it durable: two calls, because only the first one
/// needs HDF5, and only the second one the disk.
void writeManifest(const std::string &folder, const Manifest &manifest);
void syncManifest(const std::string &folder);
/// Throws RejectedCheckpoint when it is missing, damaged or not understood.
Manifest readManifest(const std::string &folder);

} // namespace sigma::runtime

#endif
