#include "runtime/checkpoint/Folder.h"
#include "runtime/health/Fault.h"
#include "runtime/inspect/Inspect.h"

#include <filesystem>

namespace sigma::runtime {

static bool isCheckpoint(const std::string &path) {
  return std::filesystem::exists(path + "/manifest.h5");
}

std::vector<std::string> checkpointsAt(const std::string &path) {
  if (isCheckpoint(path))
    return {path};
  if (!std::filesystem::is_directory(path))
    throw UserError(path + ": there is no such folder");
  std::vector<std::string> found;
  for (const std::string &name : CheckpointFolder(path).candidates())
    found.push_back(path + "/" + name);
  if (found.empty())
    throw UserError(path + ": neither a checkpoint nor a folder of checkpoints");
  return found;
}

std::string checkpointAt(const std::string &path) { return checkpointsAt(path).front(); }

} // namespace sigma::runtime
