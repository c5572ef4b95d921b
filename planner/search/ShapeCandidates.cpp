// Combinations of sizes for when no layout is legal, each with the limits it breaks.
#include "planner/search/ConflictCandidates.h"

#include <algorithm>
#include <set>

using namespace sigma::planner;

namespace {

using Wide = __int128;

// The sizes of each axis that can matter: a size of one divides everything, so others exist only to
// fill the devices or to obey the user.
//
// A layout is put together from parts that break limits by themselves: its mesh, what happens to
// the experts and to ZeRO on that mesh, and how a pipeline runs. Of each part only the sets of
// limits that it can break are kept.
class ShapeCandidates {
public:
  ShapeCandidates(const Problem &problem, const LayerSequence &sequence)
      : problem(problem), sequence(sequence), model(problem.model), job(problem.job) {
    const std::vector<int64_t> devices = divisorsOf(problem.cluster.numDevices);
    add(Axis::Tp, upTo(mostOf(Axis::Tp), devices));
    add(Axis::Cp, devices);
    // Schedules need stages, and ZeRO needs replicas, also where there are too few devices for
    // them.
    for (Axis axis : {Axis::Pp, Axis::Dp}) {
      add(axis, devices);
      add(axis, {2});
    }
    addForExperts();
    addChoice(Axis::Tp, divisorsOf(model.tensorDivisor));
    addChoice(Axis::Ep, divisorsOf(expertsToShare(model)));
    addChoice(Axis::Etp, divisorsOf(model.expertTensorDivisor));
    addChoice(Axis::MicroBatch, divisorsOf(job.globalBatch));
    for (Axis axis : {Axis::Zero, Axis::ExpertZero})
      addChoice(axis, {0, 1, 2, 3});
    addChoice(Axis::Vpp, {1, 2, 3, 4});
    if (job.pins.schedule || !job.forbids.schedules.empty())
      add(Axis::Vpp, {2, 3, 4});
  }

  std::vector<LimitSet> run() {
    Layout layout;
    for (int64_t tp : values(Axis::Tp))
      for (int64_t cp : values(Axis::Cp))
        for (int64_t pp : values(Axis::Pp))
          for (int64_t dp : values(Axis::Dp)) {
            layout.tp = tp;
            layout.cp = cp;
            layout.pp = pp;
            layout.dp = dp;
            addMesh(layout);
          }
    return {broken.begin(), broken.end()};
  }

private:
  std::set<int64_t> &values(Axis axis) { return sizes[static_cast<int>(axis)]; }

  // Where something is forbidden also the least sizes that are not, whatever they break.
  void add(Axis axis, const std::vector<int64_t> &more) {
    const std::vector<int64_t> &forbidden = job.forbids[axis];
    values(axis).insert(more.begin(), more.end());
    if (job.pins[axis])
      values(axis).insert(*job.pins[axis]);
    constexpr int64_t kLeast = 4;
    for (int64_t size = 1; size <= kLeast && !forbidden.empty(); ++size)
      if (size <= mostOf(axis))
        values(axis).insert(size);
  }
  // The first is the one that breaks nothing.
  void addChoice(Axis axis, const std::vector<int64_t> &all) {
    const bool isForbiddenSomewhere = !job.forbids[axis].empty();
    add(axis, isForbiddenSomewhere ? upTo(mostOf(axis), all) : std::vector<int64_t>{all.front()});
  }
  // What bounds the space is no limit that a user could be told to give up.
  int64_t mostOf(Axis axis) const {
    switch (axis) {
    case Axis::Tp:
    case Axis::Etp:
      return devicesPerNode(problem.cluster);
    case Axis::MicroBatch:
      return job.maxMicroBatch;
    case Axis::Zero:
    case Axis::ExpertZero:
      return job.maxZero;
    default:
      return INT64_MAX;
    }
  }
  static std::vector<int64_t> upTo(int64_t most, std::vector<int64_t> sizes) {
    sizes.erase(std::upper_bound(sizes.begin(), sizes.end(), most), sizes.end());
    return sizes;
  }
  // Enough replicas for the experts' pinned sizes.
  void addForExperts() {
    int64_t product = 1;
    for (Axis axis : {Axis::Ep, Axis::Etp})
      if (const std::optional<int64_t> &pin = job.pins[axis]) {
        values(Axis::Dp).insert(*pin);
        product = product <= (int64_t(1) << 40) / *pin ? product * *pin : product;
      }
    values(Axis::Dp).insert(product);
    values(Axis::Dp).insert(2 * product);
  }
  LimitSet ifNot(bool ok, Limit limit) const { return ok ? 0 : bit(limit); }
  LimitSet choices(const Layout &layout, std::initializer_list<Axis> axes) const;
  LimitSet meshLimits(const Layout &layout) const;
  LimitSet expertLimits(const Layout &layout) const;
  LimitSet zeroLimits(const Layout &layout) const;
  LimitSet runLimits(const Layout &layout) const;
  std::set<LimitSet> experts(Layout layout);
  std::set<LimitSet> runs(Layout layout);
  void addMesh(Layout layout);

