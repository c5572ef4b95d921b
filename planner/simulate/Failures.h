// How much of its time a long run keeps, when things break: by simulation, and by a closed form.
#ifndef SIGMA_PLANNER_SIMULATE_FAILURES_H
#define SIGMA_PLANNER_SIMULATE_FAILURES_H

#include <cstdint>

namespace sigma::planner {

// A run whose nodes break, with spare ones in the place of those that did. A share of the failures
// is repaired in the job, where a spare node is free: the run goes on from its newest snapshot. By
// all others it is stopped, and goes on from its last checkpoint on the nodes that are left.
struct FailureModel {
  int64_t numNodes = 1;        // that the run needs
  int64_t numSpareNodes = 0;   // that wait
  double failuresPerHour = 0;  // of all nodes that the run needs, together
  double nodeRepairHours = 24; // until a node that broke may be used again
  double detectionS = 0, replacementS = 0, restartS = 0;
  double checkpointStallS = 1;    // that training stands still for a checkpoint
  double checkpointIntervalS = 0; // of training between two checkpoints

  double repairableShare = 0;   // of the failures; 0: no snapshots are taken
  double repairS = 0;           // in the job, detection included
  double snapshotStallS = 0;    // that training stands still for a snapshot
  double snapshotIntervalS = 0; // as near to it as divides the interval of checkpoints

  double failuresPerS() const { return failuresPerHour / 3600; }
  double nodeRepairS() const { return nodeRepairHours * 3600; }
  double recoveryS() const { return detectionS + replacementS + restartS; }
  // Without a spare they are of no use.
  bool takesSnapshots() const { return repairableShare > 0 && numSpareNodes > 0; }
  int64_t snapshotsPerCheckpoint() const;
  // That a failure which can be repaired cannot, for it hits who keeps the copy of one of `lost`
  // nodes that are not yet replaced, or whose copy one of them keeps.
  double buddyLostProbability(int64_t lost) const;
};

// Shares of all time; they add up to 1.
struct Goodput {
  double kept = 0;       // training that counts
  double stalled = 0;    // by checkpoints and snapshots
  double replayed = 0;   // training that was lost and done again
  double recovering = 0; // repair; detection, replacement, restart
  double waiting = 0;    // for a node, when no spare is left
};

struct FailureSimulation {
  Goodput goodput;
  double lowKept = 0, highKept = 0; // 95 % confidence of the mean over the runs
  double failures = 0;              // mean of a run
  double repairs = 0;               // of them, in the job
};

// Exponential times between failures and fixed times of repair; `runs` runs of `days` days, each a
// stream of random numbers of its own. Each rank's snapshot is also with another node, which stands
// in for that of a lost one: what hits the keeper of a lost one's, or who had its own there, before
// the repair is done, stops the run.
FailureSimulation simulateFailures(const FailureModel &model, double days, int64_t runs,
                                   uint64_t seed);

// Renewals: a stretch from snapshot to snapshot is tried until it is done or the run is stopped,
// and the stretches of a checkpoint until all are done; what was tried in vain is lost. Recovery of
// length r that failures may interrupt takes (exp(f r) - 1) / f. Failures stop while the run waits,
// so nodes in repair are a queue that loses what finds all places taken: it waits with Erlang's
// probability B(spares + 1, f repair), whatever the distribution of repairs, and otherwise has no
// spare with B(spares, f repair). Times with and without a spare are long; each counts by itself.
Goodput expectedGoodput(const FailureModel &model);

// The intervals that keep most by the closed form, in the place of those that are 0: about
// sqrt(2 stall / rate) (Young 1974), with the rate of what each of them protects from. A checkpoint
// at least once a day, or ten times Young's interval for all failures if that is longer: something
// that is not modelled fails, too.
FailureModel withBestIntervals(const FailureModel &model);

// The number of spare nodes that, at its best intervals, keeps most per node paid for, those that
// wait included: one more would cost a larger share of the nodes than it adds to what is kept. No
// more than the run needs itself.
int64_t bestSpareNodes(const FailureModel &model);

} // namespace sigma::planner

#endif
