// Time and memory of a stage that holds given layers, under one layout: the options the
// solver chooses from.
//
// The objective of a layout separates by stage (1F1B with uneven stages; an order-based pipeline
// simulator agrees to 1.8 %):
//
//   T = (m - 1) max_s t_s + sum_s t_s + max_s (sync_s + optimizer_s) + noise
//
// t_s is forward + backward (+ recompute) of one micro-batch on stage s, with its exchanges, the
// wait inside the expert group, and receiving from both neighbours; so sum_s t_s holds the 2 (pp -
// 1) transfers of the pipeline's fill and drain. noise is a constant of the layout
// (noise/StepNoise.h), taken with the work spread evenly over the stages.
#ifndef SIGMA_PLANNER_SEARCH_STAGEMODEL_H
#define SIGMA_PLANNER_SEARCH_STAGEMODEL_H

#include "planner/Plan.h"
#include "planner/memory/StageMemory.h"
#include "planner/noise/StepNoise.h"
#include "planner/search/Costs.h"
#include "planner/search/RematChoice.h"

#include <optional>

namespace sigma::planner {

struct StageTimes {
  int64_t microBatchNs = 0, tailNs = 0; // tail: sync + optimizer
};

class StageModel {
public:
  StageModel(const Problem &problem, const LayerSequence &sequence, const CostSet &costs,
             const Layout &layout);

  // Without rematerialization (unless pinned) and regardless of memory: never above `evaluate`.
  int64_t baseNs(int64_t stage, int64_t first, int64_t count) const;

  // With the least rematerialization that fits; empty if nothing fits.
  std::optional<StageTimes> evaluate(int64_t stage, int64_t first, int64_t count) const;

  // Least peak memory that any choice of rematerialization reaches.
  int64_t leastPeakBytes(int64_t stage, int64_t first, int64_t count) const;

  // The stage with all its figures. With `leastMemory` the rematerialization of leastPeakBytes,
  // which may not fit.
  StagePlan describe(int64_t stage, int64_t first, int64_t count, bool leastMemory = false) const;

  // Time of reducing gradients and updating parameters.
  int64_t syncNs(int64_t denseParameters, int64_t expertParameters) const;
  int64_t optimizerNs(int64_t parameters) const;

  // No plan of this layout is faster, given that its slowest stage takes at least `slowestNs`.
  int64_t lowerBoundNs(int64_t slowestNs = 0) const;
  // False if parameters alone overflow the average stage.
  bool staticMemoryFits() const;
  // Sum over the stages when nothing is rematerialized (unless pinned).
  int64_t totalBaseNs() const { return totalNs; }

  const StepNoise &stepNoise() const { return noise; }
  // What noise adds at the job's quantile, rounded up.
  int64_t noiseNs() const { return quantileNs; }

  const Layout &layout() const { return shape; }
  int64_t numLayers() const { return sequence.size(); }

private:
  // What a stage holds.
  struct Contents {
    int64_t stage, first;
    std::vector<int64_t> counts;         // layers by kind index
    std::vector<const PieceCost *> ends; // embedding and head, where present
    int64_t denseParameters = 0, expertParameters = 0;
    int64_t baseNs = 0;
  };
  Contents contents(int64_t stage, int64_t first, int64_t count) const;
  StageMemoryInput memoryInput(const Contents &contents) const;
  void describeTimes(const Contents &contents, StagePlan &plan) const;
  void describeMemory(const Contents &contents, const std::vector<int64_t> &remat,
                      StagePlan &plan) const;
  RematProblem rematProblem(const Contents &contents) const;
  int64_t fixedBytes(const Contents &contents) const;
  int64_t layerNs(size_t kind) const;
  int64_t totalParameters(bool experts) const;
  double cellVariance() const;

  const Problem &problem;
  const LayerSequence &sequence;
  const CostSet &costs;
  Layout shape;
  Topology topology;
  StepNoise noise;
  std::vector<int64_t> receiveNs; // per stage
  int64_t capacity = 0, quantileNs = 0, totalNs = 0;
};

} // namespace sigma::planner

#endif
