#include "LabelOracle.h"

#include <algorithm>
#include <map>

using namespace sigma::planner;
using namespace sigma::planner::test;

namespace {

struct Label {
  int64_t slowest, sum, tail;
};

void insertLabel(std::vector<Label> &labels, const Label &label) {
  for (const Label &other : labels)
    if (other.slowest <= label.slowest && other.sum <= label.sum && other.tail <= label.tail)
      return;
  labels.erase(std::remove_if(labels.begin(), labels.end(),
                              [&](const Label &other) {
                                return label.slowest <= other.slowest && label.sum <= other.sum &&
                                       label.tail <= other.tail;
                              }),
               labels.end());
  labels.push_back(label);
}

class LabelProgram {
public:
  LabelProgram(Instance &instance, const Layout &layout) : figures(instance, layout) {
    for (const LayerGroup &group : instance.problem.model.layers)
      kinds.insert(kinds.end(), group.count, group.kind);
  }

  std::optional<int64_t> solve() {
    int64_t pp = figures.layout.pp, layers = int64_t(kinds.size());
    std::vector<std::vector<Label>> at(layers + 1);
    at[0].push_back({0, 0, 0});
    for (int64_t stage = 0; stage < pp; ++stage) {
      std::vector<std::vector<Label>> next(layers + 1);
      for (int64_t first = 0; first < layers; ++first) {
        if (at[first].empty())
          continue;
        for (int64_t end = first + 1; end <= layers - (pp - stage - 1); ++end)
          if (auto option = bestOption(stage, first, end))
            for (const Label &label : at[first])
              insertLabel(next[end],
                          {std::max(label.slowest, option->timeNs), label.sum + option->timeNs,
                           std::max(label.tail, option->tailNs)});
      }
      at = std::move(next);
    }
    std::optional<int64_t> best;
    for (const Label &label : at[layers]) {
      int64_t value = (figures.layout.numMicroBatches - 1) * label.slowest + label.sum +
                      label.tail + figures.noiseNs;
      best = best ? std::min(*best, value) : value;
    }
    return best;
  }

private:
  // All numbers of rematerialized layers per kind, the fastest that fits.
  std::optional<StageResult> bestOption(int64_t stage, int64_t first, int64_t end) {
    std::optional<StageResult> best;
    std::map<int, int64_t> held;
    for (int64_t layer = first; layer < end; ++layer)
      ++held[kinds[layer]];
    std::map<int, int64_t> chosen;
    tryCounts(held.begin(), held.end(), chosen, stage, first, end, best);
    return best;
  }

  void tryCounts(std::map<int, int64_t>::iterator kind, std::map<int, int64_t>::iterator last,
                 std::map<int, int64_t> &chosen, int64_t stage, int64_t first, int64_t end,
                 std::optional<StageResult> &best) {
    if (kind == last) {
      std::vector<bool> remat(kinds.size(), false);
      std::map<int, int64_t> left = chosen;
      for (int64_t layer = first; layer < end; ++layer)
        remat[layer] = left[kinds[layer]]-- > 0;
      auto result = stageResult(figures, stage, first, end, remat);
      if (result && (!best || result->timeNs < best->timeNs))
        best = result;
      return;
    }
    std::optional<bool> pinned = figures.instance.problem.job.pins.remat;
    int64_t from = pinned.value_or(false) ? kind->second : 0;
    int64_t to = pinned.value_or(true) ? kind->second : 0;
    for (int64_t count = from; count <= to; ++count) {
      chosen[kind->first] = count;
      tryCounts(std::next(kind), last, chosen, stage, first, end, best);
    }
  }

  LayoutFigures figures;
  std::vector<int> kinds;
};

} // namespace

std::optional<OraclePlan> sigma::planner::test::labelOracle(Instance &instance) {
  std::optional<OraclePlan> best;
  for (const Layout &layout : allLayouts(instance.problem))
    if (auto value = LabelProgram(instance, layout).solve();
        value && (!best || *value < best->objectiveNs))
      best = OraclePlan{layout, *value};
  return best;
}
