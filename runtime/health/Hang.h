// Tells a job that stands still from one that is slow. Ranks that wait for others too long end the
// job; a job that does not even do that, for one rank alone or all of them are stopped, is ended by
// its supervisor, who looks at the beat that rank 0 leaves with every step.
#ifndef SIGMA_RUNTIME_HEALTH_HANG_H
#define SIGMA_RUNTIME_HEALTH_HANG_H

#include "runtime/abi/abi.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sigma::runtime {

class HangWatch {
public:
  /// Collective: every rank learns of every other's process.
  void start(sigma_rt rt);
  void stepDone(sigma_rt rt, int64_t stepNs);

  /// How long a rank may wait for others: what --hang-after says, or ten times the longest step, a
  /// minute at least. Longer before the first step, and while files are awaited.
  int64_t limitNs() const;

  /// Ends the job when a rank has waited for longer than that; where spares can take the place of
  /// ranks of this host that are stopped, kills these instead.
  void check(sigma_rt rt, int64_t waitedNs);

  /// Waits for a disk, which may be slow.
  class ForDisk {
  public:
    explicit ForDisk(sigma_rt rt);
    ~ForDisk();
    ForDisk(const ForDisk &) = delete;
    ForDisk &operator=(const ForDisk &) = delete;

  private:
    sigma_rt rt;
  };

private:
  void beat(sigma_rt rt) const;

  void killStopped() const;

  int64_t statedNs = 0, longestStepNs = 0, patientUntilNs = 0;
  bool waitsForDisk = false;
  struct Peer {
    int64_t process, host;
  };
  std::vector<Peer> peers;

  std::string silentRanks() const;
};

/// The file of the beat of a run with this end marker.
std::string beatPath(const std::string &endMarker);

/// What the supervisor sees of a run: whether its beat has stopped.
class BeatReader {
public:
  explicit BeatReader(std::string path) : path(std::move(path)) {}
  /// True when the last beat is older than twice the limit that it states.
  bool isOverdue();

private:
  std::string path, last;
  int64_t seenNs = 0;
};

} // namespace sigma::runtime

#endif
