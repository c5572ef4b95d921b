// Reads the lines that others append to a log.
#ifndef SIGMA_RUNTIME_RECOVERY_FOLLOWER_H
#define SIGMA_RUNTIME_RECOVERY_FOLLOWER_H

#include "runtime/Log.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sigma::runtime {

class LogFollower {
public:
  /// What is in the log already is not read.
  explicit LogFollower(std::string path);
  /// The whole lines since the last call.
  std::vector<Json> newLines();

private:
  std::string path;
  int64_t read = 0;
};

} // namespace sigma::runtime

#endif
