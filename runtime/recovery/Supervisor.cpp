#include "runtime/recovery/Supervisor.h"
#include "runtime/checkpoint/Folder.h"
#include "runtime/comm/Wait.h"
#include "runtime/health/Fault.h"
#include "runtime/health/Hang.h"
#include "runtime/recovery/EndMarker.h"
#include "runtime/recovery/Fallbacks.h"
#include "runtime/recovery/Fleet.h"
#include "runtime/recovery/Judgement.h"
#include "runtime/recovery/Launch.h"
#include "runtime/recovery/Replays.h"
#include "runtime/recovery/Witness.h"
#include "runtime/repair/Control.h"
#include "runtime/repair/Monitor.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

namespace sigma::runtime {
namespace {

/// mpirun with the ranks on these hosts; without hosts, where it likes. `more` is for mpirun.
std::vector<std::string> launcherOf(const Options &o, const std::vector<Host> &hosts,
                                    const RunnableProgram &program,
                                    const std::vector<std::string> &more = {}) {
  // Ranks hear of a stop by SIGUSR1. When one is lost the others have nothing to say any more:
  // without a pause between SIGTERM and SIGKILL mpirun ends within 50 ms instead of 2 s.
  std::vector<std::string> command = {o.mpirun,
                                      "--oversubscribe",
                                      "-n",
                                      std::to_string(program.ranks),
                                      "--mca",
                                      "mpi_yield_when_idle",
                                      "1",
                                      "--mca",
                                      "odls_base_sigkill_timeout",
                                      "0",
                                      "--bind-to",
                                      "none"};
  for (const std::string &argument : mpirunArguments(hosts))
    command.push_back(argument);
  command.insert(command.end(), more.begin(), more.end());
  command.insert(command.end(), o.mpirunArgs.begin(), o.mpirunArgs.end());
  command.push_back(program.path);
  return command;
}

std::vector<std::string> commandOf(const Options &o, const std::vector<Host> &hosts,
                                   const RunnableProgram &program, const std::string &marker) {
  std::vector<std::string> recovery;
  if (o.spares > 0) // the loss of a rank is not the end of the others
    recovery = {"--enable-recovery", "-x", kControlVariable};
  std::vector<std::string> command =
      launcherOf(o, hosts, {program.path, program.ranks + o.spares}, recovery);
  command.insert(command.end(), {"--data=" + o.data, "--steps=" + std::to_string(o.steps),
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

/// Of this host's kernel, since it was started.
int64_t outOfMemoryKills() {
  std::ifstream file("/proc/vmstat");
  int64_t count = 0;
  for (std::string name; file >> name >> count;)
    if (name == "oom_kill")
      return count;
  return 0;
}

/// What became of one run; `unrepaired` is what its monitor could not repair.
EndMarker endOf(const LaunchResult &run, const std::string &marker, const std::string &unrepaired,
                int64_t killsBefore) {
  if (std::optional<EndMarker> spoken = readEndMarker(marker))
    return *spoken;
  // It is there, and a full disk has kept it empty.
  if (!run.ended && run.status == SIGMA_EXIT_DONE && access(marker.c_str(), F_OK) == 0)
    return {SIGMA_EXIT_DONE, "done", ""};
  if (!unrepaired.empty())
    return {SIGMA_EXIT_RETRY, "rank-lost", unrepaired};
  if (run.ended)
    return {SIGMA_EXIT_RETRY, "rank-hung", "no rank has finished a step in time"};
  const std::optional<LostRank> lost = lostRank(run.said);
  std::string kind = kindOfStatus(run.status), reason = "a rank was lost: " + run.how;
  if (kind == "rank-lost" && outOfMemoryKills() > killsBefore) {
    kind = "memory-exhausted";
    reason += "; the kernel of this host has killed for want of memory";
  }
  return {SIGMA_EXIT_RETRY, kind, reason, -1, lost ? lost->rank : -1};
}

/// With spares, a monitor that the ranks find by their environment.
std::unique_ptr<Monitor> newMonitor(const Runtime &rt, int64_t ranks) {
  if (rt.options.spares == 0)
    return nullptr;
  auto monitor = std::make_unique<Monitor>(ranks, rt.options.spares, rt.log);
  setenv(kControlVariable, monitor->address().c_str(), 1);
  return monitor;
}

/// Without a checkpoint folder the ranks begin again at the first step, which gives the same
/// losses.
class Supervision {
public:
  explicit Supervision(Runtime &rt)
      : rt(rt), scratch(scratchPath(rt.options.checkpointDir)), witness(rt.options),
        programs(findPrograms(rt, scratch + ".program")),
        fleet(rt, sizesOf(programs), scratch + ".proof",
              [&rt](const std::vector<Host> &hosts, const std::string &file) {
                std::vector<std::string> command =
                    launcherOf(rt.options, hosts, {ownPath(), slotsOf(hosts)});
                command.push_back("--prove=" + file);
                return command;
              }),
        patience(rt.options.maxRestarts) {
    if (!rt.options.checkpointDir.empty())
      folder.emplace(rt.options.checkpointDir);
  }

  int run() {
    for (;;) {
      const Choice choice = waitForHosts();
      if (fleet.isStorm())
        return giveUp("storm",
                      std::to_string(rt.options.stormNodes) +
                          " nodes have failed in the same way within an hour",
                      SIGMA_EXIT_FAULT);
      if (choice.ranks == 0)
        return giveUp("hosts-missing",
                      std::to_string(slotsOf(choice.hosts)) + " slots are left of the " +
                          std::to_string(programs.back().ranks) + " that the plan needs",
                      SIGMA_EXIT_RETRY);
      takeProgram(choice);
      const std::unique_ptr<Monitor> monitor = newMonitor(rt, choice.ranks);
      const int64_t killsBefore = outOfMemoryKills();
      const LaunchResult result = runOnce(choice.hosts, monitor.get());
      EndMarker end = endOf(result, marker(), monitor ? monitor->reason() : "", killsBefore);
      forgetRun();
      if (!result.started)
        throw UserError("cannot start " + rt.options.mpirun +
                        ": install Open MPI, or name its mpirun with --mpirun");
      readLog();
      judgeNodes(end);
      slowRanks.clear();
      if (!mayReplay(end))
        return giveUp("wrong-program",
                      "a wrong number came again on another node, so the program makes it: " +
                          end.reason,
                      SIGMA_EXIT_FAULT);
      if (result.left && !result.stopped && end.kind == "stop-requested")
        continue; // with more ranks
      sayFault(end);
      if (result.stopped || !isWorthAnotherRun(end))
        return end.status;
      if (!mayRestart(end))
        return SIGMA_EXIT_RETRY;
    }
  }

private:
  LaunchResult runOnce(const std::vector<Host> &hosts, const Monitor *monitor) {
    if (folder)
      folder->removeLeftovers();
    ++runs; // ranks that were cut off may still write to the marker of theirs
    forgetRun();
    BeatReader beat(beatPath(marker()));
    const LaunchResult result = launch(commandOf(rt.options, hosts, *program, marker()), [&] {
      readLog();
      if (beat.isOverdue() || (monitor && monitor->mustEnd()))
        return Wish::Kill;
      return mayReturn() ? Wish::Stop : Wish::GoOn;
    });
    fleet.endLook();
    return result;
  }

  /// To the plan of more ranks, from a checkpoint.
  bool mayReturn() {
    return folder && program != &programs.front() && !fleet.isEmpty() && fleet.mayGrow();
  }

  static std::vector<int64_t> sizesOf(const std::vector<RunnableProgram> &programs) {
    std::vector<int64_t> sizes;
    for (const RunnableProgram &program : programs)
      sizes.push_back(program.ranks);
    return sizes;
  }

  /// Says so where it is another one than before.
  void takeProgram(const Choice &choice) {
    const RunnableProgram *before = program;
    program = &*std::find_if(programs.begin(), programs.end(), [&](const RunnableProgram &each) {
      return each.ranks == choice.ranks;
    });
    if (program == before)
      return;
    const int64_t full = programs.front().ranks;
    rt.log.event("plan", {{"program", program->path}, {"ranks", program->ranks}, {"of", full}});
    std::fprintf(stderr, "train: the plan for %lld ranks of %lld runs\n",
                 static_cast<long long>(program->ranks), static_cast<long long>(full));
  }

  /// Until enough of them are good, or for as long as is allowed.
  Choice waitForHosts() {
    constexpr double kPauseS = 2;
    const int64_t begin = nowNs();
    for (;;) {
      Choice choice = fleet.choose();
      if (choice.ranks > 0 || fleet.isStorm() ||
          double(nowNs() - begin) / 1e9 >= rt.options.waitForHosts || pauseForStop(kPauseS))
        return choice;
    }
  }

  /// Which nodes a fault speaks against.
  void judgeNodes(EndMarker &end) {
    if (fleet.isEmpty() || end.status == SIGMA_EXIT_DONE || end.status == SIGMA_EXIT_USER_ERROR)
      return;
    if (folder && folder->latestStep() > reachedBefore)
      fleet.clear();
    reachedBefore = folder ? folder->latestStep() : -1;
    for (int64_t rank : slowRanks)
      if (const auto node = fleet.nodeOf(rank))
        fleet.blame(*node, "slow-rank", "rank " + std::to_string(rank));
    const int64_t accused = accusedRank(end.reason).value_or(end.step < 0 ? end.rank : -1);
    if (const auto node = fleet.nodeOf(accused))
      fleet.blame(*node, end.kind, end.reason);
    if (end.kind == "stop-requested" || isOwnFault(end.kind))
      return;
    if (const std::vector<std::string> lost = fleet.loseSilent(); !lost.empty()) {
      end.kind = "node-lost";
      end.reason = lost.front() + " does not answer; " + end.reason;
    }
  }

  /// What the ranks say while they run.
  void readLog() {
    for (const Json &line : witness.look()) {
      if (line.value("event", "") == "slow-rank")
        slowRanks.push_back(line.value("rank", int64_t(-1)));
      if (!line.contains("loss"))
        continue;
      if (const auto verdict = replays.passed(line.value("step", int64_t(0))))
        sayVerdict(*verdict == Verdict::Transient ? "transient" : "persistent");
    }
  }

  void sayVerdict(const char *verdict) const {
    const WrongNumber &wrong = replays.last();
    Json event = {{"of", wrong.kind}, {"step", wrong.step}, {"rank", wrong.rank}};
    if (!wrong.node.empty())
      event["node"] = wrong.node;
    event["verdict"] = verdict;
    rt.log.event("verdict", event);
  }

  /// Restarts replay what a wrong number was found in. False when it is the program's own.
  bool mayReplay(const EndMarker &end) {
    if (end.kind != "replicas-differ" && end.kind != "value-jumped")
      return true;
    const int64_t rank = accusedRank(end.reason).value_or(-1);
    const std::string node = fleet.nodeOf(rank).value_or("");
    switch (replays.next({end.kind, end.step, rank, node})) {
    case Replay::InPlace:
      return true;
    case Replay::Elsewhere:
      fleet.leaveOut(node, end.kind + " again " + end.reason);
      return true;
    case Replay::None:
      sayVerdict("program");
      return false;
    }
    return true;
  }

  /// Ranks lived to say it, and all nodes answer.
  static bool isOwnFault(const std::string &kind) {
    return kind != "rank-lost" && kind != "rank-hung" && kind != "launch-failed";
  }

  static std::string scratchPath(const std::string &checkpointDir) {
    const std::string where =
        checkpointDir.empty() ? std::filesystem::temp_directory_path().string() : checkpointDir;
    return where + "/.end-" + std::to_string(getpid());
  }

  std::string marker() const { return scratch + "-" + std::to_string(runs) + ".json"; }

  void forgetRun() const {
    unlink(marker().c_str());
    unlink(beatPath(marker()).c_str());
  }

  /// What the ranks cannot say themselves: only rank 0 writes to the log.
  void sayFault(const EndMarker &end) const {
    if (end.status == SIGMA_EXIT_DONE || end.kind == "stop-requested" || end.kind == "user-error")
      return;
    Json event = {{"kind", end.kind}};
    if (end.rank >= 0)
      event["rank"] = end.rank;
    if (end.step >= 0)
      event["step"] = end.step;
    event.update({{"reason", end.reason}, {"status", end.status}});
    rt.log.event("fault", event);
  }

  int giveUp(const std::string &kind, const std::string &reason, int status) {
    rt.log.event("fault", {{"kind", kind}, {"reason", reason}, {"status", status}});
    std::fprintf(stderr, "train: error: %s: %s\n", kind.c_str(), reason.c_str());
    return status;
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

  /// Waits, and says so; false when it is time to give up, or to stop.
  bool mayRestart(const EndMarker &end) {
    const int64_t reached = folder ? folder->latestStep() : -1;
    const auto pause = patience.next(classOf(end.kind).value_or(FaultClass::Unknown), reached);
    if (!pause) {
      giveUp("gave-up",
             std::to_string(patience.restarts()) +
                 " restarts without a new checkpoint; last: " + end.reason,
             SIGMA_EXIT_RETRY);
      return false;
    }
    rt.log.event("restart", {{"attempt", patience.restarts()},
                             {"checkpoint", std::max<int64_t>(reached, 0)},
                             {"backOffSeconds", *pause}});
    std::fprintf(stderr, "train: %s; restart %lld without a new checkpoint\n", end.reason.c_str(),
                 static_cast<long long>(patience.restarts()));
    readLog();
    return !pauseForStop(*pause);
  }

  Runtime &rt;
  std::optional<CheckpointFolder> folder;
  std::string scratch; // begin of the names of files that all hosts see
  Witness witness;
  std::vector<int64_t> slowRanks; // of this run
  Replays replays;
  const std::vector<RunnableProgram> programs;
  const RunnableProgram *program = &programs.front(); // of the run
  Fleet fleet;
  Patience patience;
  int64_t runs = 0;
  int64_t reachedBefore = -1;
  int64_t notFinite = -1; // the last step that was
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
