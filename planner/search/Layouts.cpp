#include "planner/search/Layouts.h"

#include <algorithm>
#include <tuple>

using namespace sigma::planner;

std::vector<int64_t> sigma::planner::divisorsOf(int64_t n) {
  std::vector<int64_t> small, large;
  for (int64_t i = 1; i <= n / i; ++i) {
    if (n % i != 0)
      continue;
    small.push_back(i);
    if (i != n / i)
      large.push_back(n / i);
  }
  small.insert(small.end(), large.rbegin(), large.rend());
  return small;
}

int64_t sigma::planner::devicesPerNode(const Cluster &cluster) {
  for (const Tier &tier : cluster.tiers)
    if (tier.devices > 1)
      return std::min(tier.devices, cluster.numDevices);
  return 1;
}

static bool contains(const std::vector<int64_t> &values, int64_t value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool LayoutSpace::allows(Axis axis, int64_t value) const {
  const std::optional<int64_t> &pin = problem.job.pins[axis];
  return (!pin || *pin == value) && !contains(problem.job.forbids[axis], value);
}

//===----------------------------------------------------------------------===//
// Families
//===----------------------------------------------------------------------===//

// Divisors up to `most`, or the pinned value, which may lie beyond it.
static std::vector<int64_t> sizes(const Job &job, Axis axis, int64_t divided, int64_t most) {
  std::vector<int64_t> result;
  for (int64_t size : divisorsOf(divided))
    if (job.pins[axis] ? size == *job.pins[axis] : size <= most)
      if (!contains(job.forbids[axis], size))
        result.push_back(size);
  return result;
}

// Largest first.
std::vector<int64_t> LayoutSpace::microBatches(int64_t dp) const {
  const Job &job = problem.job;
  if (job.globalBatch % dp != 0)
    return {};
  std::vector<int64_t> result =
      sizes(job, Axis::MicroBatch, job.globalBatch / dp, job.maxMicroBatch);
  std::reverse(result.begin(), result.end());
  return result;
}

std::vector<ContextKind> LayoutSpace::contextKinds(const Layout &layout) const {
  const Model &model = problem.model;
  std::vector<ContextKind> kinds;
  if (layout.cp == 1)
    return {ContextKind::Ring};
  if (model.sequence % (2 * layout.cp) == 0)
    kinds.push_back(ContextKind::Ring);
  if (model.headDivisor % (layout.tp * layout.cp) == 0)
    kinds.push_back(ContextKind::AllToAll);
  return kinds;
}

std::vector<Placement> LayoutSpace::placements(const Layout &layout) const {
  const int64_t block = layout.tp * layout.cp;
  auto nests = [&](int64_t size) { return size % block == 0 || block % size == 0; };
  if (layout.pp > 1 && layout.dp > 1 && nests(layout.etp) &&
      nests(layout.etp * layout.ep))
    return {Placement::StagesOutside, Placement::StagesInside};
  return {Placement::StagesOutside};
}

// Every tp x cp x pp x dp that fills the devices.
template <class Visit>
void LayoutSpace::forEachMesh(int64_t &rejected, Visit visit) const {
  const int64_t devices = problem.cluster.numDevices;
  const Model &model = problem.model;
  const int64_t node = devicesPerNode(problem.cluster);
  for (int64_t tp : sizes(problem.job, Axis::Tp, model.tensorDivisor, node)) {
    if (devices % tp != 0) {
      ++rejected;
      continue;
    }
    for (int64_t cp : sizes(problem.job, Axis::Cp, devices / tp, devices)) {
      if (model.sequence % (tp * cp) != 0 || (cp > 1 && !model.allowsContext)) {
        ++rejected;
        continue;
      }
      for (int64_t pp : sizes(problem.job, Axis::Pp, devices / (tp * cp), devices)) {
        Layout mesh;
        mesh.tp = tp;
        mesh.cp = cp;
        mesh.pp = pp;
        mesh.dp = devices / (tp * cp * pp);
        if (pp > sequence.size())
          ++rejected;
        else if (allows(Axis::Dp, mesh.dp))
          visit(mesh);
      }
    }
  }
}

void LayoutSpace::addFamilies(const Layout &mesh, int64_t &rejected,
                              std::vector<Layout> &result) const {
  const Model &model = problem.model;
  const std::vector<int64_t> batches = microBatches(mesh.dp);
  const std::vector<ContextKind> kinds = contextKinds(mesh);
  const int64_t experts = expertsToShare(model);
  const int64_t widths = model.numExperts > 0 ? model.expertTensorDivisor : 1;
  for (int64_t ep : sizes(problem.job, Axis::Ep, experts, experts))
    for (int64_t etp : sizes(problem.job, Axis::Etp, widths, devicesPerNode(problem.cluster))) {
      if (mesh.ranksPerStage() % (etp * ep) != 0 || batches.empty() || kinds.empty()) {
        ++rejected;
        continue;
      }
      Layout family = mesh;
      family.ep = ep;
      family.etp = etp;
      for (Placement placement : placements(family))
        for (ContextKind kind : kinds)
          for (int64_t size : batches) {
            family.placement = placement;
            family.contextKind = kind;
            family.microBatch = size;
            family.numMicroBatches = problem.job.globalBatch / (mesh.dp * size);
            result.push_back(family);
          }
    }
}

std::vector<Layout> LayoutSpace::families(int64_t &rejected) const {
  std::vector<Layout> result;
  rejected = 0;
  forEachMesh(rejected, [&](const Layout &mesh) { addFamilies(mesh, rejected, result); });
  return result;
}

//===----------------------------------------------------------------------===//
// Variants
//===----------------------------------------------------------------------===//

std::vector<Layout> LayoutSpace::schedules(const Layout &family) const {
  const int64_t pp = family.pp, m = family.numMicroBatches;
  const int64_t repeats = sequence.repeat().repeats;
  std::vector<Layout> result;
  auto add = [&](Schedule schedule, int64_t vpp) {
    const std::optional<Schedule> &pin = problem.job.pins.schedule;
    const std::vector<Schedule> &forbidden = problem.job.forbids.schedules;
    Layout layout = family;
    layout.schedule = schedule;
    layout.vpp = vpp;
    if ((!pin || *pin == schedule) && allows(Axis::Vpp, vpp) &&
        std::find(forbidden.begin(), forbidden.end(), schedule) == forbidden.end())
      result.push_back(layout);
  };
  add(Schedule::OneForwardOneBackward, 1);
  if (pp < 2)
    return result;
  if (m >= pp)
    add(Schedule::ZeroBubbleH1, 1);
  if (m % pp == 0)
    for (int64_t vpp = 2; vpp * pp <= repeats; ++vpp)
      add(Schedule::Interleaved, vpp);
  if (m >= 2 * pp && 2 * pp <= repeats)
    add(Schedule::DualPipeV, 2);
  return result;
}

std::vector<int64_t> LayoutSpace::zeroStages(Axis axis, int64_t replicas) const {
  std::vector<int64_t> stages;
  for (int64_t stage = 0; stage <= (replicas > 1 ? problem.job.maxZero : 0); ++stage)
    if (allows(axis, stage))
      stages.push_back(stage);
  return stages;
}

std::vector<int64_t> LayoutSpace::denseZero(const Layout &family) const {
  return zeroStages(Axis::Zero, family.cp * family.dp);
}

std::vector<int64_t> LayoutSpace::expertZero(const Layout &family) const {
  return zeroStages(Axis::ExpertZero, problem.model.numExperts > 0 ? family.edp() : 1);
}

std::vector<Layout> LayoutSpace::variants(const Layout &family) const {
  const std::vector<int64_t> dense = denseZero(family), expert = expertZero(family);
  std::vector<Layout> result;
  for (Layout layout : schedules(family))
    for (int64_t zero : dense)
      for (int64_t expertZero : expert) {
        layout.zero = zero;
        layout.expertZero = expertZero;
        result.push_back(layout);
      }
  return result;
}

int64_t LayoutSpace::numVariants(const Layout &family) const {
  return static_cast<int64_t>(schedules(family).size() * denseZero(family).size() *
                              expertZero(family).size());
}

bool LayoutSpace::isEmpty() const {
  int64_t rejected = 0;
  const std::vector<Layout> all = families(rejected);
  return std::all_of(all.begin(), all.end(),
                     [&](const Layout &family) { return numVariants(family) == 0; });
}

//===----------------------------------------------------------------------===//
// Order and kinds
//===----------------------------------------------------------------------===//

// The simpler comes first, and the larger micro-batch.
static auto canonicalKey(const Layout &layout) {
  return std::make_tuple(layout.tp, layout.cp, layout.pp, layout.vpp, layout.ep, layout.etp,
                         -layout.microBatch, layout.zero, layout.expertZero, layout.schedule,
                         layout.placement, layout.contextKind);
}

bool sigma::planner::comesBefore(const Layout &a, const Layout &b) {
  return canonicalKey(a) < canonicalKey(b);
}

bool sigma::planner::isSameKind(const Layout &a, const Layout &b) {
  auto key = [](const Layout &layout) {
    return std::make_tuple(layout.tp, layout.cp, layout.pp, layout.ep, layout.etp, layout.schedule);
  };
  return key(a) == key(b);
}
