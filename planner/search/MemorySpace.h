// Does anything fit? The layouts of a problem, as far as memory tells them apart.
#ifndef SIGMA_PLANNER_SEARCH_MEMORYSPACE_H
#define SIGMA_PLANNER_SEARCH_MEMORYSPACE_H

#include "planner/search/Bounds.h"
#include "planner/search/Deadline.h"
#include "planner/search/Layouts.h"
#include "planner/search/MemoryNeed.h"

#include <optional>

namespace sigma::planner {

class MemorySpace {
public:
  MemorySpace(const Problem &problem, const LayerSequence &sequence, CostCache &costs)
      : problem(problem), sequence(sequence), costs(costs), space(problem, sequence) {}

  // A layout that fits; none if there is none. Throws Stopped.
  std::optional<Layout> findFitting(const Deadline &deadline);

  bool fits(const Layout &layout);

  // False if no variant of the family fits: by what is known without asking for modes.
  bool mayFit(const Layout &family);

  // The layout that misses the memory by least. Throws Stopped.
  struct Closest {
    Layout layout;
    MemoryNeed need;
  };
  std::optional<Closest> closest(const Deadline &deadline);

private:
  // In the order in which they are likely to fit.
  std::vector<Layout> orderedFamilies() const;
  // 1F1B keeps fewest micro-batches in flight, so where it is allowed it stands for all schedules
  // that hold the embedding and the head on the same stages.
  std::vector<Layout> leastMemoryVariants(const Layout &family) const;

  MemoryModel model(const Layout &layout, MemoryModel::Figures figures) {
    return MemoryModel(problem, sequence, costs, layout, figures);
  }

  const Problem &problem;
  const LayerSequence &sequence;
  CostCache &costs;
  LayoutSpace space;
};

} // namespace sigma::planner

#endif
