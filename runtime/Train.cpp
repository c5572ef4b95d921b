#include "runtime/Train.h"
#include "runtime/Program.h"
#include "runtime/Report.h"
#include "runtime/Trace.h"
#include "runtime/checkpoint/Checkpointer.h"
#include "runtime/checkpoint/Loader.h"
#include "runtime/comm/Collect.h"
#include "runtime/health/Fault.h"
#include "runtime/recovery/EndMarker.h"
#include "runtime/recovery/Orphan.h"
#include "runtime/recovery/Stop.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <set>

namespace sigma::runtime {
namespace {

void checkWorldSize(const Runtime &rt) {
  const int64_t needed = rt.mesh.shape.size();
  if (rt.mesh.size != needed)
    throw UserError("this program is built for " + std::to_string(needed) + " ranks (" +
                    rt.mesh.shape.text() + "), and was started with " +
                    std::to_string(rt.mesh.size) + "; use mpirun -n " + std::to_string(needed) +
                    ", or --supervise");
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

/// What each rank does alone before the first step: files and memory.
void prepare(Runtime &rt) {
  const Options &options = rt.options;
  rt.log.open(options.log);
  rt.data.open(options.data, rt.program.sequence, rt.program.vocabulary, options.seed);
  if (rt.mesh.rank == 0 && !options.trace.empty())
    checkTraceFile(options.trace);
  rt.arena.allocate(rt.stage().arenaBytes);
  rt.arena.poison(endOfTensors(rt));
  if (options.checkpointDir.empty())
    return;
  rt.checkpointer = std::make_unique<Checkpointer>(&rt);
  if (rt.mesh.rank != 0)
    return;
  CheckpointFolder &folder = rt.checkpointer->folder();
  folder.own();
  folder.removeLeftovers();
  if (!options.resume && !folder.candidates().empty())
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

LoadedCheckpoint start(Runtime &rt) {
  LoadedCheckpoint loaded;
  if (rt.checkpointer && rt.options.resume)
    loaded = loadNewest(&rt, rt.checkpointer->folder());
  if (loaded.step == 0)
    initializeTensors(rt);
  if (rt.checkpointer)
    rt.checkpointer->resumedFrom(loaded.step);
  rt.step.finished = loaded.step;
  rt.values.start(&rt);
  return loaded;
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
  step.lossTerm = step.balanceTerm = step.squares = 0;
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
bool runSteps(Runtime &rt, Report &report, std::string &lossHex) {
  const int64_t traced = tracedStep(rt.options);
  if (traced > 0 && traced <= rt.step.finished && rt.mesh.rank == 0)
    std::fprintf(stderr, "train: warning: no trace, for step %lld is done\n",
                 static_cast<long long>(traced));
  for (; rt.step.finished < rt.options.steps; ++rt.step.finished) {
    if (rt.step.number() == traced)
      runTracedStep(rt, report);
    else
      runStep(rt, report);
    lossHex = hexFloat(rt.step.loss);
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

int run(Runtime &rt) {
  checkWorldSize(rt);
  rt.mesh = makeMesh(rt.mesh.shape);
  std::string products;
  together(rt, [&] {
    products = rt.device->prepare(rt.program.elem, rt.options.threads);
    prepare(rt);
  });
  rt.hang.start(&rt);
  rt.slowRanks = watchSpeeds(rt);
  LoadedCheckpoint loaded = start(rt);
  Report report(rt, products, loaded.step);
  const bool finished = runSteps(rt, report, loaded.lossHex);
  if (rt.checkpointer)
    rt.checkpointer->finish();
  if (!finished)
    return stopped(rt);
  report.end(loaded.lossHex);
  if (rt.mesh.rank == 0)
    writeEndMarker(rt.options.endMarker, {SIGMA_EXIT_DONE, "done", "finished"});
  return SIGMA_EXIT_DONE;
}

} // namespace

int train(Runtime &rt) {
  watchLauncher();
  if (!launched()) // one rank alone: no daemon of the launcher is needed, and none is started
    setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
  int threads = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &threads);
  MPI_Comm_rank(MPI_COMM_WORLD, &rt.mesh.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &rt.mesh.size);
  listenForStop();
  int status = SIGMA_EXIT_USER_ERROR;
  try {
    status = run(rt);
  } catch (const UserError &error) {
    if (rt.mesh.rank == 0) {
      std::fprintf(stderr, "train: error: %s\n", error.what());
      writeEndMarker(rt.options.endMarker, {SIGMA_EXIT_USER_ERROR, "user-error", error.what()});
    }
  } catch (const FaultError &error) {
    fault(&rt, error.kind, error.what(), error.status);
  } catch (const std::exception &error) {
    fault(&rt, "internal", error.what(), SIGMA_EXIT_FAULT);
  }
  MPI_Finalize();
  return status;
}

} // namespace sigma::runtime
