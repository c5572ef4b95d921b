// The figures of a model at one (micro-batch, ep), asked once and kept.
#ifndef SIGMA_PLANNER_SEARCH_COSTS_H
#define SIGMA_PLANNER_SEARCH_COSTS_H

#include "planner/Problem.h"
#include "planner/cost/WorkTime.h"

#include <map>
#include <utility>
#include <vector>

namespace sigma::planner {

// A layer, the embedding or the head.
struct PieceCost {
  WorkTime forward, backward, recompute;
  int64_t baseNs = 0;  // forward + backward
  int64_t extraNs = 0; // recompute
  int64_t denseParameters = 0, expertParameters = 0;
  int64_t savedBytes = 0, rematSavedBytes = 0;
  int64_t transientBytes = 0, rematTransientBytes = 0;
};

struct CostSet {
  std::vector<PieceCost> kinds; // in the order of LayerSequence::kinds
  PieceCost embedding, head;
  int64_t boundaryBytes = 0, batchBytes = 0, workspaceBytes = 0;
};

// The layers in order, as indices of distinct kinds, with prefix counts.
class LayerSequence {
public:
  explicit LayerSequence(const Model &model);

  int64_t size() const { return static_cast<int64_t>(kindOf.size()); }
  // How many layers of kind index `kind` lie in [first, end).
  int64_t count(size_t kind, int64_t first, int64_t end) const {
    return prefix[kind][end] - prefix[kind][first];
  }

  std::vector<int> kinds;  // CostSource's numbers, by first appearance
  std::vector<int> kindOf; // layer -> index into `kinds`

private:
  std::vector<std::vector<int64_t>> prefix;
};

class CostCache {
public:
  CostCache(const Problem &problem, CostSource &source, const LayerSequence &sequence)
      : problem(problem), source(source), sequence(sequence), topology(problem.cluster) {}

  // Throws PlanningError when the source gives a negative figure.
  const CostSet &get(int64_t microBatch, int64_t ep);

private:
  PieceCost piece(const LayerCost &cost, int64_t microBatch, int64_t ep) const;

  const Problem &problem;
  CostSource &source;
  const LayerSequence &sequence;
  Topology topology;
  std::map<std::pair<int64_t, int64_t>, CostSet> sets;
};

} // namespace sigma::planner

#endif
