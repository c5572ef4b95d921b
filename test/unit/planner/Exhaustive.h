// The optimum by trying everything: every layout, every split, every subset
// of rematerialized layers.
//
// Written from the formulas in the headers' comments, without the search's code: of the planner it
// uses only the times of primitive ops and collectives and the noise of a step.
#ifndef SIGMA_TEST_PLANNER_EXHAUSTIVE_H
#define SIGMA_TEST_PLANNER_EXHAUSTIVE_H

#include "Instances.h"

#include <optional>

namespace sigma::planner::test {

// One layer (or embedding, or head) at one (micro-batch, ep).
struct Figures {
  int64_t baseNs = 0, extraNs = 0, dense = 0, expert = 0;
  int64_t saved = 0, rematSaved = 0, transient = 0, rematTransient = 0;
  double variance = 0;
};

// All figures of one layout.
struct LayoutFigures {
  LayoutFigures(Instance &instance, const Layout &layout);

  int64_t receiveNs(int64_t stage) const;
  int64_t tailNs(int64_t dense, int64_t expert) const;

  Instance &instance;
  Layout layout;
  std::vector<Figures> layers;
  Figures embedding, head;
  int64_t capacity = 0, noiseNs = 0;
};

struct ExhaustivePlan {
  Layout layout;
  int64_t objectiveNs = 0;
  std::vector<int64_t> counts;
  int64_t numRemat = 0;
};

// Every legal layout, canonical order first.
std::vector<Layout> allLayouts(const Problem &problem);

// Time and tail of a stage under a set of rematerialized layers (a bit each), or nothing if it
// does not fit.
struct StageResult {
  int64_t timeNs, tailNs;
};
std::optional<StageResult> stageResult(const LayoutFigures &figures, int64_t stage, int64_t first,
                                       int64_t end, const std::vector<bool> &remat);

// The first in canonical order among the fastest.
std::optional<ExhaustivePlan> exhaustive(Instance &instance);

} // namespace sigma::planner::test

#endif
