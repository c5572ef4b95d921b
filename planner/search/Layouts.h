// The outer lattice: every layout that the devices, the batch, the model and the pins allow
// (docs/cost-model.md, "What is legal", "What is searched").
#ifndef SIGMA_PLANNER_SEARCH_LAYOUTS_H
#define SIGMA_PLANNER_SEARCH_LAYOUTS_H

#include "planner/Problem.h"
#include "planner/search/Costs.h"

#include <vector>

namespace sigma::planner {

std::vector<int64_t> divisorsOf(int64_t n);

// ep must divide it; 1 for a dense model.
inline int64_t expertsToShare(const Model &model) {
  return model.numExperts > 0 ? model.numExperts : 1;
}

// Devices of the innermost tier that has more than one: tensor parallelism stays inside.
int64_t devicesPerNode(const Cluster &cluster);

// A lattice in two steps: families differ in the groups that work on a micro-batch, their variants
// in schedule, chunks and ZeRO. A family is its variant with 1F1B, one chunk and no ZeRO, which
// itself may be excluded.
class LayoutSpace {
public:
  LayoutSpace(const Problem &problem, const LayerSequence &sequence)
      : problem(problem), sequence(sequence) {}

  // `rejected` counts the tuples of divisors that divisibility ruled out.
  std::vector<Layout> families(int64_t &rejected) const;
  std::vector<Layout> variants(const Layout &family) const;
  int64_t numVariants(const Layout &family) const;
  bool isEmpty() const;

private:
  template <class Visit>
  void forEachMesh(int64_t &rejected, Visit visit) const;
  void addFamilies(const Layout &mesh, int64_t &rejected, std::vector<Layout> &result) const;
  std::vector<int64_t> microBatches(int64_t dp) const;
  std::vector<ContextKind> contextKinds(const Layout &layout) const;
  std::vector<Placement> placements(const Layout &layout) const;
  std::vector<Layout> schedules(const Layout &family) const;
  std::vector<int64_t> zeroStages(Axis axis, int64_t replicas) const;
  std::vector<int64_t> denseZero(const Layout &family) const;
  std::vector<int64_t> expertZero(const Layout &family) const;
  bool allows(Axis axis, int64_t value) const;

  const Problem &problem;
  const LayerSequence &sequence;
};

// True if `a` comes before `b` in canonical order: of two equally fast plans the first is taken.
bool comesBefore(const Layout &a, const Layout &b);

// Layouts of one kind differ in sizes that a person would call tuning: micro-batch, chunks, ZeRO.
bool isSameKind(const Layout &a, const Layout &b);

} // namespace sigma::planner

#endif
