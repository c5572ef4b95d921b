// The time of a run of work, op by op, and of what ranks that share parameters send.
#ifndef SIGMA_PLANNER_CHECK_CHECKWORK_H
#define SIGMA_PLANNER_CHECK_CHECKWORK_H

#include "planner/Planner.h"
#include "planner/check/Wide.h"
#include "planner/cost/Collectives.h"

#include <array>

namespace sigma::planner {

// The wait for the slowest of n, beyond their mean.
Wide waitNs(Wide meanNs, int64_t n, double cv);

// By tier of the network.
using TierSums = std::vector<int64_t>;
void addTo(TierSums &sums, const TierSums &more, int64_t times = 1);
Wide totalOf(const TierSums &sums);

struct WorkCount {
  Wide computeNs = 0;
  Wide tensorNs = 0, contextNs = 0, exchangeNs = 0; // as far as exposed
  Wide hiddenNs = 0;                                // of the exchanges and the waits at them
  Wide noiseNs = 0, exchangeWaitNs = 0;
  double varianceNs2 = 0;
  TierSums tensorTiers, contextTiers, exchangeTiers; // exposed or not
};

// What is left of a wait behind something that leaves `coverNs` for it.
Wide shownWaitNs(Wide waitNs, Wide coverNs);

class WorkCounter {
public:
  WorkCounter(const Problem &problem, const Device &device, const Layout &layout);

  WorkCount countForward(const WorkCost &work) const;
  WorkCount countBackward(const WorkCost &work) const;
  // No other direction hides the exchanges of recomputation.
  WorkCount countRecomputation(const WorkCost &work) const;

private:
  // What ends at the collectives of one group.
  struct Meeting {
    Wide plainNs = 0, groupedNs = 0, commNs = 0;
  };

  // `waitedPart`: one in so many ns of arithmetic is waited for.
  WorkCount countWork(const WorkCost &work, int64_t waitedPart) const;
  WorkCount hidden(WorkCount count) const;
  bool meets(const CollectiveCost &collective) const;
  const CollectiveCost *meetingOf(const WorkCost &work, int64_t op) const;

  const Overlap &overlap;
  const Device &device;
  Topology topology;
  Schedule schedule;
  std::array<RankGroup, kNumGroups> ranks;
  std::array<double, kNumGroups> linkCv;
  double plainCv, groupedCv;
};

// Parameters as one rank holds them before ZeRO.
struct Parameters {
  Wide dense = 0, expert = 0;

  Parameters &operator+=(const LayerCost &cost) {
    dense += cost.denseParameters;
    expert += cost.expertParameters;
    return *this;
  }
};

class ParameterCounter {
public:
  ParameterCounter(const Problem &problem, const Layout &layout);

  // Per micro-batch.
  Wide reduceEachNs(const Parameters &parameters, TierSums &tiers) const;
  // For all that share parameters, at work of so much variance.
  Wide waitEachNs(double varianceNs2) const;
  Wide gatherEachNs(const Parameters &parameters, TierSums &tiers) const;
  // Once per step.
  Wide reduceOnceNs(const Parameters &parameters, TierSums &tiers) const;
  Wide gatherOnceNs(const Parameters &parameters, TierSums &tiers) const;
  // Of what another stage holds, too.
  Wide endsOnceNs(Wide parameters, TierSums &tiers) const;
  // Of the gradients that are all-reduced, the workspace's bytes at a time.
  Wide reduceWorkspaceBytes(const Parameters &parameters, Wide workspace) const;
  // What one rank holds, where ZeRO stages from `zero` on divide it.
  Wide shareFrom(int64_t zero, const Parameters &parameters) const;
  // The parameters whose ZeRO stage is at least `zero`.
  Parameters dividedFrom(int64_t zero, const Parameters &parameters) const;

private:
  // The ranks that hold the same parameters.
  struct Replicas {
    RankGroup ranks;
    int64_t zero;
  };
  // Adds to `tiers`.
  Wide collectiveNs(Collective collective, Wide bytes, const RankGroup &group, int64_t waiting,
                    TierSums &tiers) const;
  template <class Count>
  Wide both(const Parameters &parameters, Count count) const {
    return count(parameters.dense, dense) + count(parameters.expert, expert);
  }

  const Recipe &recipe;
  Topology topology;
  Replicas dense, expert;
  RankGroup ends;
  int64_t ranksPerStage, ranksInStep;
};

} // namespace sigma::planner

#endif
