// The closed form of long runs that break, and what is best by it.
#include "planner/simulate/Failures.h"

#include <algorithm>
#include <cmath>

namespace sigma::planner {
namespace {

constexpr double kDayS = 24 * 3600;

// Erlang's loss formula, by its recursion.
double lossProbability(int64_t places, double load) {
  double b = 1;
  for (int64_t i = 1; i <= places; ++i)
    b = load * b / (double(i) + load * b);
  return b;
}

// Of one number of spare nodes, where intervals are varied.
class ClosedForm {
public:
  explicit ClosedForm(const FailureModel &model)
      : model(model), rate(model.failuresPerS()),
        waiting(lossProbability(model.numSpareNodes + 1, rate * model.nodeRepairS())) {
    if (!model.takesSnapshots())
      return;
    snapshotStallS = model.snapshotStallS;
    withSpare = 1 - lossProbability(model.numSpareNodes, rate * model.nodeRepairS());
  }

  // With so many snapshots to a checkpoint, which need not be whole for this.
  Goodput goodput(double checkpointIntervalS, double snapshots) const {
    const Cycle with = cycle(checkpointIntervalS, snapshots, model.repairableShare),
                without = cycle(checkpointIntervalS, snapshots, 0);
    const auto mean = [&](double Cycle::*part) {
      return (1 - waiting) * (withSpare * with.*part / with.totalS() +
                              (1 - withSpare) * without.*part / without.totalS());
    };
    return {mean(&Cycle::keptS), mean(&Cycle::stalledS), mean(&Cycle::replayedS),
            mean(&Cycle::recoveringS), waiting};
  }

  // The number of snapshots to a checkpoint that keeps most.
  double bestSnapshots(double checkpointIntervalS) const;
  double bestCheckpointIntervalS() const;

private:
  // Of a checkpoint until the next, what is expected.
  struct Cycle {
    double keptS, stalledS, replayedS, recoveringS;

    double totalS() const { return keptS + stalledS + replayedS + recoveringS; }
  };
  // From snapshot to snapshot, until it is done or the run is stopped.
  struct Stretch {
    double stopped;             // probability
    double trainedS, repairedS; // expected
  };

  Cycle cycle(double checkpointIntervalS, double snapshots, double repairable) const {
    const double stalledS = snapshots * snapshotStallS + model.checkpointStallS;
    if (rate <= 0)
      return {checkpointIntervalS, stalledS, 0, 0};
    const double stretchS = checkpointIntervalS / snapshots + snapshotStallS;
    const Stretch one = stretch(stretchS, repairable),
                  last = stretch(stretchS + model.checkpointStallS, repairable);
    const double survivesLog = (snapshots - 1) * std::log1p(-one.stopped),
                 doneLog = survivesLog + std::log1p(-last.stopped);
    // Of a try: how many stretches before the last are begun, and whether the last is.
    const double begun = one.stopped > 0 ? -std::expm1(survivesLog) / one.stopped : snapshots - 1,
                 lastBegun = std::exp(survivesLog);
    const double tries = std::exp(-doneLog), stops = std::expm1(-doneLog);
    const double trainedS = tries * (begun * one.trainedS + lastBegun * last.trainedS),
                 repairedS = tries * (begun * one.repairedS + lastBegun * last.repairedS);
    return {checkpointIntervalS, stalledS, trainedS - checkpointIntervalS - stalledS,
            repairedS + stops * std::expm1(rate * model.recoveryS()) / rate};
  }

  // Training begins anew after a repair, and a repair after a failure in it.
  Stretch stretch(double seconds, double repairable) const {
    const double fails = -std::expm1(-rate * seconds),
                 failsAgain = -std::expm1(-rate * model.repairS),
                 repairableAgain = repairable * (1 - model.buddyLostProbability(1));
    const double repairsOfTry = fails * repairable / (1 - failsAgain * repairableAgain);
    const double tries = 1 / (1 - repairsOfTry * (1 - failsAgain)), repairs = tries * repairsOfTry;
    return {tries * fails * (1 - repairable) + repairs * failsAgain * (1 - repairableAgain),
            tries * fails / rate, repairs * failsAgain / rate};
  }

  const FailureModel &model;
  const double rate, waiting;
  double snapshotStallS = 0;
  double withSpare = 0; // share of the time that does not wait
};

// Where `value`, which has one maximum, is largest, to a hundred thousandth; by the golden section
// of the logarithm.
template <typename Value>
double largest(double low, double high, Value value) {
  const double golden = (std::sqrt(5.0) - 1) / 2;
  low = std::log(low);
  high = std::log(high);
  while (high - low > 1e-5) {
    const double left = high - golden * (high - low), right = low + golden * (high - low);
    if (value(std::exp(left)) < value(std::exp(right)))
      low = left;
    else
      high = right;
  }
  return std::exp((low + high) / 2);
}

double ClosedForm::bestSnapshots(double checkpointIntervalS) const {
  if (!model.takesSnapshots())
    return 1;
  const double youngS = std::sqrt(2 * snapshotStallS / rate);
  return largest(1, std::max(1.0, 10 * checkpointIntervalS / youngS),
                 [&](double snapshots) { return goodput(checkpointIntervalS, snapshots).kept; });
}

double ClosedForm::bestCheckpointIntervalS() const {
  const double youngS = std::sqrt(2 * model.checkpointStallS / rate);
  const double stops = std::max(1e-12, 1 - withSpare * model.repairableShare);
  const double most = std::min(10 * youngS / std::sqrt(stops), std::max(10 * youngS, kDayS));
  return largest(youngS / 10, most, [&](double intervalS) {
    const double snapshots = model.snapshotIntervalS > 0
                                 ? std::max(1.0, intervalS / model.snapshotIntervalS)
                                 : bestSnapshots(intervalS);
    return goodput(intervalS, snapshots).kept;
  });
}

} // namespace

Goodput expectedGoodput(const FailureModel &model) {
  return ClosedForm(model).goodput(model.checkpointIntervalS,
                                   double(model.snapshotsPerCheckpoint()));
}

FailureModel withBestIntervals(const FailureModel &model) {
  FailureModel best = model;
  if (model.failuresPerS() <= 0 || model.checkpointStallS <= 0)
    return best;
  const ClosedForm form(model);
  if (best.checkpointIntervalS <= 0)
    best.checkpointIntervalS = form.bestCheckpointIntervalS();
  if (!model.takesSnapshots())
    return best;
  if (model.snapshotIntervalS > 0) {
    if (model.checkpointIntervalS <= 0)
      best.checkpointIntervalS = double(best.snapshotsPerCheckpoint()) * model.snapshotIntervalS;
    return best;
  }
  const double snapshots = form.bestSnapshots(best.checkpointIntervalS),
               fewer = std::floor(snapshots);
  const auto kept = [&](double count) {
    return form.goodput(best.checkpointIntervalS, count).kept;
  };
  best.snapshotIntervalS =
      best.checkpointIntervalS / (kept(fewer) < kept(fewer + 1) ? fewer + 1 : fewer);
  return best;
}

int64_t bestSpareNodes(const FailureModel &model) {
  const auto keptPerNode = [&](int64_t spares) {
    FailureModel other = model;
    other.numSpareNodes = spares;
    other.checkpointIntervalS = other.snapshotIntervalS = 0;
    return expectedGoodput(withBestIntervals(other)).kept / double(model.numNodes + spares);
  };
  // One more is worth less than the one before.
  int64_t low = 0, high = model.numNodes;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (keptPerNode(middle + 1) > keptPerNode(middle))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

} // namespace sigma::planner
