// Time and memory of a stage that holds given layers, under one layout: the options the
// solver chooses from.
//
// The objective of a layout separates by stage (docs/cost-model.md; an order-based pipeline simulator
// agrees to 1.8 %):
//
//   T = (m - b) max_s t_s + b sum_s t_s + max_s (sync_s + optimizer_s) + noise
//
// Layers are counted in units: single layers with one chunk a stage, whole repeats of the model's
// block of layers with more. noise is a constant of the layout (noise/StepNoise.h), taken with the
// work spread evenly over the stages.
#ifndef SIGMA_PLANNER_SEARCH_STAGEMODEL_H
#define SIGMA_PLANNER_SEARCH_STAGEMODEL_H

#include "planner/Pipeline.h"
#include "planner/memory/StageMemory.h"
#include "planner/noise/StepNoise.h"
#include "planner/search/Costs.h"
#include "planner/search/RematChoice.h"
#include "planner/search/ZeroTime.h"

#include <optional>

namespace sigma::planner {

struct StageTimes {
  int64_t microBatchNs = 0, tailNs = 0; // tail: sync + optimizer
};

// How the terms of a step add up: (slowest * max t + sum * sum t + tail * max tail) / tail.
struct StepWeights {
  int64_t slowest = 1, sum = 1, tail = 1;

  int64_t costNs(int64_t slowestNs, int64_t sumNs, int64_t tailNs) const;
};
StepWeights stepWeights(const Layout &layout);

// The noise of a step whose pieces have `pieceVariance` (ns^2) together.
StepNoise stepNoise(const Problem &problem, const Layout &layout, double pieceVariance);
int64_t noiseAtQuantileNs(const Problem &problem, const StepNoise &noise);

class StageModel {
public:
  StageModel(const Problem &problem, const LayerSequence &sequence, CostCache &costs,
             const Layout &layout);

  // Without rematerialization (unless pinned) and regardless of memory: never above `evaluate`.
  int64_t baseNs(int64_t stage, int64_t first, int64_t count) const;

  // With the least rematerialization that fits; empty if nothing fits.
  std::optional<StageTimes> evaluate(int64_t stage, int64_t first, int64_t count) const;

  // Least peak memory that any choice of rematerialization reaches.
  int64_t leastPeakBytes(int64_t stage, int64_t first, int64_t count) const;

  // What stage `stage` may use.
  int64_t capacityBytes(int64_t stage) const { return stages[stage].capacityBytes; }

  // The stages of a split with all their figures. With `leastMemory` the rematerialization of
  // leastPeakBytes, which may not fit.
  std::vector<StagePlan> describe(const std::vector<int64_t> &counts,
                                  bool leastMemory = false) const;

  // Sum over the stages when nothing is rematerialized (unless pinned).
  int64_t totalBaseNs() const { return totalNs; }

  const StepNoise &noise() const { return layoutNoise; }
  // What noise adds at the job's quantile, rounded up.
  int64_t noiseNs() const { return quantileNs; }

  const Layout &layout() const { return shape; }
  const StepWeights &weights() const { return stepTerms; }
  int64_t numUnits() const { return units; }
  // A stage has at least one unit for each chunk.
  int64_t leastUnits() const { return shape.vpp; }

private:
  struct Stage {
    KindRange devices;
    const CostSet *costs;
    std::vector<int64_t> layerNs; // by kind: base and what ZeRO adds, not rematerialized
    int64_t embeddingNs, headNs;
    int64_t receiveNs, capacityBytes;
  };
  // What a stage holds.
  struct Contents {
    int64_t stage, first, count;
    std::vector<int64_t> kinds; // layers by kind index
    bool hasEmbedding = false, hasHead = false;
    int64_t numLayers = 0, largestChunkLayers = 0;
    int64_t largestDense = 0, largestExpert = 0; // parameters of a piece
    ReplicatedWork work;
    int64_t baseNs = 0;
  };

  Stage makeStage(int64_t index, CostCache &cache) const;
  Contents contents(int64_t stage, int64_t first, int64_t count) const;
  void countLayers(Contents &held) const;
  int64_t layersOfKind(size_t kind, int64_t stage, int64_t first, int64_t count) const;
  int64_t optimizerNs(const Contents &held) const;
  StageTimes times(const Contents &held, int64_t extraNs) const;
  StageMemoryInput memoryInput(const Contents &held) const;
  RematProblem rematProblem(const Contents &held) const;
  int64_t pieceNs(const PieceCost &piece) const;
  std::vector<std::vector<LayerRange>> chunksOf(const std::vector<int64_t> &counts) const;
  StagePlan describeStage(const Contents &held, const RematChoice &choice,
                          const std::vector<LayerRange> &chunks) const;
  void describeTimes(const Contents &held, const RematChoice &choice, StagePlan &plan) const;
  void describeMemory(const Contents &held, const RematProblem &problem, const RematChoice &choice,
                      StagePlan &plan) const;

  const Problem &problem;
  const LayerSequence &sequence;
  Layout shape;
  StepWeights stepTerms;
  ZeroTime zeroTime;
  StepNoise layoutNoise;
  std::vector<Stage> stages;
  std::vector<const Device *> devices; // by stage
  int64_t units = 0, quantileNs = 0, totalNs = 0;
};

} // namespace sigma::planner

#endif
