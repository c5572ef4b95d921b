// Time and memory of a stage that holds given layers, under one layout: the options the
// solver chooses from.
//
// The objective of a layout separates by stage (search/CellTime.h):
//
//   T = max_s steady_s + sum_s fill_s + max_s (sync_s + optimizer_s) + constant
//
// The constant is the job's fixed time per step and the layout's noise
// (noise/StepNoise.h), taken with the work spread evenly over the stages.
#ifndef SIGMA_PLANNER_SEARCH_STAGEMODEL_H
#define SIGMA_PLANNER_SEARCH_STAGEMODEL_H

#include "planner/Pipeline.h"
#include "planner/noise/StepNoise.h"
#include "planner/search/CellTime.h"
#include "planner/search/ChunkPace.h"
#include "planner/search/MemoryModel.h"
#include "planner/search/ZeroTime.h"

#include <map>
#include <optional>
#include <tuple>

namespace sigma::planner {

// The noise of a step whose pieces have `pieceVariance` (ns^2) together.
StepNoise stepNoise(const Problem &problem, const Layout &layout, double pieceVariance);
int64_t noiseAtQuantileNs(const Problem &problem, const StepNoise &noise);

class StageModel : public MemoryModel {
public:
  StageModel(const Problem &problem, const LayerSequence &sequence, CostCache &costs,
             const Layout &layout);

  // Without rematerialization (unless pinned) and regardless of memory: never above `evaluate`.
  StageTimes base(int64_t stage, int64_t first, int64_t count) const;

  // With the least rematerialization that fits; empty if nothing fits. Kept: who looks for a split
  // asks for the same stage under one limit after the other.
  const std::optional<StageTimes> &evaluate(int64_t stage, int64_t first, int64_t count) const;

  // The stages of a split with all their figures. With `leastMemory` the rematerialization of
  // leastPeakBytes, which may not fit.
  std::vector<StagePlan> describe(const std::vector<int64_t> &counts,
                                  bool leastMemory = false) const;

  // What noise adds at the job's quantile, rounded up.
  int64_t noiseNs() const { return quantileNs; }
  // All of the step that does not depend on the split.
  int64_t constantNs() const;

private:
  struct Stage {
    const CostSet *costs = nullptr;
    // What every micro-batch pays to ZeRO.
    std::vector<ZeroEach> kindZero;
    ZeroEach embeddingZero, headZero;
    // Of one piece, and of receiving and the ends that are here; not rematerialized, but for pins.
    CellTime embeddingCell, headCell, endsCell;
    std::vector<CellTime> kindCells;
    int64_t receiveNs = 0;
    // Of the others: on this stage's devices.
    CellTime endsAfter;    // receiving and the ends on later stages
    int64_t averageNs = 0; // steady time of the average stage
    ChunkPace pace;
  };
  Stage makeStage(int64_t index) const;
  void lookAround();
  ChunkTimes chunkTimes(const Stage &stage) const;
  CellTime cell(int64_t stage, int64_t first, int64_t count) const;
  std::optional<StageTimes> evaluateAnew(int64_t stage, int64_t first, int64_t count) const;
  StageWaits waits(int64_t stage, int64_t first, int64_t count, CellTime cell) const;
  int64_t optimizerNs(const Contents &held) const;
  int64_t tailNs(const Contents &held) const;
  std::vector<std::vector<LayerRange>> chunksOf(const std::vector<int64_t> &counts) const;
  StagePlan describeStage(const Contents &held, const RematProblem &problem,
                          const RematChoice &choice, const std::vector<LayerRange> &chunks) const;
  void describeTimes(const Contents &held, const RematChoice &choice, StagePlan &plan) const;
  void describeMemory(const Contents &held, const RematProblem &problem, const RematChoice &choice,
                      StagePlan &plan) const;

  ZeroTime zeroTime;
  std::vector<Stage> stages;
  int64_t quantileNs = 0;
  mutable std::map<std::tuple<int64_t, int64_t, int64_t>, std::optional<StageTimes>> evaluated;
};

} // namespace sigma::planner

#endif
