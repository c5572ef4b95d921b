// How much of its time a long run keeps, when things break: by simulation, and by a closed form.
#ifndef SIGMA_PLANNER_SIMULATE_FAILURES_H
#define SIGMA_PLANNER_SIMULATE_FAILURES_H

#include <cstdint>

namespace sigma::planner {

// A run that is stopped by each failure, and goes on from its last checkpoint on the nodes that are
// left, with spare ones in the place of those that broke.
struct FailureModel {
  int64_t numNodes = 1;       // that the run needs
  int64_t numSpareNodes = 0;  // that wait
  double failuresPerHour = 0; // of all nodes that the run needs, together
  double repairHours = 24;    // until a node that broke may be used again
  double detectionS = 0, replacementS = 0, restartS = 0;
  double stallS = 0;    // that training stands still for a checkpoint
  double intervalS = 0; // of training between two checkpoints
};

// Shares of all time; they add up to 1.
struct Goodput {
  double kept = 0;       // training that counts
  double stalled = 0;    // by checkpoints
  double replayed = 0;   // training that was lost and done again
  double recovering = 0; // detection, replacement, restart
  double waiting = 0;    // for a node, when no spare is left
};

struct FailureSimulation {
  Goodput goodput;
  double lowKept = 0, highKept = 0; // 95 % confidence of the mean over the runs
  double failures = 0;              // mean of a run
};

// Exponential times between failures and fixed times of repair; `runs` runs of `days` days, each a
// stream of random numbers of its own.
FailureSimulation simulateFailures(const FailureModel &model, double days, int64_t runs,
                                   uint64_t seed);

// Renewals: until a failure, after 1/f on average, a run completes 1 / (exp(f cycle) - 1) cycles of
// interval and stall, and what is left is lost; recovery of length r that failures may interrupt
// takes (exp(f r) - 1) / f. Failures stop while the run waits, so nodes in repair are a queue that
// loses what finds all places taken: it waits with Erlang's probability B(spares + 1, f repair),
// whatever the distribution of repairs.
Goodput expectedGoodput(const FailureModel &model);

// The interval that keeps most by the closed form; about sqrt(2 stall / f) (Young 1974).
double bestIntervalS(const FailureModel &model);

} // namespace sigma::planner

#endif
