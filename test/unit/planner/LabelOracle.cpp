#include "LabelOracle.h"

#include "OracleFigures.h"
#include "OracleSpace.h"

#include <algorithm>
#include <array>

using namespace sigma::planner;
using namespace sigma::planner::test;

namespace {

// Three figures, each the better the smaller.
using Label = std::array<int64_t, 3>;

bool dominates(const Label &a, const Label &b) {
  return a[0] <= b[0] && a[1] <= b[1] && a[2] <= b[2];
}

// A set of labels of which none dominates another.
class Front {
public:
  void insert(const Label &label) {
    for (const Label &other : labels)
      if (dominates(other, label))
        return;
    labels.erase(std::remove_if(labels.begin(), labels.end(),
                                [&](const Label &other) { return dominates(label, other); }),
                 labels.end());
    labels.push_back(label);
  }

  std::vector<Label> labels;
};

// (extra time, kept bytes, largest transient) of layers, by how many there are of each kind and
// end chunks.
class ModeFronts {
public:
  const std::vector<Label> &of(const WorkFigures::Stage &stage, const StageBase &base,
                               const StageLayers &layers) {
    return of(stage, base, layers, layers.counts);
  }

private:
  using Counts = std::map<int, int64_t>;

  // Of `counts` of the layers.
  const std::vector<Label> &of(const WorkFigures::Stage &stage, const StageBase &base,
                               const StageLayers &layers, const Counts &counts) {
    Front &front =
        fronts[{&stage, base.kept, base.madeOfHead, layers.counts, layers.places, counts}];
    if (!front.labels.empty())
      return front.labels;
    if (counts.empty()) {
      front.insert({0, 0, 0});
      return front.labels;
    }
    Counts fewer = counts;
    auto last = std::prev(fewer.end());
    const int kind = last->first;
    if (--last->second == 0)
      fewer.erase(last);
    for (const Label &label : of(stage, base, layers, fewer))
      for (const ModeFigures &mode : stage.kinds.at(kind).modes)
        front.insert({label[0] + mode.extraNs, label[1] + base.keptBytes(mode),
                      std::max(label[2], roomOf(layers, kind, mode))});
    return front.labels;
  }

  using Key = std::tuple<const WorkFigures::Stage *, StageBase::Moments, int64_t, Counts,
                         decltype(StageLayers::places), Counts>;
  std::map<Key, Front> fronts;
};

class LabelProgram {
public:
  LabelProgram(const Problem &problem, const WorkFigures &work, const LayoutFigures &figures,
               const Layout &layout, ModeFronts &fronts)
      : work(work), figures(figures), layout(layout), fronts(fronts),
        kinds(kindsOfLayers(problem.model)), units(problem.model, layout) {}

  std::optional<int64_t> solve() {
    std::vector<Front> at(units.count + 1);
    at[0].insert({0, 0, 0});
    for (int64_t stage = 0; stage < layout.pp; ++stage) {
      std::vector<Front> next(units.count + 1);
      const int64_t most = units.count - (layout.pp - stage - 1) * units.least;
      for (int64_t first = 0; first < units.count; ++first)
        for (int64_t end = first + units.least; !at[first].labels.empty() && end <= most; ++end)
          extend(at[first], stage, first, end, next[end]);
      at = std::move(next);
    }
    std::optional<int64_t> best;
    for (const Label &label : at[units.count].labels)
      best = std::min(best.value_or(INT64_MAX), figures.objectiveNs(label[0], label[1], label[2]));
    return best;
  }

private:
  void extend(const Front &from, int64_t stage, int64_t first, int64_t end, Front &to) {
    const StageLayers layers = layersOf(stage, first, end);
    const StageBase base = figures.base(stage, layers);
    int64_t extra = INT64_MAX;
    for (const Label &label : fronts.of(*work.stages[stage], base, layers))
      if (base.fits(label[1], label[2]))
        extra = std::min(extra, label[0]);
    if (extra == INT64_MAX)
      return;
    const StageTerms terms = figures.terms(base, extra);
    for (const Label &label : from.labels)
      to.insert({std::max(label[0], terms.busyNs), label[1] + terms.fillNs,
                 std::max(label[2], terms.tailNs)});
  }

