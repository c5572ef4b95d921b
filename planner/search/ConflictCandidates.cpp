#include "planner/search/ConflictCandidates.h"

#include <algorithm>
#include <set>

using namespace sigma::planner;

static LimitSet brokenChoices(const Job &job, const Layout &layout) {
  LimitSet broken = isForbidden(job.forbids, layout) ? bit(Limit::Forbid) : 0;
  for (int i = 0; i < kNumAxes; ++i) {
    const Axis axis = static_cast<Axis>(i);
    if (job.pins[axis] && *job.pins[axis] != layout.get(axis))
      broken |= bit(pinOf(axis));
  }
  if (job.pins.schedule && *job.pins.schedule != layout.schedule)
    broken |= bit(Limit::PinSchedule);
  return broken;
}

static bool scheduleIsLegal(const Layout &layout) {
  const int64_t m = layout.numMicroBatches;
  switch (layout.schedule) {
  case Schedule::OneForwardOneBackward:
    return layout.vpp == 1;
  case Schedule::ZeroBubbleH1:
    return layout.vpp == 1 && layout.pp >= 2;
  case Schedule::Interleaved:
    return layout.vpp >= 2 && layout.pp >= 2 && m % layout.pp == 0;
  case Schedule::DualPipeV:
    return layout.vpp == 2 && layout.pp >= 2 && m >= 2 * layout.pp;
  }
  return false;
}

