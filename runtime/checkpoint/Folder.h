// The checkpoint folder: one folder per committed step, a file LATEST that names the newest,
// temporary folders while a checkpoint is written, and a lock.
//
//   D/LATEST             "step-00000100"
//   D/step-00000100/     rank-0000.h5 ... manifest.h5
//   D/.tmp-step-...      not committed
//   D/.lock
#ifndef SIGMA_RUNTIME_CHECKPOINT_FOLDER_H
#define SIGMA_RUNTIME_CHECKPOINT_FOLDER_H

#include <cstdint>
#include <string>
#include <vector>

namespace sigma::runtime {

class CheckpointFolder {
public:
  explicit CheckpointFolder(std::string path) : root(std::move(path)) {}
  CheckpointFolder(const CheckpointFolder &) = delete;
  CheckpointFolder &operator=(const CheckpointFolder &) = delete;
  ~CheckpointFolder();

  const std::string &path() const { return root; }
  std::string temporaryPath(int64_t step) const;
  std::string committedPath(int64_t step) const;

  /// Creates the folder, sees whether it can be written, and takes it for this job until the
  /// process ends. Throws UserError.
  void own();
  /// Removes what an interrupted writer left.
  void removeLeftovers() const;

  /// Makes the temporary folder of a step the committed one and LATEST name it. Throws
  /// std::system_error.
  void commit(int64_t step) const;
  void discard(int64_t step) const;
  /// Removes all but the newest `keep` checkpoints up to `step`.
  void prune(int64_t step, int64_t keep) const;

  /// Names of the committed checkpoints: what LATEST names, then the others, newest first.
  std::vector<std::string> candidates() const;
  /// The step that LATEST names; -1 without one.
  int64_t latestStep() const;

private:
  std::string root;
  int lock = -1;
};

std::string rankFileName(int rank);
/// The step in "step-00000100"; -1 for another name.
int64_t stepOfName(const std::string &name);

/// Creates a folder that may exist; makes the entries of one durable. Both throw std::system_error.
void makeFolder(const std::string &path);
void syncFolder(const std::string &path);

} // namespace sigma::runtime

#endif
