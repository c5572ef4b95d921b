#include "ShapeOracle.h"

#include "OracleSpace.h"

#include <algorithm>

using namespace sigma::planner;
using namespace sigma::planner::test;

ShapeOracle::ShapeOracle(const Problem &problem)
    : problem(problem), layers(int64_t(kindsOfLayers(problem.model).size())), node(1) {
  for (const Tier &tier : problem.cluster.tiers)
    if (node == 1)
      node = tier.devices;
  addMeshes();
}

bool ShapeOracle::hasCandidate(const std::set<std::string> &limits) const {
  Mask wanted = 0;
  for (size_t i = 0; i < names.size(); ++i)
    if (limits.count(names[i]))
      wanted |= Mask(1) << i;
  return std::any_of(candidates.begin(), candidates.end(),
                     [&](Mask broken) { return (broken & wanted) == 0; });
}

ShapeOracle::Mask ShapeOracle::bit(const std::string &limit) {
  const auto name = std::find(names.begin(), names.end(), limit);
  const size_t index = name - names.begin();
  if (name == names.end())
    names.push_back(limit);
  return Mask(1) << index;
}

// What bounds the space is no limit: it is never exceeded but by a pin.
std::vector<int64_t> ShapeOracle::sizes(Axis axis, int64_t most) const {
  std::set<int64_t> values;
  for (int64_t size : {1, 2, 3, 4, 5, 6, 7, 8})
    if (size <= most)
      values.insert(size);
  if (problem.job.pins[axis])
    values.insert(*problem.job.pins[axis]);
  return {values.begin(), values.end()};
}

ShapeOracle::Mask ShapeOracle::pinned(const Layout &layout, const std::vector<Axis> &axes) {
  Mask broken = 0;
  for (Axis axis : axes) {
    const int64_t value = layout.get(axis);
    if (problem.job.pins[axis].value_or(value) != value)
      broken |= bit(std::string("pin ") + axisName(axis));
    const std::vector<int64_t> &forbidden = problem.job.forbids[axis];
    if (std::count(forbidden.begin(), forbidden.end(), value))
      broken |= bit("forbid");
  }
  return broken;
}

ShapeOracle::Mask ShapeOracle::mesh(const Layout &l) {
  const Model &model = problem.model;
  Mask broken = pinned(l, {Axis::Tp, Axis::Cp, Axis::Pp, Axis::Dp});
  if (l.tp * l.cp * l.dp * l.pp != problem.cluster.numDevices)
    broken |= bit("device count");
  if (model.tensorDivisor % l.tp != 0)
    broken |= bit("divisibility of tensors");
  const bool isRing = l.cp > 1 && l.contextKind == ContextKind::Ring;
  if (model.sequence % (l.tp * l.cp) != 0 || (isRing && model.sequence % (2 * l.cp) != 0) ||
      (l.cp > 1 && !model.allowsContext))
    broken |= bit("divisibility of sequence");
  if (l.contextKind == ContextKind::AllToAll && model.headDivisor % (l.tp * l.cp) != 0)
    broken |= bit("divisibility of heads");
  return broken;
}

ShapeOracle::Mask ShapeOracle::experts(const Layout &l) {
  const Model &model = problem.model;
  Mask broken = pinned(l, {Axis::Ep, Axis::Etp});
  const bool hasExperts = model.numExperts > 0;
  if (hasExperts ? model.numExperts % l.ep != 0 : l.ep != 1)
    broken |= bit("divisibility of experts");
  if (hasExperts ? model.expertTensorDivisor % l.etp != 0 : l.etp != 1)
    broken |= bit("divisibility of expert tensors");
  if ((l.tp * l.cp * l.dp) % (l.ep * l.etp) != 0)
    broken |= bit("divisibility of dp");
  return broken;
}

std::set<ShapeOracle::Mask> ShapeOracle::zeroStages(Layout l) {
  const int64_t ranks = l.tp * l.cp * l.dp;
  const bool sharesExperts = problem.model.numExperts > 0 && ranks > l.ep * l.etp;
  std::set<Mask> result;
  for (l.zero = 0; l.zero <= 3; ++l.zero)
    for (l.expertZero = 0; l.expertZero <= 3; ++l.expertZero) {
      Mask broken = pinned(l, {Axis::Zero, Axis::ExpertZero});
      if (l.zero > (l.cp * l.dp > 1 ? problem.job.maxZero : 0) ||
          l.expertZero > (sharesExperts ? problem.job.maxZero : 0))
        broken |= bit("zero");
      result.insert(broken);
    }
  return result;
}

std::set<ShapeOracle::Mask> ShapeOracle::schedules(Layout l) {
  std::set<Mask> result;
  const Job &job = problem.job;
  for (int64_t size : sizes(Axis::MicroBatch, job.maxMicroBatch))
    for (int64_t vpp : sizes(Axis::Vpp, 8))
      for (int schedule = 0; schedule < kNumSchedules; ++schedule) {
        l.microBatch = size;
        l.vpp = vpp;
        l.schedule = static_cast<Schedule>(schedule);
        const int64_t samples = l.dp * size, m = std::max<int64_t>(1, job.globalBatch / samples);
        Mask broken = pinned(l, {Axis::MicroBatch, Axis::Vpp});
        if (job.globalBatch % samples != 0)
          broken |= bit("divisibility of batch");
        if (Units(problem.model, l).count < l.pp * vpp)
          broken |= bit("layers");
        const bool isLegal[kNumSchedules] = {vpp == 1, vpp > 1 && l.pp > 1 && m % l.pp == 0,
                                             vpp == 1 && l.pp > 1 && m >= l.pp,
                                             vpp == 2 && l.pp > 1 && m >= 2 * l.pp};
        if (!isLegal[schedule])
          broken |= bit("schedule");
        if (job.pins.schedule.value_or(l.schedule) != l.schedule)
          broken |= bit("pin schedule");
        const std::vector<Schedule> &forbidden = job.forbids.schedules;
        if (std::count(forbidden.begin(), forbidden.end(), l.schedule))
          broken |= bit("forbid");
        result.insert(broken);
      }
  return result;
}

void ShapeOracle::addMeshes() {
  Layout l;
  for (int64_t tp : sizes(Axis::Tp, node))
    for (int64_t cp : sizes(Axis::Cp, 8))
      for (int64_t pp : sizes(Axis::Pp, 8))
        for (int64_t dp : sizes(Axis::Dp, 8))
          for (ContextKind kind : {ContextKind::Ring, ContextKind::AllToAll}) {
            if (cp == 1 && kind == ContextKind::AllToAll)
              continue;
            l.tp = tp;
            l.cp = cp;
            l.pp = pp;
            l.dp = dp;
            l.contextKind = kind;
            addExperts(l, mesh(l));
          }
}

void ShapeOracle::addExperts(Layout l, Mask broken) {
  const std::set<Mask> runs = schedules(l);
  for (int64_t ep : sizes(Axis::Ep, 8))
    for (int64_t etp : sizes(Axis::Etp, node)) {
      l.ep = ep;
      l.etp = etp;
      const Mask here = broken | experts(l);
      for (Mask zero : zeroStages(l))
        for (Mask run : runs)
          candidates.insert(here | zero | run);
    }
}
