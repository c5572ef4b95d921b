#include "runtime/Train.h"
#include "runtime/Program.h"
#include "runtime/Report.h"
#include "runtime/Trace.h"
#include "runtime/checkpoint/Checkpointer.h"
#include "runtime/checkpoint/Loader.h"
#include "runtime/comm/Collect.h"
#include "runtime/comm/Host.h"
#include "runtime/health/Fault.h"
#include "runtime/recovery/EndMarker.h"
#include "runtime/recovery/Orphan.h"
#include "runtime/recovery/Stop.h"
#include "runtime/repair/Epoch.h"
#include "runtime/repair/Snapshots.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <set>

namespace sigma::runtime {
namespace {

Members onlyMembers(const Runtime &rt) {
  Members members = everyone();
  const int64_t needed = rt.mesh.shape.size(), started = int64_t(members.processes.size());
  if (started != needed)
    throw UserError("this program is built for " + std::to_string(needed) + " ranks (" +
                    rt.mesh.shape.text() + "), and was started with " + std::to_string(started) +
                    "; use mpirun -n " + std::to_string(needed) + ", or --supervise");
  return members;
}

/// Runs f on every rank; when it fails on any, all throw, and rank 0 knows every reason.
template <class F>
void together(Runtime &rt, F f) {
  std::string reason;
  try {
    f();
  } catch (const std::exception &error) {
    reason = error.what();
  }
  if (largestOf(&rt, !reason.empty()) == 0)
    return;
  const std::vector<std::string> reasons = gatherStrings(&rt, reason);
  std::string all;
  for (const std::string &one : std::set<std::string>(reasons.begin(), reasons.end()))
    if (!one.empty())
      all += (all.empty() ? "" : "; ") + one;
  throw UserError(all);
}

/// What each process does alone before its first step: files and memory.
void prepare(Runtime &rt) {
  const Options &options = rt.options;
  if (rt.arena.bytes() > 0) // in an earlier epoch
    return;
  rt.log.open(options.log);
  rt.data.open(options.data, rt.program.sequence, rt.program.vocabulary, options.seed);
  if (rt.mesh.rank == 0 && !options.trace.empty())
    checkTraceFile(options.trace);
  rt.arena.allocate(std::max<int64_t>(rt.stage().arenaBytes, 1));
  rt.arena.poison(endOfTensors(rt));
  if (!options.checkpointDir.empty())
    rt.checkpointer = std::make_unique<Checkpointer>(&rt, options.checkpointDir);
  if (rt.control.isOn())
    rt.snapshots = std::make_unique<Snapshots>();
}

/// Rank 0 owns the folder; nobody writes a checkpoint now.
void claimFolder(Runtime &rt) {
  if (!rt.checkpointer || rt.mesh.rank != 0)
    return;
  CheckpointFolder &folder = rt.checkpointer->folder();
  folder.own();
  folder.removeLeftovers();
  if (!rt.options.resume && !folder.candidates().empty())
    throw UserError("the checkpoint folder " + folder.path() +
                    " holds checkpoints; continue them with --resume, or name another folder");
}

std::unique_ptr<SlowRanks> watchSpeeds(const Runtime &rt) {
  if (rt.mesh.rank != 0)
    return nullptr;
  std::vector<int64_t> stages;
  for (int rank = 0; rank < rt.mesh.size; ++rank)
    stages.push_back(rt.mesh.shape.stageOf(rank));
  return std::make_unique<SlowRanks>(std::move(stages), rt.options.slowFactor);
}

/// From the newest checkpoint, or from the first step.
void startFromFiles(Runtime &rt) {
  LoadedCheckpoint loaded;
  if (rt.checkpointer && rt.options.resume)
    loaded = loadNewest(&rt, rt.checkpointer->folder());
  if (loaded.step == 0)
    initializeTensors(rt);
  if (rt.checkpointer)
    rt.checkpointer->resumedFrom(loaded.step);
  rt.step.finished = loaded.step;
  rt.step.loss = loaded.lossHex.empty() ? 0 : std::strtod(loaded.lossHex.c_str(), nullptr);
}

void startFromSnapshots(Runtime &rt, const Restart &restart) {
  rt.snapshots->restore(&rt, restart);
  rt.step.finished = restart.step;
  // A rank 0 that was a spare has not seen the last checkpoint.
  if (rt.checkpointer && rt.checkpointer->lastStep() == 0)
    rt.checkpointer->resumedFrom(std::max<int64_t>(rt.checkpointer->folder().latestStep(), 0));
}

/// With snapshots of other ranks, an epoch begins where all have one, and with the next.
void startEpoch(Runtime &rt) {
  const Restart restart = rt.control.beginEpoch(rt.snapshots->kept());
  rt.snapshots->begin(&rt, rt.control.copyDistance());
  if (restart.step >= 0) {
    startFromSnapshots(rt, restart);
  } else {
    rt.snapshots->forget();
    startFromFiles(rt);
  }
  rt.snapshots->take(&rt, rt.step.finished);
  rt.snapshots->finish(&rt);
  rt.control.restored();
}

/// The state in which the steps begin: nothing is left of one that was not finished.
void start(Runtime &rt) {
  rt.step = StepState();
  clearGradients(rt);
  if (rt.snapshots)
    startEpoch(rt);
  else
    startFromFiles(rt);
  rt.values.start(&rt);
}

int64_t processorNs() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * int64_t(1000000000) + time.tv_nsec;
}

/// One step; the sums of the step start at zero.
void runStep(Runtime &rt, Report &report) {
  const int64_t wall = nowNs(), processor = processorNs();
  StepState &step = rt.step;
  step.lossTerm = step.balanceTerm = step.squares = step.loadVariances = step.routings = 0;
  rt.rounds = Rounds();
  rt.stage().step(&rt, rt.arena.data());
  const StepTime time = {nowNs() - wall, processorNs() - processor};
  rt.hang.stepDone(&rt, time.wallNs);
  report.step(time);
}

/// The number of the step that is traced; 0 without a trace.
int64_t tracedStep(const Options &options) {
  if (options.trace.empty())
    return 0;
  return options.traceStep > 0 ? options.traceStep : options.steps;
}

void runTracedStep(Runtime &rt, Report &report) {
  largestOf(&rt, 0); // the ranks' clocks need not agree: all start here
  rt.trace.start();
  runStep(rt, report);
  rt.trace.stop();
  writeTrace(&rt);
}

/// False when the run was asked to stop.
bool runSteps(Runtime &rt, Report &report) {
  const int64_t traced = tracedStep(rt.options);
  if (traced > 0 && traced <= rt.step.finished && rt.mesh.rank == 0)
    std::fprintf(stderr, "train: warning: no trace, for step %lld is done\n",
                 static_cast<long long>(traced));
  for (; rt.step.finished < rt.options.steps; ++rt.step.finished) {
    if (rt.step.number() == traced)
      runTracedStep(rt, report);
    else
      runStep(rt, report);
    leaveIfOrphaned();
    if (rt.step.stopAgreed && rt.step.number() < rt.options.steps)
      return false;
  }
  return true;
}

int stopped(Runtime &rt) {
  const std::string reason = "asked to stop after step " + std::to_string(rt.step.number());
  if (rt.mesh.rank == 0) {
    const int64_t saved = rt.checkpointer ? rt.checkpointer->lastStep() : 0;
    rt.log.event("fault", {{"kind", "stop-requested"},
                           {"step", rt.step.number()},
                           {"lastCheckpoint", saved},
                           {"reason", reason},
                           {"status", SIGMA_EXIT_RETRY}});
    std::fprintf(stderr, "train: %s; continue with --resume\n", reason.c_str());
    writeEndMarker(rt.options.endMarker, {SIGMA_EXIT_RETRY, "stop-requested", reason});
  }
  return SIGMA_EXIT_RETRY;
}

/// The state that was loaded, as this plan writes it, in another folder.
int saveAs(Runtime &rt) {
  Checkpointer copy(&rt, rt.options.saveAs);
  const int64_t step = rt.step.finished;
  together(rt, [&] {
    if (step == 0)
      throw UserError("--save-as: there is no checkpoint in " + rt.options.checkpointDir);
    if (rt.mesh.rank != 0)
      return;
    copy.folder().own();
    if (!copy.folder().candidates().empty())
      throw UserError("--save-as: " + rt.options.saveAs +
                      " holds checkpoints; name another folder");
  });
  copy.save(step);
  together(rt, [&] {
    if (rt.mesh.rank == 0 && copy.lastStep() != step)
      throw UserError("--save-as: nothing was saved in " + rt.options.saveAs);
  });
  return SIGMA_EXIT_DONE;
}

/// From the first message of these members to the end of the run.
int run(Runtime &rt, const Members &members) {
  rt.mesh = makeMesh(rt.mesh.shape, members);
  std::string products;
  together(rt, [&] {
    products = rt.device->prepare(rt.program.elem, rt.options.threads);
    prepare(rt);
    claimFolder(rt);
  });
  rt.hang.start(&rt);
  rt.slowRanks = watchSpeeds(rt);
  start(rt);
  if (!rt.options.saveAs.empty())
    return saveAs(rt);
  Report report(rt, products, rt.step.finished);
  const bool finished = runSteps(rt, report);
  if (rt.checkpointer)
    rt.checkpointer->finish();
  if (!finished)
    return stopped(rt);
  report.end(hexFloat(rt.step.loss));
  if (rt.mesh.rank == 0)
    writeEndMarker(rt.options.endMarker, {SIGMA_EXIT_DONE, "done", "finished"});
  return SIGMA_EXIT_DONE;
}

/// The same; errors become the status.
int runToStatus(Runtime &rt, const Members &members) {
  try {
    return run(rt, members);
  } catch (const UserError &error) {
    if (rt.mesh.rank == 0) {
      std::fprintf(stderr, "train: error: %s\n", error.what());
      writeEndMarker(rt.options.endMarker, {SIGMA_EXIT_USER_ERROR, "user-error", error.what()});
    }
  } catch (const FaultError &error) {
    fault(&rt, error.kind, error.what(), error.status);
  } catch (const std::bad_alloc &) {
    noMoreMemory(&rt);
  } catch (const std::exception &error) {
    fault(&rt, "internal", error.what(), SIGMA_EXIT_FAULT);
  }
  return SIGMA_EXIT_USER_ERROR;
}

/// A rank is lost: what was on its way to and from this one may still come, and must find nothing.
void leaveEpoch(Runtime &rt) {
  rt.arena.moveAway();
  if (rt.snapshots)
    rt.snapshots->abandon();
  if (rt.checkpointer)
    rt.checkpointer->abandon();
  rt.sends = PendingSends();
  rt.nonblocking = NonblockingCollectives();
  rt.startedRows = StartedRows();
  rt.trace = Trace();
  rt.clock = CommClock();
}

/// One epoch after the other, until the supervisor says that the run is over. A spare has none
/// before it is a rank.
int runEpochs(Runtime &rt) {
  int status = SIGMA_EXIT_DONE;
  while (const std::optional<Members> members = rt.control.nextEpoch())
    if (!runEpoch([&] { status = runToStatus(rt, *members); }))
      leaveEpoch(rt);
    else if (members->rank == 0)
      rt.control.done();
  return status;
}

int runOnce(Runtime &rt) {
  try {
    return runToStatus(rt, onlyMembers(rt));
  } catch (const UserError &error) {
    if (everyone().rank == 0)
      std::fprintf(stderr, "train: error: %s\n", error.what());
    return SIGMA_EXIT_USER_ERROR;
  }
}

} // namespace

int train(Runtime &rt) {
  watchLauncher();
  rt.control.connect();
  initializeMpi();
  listenForStop();
  watchMemory(&rt);
  rt.control.joined();
  const int status = rt.control.isOn() ? runEpochs(rt) : runOnce(rt);
  MPI_Finalize();
  return status;
}

} // namespace sigma::runtime
