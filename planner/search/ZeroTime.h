// Time of what ZeRO gathers and reduces (docs/cost-model.md, "Time").
#ifndef SIGMA_PLANNER_SEARCH_ZEROTIME_H
#define SIGMA_PLANNER_SEARCH_ZEROTIME_H

#include "planner/Problem.h"
#include "planner/cost/Collectives.h"

namespace sigma::planner {

// Parameters of one rank, and the compute that their collectives may hide behind.
struct ReplicatedWork {
  int64_t denseParameters = 0, expertParameters = 0;
  int64_t forwardComputeNs = 0, backwardComputeNs = 0;
  double varianceNs2 = 0;

  void add(const ReplicatedWork &other, int64_t times);
};

// What every micro-batch adds to the time of a piece.
struct ZeroEach {
  int64_t reduceNs = 0; // in backward, of gradients
  int64_t gatherNs = 0; // half of it in backward, of values

  int64_t totalNs() const;
};

class ZeroTime {
public:
  ZeroTime(const Problem &problem, const Layout &layout);

  ZeroEach everyMicroBatch(const ReplicatedWork &piece) const;
  // Of a stage, once per step.
  int64_t syncNs(const ReplicatedWork &stage) const;
  // Of parameters that the first and the last stage hold, once per step: of each its rank's share.
  int64_t endsNs(int64_t parameters) const;

private:
  struct Replicas {
    RankGroup ranks;
    double linkCv;
    int64_t zero;
  };

  // With the wait for the slowest of `waiting` ranks.
  int64_t collectiveNs(Collective collective, int64_t bytes, const Replicas &replicas,
                       int64_t waiting) const;

  const Recipe &recipe;
  const Overlap &overlap;
  Topology topology;
  Replicas dense, expert, ends;
  int64_t ranksPerStage; // the step ends with the last of them
  int64_t numGroups;     // in lock step each, that meet with every micro-batch
};

} // namespace sigma::planner

#endif
