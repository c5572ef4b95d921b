// Reads the log of a supervised run as it grows, for the site's command and its metrics.
#ifndef SIGMA_RUNTIME_RECOVERY_WITNESS_H
#define SIGMA_RUNTIME_RECOVERY_WITNESS_H

#include "runtime/Options.h"
#include "runtime/recovery/Follower.h"
#include "runtime/recovery/Metrics.h"

#include <cstdint>
#include <vector>

namespace sigma::runtime {

class Witness {
public:
  explicit Witness(const Options &options);
  /// The last look.
  ~Witness();
  Witness(const Witness &) = delete;
  Witness &operator=(const Witness &) = delete;

  /// The lines since the last look. Cheap; waits only for the site's command, after a fault.
  std::vector<Json> look();

private:
  void writeMetrics();

  const Options &options;
  LogFollower follower;
  Metrics metrics;
  int64_t writtenNs = 0;
};

} // namespace sigma::runtime

#endif