  const Problem &problem;
  const LayerSequence &sequence;
  const Model &model;
  const Job &job;
  std::array<std::set<int64_t>, kNumAxes> sizes;
  std::set<LimitSet> broken;
};

// Pins and what is forbidden.
LimitSet ShapeCandidates::choices(const Layout &layout, std::initializer_list<Axis> axes) const {
  LimitSet result = 0;
  for (Axis axis : axes) {
    const int64_t size = layout.get(axis);
    const std::vector<int64_t> &forbidden = job.forbids[axis];
    result |= ifNot(job.pins[axis].value_or(size) == size, pinOf(axis));
    result |= ifNot(std::count(forbidden.begin(), forbidden.end(), size) == 0, Limit::Forbid);
  }
  return result;
}

LimitSet ShapeCandidates::meshLimits(const Layout &layout) const {
  const Wide shares = Wide(layout.tp) * layout.cp;
  const bool isRing = layout.cp > 1 && layout.contextKind == ContextKind::Ring;
  return choices(layout, {Axis::Tp, Axis::Cp, Axis::Pp, Axis::Dp}) |
         ifNot(shares * layout.dp * layout.pp == problem.cluster.numDevices, Limit::DeviceCount) |
         ifNot(model.tensorDivisor % layout.tp == 0, Limit::Tensors) |
         ifNot(model.sequence % shares == 0 &&
                   (!isRing || model.sequence % (2 * Wide(layout.cp)) == 0) &&
                   (layout.cp == 1 || model.allowsContext),
               Limit::Sequence) |
         ifNot(layout.contextKind == ContextKind::Ring || model.headDivisor % shares == 0,
               Limit::Heads);
}

LimitSet ShapeCandidates::expertLimits(const Layout &layout) const {
  const int64_t widths = model.numExperts > 0 ? model.expertTensorDivisor : 1;
  const Wide ranks = Wide(layout.tp) * layout.cp * layout.dp;
  return choices(layout, {Axis::Ep, Axis::Etp}) |
         ifNot(widths % layout.etp == 0, Limit::ExpertTensors) |
         ifNot(expertsToShare(model) % layout.ep == 0, Limit::Experts) |
         ifNot(ranks % (Wide(layout.etp) * layout.ep) == 0, Limit::Folding);
}

LimitSet ShapeCandidates::zeroLimits(const Layout &layout) const {
  const Wide ranks = Wide(layout.tp) * layout.cp * layout.dp;
  const bool sharesDense = Wide(layout.cp) * layout.dp > 1;
  const bool sharesExperts = model.numExperts > 0 && ranks > Wide(layout.etp) * layout.ep;
  return choices(layout, {Axis::Zero, Axis::ExpertZero}) |
         ifNot(layout.zero <= (sharesDense ? job.maxZero : 0) &&
                   layout.expertZero <= (sharesExperts ? job.maxZero : 0),
               Limit::Zero);
}

static bool canRun(const Layout &layout) {
  const int64_t pp = layout.pp, vpp = layout.vpp, m = layout.numMicroBatches;
  switch (layout.schedule) {
  case Schedule::OneForwardOneBackward:
    return vpp == 1;
  case Schedule::ZeroBubbleH1:
    return vpp == 1 && pp >= 2 && m >= pp;
  case Schedule::Interleaved:
    return vpp >= 2 && pp >= 2 && m % pp == 0;
  case Schedule::DualPipeV:
    return vpp == 2 && pp >= 2 && m >= 2 * pp;
  }
  return false;
}

LimitSet ShapeCandidates::runLimits(const Layout &layout) const {
  const int64_t units = layout.vpp == 1 ? sequence.size() : sequence.repeat().repeats;
  const std::vector<Schedule> &forbidden = job.forbids.schedules;
  const bool isForbidden =
      std::find(forbidden.begin(), forbidden.end(), layout.schedule) != forbidden.end();
  return choices(layout, {Axis::MicroBatch, Axis::Vpp}) |
         ifNot(job.globalBatch % (Wide(layout.dp) * layout.microBatch) == 0, Limit::Batch) |
         ifNot(Wide(layout.pp) * layout.vpp <= units, Limit::Layers) |
         ifNot(canRun(layout), Limit::Schedule) | ifNot(!isForbidden, Limit::Forbid) |
         ifNot(job.pins.schedule.value_or(layout.schedule) == layout.schedule, Limit::PinSchedule);
}

std::set<LimitSet> ShapeCandidates::experts(Layout layout) {
  std::set<LimitSet> result;
  for (int64_t ep : values(Axis::Ep))
    for (int64_t etp : values(Axis::Etp)) {
      layout.ep = ep;
      layout.etp = etp;
      const LimitSet here = expertLimits(layout);
      for (int64_t zero : values(Axis::Zero))
        for (int64_t expertZero : values(Axis::ExpertZero)) {
          layout.zero = zero;
          layout.expertZero = expertZero;
          result.insert(here | zeroLimits(layout));
        }
    }
  return result;
}

std::set<LimitSet> ShapeCandidates::runs(Layout layout) {
  std::set<LimitSet> result;
  for (int64_t size : values(Axis::MicroBatch))
    for (int64_t vpp : values(Axis::Vpp))
      for (int schedule = 0; schedule < kNumSchedules; ++schedule) {
        layout.microBatch = size;
        layout.vpp = vpp;
        layout.schedule = static_cast<Schedule>(schedule);
        const Wide count = job.globalBatch / (Wide(layout.dp) * size);
        layout.numMicroBatches = std::max<int64_t>(1, static_cast<int64_t>(count));
        result.insert(runLimits(layout));
      }
  return result;
}

void ShapeCandidates::addMesh(Layout layout) {
  const std::set<LimitSet> ofExperts = experts(layout), ofRuns = runs(layout);
  for (ContextKind kind : {ContextKind::Ring, ContextKind::AllToAll}) {
    layout.contextKind = kind;
    if (layout.cp == 1 && kind == ContextKind::AllToAll)
      continue;
    const LimitSet mesh = meshLimits(layout);
    for (LimitSet expert : ofExperts)
      for (LimitSet run : ofRuns)
        broken.insert(mesh | expert | run);
  }
}

} // namespace

std::vector<LimitSet> sigma::planner::shapeCandidates(const Problem &problem,
                                                      const LayerSequence &sequence) {
  return ShapeCandidates(problem, sequence).run();
}
