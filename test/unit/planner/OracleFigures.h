// Time and memory of stages, as the oracles read docs/cost-model.md.
//
// Written without the search's and the check's code, like OracleWork.h; of the planner also the
// noise of a step.
#ifndef SIGMA_TEST_PLANNER_ORACLEFIGURES_H
#define SIGMA_TEST_PLANNER_ORACLEFIGURES_H

#include "OracleSpace.h"
#include "OracleWork.h"
#include "planner/cost/Collectives.h"

#include <array>
#include <map>
#include <set>

namespace sigma::planner::test {

// Layers of a stage: how many of each kind, and in its largest chunk.
struct StageLayers {
  std::map<int, int64_t> counts;
  // Of each kind, whether gradients that come in and go out are the layers' own, where they stand.
  std::map<int, std::set<std::array<bool, 2>>> places;
  bool headHasOut = true;    // the same of the head
  bool holdsGradient = true; // layers hold all gradients that come from other stages
  int64_t total = 0, largestChunk = 0, units = 0;
  int64_t end = 0; // the layers of later stages begin here, with one chunk a stage
};

// What a layer needs to work in, among the others.
int64_t roomOf(const StageLayers &layers, int kind, const ModeFigures &mode);

// One micro-batch on a stage.
struct StageTime {
  int64_t timeNs = 0, forwardNs = 0;
  int64_t wholeBackwardNs = 0, hiddenNs = 0; // as of a piece, with ZeRO
  int64_t putOffNs = 0;                      // twice the gradients of weights
};

// A stage but for the memory and the recomputation of its layers.
struct StageBase {
  StageTime time;
  int64_t tailNs = 0;
  int64_t lagNs = 0, regainNs = 0; // of turns at chunks
  int64_t mostAheadNs = 0;         // what a long stage may do before it would wait,
  int64_t averageNs = 0;           // if it is busy for longer than this
  int64_t fixedBytes = 0, fixedTransientBytes = 0, capacityBytes = 0;
  // What layers keep is there so often.
  int64_t heldNumerator = 1, heldDenominator = 1;
  // Chunks by what is kept of them, saved, held, being made, at some moments; and bytes that count
  // elsewhere.
  using Moments = std::vector<std::array<int64_t, 4>>;
  Moments kept = {{1, 0, 0, 0}};

  int64_t madeOfHead = 0; // a layer's part of it, beside what is made of the layer

  int64_t keptBytes(const ModeFigures &mode) const { return keptBytes(mode, kept, madeOfHead); }
  static int64_t keptBytes(const ModeFigures &mode, const Moments &moments, int64_t moreMade = 0);
  bool fits(int64_t keptBytes, int64_t transientBytes) const;
};

// The step takes the largest of busy, the sum of fill, the largest of tail.
struct StageTerms {
  int64_t busyNs = 0, fillNs = 0, tailNs = 0;
};

class LayoutFigures {
public:
  // `work`: of this layout, or of another that differs in ZeRO only.
  LayoutFigures(const Problem &problem, const WorkFigures &work, const Layout &layout);

  StageBase base(int64_t stage, const StageLayers &layers) const;
  // Notes where the layers of one of the stage's chunks stand.
  void place(int64_t stage, int64_t chunk, const std::vector<int> &kinds,
             StageLayers &layers) const;
  const std::vector<ModeFigures> &modes(int64_t stage, int kind) const {
    return work.stages[stage]->kinds.at(kind).modes;
  }
  // What a stage that recomputes for so long adds to the step.
  StageTerms terms(const StageBase &base, int64_t recomputeNs) const;
  int64_t objectiveNs(int64_t busyNs, int64_t fillNs, int64_t tailNs) const;
  // No plan of the layout is faster.
  int64_t lowerBoundNs() const;

private:
  struct Totals;
  // With every micro-batch, beyond what hides it.
  int64_t reduceNs(const PieceFigures &piece) const;
  int64_t gatherNs(const PieceFigures &piece) const;
  int64_t pieceNs(const PieceFigures &piece) const;
  void add(const PieceFigures &piece, int64_t count, StageTime &time) const;
  int64_t bordersNs(int64_t stage) const;
  int64_t fillNs(const StageTime &time) const;
  int64_t busyNs(const StageTime &time) const;
  void setAhead(int64_t stage, int64_t endOfLayers, StageBase &base) const;
  int64_t collectiveNs(Collective collective, int64_t bytes, const RankGroup &ranks,
                       int64_t waiting) const;
  void setMemory(int64_t stage, const StageLayers &layers, const Totals &totals,
                 StageBase &base) const;
  // Of what this stage and one other hold of the table, each rank.
  int64_t tableElsewhere(int64_t stage) const;
  int64_t endsNs(int64_t stage) const;
  int64_t tailNs(const Device &device, const Totals &totals) const;
  void setNoise();
  void setTurns(int64_t stage, int64_t unitsHeld, StageBase &base) const;

  const Problem &problem;
  const WorkFigures &work;
  Layout layout;
  Units units;
  std::vector<int> kinds; // of layers
  Topology topology;
  RankGroup denseRanks, expertRanks;
  int64_t noiseNs = 0;
};

// Stage that holds a virtual stage, and back.
int64_t stageOfPart(const Layout &layout, int64_t part);
// The part that a stage's chunk is.
int64_t partOf(const Layout &layout, int64_t stage, int64_t chunk);

} // namespace sigma::planner::test

#endif