static LimitSet brokenShape(const Problem &problem, const LayerSequence &sequence,
                            const Layout &layout) {
  using Wide = __int128;
  const Model &model = problem.model;
  LimitSet broken = 0;
  auto rule = [&](bool ok, Limit limit) { broken |= ok ? 0 : bit(limit); };
  const Wide ranks = Wide(layout.tp) * layout.cp * layout.dp;
  const Wide samples = Wide(layout.dp) * layout.microBatch;
  rule(ranks * layout.pp == problem.cluster.numDevices, Limit::DeviceCount);
  rule(problem.job.globalBatch % samples == 0, Limit::Batch);
  rule(model.tensorDivisor % layout.tp == 0, Limit::Tensors);
  rule((model.numExperts > 0 ? model.expertTensorDivisor : 1) % layout.etp == 0,
       Limit::ExpertTensors);
  rule(expertsToShare(model) % layout.ep == 0, Limit::Experts);
  rule(ranks % (Wide(layout.etp) * layout.ep) == 0, Limit::Folding);
  const Wide shares = Wide(layout.cp) * layout.tp;
  const bool isRing = layout.cp > 1 && layout.contextKind == ContextKind::Ring;
  rule(model.sequence % shares == 0 && (!isRing || model.sequence % (2 * Wide(layout.cp)) == 0) &&
           (layout.cp == 1 || model.allowsContext),
       Limit::Sequence);
  rule(layout.cp == 1 || isRing || model.headDivisor % shares == 0, Limit::Heads);
  const int64_t units = layout.vpp == 1 ? sequence.size() : sequence.repeat().repeats;
  rule(Wide(layout.pp) * layout.vpp <= units, Limit::Layers);
  rule(scheduleIsLegal(layout), Limit::Schedule);
  const Wide experts = Wide(layout.etp) * layout.ep;
  rule(layout.zero == 0 || (layout.cp * layout.dp > 1 && layout.zero <= problem.job.maxZero),
       Limit::Zero);
  rule(layout.expertZero == 0 || (model.numExperts > 0 && ranks > experts &&
                                  layout.expertZero <= problem.job.maxZero),
       Limit::Zero);
  return broken;
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

namespace {

// The sizes of each axis that can matter: a size of one divides everything, so others exist only to
// obey the user, or to fill the devices.
class ShapeCandidates {
public:
  ShapeCandidates(const Problem &problem, const LayerSequence &sequence)
      : problem(problem), sequence(sequence), pins(problem.job.pins) {
    const std::vector<int64_t> devices = divisorsOf(problem.cluster.numDevices);
    add(Axis::Pp, devices);
    add(Axis::Dp, devices);
    for (Axis axis : {Axis::Ep, Axis::Etp})
      if (pins[axis])
        values(Axis::Dp).insert(*pins[axis]);
    if (pins[Axis::Ep] && pins[Axis::Etp])
      values(Axis::Dp).insert(mulLimited(*pins[Axis::Ep], *pins[Axis::Etp]));
    const int64_t node = devicesPerNode(problem.cluster);
    addChoice(Axis::Tp, upTo(node, divisorsOf(problem.model.tensorDivisor)));
    addChoice(Axis::Cp, devices);
    addChoice(Axis::Ep, divisorsOf(expertsToShare(problem.model)));
    addChoice(Axis::Etp, upTo(node, divisorsOf(problem.model.expertTensorDivisor)));
    addChoice(Axis::MicroBatch,
              upTo(problem.job.maxMicroBatch, divisorsOf(problem.job.globalBatch)));
    std::vector<int64_t> zero;
    for (int64_t stage = 0; stage <= problem.job.maxZero; ++stage)
      zero.push_back(stage);
    addChoice(Axis::Zero, zero);
    addChoice(Axis::ExpertZero, zero);
    addSchedules();
  }

  std::vector<LimitSet> run() {
    visit(0);
    return {broken.begin(), broken.end()};
  }

private:
  static int64_t mulLimited(int64_t a, int64_t b) {
    return a <= (int64_t(1) << 40) / b ? a * b : a;
  }
  // What bounds the space is no limit that a user could be told to give up.
  static std::vector<int64_t> upTo(int64_t most, std::vector<int64_t> sizes) {
    sizes.erase(std::upper_bound(sizes.begin(), sizes.end(), most), sizes.end());
    return sizes;
  }
  std::set<int64_t> &values(Axis axis) { return sizes[static_cast<int>(axis)]; }

  void add(Axis axis, const std::vector<int64_t> &more) {
    values(axis).insert(more.begin(), more.end());
    if (pins[axis])
      values(axis).insert(*pins[axis]);
  }
  void addChoice(Axis axis, const std::vector<int64_t> &all) {
    const bool isForbiddenSomewhere = !problem.job.forbids[axis].empty();
    add(axis, isForbiddenSomewhere ? all : std::vector<int64_t>{all.front()});
  }
  void addSchedules() {
    const bool everything = pins.schedule || !problem.job.forbids.schedules.empty() ||
                            pins[Axis::Vpp] || !problem.job.forbids[Axis::Vpp].empty();
    schedules = {Schedule::OneForwardOneBackward};
    values(Axis::Vpp) = {1};
    if (!everything)
      return;
    schedules = {Schedule::OneForwardOneBackward, Schedule::Interleaved, Schedule::ZeroBubbleH1,
                 Schedule::DualPipeV};
    add(Axis::Vpp, {2, 3, 4});
  }

  void visit(int axis) {
    if (axis < kNumAxes) {
      for (int64_t size : sizes[axis]) {
        layout.set(static_cast<Axis>(axis), size);
        visit(axis + 1);
      }
      return;
    }
    const __int128 samples = __int128(layout.dp) * layout.microBatch;
    layout.numMicroBatches =
        std::max<int64_t>(1, static_cast<int64_t>(problem.job.globalBatch / samples));
    for (ContextKind kind : {ContextKind::Ring, ContextKind::AllToAll})
      for (Schedule schedule : schedules) {
        layout.contextKind = kind;
        layout.schedule = schedule;
        if (layout.cp > 1 || kind == ContextKind::Ring)
          broken.insert(brokenChoices(problem.job, layout) |
                        brokenShape(problem, sequence, layout));
      }
  }

  const Problem &problem;
  const LayerSequence &sequence;
  const Pins &pins;
  std::array<std::set<int64_t>, kNumAxes> sizes;
  std::vector<Schedule> schedules;
  Layout layout;
  std::set<LimitSet> broken;
};

} // namespace

std::vector<LimitSet> sigma::planner::shapeCandidates(const Problem &problem,
                                                      const LayerSequence &sequence) {
  return ShapeCandidates(problem, sequence).run();
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Problem sigma::planner::without(Problem problem, Limit limit) {
  Pins &pins = problem.job.pins;
  if (isPin(limit))
    pins[axisOf(limit)].reset();
  else if (limit == Limit::PinSchedule)
    pins.schedule.reset();
  else if (limit == Limit::PinRemat)
    pins.remat.reset();
  else if (limit == Limit::Forbid)
    problem.job.forbids = {};
  return problem;
}

Problem sigma::planner::withDevices(Problem problem, int64_t numDevices) {
  Cluster &cluster = problem.cluster;
  if (!cluster.groups.empty())
    cluster.groups.back().count += numDevices - cluster.numDevices;
  cluster.numDevices = numDevices;
  if (!cluster.tiers.empty())
    cluster.tiers.back().devices = std::max(cluster.tiers.back().devices, numDevices);
  return problem;
}

std::vector<int64_t> sigma::planner::largerClusters(int64_t numDevices) {
  std::vector<int64_t> sizes;
  for (int64_t factor : {2, 3, 4, 6, 8, 12, 16, 32, 64})
    if (numDevices * factor <= (int64_t(1) << 24))
      sizes.push_back(numDevices * factor);
  return sizes;
}

namespace {

class MemoryCandidates {
public:
  MemoryCandidates(const Problem &problem, CostCache &costs, const LayerSequence &sequence)
      : problem(problem), costs(costs), sequence(sequence) {
    const Pins &pins = problem.job.pins;
    for (int i = 0; i < kNumLimits; ++i) {
      const Limit limit = static_cast<Limit>(i);
      const bool isAsked = (isPin(limit) && pins[axisOf(limit)]) ||
                           (limit == Limit::PinSchedule && pins.schedule) ||
                           (limit == Limit::PinRemat && pins.remat) ||
                           (limit == Limit::Forbid && forbidsAnything());
      if (isAsked)
        asked.push_back(limit);
    }
  }

  // Smaller sets first: what a larger one adds to one that fits tells nothing.
  std::vector<LimitSet> run() {
    std::vector<LimitSet> broken{bit(Limit::Memory)};
    std::vector<uint32_t> subsets;
    for (uint32_t subset = 0; subset < (uint32_t(1) << asked.size()); ++subset)
      subsets.push_back(subset);
    std::stable_sort(subsets.begin(), subsets.end(), [](uint32_t a, uint32_t b) {
      return __builtin_popcount(a) < __builtin_popcount(b);
    });
    for (bool moreDevices : {false, true})
      for (uint32_t subset : subsets) {
        if (subset == 0 && !moreDevices)
          continue; // the problem itself
        LimitSet set = moreDevices ? bit(Limit::DeviceCount) : 0;
        for (size_t i = 0; i < asked.size(); ++i)
          set |= (subset >> i & 1) ? bit(asked[i]) : 0;
        const bool isCovered = std::any_of(broken.begin(), broken.end(), [&](LimitSet other) {
          return (set & other) == other;
        });
        if (!isCovered && fitsWithout(set))
          broken.push_back(set);
      }
    return broken;
  }

private:
  bool forbidsAnything() const {
    const Forbids &forbids = problem.job.forbids;
    return !forbids.schedules.empty() ||
           std::any_of(forbids.sizes.begin(), forbids.sizes.end(),
                       [](const std::vector<int64_t> &values) { return !values.empty(); });
  }

  bool fitsWithout(LimitSet set) {
    Problem free = problem;
    for (Limit limit : asked)
      if (contains(set, limit))
        free = without(std::move(free), limit);
    if (!contains(set, Limit::DeviceCount))
      return anyFits(free);
    if (problem.cluster.tiers.empty())
      return false;
    const std::vector<int64_t> sizes = largerClusters(problem.cluster.numDevices);
    return std::any_of(sizes.begin(), sizes.end(),
                       [&](int64_t size) { return anyFits(withDevices(free, size)); });
  }

  // Costs are kept by pin of rematerialization and by the cluster, so a changed problem has its own.
  bool anyFits(const Problem &changed) {
    CostCache changedCosts(changed, costs.costSource(), sequence);
    return MemorySpace(changed, sequence, changedCosts).anyFits();
  }

  const Problem &problem;
  CostCache &costs;
  const LayerSequence &sequence;
  std::vector<Limit> asked;
};

} // namespace

std::vector<LimitSet> sigma::planner::memoryCandidates(const Problem &problem, CostCache &costs,
                                                       const LayerSequence &sequence) {
  return MemoryCandidates(problem, costs, sequence).run();
}
