#include "planner/search/MemorySpace.h"

#include "planner/cost/Arithmetic.h"

#include <algorithm>
#include <tuple>

using namespace sigma::planner;

std::vector<Layout> MemorySpace::orderedFamilies() const {
  int64_t rejected = 0;
  std::vector<Layout> families = space.families(rejected);
  // Little of the model and little of the batch on a device.
  auto key = [](const Layout &layout) {
    return std::make_tuple(layout.microBatch, -layout.pp * layout.tp * layout.cp,
                           -layout.ep * layout.etp);
  };
  std::sort(families.begin(), families.end(), [&](const Layout &a, const Layout &b) {
    return key(a) != key(b) ? key(a) < key(b) : comesBefore(a, b);
  });
  return families;
}

std::vector<Layout> MemorySpace::leastMemoryVariants(const Layout &family) const {
  std::vector<Layout> variants = space.variants(family);
  auto is = [](Schedule schedule) {
    return [=](const Layout &layout) { return layout.schedule == schedule; };
  };
  if (std::any_of(variants.begin(), variants.end(), is(Schedule::OneForwardOneBackward)))
    variants.erase(std::remove_if(variants.begin(), variants.end(), is(Schedule::Interleaved)),
                   variants.end());
  std::reverse(variants.begin(), variants.end()); // most ZeRO first
  return variants;
}

// What is known without asking for modes refutes most.
bool MemorySpace::fits(const Layout &layout) {
  return fitsMemory(model(layout, MemoryModel::Figures::Work)) &&
         fitsMemory(model(layout, MemoryModel::Figures::Whole));
}

bool MemorySpace::mayFit(const Layout &family) {
  const StaticMemory memory(problem, sequence, costs, family);
  for (const Layout &layout : leastMemoryVariants(family))
    if (memory.fits(layout) && fitsMemory(model(layout, MemoryModel::Figures::Work)))
      return true;
  return false;
}

std::optional<Layout> MemorySpace::findFitting(const Deadline &deadline) {
  for (const Layout &family : orderedFamilies()) {
    const StaticMemory memory(problem, sequence, costs, family);
    for (const Layout &layout : leastMemoryVariants(family))
      if (memory.fits(layout) && fits(layout))
        return layout;
    deadline.check();
  }
  return std::nullopt;
}

std::optional<MemorySpace::Closest> MemorySpace::closest(const Deadline &deadline) {
  std::optional<Closest> best;
  for (const Layout &family : orderedFamilies()) {
    const StaticMemory memory(problem, sequence, costs, family);
    for (const Layout &layout : leastMemoryVariants(family)) {
      const int64_t mostBytes = best ? best->need.missingBytes - 1 : kSaturated;
      if (!memory.fits(layout, mostBytes) ||
          !fitsMemory(model(layout, MemoryModel::Figures::Work), mostBytes))
        continue;
      MemoryNeed need = leastMemory(model(layout, MemoryModel::Figures::Whole), mostBytes);
      if (!need.counts.empty())
        best = Closest{layout, std::move(need)};
    }
    deadline.check();
  }
  return best;
}
