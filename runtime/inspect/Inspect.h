// What sigma checkpoint does: looks at checkpoints, and writes them anew. No rank, no MPI.
#ifndef SIGMA_RUNTIME_INSPECT_INSPECT_H
#define SIGMA_RUNTIME_INSPECT_INSPECT_H

#include <string>
#include <vector>

namespace sigma::runtime {

/// A checkpoint, or the newest one of a folder of checkpoints. Throws UserError without one.
std::string checkpointAt(const std::string &path);
/// All checkpoints of a folder, newest first, or the one that `path` is. Throws UserError without
/// one.
std::vector<std::string> checkpointsAt(const std::string &path);

struct ListOptions {
  std::string path;
  bool json = false;
};
/// A line for each checkpoint of a folder.
int list(const ListOptions &options);

/// Reads every byte of every checkpoint against its checksum, and sees that each state of each
/// tensor is there once and whole. Exit status 1 where one is not.
int verify(const ListOptions &options);

struct DiffOptions {
  std::string one, other, state; // state: of one alone; empty: all
  bool json = false;
};
/// Of each state of each tensor, the norm of the difference relative to the norm of the other,
/// whatever plans wrote them. Exit status 1 where they are not equal bit by bit.
int diff(const DiffOptions &options);

struct ReshardOptions {
  std::string path, output;
  int files = 1;
};
/// Writes a checkpoint into a folder of its own, in so many files of whole tensors; needs memory
/// for the largest tensor and the largest shard.
int reshard(const ReshardOptions &options);

} // namespace sigma::runtime

#endif