  StageLayers layersOf(int64_t stage, int64_t first, int64_t end) const {
    StageLayers layers;
    layers.units = end - first;
    auto add = [&](int64_t from, int64_t to) {
      for (int64_t layer = from; layer < to; ++layer)
        ++layers.counts[kinds[layer]];
      layers.total += to - from;
    };
    add(units.before + first * units.size, units.before + end * units.size);
    if (layout.vpp == 1) {
      const auto begin = kinds.begin() + units.before;
      figures.place(stage, 0, {begin + first * units.size, begin + end * units.size}, layers);
      layers.end = end;
      layers.largestChunk = layers.total;
      return layers;
    }
    for (int64_t part = 0; part < layout.pp * layout.vpp; ++part) {
      if (stageOfPart(layout, part) != stage)
        continue;
      const bool isFirst = part == 0, isLast = part == layout.pp * layout.vpp - 1;
      const int64_t count = end - first, chunk = part / layout.pp;
      int64_t size = units.size * (count / layout.vpp + (chunk < count % layout.vpp));
      size += (isFirst ? units.before : 0) + (isLast ? units.after : 0);
      layers.largestChunk = std::max(layers.largestChunk, size);
      // The first layers of the model, or of its units, and so many of the last.
      const auto begin = kinds.begin() + (isFirst ? 0 : units.before);
      std::vector<int> held(begin, begin + size - (isLast ? units.after : 0));
      if (isLast)
        held.insert(held.end(), kinds.end() - units.after, kinds.end());
      figures.place(stage, chunk, held, layers);
      if (isFirst)
        add(0, units.before);
      if (isLast)
        add(int64_t(kinds.size()) - units.after, int64_t(kinds.size()));
    }
    return layers;
  }

  const WorkFigures &work;
  const LayoutFigures &figures;
  const Layout &layout;
  ModeFronts &fronts;
  std::vector<int> kinds;
  Units units;
};

} // namespace

std::optional<OraclePlan> sigma::planner::test::labelOracle(Instance &instance) {
  WorkBook book(instance);
  ModeFronts fronts;
  // The most promising first: what cannot beat the best known is not worth its tables.
  std::vector<std::pair<int64_t, Layout>> layouts;
  for (const Layout &layout : allLayouts(instance.problem)) {
    const LayoutFigures figures(instance.problem, book.work(layout), layout);
    layouts.emplace_back(figures.lowerBoundNs(), layout);
  }
  std::stable_sort(layouts.begin(), layouts.end(),
                   [](const auto &a, const auto &b) { return a.first < b.first; });
  std::optional<OraclePlan> best;
  for (const auto &[bound, layout] : layouts) {
    if (best && bound >= best->objectiveNs)
      break;
    const WorkFigures &work = book.work(layout);
    const LayoutFigures figures(instance.problem, work, layout);
    const auto value = LabelProgram(instance.problem, work, figures, layout, fronts).solve();
    if (!value || (best && *value >= best->objectiveNs))
      continue;
    best = OraclePlan();
    best->plan.layout = layout;
    best->objectiveNs = *value;
  }
  return best;
}

std::optional<int64_t> sigma::planner::test::labelOracle(Instance &instance, const Layout &layout) {
  const WorkFigures work(instance, layout);
  const LayoutFigures figures(instance.problem, work, layout);
  ModeFronts fronts;
  return LabelProgram(instance.problem, work, figures, layout, fronts).solve();
}

std::optional<int64_t> sigma::planner::test::cheapestPath(const OptionGraph &graph) {
  std::map<int64_t, Front> at;
  at[0].insert({0, 0, 0});
  for (const std::vector<StageOption> &options : graph.stages) {
    std::map<int64_t, Front> next;
    for (const StageOption &option : options)
      for (const Label &label : at[option.first].labels)
        next[option.end()].insert({std::max(label[0], option.times.steadyNs),
                                   label[1] + option.times.fillNs,
                                   std::max(label[2], option.times.tailNs)});
    at = std::move(next);
  }
  std::optional<int64_t> best;
  for (const Label &label : at[graph.numUnits].labels)
    best = std::min(best.value_or(INT64_MAX), label[0] + label[1] + label[2]);
  return best;
}
