#include "planner/simulate/Failures.h"
#include "planner/simulate/Random.h"

#include <algorithm>
#include <cmath>
#include <deque>

namespace sigma::planner {
namespace {

constexpr double kDayS = 24 * 3600;

// One run, failure by failure. Training that a snapshot keeps and no checkpoint yet is counted when
// the checkpoint comes, or the run is stopped.
class Run {
public:
  Run(const FailureModel &model, double seconds, Random &random)
      : model(model), random(random), end(seconds), perCheckpoint(model.snapshotsPerCheckpoint()),
        trainingS(model.checkpointIntervalS / double(perCheckpoint)),
        snapshotStallS(model.takesSnapshots() ? model.snapshotStallS : 0),
        spares(model.numSpareNodes) {}

  Goodput shares() {
    while (now < end)
      untilNextFailure();
    keep(safe);
    for (double *part :
         {&times.kept, &times.stalled, &times.replayed, &times.recovering, &times.waiting})
      *part /= end;
    return times;
  }
  int64_t numFailures() const { return failures; }
  int64_t numRepairs() const { return repairs; }

private:
  double drawS() { return -std::log(random.uniform()) / model.failuresPerS(); }

  // As much of it as is left of the run goes to `part`.
  void spend(double seconds, double &part) {
    const double left = std::min(seconds, end - now);
    part += left;
    now += left;
  }

  // From one snapshot to the next; without snapshots, from one checkpoint to the next.
  double stretchS() const { return trainingS + snapshotStallS; }
  void keep(double stretches) {
    times.kept += stretches * trainingS;
    times.stalled += stretches * snapshotStallS;
  }

  void untilNextFailure() {
    const double next = drawS(), active = std::min(next, end - now);
    const double cycle = double(perCheckpoint) * stretchS() + model.checkpointStallS;
    double rest = double(safe) * stretchS() + active;
    const double cycles = std::floor(rest / cycle);
    rest -= cycles * cycle;
    keep(cycles * double(perCheckpoint));
    times.stalled += cycles * model.checkpointStallS;
    safe = std::min(int64_t(rest / stretchS()), perCheckpoint - 1);
    rest -= double(safe) * stretchS();
    now += active;
    // What the end of the run cuts off is no loss.
    if (next > active) {
      now = end;
      times.kept += rest;
      return;
    }
    times.replayed += rest;
    repair();
  }

  void repair() {
    for (int64_t lost = 0; now < end; ++lost) {
      breakNode();
      if (!canRepair(lost))
        return restart();
      --spares;
      ++repairs;
      const double next = drawS();
      if (next >= model.repairS)
        return spend(model.repairS, times.recovering);
      spend(next, times.recovering);
    }
  }

  bool canRepair(int64_t lost) {
    return model.takesSnapshots() && spares > 0 &&
           random.uniform() <= model.repairableShare * (1 - model.buddyLostProbability(lost));
  }

  // After a node that is broken already.
  void restart() {
    times.replayed += double(safe) * stretchS();
    safe = 0;
    for (;;) {
      takeSpare();
      const double next = drawS();
      if (next >= model.recoveryS())
        return spend(model.recoveryS(), times.recovering);
      spend(next, times.recovering);
      if (now >= end)
        return;
      breakNode();
    }
  }

  void breakNode() {
    ++failures;
    inRepair.push_back(now + model.nodeRepairS());
    takeBackRepaired();
  }

  void takeSpare() {
    if (spares == 0) {
      spend(inRepair.front() - now, times.waiting);
      takeBackRepaired();
    }
    --spares;
  }

  void takeBackRepaired() {
    // Of a time that was waited for, the last bit may be lost.
    while (!inRepair.empty() && inRepair.front() <= now * (1 + 1e-12)) {
      inRepair.pop_front();
      ++spares;
    }
  }

  const FailureModel &model;
  Random &random;
  const double end;
  const int64_t perCheckpoint;
  const double trainingS, snapshotStallS;
  double now = 0;
  int64_t safe = 0; // stretches since the last checkpoint
  int64_t spares, failures = 0, repairs = 0;
  std::deque<double> inRepair; // when each comes back
  Goodput times;
};

} // namespace

int64_t FailureModel::snapshotsPerCheckpoint() const {
  if (!takesSnapshots() || snapshotIntervalS <= 0)
    return 1;
  return std::max<int64_t>(1, std::llround(checkpointIntervalS / snapshotIntervalS));
}

double FailureModel::buddyLostProbability(int64_t lost) const {
  return std::min(1.0, 2 * double(lost) / double(numNodes));
}

FailureSimulation simulateFailures(const FailureModel &model, double days, int64_t runs,
                                   uint64_t seed) {
  FailureSimulation result;
  double squares = 0;
  for (int64_t i = 0; i < runs; ++i) {
    Random random(seed, uint64_t(i));
    Run run(model, days * kDayS, random);
    const Goodput one = run.shares();
    result.goodput.kept += one.kept / double(runs);
    result.goodput.stalled += one.stalled / double(runs);
    result.goodput.replayed += one.replayed / double(runs);
    result.goodput.recovering += one.recovering / double(runs);
    result.goodput.waiting += one.waiting / double(runs);
    result.failures += double(run.numFailures()) / double(runs);
    result.repairs += double(run.numRepairs()) / double(runs);
    squares += one.kept * one.kept / double(runs);
  }
  const double mean = result.goodput.kept, variance = std::max(0.0, squares - mean * mean) /
                                                      std::max<double>(1, double(runs - 1));
  const double half = 1.96 * std::sqrt(variance);
  result.lowKept = mean - half;
  result.highKept = mean + half;
  return result;
}

} // namespace sigma::planner
