#include "runtime/recovery/Supervisor.h"
#include "runtime/checkpoint/Folder.h"
#include "runtime/health/Fault.h"
#include "runtime/health/Hang.h"
#include "runtime/recovery/EndMarker.h"
#include "runtime/recovery/Hosts.h"
#include "runtime/recovery/Launch.h"
#include "runtime/recovery/Witness.h"
#include "runtime/repair/Control.h"
#include "runtime/repair/Monitor.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

namespace sigma::runtime {
namespace {

std::string ownPath() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

std::vector<std::string> commandOf(const Runtime &rt, const std::vector<Host> &hosts,
                                   const std::string &marker) {
  const Options &o = rt.options;
  // Ranks hear of a stop by SIGUSR1. When one is lost the others have nothing to say any more:
  // without a pause between SIGTERM and SIGKILL mpirun ends within 50 ms instead of 2 s.
  std::vector<std::string> command = {o.mpirun,
                                      "--oversubscribe",
                                      "-n",
                                      std::to_string(rt.mesh.shape.size() + o.spares),
                                      "--mca",
                                      "mpi_yield_when_idle",
                                      "1",
                                      "--mca",
                                      "odls_base_sigkill_timeout",
                                      "0",
                                      "--bind-to",
                                      "none"};
  if (o.spares > 0) // the loss of a rank is not the end of the others
    command.insert(command.end(), {"--enable-recovery", "-x", kControlVariable});
  for (const std::string &argument : mpirunArguments(hosts))
    command.push_back(argument);
  command.insert(command.end(), o.mpirunArgs.begin(), o.mpirunArgs.end());
  command.insert(command.end(),
                 {ownPath(), "--data=" + o.data, "--steps=" + std::to_string(o.steps),
                  "--precision=" + o.precision, "--seed=" + std::to_string(o.seed),
                  "--threads=" + std::to_string(o.threads),
                  "--check-interval=" + std::to_string(o.checkInterval),
                  "--slow-factor=" + std::to_string(o.slowFactor),
                  "--snapshot-interval=" + std::to_string(o.snapshotInterval),
                  "--end-marker=" + marker});
  if (!o.checkpointDir.empty())
    command.insert(command.end(), {"--checkpoint-dir=" + o.checkpointDir, "--resume",
                                   "--checkpoint-interval=" + std::to_string(o.checkpointInterval),
                                   "--keep=" + std::to_string(o.keep)});
  if (o.hangAfter > 0)
    command.push_back("--hang-after=" + std::to_string(o.hangAfter));
  if (!o.log.empty())
    command.push_back("--log=" + o.log);
  if (o.quiet)
    command.push_back("--quiet");
  return command;
}

/// What became of one run; `unrepaired` is what its monitor could not repair.
EndMarker endOf(const LaunchResult &run, const std::string &marker, const std::string &unrepaired) {
  if (std::optional<EndMarker> spoken = readEndMarker(marker))
    return *spoken;
  if (!unrepaired.empty())
    return {SIGMA_EXIT_RETRY, "rank-lost", unrepaired};
  if (run.ended)
    return {SIGMA_EXIT_RETRY, "rank-hung", "no rank has finished a step in time"};
  return {SIGMA_EXIT_RETRY, "rank-lost", "a rank was lost: " + run.how};
}

/// With spares, a monitor that the ranks find by their environment.
std::unique_ptr<Monitor> newMonitor(const Runtime &rt) {
  if (rt.options.spares == 0)
    return nullptr;
  auto monitor = std::make_unique<Monitor>(rt.mesh.shape.size(), rt.options.spares, rt.log);
  setenv(kControlVariable, monitor->address().c_str(), 1);
  return monitor;
}

/// Without a checkpoint folder the ranks begin again at the first step, which gives the same
/// losses.
class Supervision {
public:
  explicit Supervision(Runtime &rt)
      : rt(rt), marker(markerPath(rt.options.checkpointDir)), witness(rt.options) {
    if (!rt.options.checkpointDir.empty())
      folder.emplace(rt.options.checkpointDir);
    if (rt.options.hosts.empty())
      return;
    hosts = readHosts(rt.options.hosts);
    if (slotsOf(hosts) < numRanks())
      throw UserError("--hosts: " + rt.options.hosts + " has " + std::to_string(slotsOf(hosts)) +
                      " slots, and this program " + std::to_string(numRanks()) + " ranks");
  }

