#include "Exhaustive.h"

#include "OracleFigures.h"
#include "OracleSpace.h"

#include <algorithm>

using namespace sigma::planner;
using namespace sigma::planner::test;

namespace {

// How many layers have which mode, by kind.
using ModeCounts = std::map<int, std::vector<int64_t>>;

// The fastest choice of modes for the layers of a stage: for every kind, every way to give so many
// layers to each mode.
class ModeEnumerator {
public:
  ModeEnumerator(const LayoutFigures &figures, int64_t stage, const StageLayers &held)
      : figures(figures), stage(stage), layers(held), base(figures.base(stage, held)) {
    for (const auto &[kind, count] : layers.counts)
      trial[kind].resize(figures.modes(stage, kind).size());
    kind(layers.counts.begin(), 0, 0, 0);
  }

  bool fits() const { return leastNs < INT64_MAX; }
  StageTerms terms() const { return figures.terms(base, leastNs); }

  ModeCounts best;

private:
  using Kind = std::map<int, int64_t>::const_iterator;

  void kind(Kind at, int64_t extra, int64_t saved, int64_t transient) {
    if (at != layers.counts.end())
      return mode(at, 0, at->second, extra, saved, transient);
    if (extra >= leastNs || !base.fits(saved, transient))
      return;
    leastNs = extra;
    best = trial;
  }

  // `left` layers are to be given to mode `index` and those after it.
  void mode(Kind at, size_t index, int64_t left, int64_t extra, int64_t saved, int64_t transient) {
    const std::vector<ModeFigures> &modes = figures.modes(stage, at->first);
    if (index == modes.size())
      return left == 0 ? kind(std::next(at), extra, saved, transient) : void();
    const ModeFigures &one = modes[index];
    for (int64_t count = 0; count <= left; ++count) {
      trial[at->first][index] = count;
      mode(at, index + 1, left - count, extra + count * one.extraNs,
           saved + count * base.keptBytes(one),
           count > 0 ? std::max(transient, roomOf(layers, at->first, one)) : transient);
    }
  }

  const LayoutFigures &figures;
  int64_t stage;
  StageLayers layers;
  StageBase base;
  ModeCounts trial;
  int64_t leastNs = INT64_MAX; // of recomputation
};

// All splits of one layout.
class Enumerator {
public:
  Enumerator(const Problem &problem, const LayoutFigures &figures, const Layout &layout,
             std::optional<OraclePlan> &best)
      : figures(figures), layout(layout), best(best), kinds(kindsOfLayers(problem.model)),
        units(problem.model, layout) {}

  void run() { split(units.count); }

private:
  void split(int64_t left) {
    const int64_t after = layout.pp - int64_t(counts.size());
    if (after == 0) {
      offer();
      return;
    }
    const int64_t least = after == 1 ? left : units.least;
    for (int64_t count = least; count <= left - (after - 1) * units.least; ++count) {
      counts.push_back(count);
      split(left - count);
      counts.pop_back();
    }
  }

  void offer() {
    const auto chunks = chunksOf(units, layout, counts);
    int64_t busy = 0, fill = 0, tail = 0;
    for (int64_t stage = 0; stage < layout.pp; ++stage) {
      const ModeEnumerator &modes = modesOf(stage, chunks[stage]);
      if (!modes.fits())
        return;
      const StageTerms terms = modes.terms();
      busy = std::max(busy, terms.busyNs);
      fill += terms.fillNs;
      tail = std::max(tail, terms.tailNs);
    }
    const int64_t objective = figures.objectiveNs(busy, fill, tail);
    if (!best || objective < best->objectiveNs)
      best = OraclePlan{planOf(chunks), objective};
  }

  Plan planOf(const std::vector<std::vector<LayerRange>> &chunks) {
    Plan plan;
    plan.layout = layout;
    for (int64_t stage = 0; stage < layout.pp; ++stage) {
      ModeCounts left = modesOf(stage, chunks[stage]).best;
      StagePlan held;
      held.chunks = chunks[stage];
      for (const LayerRange &chunk : held.chunks)
        for (int64_t layer = chunk.first; layer < chunk.end; ++layer) {
          std::vector<int64_t> &modes = left[kinds[layer]];
          const auto mode =
              std::find_if(modes.begin(), modes.end(), [](int64_t count) { return count > 0; });
          --*mode;
          held.remat.push_back(figures.modes(stage, kinds[layer])[mode - modes.begin()].name);
        }
      plan.stages.push_back(held);
    }
    return plan;
  }

  const ModeEnumerator &modesOf(int64_t stage, const std::vector<LayerRange> &chunks) {
    std::vector<int64_t> key{stage};
    for (const LayerRange &chunk : chunks) {
      key.push_back(chunk.first);
      key.push_back(chunk.end);
    }
    auto entry = known.find(key);
    if (entry == known.end())
      entry = known.emplace(key, ModeEnumerator(figures, stage, layersOf(stage, chunks))).first;
    return entry->second;
  }

  StageLayers layersOf(int64_t stage, const std::vector<LayerRange> &chunks) const {
    StageLayers layers;
    layers.units = counts[stage];
    layers.end = chunks.back().end;
    for (size_t index = 0; index < chunks.size(); ++index) {
      const LayerRange &chunk = chunks[index];
      const auto begin = kinds.begin();
      if (chunk.size() > 0)
        figures.place(stage, int64_t(index), {begin + chunk.first, begin + chunk.end}, layers);
      layers.total += chunk.size();
      layers.largestChunk = std::max(layers.largestChunk, chunk.size());
      for (int64_t layer = chunk.first; layer < chunk.end; ++layer)
        ++layers.counts[kinds[layer]];
    }
    return layers;
  }

  const LayoutFigures &figures;
  const Layout &layout;
  std::optional<OraclePlan> &best;
  std::vector<int> kinds;
  Units units;
  std::vector<int64_t> counts;
  std::map<std::vector<int64_t>, ModeEnumerator> known;
};

} // namespace

std::vector<OraclePlan> sigma::planner::test::exhaustiveByLayout(Instance &instance) {
  std::vector<OraclePlan> plans;
  WorkBook book(instance);
  for (const Layout &layout : allLayouts(instance.problem)) {
    const LayoutFigures figures(instance.problem, book.work(layout), layout);
    std::optional<OraclePlan> best;
    Enumerator(instance.problem, figures, layout, best).run();
    if (best)
      plans.push_back(*best);
  }
  return plans;
}

std::optional<OraclePlan> sigma::planner::test::exhaustive(Instance &instance) {
  std::optional<OraclePlan> best;
  for (OraclePlan &plan : exhaustiveByLayout(instance))
    if (!best || plan.objectiveNs < best->objectiveNs)
      best = std::move(plan);
  return best;
}

bool sigma::planner::test::isFeasible(Instance instance) {
  return exhaustive(instance).has_value();
}
