// One run of the job under mpirun, as a child of the supervisor.
#ifndef SIGMA_RUNTIME_RECOVERY_LAUNCH_H
#define SIGMA_RUNTIME_RECOVERY_LAUNCH_H

#include <functional>
#include <string>
#include <vector>

namespace sigma::runtime {

/// What becomes of a run that goes on.
enum class Wish { GoOn, Stop, Kill };

struct LaunchResult {
  bool stopped = false; // this process was asked to stop meanwhile
  bool started = true;  // the launcher's program exists and ran
  bool left = false;    // asked to stop by `wish`
  bool ended = false;   // killed by `wish`
  int status = 0;       // as a shell has it
  std::string how;      // how the launcher ended, for people
  std::string said;     // the end of what it wrote to standard error
};

/// Call once before the first launch: signals become answers of sigtimedwait, and orphaned ranks
/// become children of this process, so that none outlives a run.
void prepareToLaunch();

/// Runs the command to its end, or as `wish`, which is asked several times a second, says; with an
/// environment fit for ranks. A stop request is passed on; no descendant is left.
LaunchResult launch(const std::vector<std::string> &command, const std::function<Wish()> &wish);

/// Runs all of them at once, silently, and ends those that take longer. Another thread may launch a
/// run meanwhile; its end is theirs.
void launchAll(const std::vector<std::vector<std::string>> &commands, double mostSeconds);

/// Sleeps; true when a stop request came.
bool pauseForStop(double seconds);

} // namespace sigma::runtime

#endif
