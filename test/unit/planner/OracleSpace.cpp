#include "OracleSpace.h"

#include "OracleFigures.h"

#include <algorithm>

using namespace sigma::planner;
using namespace sigma::planner::test;

std::vector<int> sigma::planner::test::kindsOfLayers(const Model &model) {
  std::vector<int> kinds;
  for (const LayerGroup &group : model.layers)
    kinds.insert(kinds.end(), group.count, group.kind);
  return kinds;
}

//===----------------------------------------------------------------------===//
// Splits
//===----------------------------------------------------------------------===//

// How often the `size` layers from `first` on stand there one after the other.
static int64_t repeatsAt(const std::vector<int> &kinds, int64_t first, int64_t size) {
  const auto block = kinds.begin() + first;
  int64_t repeats = 1;
  while (first + (repeats + 1) * size <= int64_t(kinds.size()) &&
         std::equal(block, block + size, block + repeats * size))
    ++repeats;
  return repeats;
}

Units::Units(const Model &model, const Layout &layout) {
  const std::vector<int> kinds = kindsOfLayers(model);
  const int64_t layers = int64_t(kinds.size());
  if (layout.vpp == 1) {
    count = layers;
    return;
  }
  least = layout.vpp;
  // The most layers covered; then the shortest block; then the first.
  for (int64_t block = 1; block <= layers; ++block)
    for (int64_t first = 0; first + block <= layers; ++first) {
      const int64_t repeats = repeatsAt(kinds, first, block);
      if (repeats < 2 || repeats * block <= count * size)
        continue;
      count = repeats;
      size = block;
      before = first;
      after = layers - first - repeats * block;
    }
}

std::vector<std::vector<LayerRange>>
sigma::planner::test::chunksOf(const Units &units, const Layout &layout,
                               const std::vector<int64_t> &counts) {
  std::vector<std::vector<LayerRange>> chunks(layout.pp);
  int64_t next = 0;
  for (int64_t part = 0; part < layout.pp * layout.vpp; ++part) {
    const int64_t stage = stageOfPart(layout, part);
    const int64_t earlier = int64_t(chunks[stage].size());
    const int64_t held = counts[stage] / layout.vpp + (earlier < counts[stage] % layout.vpp);
    int64_t end = next + held * units.size;
    if (part == 0)
      end += units.before;
    if (part == layout.pp * layout.vpp - 1)
      end += units.after;
    chunks[stage].push_back({next, end});
    next = end;
  }
  return chunks;
}

//===----------------------------------------------------------------------===//
// Layouts
//===----------------------------------------------------------------------===//

namespace {

class Space {
public:
  explicit Space(const Problem &problem)
      : problem(problem), model(problem.model), job(problem.job),
        layers(int64_t(kindsOfLayers(problem.model).size())) {
    for (const Tier &tier : problem.cluster.tiers)
      if (node == 1)
        node = tier.devices;
  }

  std::vector<Layout> run() {
    const int64_t devices = problem.cluster.numDevices;
    Layout l;
    for (l.tp = 1; l.tp <= devices; ++l.tp)
      for (l.cp = 1; l.tp * l.cp <= devices; ++l.cp)
        for (l.dp = 1; l.tp * l.cp * l.dp <= devices; ++l.dp) {
          l.pp = devices / (l.tp * l.cp * l.dp);
          if (l.tp * l.cp * l.dp * l.pp == devices && dense(l))
            withExperts(l);
        }
    return std::move(layouts);
  }

private:
  static bool contains(const std::vector<int64_t> &values, int64_t value) {
    return std::count(values.begin(), values.end(), value) > 0;
  }
  // A pinned value may lie beyond the space.
  bool inBounds(Axis axis, int64_t value, int64_t most) const {
    return job.pins[axis] ? value == *job.pins[axis] : value <= most;
  }

  bool dense(const Layout &l) const {
    return inBounds(Axis::Tp, l.tp, node) && model.tensorDivisor % l.tp == 0 &&
           model.sequence % (l.tp * l.cp) == 0 && (l.cp == 1 || model.allowsContext) &&
           job.globalBatch % l.dp == 0 && l.pp <= layers;
  }