  int run() {
    for (;;) {
      if (folder)
        folder->removeLeftovers();
      forgetRun();
      BeatReader beat(beatPath(marker));
      const std::unique_ptr<Monitor> monitor = newMonitor(rt);
      const LaunchResult result = launch(commandOf(rt, hostsOfRun(), marker), [&] {
        witness.look();
        return !beat.isOverdue() && !(monitor && monitor->mustEnd());
      });
      const EndMarker end = endOf(result, marker, monitor ? monitor->reason() : "");
      forgetRun();
      if (!result.started)
        throw UserError("cannot start " + rt.options.mpirun +
                        ": install Open MPI, or name its mpirun with --mpirun");
      sayFault(end);
      if (result.stopped || !isWorthAnotherRun(end))
        return end.status;
      if (!mayRestart(end.reason))
        return SIGMA_EXIT_RETRY;
    }
  }

private:
  int64_t numRanks() const { return rt.mesh.shape.size(); }

  std::vector<Host> hostsOfRun() const {
    return chooseHosts(hosts, numRanks(), [](const Host &) { return true; });
  }

  static std::string markerPath(const std::string &checkpointDir) {
    const std::string where =
        checkpointDir.empty() ? std::filesystem::temp_directory_path().string() : checkpointDir;
    return where + "/.end-" + std::to_string(getpid()) + ".json";
  }

  void forgetRun() const {
    unlink(marker.c_str());
    unlink(beatPath(marker).c_str());
  }

  /// What the ranks cannot say themselves: only rank 0 writes to the log.
  void sayFault(const EndMarker &end) const {
    if (end.status == SIGMA_EXIT_DONE || end.kind == "stop-requested" || end.kind == "user-error")
      return;
    Json event = {{"kind", end.kind}};
    if (end.rank >= 0)
      event.update({{"rank", end.rank}, {"step", end.step}});
    event.update({{"reason", end.reason}, {"status", end.status}});
    rt.log.event("fault", event);
  }

  /// A wrong command or a wrong file would be wrong again. So would a number that the program made
  /// not finite, but not one that the hardware did: the same step twice is the program's.
  bool isWorthAnotherRun(const EndMarker &end) {
    if (end.kind != "non-finite")
      return end.status == SIGMA_EXIT_RETRY;
    const bool again = end.step != notFinite;
    notFinite = end.step;
    return again;
  }

  /// Counts, waits, and says so; false when it is time to give up, or to stop.
  bool mayRestart(const std::string &reason) {
    const int64_t reached = folder ? folder->latestStep() : -1;
    if (reached > lastReached) {
      attempts = 0;
      backOff = kFirstBackOff;
    }
    lastReached = std::max(lastReached, reached);
    if (attempts >= rt.options.maxRestarts) {
      const std::string text =
          std::to_string(attempts) + " restarts without a new checkpoint; last: " + reason;
      rt.log.event("fault", {{"kind", "gave-up"}, {"reason", text}, {"status", SIGMA_EXIT_RETRY}});
      std::fprintf(stderr, "train: error: gave up after %s\n", text.c_str());
      return false;
    }
    ++attempts;
    rt.log.event("restart", {{"attempt", attempts},
                             {"checkpoint", std::max<int64_t>(reached, 0)},
                             {"backOffSeconds", backOff}});
    std::fprintf(stderr, "train: %s; restart %lld of at most %lld\n", reason.c_str(),
                 static_cast<long long>(attempts), static_cast<long long>(rt.options.maxRestarts));
    witness.look();
    const bool stop = pauseForStop(backOff);
    backOff = std::min(2 * backOff, kMostBackOff);
    return !stop;
  }

  static constexpr double kFirstBackOff = 0.1, kMostBackOff = 5;

  Runtime &rt;
  std::optional<CheckpointFolder> folder;
  std::string marker;
  Witness witness;
  std::vector<Host> hosts; // none: this one
  int64_t attempts = 0, lastReached = -1;
  int64_t notFinite = -1; // the last step that was
  double backOff = kFirstBackOff;
};

} // namespace

/// Refuses a folder that cannot be written, or whose checkpoints would be continued unasked.
static void claimFolder(const Options &options) {
  CheckpointFolder folder(options.checkpointDir);
  makeFolder(folder.path());
  if (!options.resume && !folder.candidates().empty())
    throw UserError("the checkpoint folder " + folder.path() +
                    " holds checkpoints; continue them with --resume, or name another folder");
}

int supervise(Runtime &rt) {
  try {
    if (!rt.options.checkpointDir.empty())
      claimFolder(rt.options);
    rt.log.open(rt.options.log);
  } catch (const UserError &) {
    throw;
  } catch (const std::exception &error) {
    throw UserError(error.what());
  }
  prepareToLaunch();
  return Supervision(rt).run();
}

} // namespace sigma::runtime
