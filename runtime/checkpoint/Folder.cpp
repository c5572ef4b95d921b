#include "runtime/checkpoint/Folder.h"
#include "runtime/health/Fault.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace fs = std::filesystem;

namespace sigma::runtime {
namespace {

constexpr const char *kTemporary = ".tmp-";

std::string stepName(int64_t step) {
  char name[40];
  std::snprintf(name, sizeof(name), "step-%08lld", static_cast<long long>(step));
  return name;
}

void check(bool good, const std::string &what) {
  if (!good)
    throw std::system_error(errno, std::generic_category(), what);
}

void writeDurably(const std::string &path, const std::string &text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  check(file >= 0, path);
  const bool written =
      write(file, text.data(), text.size()) == ssize_t(text.size()) && fsync(file) == 0;
  const int error = errno;
  close(file);
  errno = error;
  check(written, path);
}

void renameOver(const std::string &from, const std::string &to) {
  check(std::rename(from.c_str(), to.c_str()) == 0, from + " -> " + to);
}

} // namespace

std::string rankFileName(int rank) {
  char name[40];
  std::snprintf(name, sizeof(name), "rank-%04d.h5", rank);
  return name;
}

int64_t stepOfName(const std::string &name) {
  if (name.rfind("step-", 0) != 0 || name.size() < 13 ||
      name.find_first_not_of("0123456789", 5) != std::string::npos || name.size() > 23)
    return -1;
  return std::stoll(name.substr(5));
}

void makeFolder(const std::string &path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error && !fs::is_directory(path))
    throw std::system_error(error, path);
}

void syncFolder(const std::string &path) {
  const int folder = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  check(folder >= 0, path);
  const int result = fsync(folder);
  close(folder);
  check(result == 0, path);
}

CheckpointFolder::~CheckpointFolder() {
  if (lock >= 0)
    close(lock);
}

std::string CheckpointFolder::temporaryPath(int64_t step) const {
  return root + "/" + kTemporary + stepName(step);
}
std::string CheckpointFolder::committedPath(int64_t step) const {
  return root + "/" + stepName(step);
}

void CheckpointFolder::own() {
  if (lock >= 0)
    return;
  try {
    makeFolder(root);
  } catch (const std::system_error &error) {
    throw UserError("cannot create the checkpoint folder " + root + ": " + error.code().message());
  }
  const std::string path = root + "/.lock";
  lock = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0)
    throw UserError("cannot write to the checkpoint folder " + root + ": " + std::strerror(errno));
  // A killed predecessor may need a moment to be gone.
  for (int tries = 0; flock(lock, LOCK_EX | LOCK_NB) != 0; ++tries) {
    if (tries == 50)
      throw UserError("another job writes to the checkpoint folder " + root +
                      "; give each job its own");
    usleep(100000);
  }
}

void CheckpointFolder::removeLeftovers() const {
  std::error_code error;
  std::vector<fs::path> leftovers;
  for (const fs::directory_entry &entry : fs::directory_iterator(root, error))
    if (entry.path().filename().string().rfind(kTemporary, 0) == 0)
      leftovers.push_back(entry.path());
  for (const fs::path &path : leftovers)
    fs::remove_all(path, error);
}

void CheckpointFolder::commit(int64_t step) const {
  const std::string final = committedPath(step),
                    replaced = root + "/" + kTemporary + "replaced-" + stepName(step);
  syncFolder(temporaryPath(step));
  // A rejected checkpoint of this very step may be in the way.
  if (fs::exists(final))
    renameOver(final, replaced);
  renameOver(temporaryPath(step), final);
  syncFolder(root);
  writeDurably(root + "/" + kTemporary + "LATEST", stepName(step) + "\n");
  renameOver(root + "/" + kTemporary + "LATEST", root + "/LATEST");
  syncFolder(root);
  std::error_code error;
  fs::remove_all(replaced, error);
}

void CheckpointFolder::discard(int64_t step) const {
  std::error_code error;
  fs::remove_all(temporaryPath(step), error);
}

void CheckpointFolder::prune(int64_t step, int64_t keep) const {
  int64_t kept = 0;
  for (const std::string &name : candidates()) {
    std::error_code error;
    if (stepOfName(name) > step || ++kept <= keep)
      continue;
    // One that is half removed must not have the name of a checkpoint.
    const std::string removed = root + "/" + kTemporary + "removed-" + name;
    fs::rename(root + "/" + name, removed, error);
    fs::remove_all(removed, error);
  }
}

std::vector<std::string> CheckpointFolder::candidates() const {
  std::vector<std::string> names;
  std::error_code error;
  for (const fs::directory_entry &entry : fs::directory_iterator(root, error))
    if (stepOfName(entry.path().filename()) >= 0)
      names.push_back(entry.path().filename());
  const int64_t latest = latestStep();
  const auto key = [&](const std::string &name) {
    const int64_t step = stepOfName(name);
    return std::make_pair(step == latest, step);
  };
  std::sort(names.begin(), names.end(),
            [&](const std::string &a, const std::string &b) { return key(a) > key(b); });
  return names;
}

int64_t CheckpointFolder::latestStep() const {
  std::string name;
  std::ifstream(root + "/LATEST") >> name;
  return stepOfName(name);
}

} // namespace sigma::runtime