  void withExperts(Layout l) {
    const int64_t ranks = l.tp * l.cp * l.dp;
    for (l.etp = 1; l.etp <= ranks; ++l.etp)
      for (l.ep = 1; l.etp * l.ep <= ranks; ++l.ep) {
        bool legal = ranks % (l.etp * l.ep) == 0 && inBounds(Axis::Etp, l.etp, node);
        if (model.numExperts == 0)
          legal &= l.etp == 1 && l.ep == 1;
        else
          legal &= model.expertTensorDivisor % l.etp == 0 && model.numExperts % l.ep == 0;
        if (legal)
          withPlacement(l);
      }
  }

  void withPlacement(Layout l) {
    const int64_t block = l.tp * l.cp;
    auto aligned = [&](int64_t size) { return size % block == 0 || block % size == 0; };
    for (Placement placement : {Placement::StagesOutside, Placement::StagesInside})
      for (ContextKind kind : {ContextKind::Ring, ContextKind::AllToAll}) {
        l.placement = placement;
        l.contextKind = kind;
        bool legal = placement == Placement::StagesOutside ||
                     (l.pp > 1 && l.dp > 1 && aligned(l.etp) && aligned(l.etp * l.ep));
        if (kind == ContextKind::Ring)
          legal &= l.cp == 1 || model.sequence % (2 * l.cp) == 0;
        else
          legal &= l.cp > 1 && model.headDivisor % (l.tp * l.cp) == 0;
        if (legal)
          withBatches(l);
      }
  }

  void withBatches(Layout l) {
    const int64_t perReplica = job.globalBatch / l.dp;
    for (l.microBatch = 1; l.microBatch <= perReplica; ++l.microBatch) {
      l.numMicroBatches = perReplica / l.microBatch;
      if (perReplica % l.microBatch == 0 &&
          inBounds(Axis::MicroBatch, l.microBatch, job.maxMicroBatch))
        withSchedules(l);
    }
  }

  void withSchedules(Layout l) {
    for (int schedule = 0; schedule < kNumSchedules; ++schedule)
      for (l.vpp = 1; l.vpp * l.pp <= layers; ++l.vpp) {
        l.schedule = static_cast<Schedule>(schedule);
        if (isRunnable(l))
          withZero(l);
      }
  }

  bool isRunnable(const Layout &l) const {
    const Units units(model, l);
    if (units.count < l.pp * units.least)
      return false;
    switch (l.schedule) {
    case Schedule::OneForwardOneBackward:
      return l.vpp == 1;
    case Schedule::ZeroBubbleH1:
      return l.vpp == 1 && l.pp >= 2 && l.numMicroBatches >= l.pp;
    case Schedule::Interleaved:
      return l.vpp >= 2 && l.pp >= 2 && l.numMicroBatches % l.pp == 0;
    case Schedule::DualPipeV:
      return l.vpp == 2 && l.pp >= 2 && l.numMicroBatches >= 2 * l.pp;
    }
    return false;
  }

  void withZero(Layout l) {
    const int64_t edp = l.tp * l.cp * l.dp / (l.etp * l.ep);
    const int64_t most = l.cp * l.dp > 1 ? job.maxZero : 0;
    const int64_t mostOfExperts = edp > 1 && model.numExperts > 0 ? job.maxZero : 0;
    for (l.zero = 0; l.zero <= most; ++l.zero)
      for (l.expertZero = 0; l.expertZero <= mostOfExperts; ++l.expertZero)
        if (isWanted(l))
          layouts.push_back(l);
  }

  bool isWanted(const Layout &l) const {
    bool wanted =
        job.pins.schedule.value_or(l.schedule) == l.schedule &&
        std::count(job.forbids.schedules.begin(), job.forbids.schedules.end(), l.schedule) == 0;
    for (int i = 0; i < kNumAxes; ++i) {
      const Axis axis = static_cast<Axis>(i);
      wanted &= job.pins[axis].value_or(l.get(axis)) == l.get(axis) &&
                !contains(job.forbids[axis], l.get(axis));
    }
    return wanted;
  }

  const Problem &problem;
  const Model &model;
  const Job &job;
  int64_t layers, node = 1;
  std::vector<Layout> layouts;
};

} // namespace

std::vector<Layout> sigma::planner::test::allLayouts(const Problem &problem) {
  return Space(problem).run();
}
