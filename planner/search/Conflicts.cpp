#include "planner/search/Conflicts.h"

#include "planner/Units.h"
#include "planner/cost/Arithmetic.h"
#include "planner/memory/StageMemory.h"
#include "planner/search/ConflictCandidates.h"
#include "planner/search/Layouts.h"
#include "planner/search/MemoryNeed.h"

#include <algorithm>
#include <set>

using namespace sigma::planner;

namespace {

std::string str(int64_t value) { return std::to_string(value); }

std::string describe(const Layout &layout) {
  return "pp " + str(layout.pp) + ", dp " + str(layout.dp) + ", ep " + str(layout.ep) +
         ", micro-batch " + str(layout.microBatch);
}

std::string describe(const Forbids &forbids) {
  std::string text;
  auto add = [&](const char *name, const std::vector<int64_t> &values) {
    for (int64_t value : values)
      text += (text.empty() ? "not " : ", not ") + std::string(name) + " = " + str(value);
  };
  add("pp", forbids.pp);
  add("dp", forbids.dp);
  add("ep", forbids.ep);
  add("micro-batch", forbids.microBatch);
  return text;
}

std::string describe(const Answer &answer) {
  return describe(answer.plan.layout) + ", step " + formatNs(answer.plan.stepTime.objectiveNs);
}

bool isFeasible(const Answer &answer) {
  return answer.error.empty() && !answer.plan.stages.empty();
}

class ConflictFinder {
public:
  ConflictFinder(const Problem &problem, CostSource &source, const Solver &solve)
      : problem(problem), solve(solve), sequence(problem.model), costs(problem, source, sequence) {}

  std::vector<Conflict> run() {
    int64_t rejected = 0;
    layouts = enumerateLayouts(problem, rejected);
    LimitSet core = minimalConflict(layouts.empty() ? shapeCandidates(problem)
                                                    : memoryCandidates(problem, costs, sequence));
    std::vector<Conflict> conflicts;
    for (int i = 0; i < kNumLimits; ++i)
      if (Limit limit = static_cast<Limit>(i); contains(core, limit))
        conflicts.push_back({limitName(limit), amount(limit), suggest(limit)});
    return conflicts;
  }

private:
  std::string amount(Limit limit);
  std::string suggest(Limit limit);
  std::string memoryAmount();
  std::string suggestMemory();
  std::string suggestDevices();
  std::string suggestBatch();
  std::string suggestDropping(Limit limit);
  std::vector<int64_t> devicesToTry() const;
  void findClosest();

  const Problem &problem;
  const Solver &solve;
  LayerSequence sequence;
  CostCache costs;
  std::vector<Layout> layouts; // that obey everything but memory
  Layout closest;
  MemoryNeed need{0, {}};
};

// The layout that misses the memory by least.
void ConflictFinder::findClosest() {
  if (!need.counts.empty())
    return;
  for (const Layout &layout : layouts) {
    const CostSet &set = costs.get(layout.microBatch, layout.ep);
    MemoryNeed found = leastMemory(StageModel(problem, sequence, set, layout));
    if (!found.counts.empty() && (need.counts.empty() || found.bytes < need.bytes)) {
      need = found;
      closest = layout;
    }
  }
  if (need.counts.empty())
    throw PlanningError("the cost tables ask for more than 2^60 bytes on one device");
}

std::string ConflictFinder::memoryAmount() {
  findClosest();
  const Device &device = problem.cluster.device;
  int64_t margin = problem.job.memoryMarginPpm;
  int64_t usable = usableMemoryBytes(device.memoryBytes, margin), first = 0;
  StageModel model(problem, sequence, costs.get(closest.microBatch, closest.ep), closest);
  StagePlan worst;
  size_t worstIndex = 0;
  for (size_t stage = 0; stage < need.counts.size(); ++stage) {
    StagePlan plan = model.describe(static_cast<int64_t>(stage), first, need.counts[stage], true);
    if (stage == 0 || plan.peakBytes > worst.peakBytes) {
      worst = plan;
      worstIndex = stage;
    }
    first += need.counts[stage];
  }
  return "stage " + str(int64_t(worstIndex)) + " needs " +
         formatBytes(worst.peakBytes - usable, Round::Up) + " more than " +
         formatCapacity(device.memoryBytes, margin) + ": parameters " +
         formatBytes(worst.parameterBytes) + " + gradients " + formatBytes(worst.gradientBytes) +
         " + optimizer " + formatBytes(worst.optimizerBytes) + " + activations " +
         formatBytes(worst.activationBytes) + " + working set " +
         formatBytes(worst.transientBytes) + " + buffers " + formatBytes(worst.bufferBytes) +
         " = " + formatBytes(worst.peakBytes, Round::Up) + "; no layout comes closer than " +
         describe(closest) + " with layers " + str(worst.firstLayer) + ".." + str(worst.endLayer) +
         " on that stage";
}

std::string ConflictFinder::amount(Limit limit) {
  const Pins &pins = problem.job.pins;
  switch (limit) {
  case Limit::Memory:
    return memoryAmount();
  case Limit::DeviceCount:
    return "pp x dp must be the " + str(problem.cluster.numDevices) + " devices of the cluster";
  case Limit::Batch:
    return "the global batch of " + str(problem.job.globalBatch) +
           " must divide by dp x micro-batch";
  case Limit::Experts:
    return problem.model.numExperts > 0
               ? "the " + str(problem.model.numExperts) + " experts must divide by ep"
               : "the model has no experts, so ep must be 1";
  case Limit::Folding:
    return "dp must divide by ep";
  case Limit::Layers:
    return "each of the pp stages needs one of the " + str(sequence.size()) + " layers";
  case Limit::PinPp:
    return "pp = " + str(*pins.pp);
  case Limit::PinDp:
    return "dp = " + str(*pins.dp);
  case Limit::PinEp:
    return "ep = " + str(*pins.ep);
  case Limit::PinMicroBatch:
    return "micro-batch = " + str(*pins.microBatch);
  case Limit::PinRemat:
    return *pins.remat ? "every layer rematerialized" : "no layer rematerialized";
  case Limit::Forbid:
    return describe(problem.job.forbids);
  }
  return {};
}

std::string ConflictFinder::suggestMemory() {
  findClosest();
  Problem changed = problem;
  int64_t bytes = roundUpBytes(deviceMemoryFor(need.bytes, problem.job.memoryMarginPpm));
  changed.cluster.device.memoryBytes = bytes;
  Answer answer = solve(changed);
  if (!isFeasible(answer))
    return {};
  return "with " + formatBytes(bytes) + " of memory per device it fits: " + describe(answer);
}

// Nearest first. Memory is relieved by whole multiples, divisibility by any other number.
std::vector<int64_t> ConflictFinder::devicesToTry() const {
  int64_t now = problem.cluster.numDevices;
  if (!layouts.empty())
    return largerClusters(now);
  constexpr int64_t kFurthest = 2048;
  std::vector<int64_t> sizes;
  const Pins &pins = problem.job.pins;
  if (pins.pp && pins.dp && *pins.pp <= (1 << 24) / *pins.dp)
    sizes.push_back(*pins.pp * *pins.dp);
  for (int64_t distance = 1; distance <= kFurthest; ++distance) {
    sizes.push_back(now + distance);
    if (now > distance)
      sizes.push_back(now - distance);
  }
  return sizes;
}

std::string ConflictFinder::suggestDevices() {
  if (problem.cluster.tiers.empty())
    return {};
  // Each trial is a search; a handful is what an error message is worth.
  int trials = 0;
  for (int64_t size : devicesToTry()) {
    Problem changed = withDevices(problem, size);
    int64_t rejected = 0;
    if (enumerateLayouts(changed, rejected).empty())
      continue;
    Answer answer = solve(changed);
    if (isFeasible(answer))
      return "with " + str(size) + " devices it fits: " + describe(answer);
    if (++trials >= 9)
      break;
  }
  return {};
}

std::string ConflictFinder::suggestBatch() {
  const Pins &pins = problem.job.pins;
  std::set<int64_t> batches;
  for (int64_t dp : divisorsOf(problem.cluster.numDevices)) {
    int64_t step = mulSat(dp, pins.microBatch.value_or(1));
    batches.insert(mulSat(ceilDiv(problem.job.globalBatch, step), step));
  }
  for (int64_t batch : batches) {
    Problem changed = problem;
    changed.job.globalBatch = batch;
    int64_t rejected = 0;
    if (batch == problem.job.globalBatch || batch > (int64_t(1) << 40) ||
        enumerateLayouts(changed, rejected).empty())
      continue;
    Answer answer = solve(changed);
    if (isFeasible(answer))
      return "with a global batch of " + str(batch) + " it fits: " + describe(answer);
  }
  return {};
}

std::string ConflictFinder::suggestDropping(Limit limit) {
  Problem changed = problem;
  Pins &pins = changed.job.pins;
  if (limit == Limit::PinPp)
    pins.pp.reset();
  else if (limit == Limit::PinDp)
    pins.dp.reset();
  else if (limit == Limit::PinEp)
    pins.ep.reset();
  else if (limit == Limit::PinMicroBatch)
    pins.microBatch.reset();
  else if (limit == Limit::PinRemat)
    pins.remat.reset();
  else
    changed.job.forbids = {};
  Answer answer = solve(changed);
  return isFeasible(answer) ? "without it a plan fits: " + describe(answer) : std::string();
}

std::string ConflictFinder::suggest(Limit limit) {
  switch (limit) {
  case Limit::Memory:
    return suggestMemory();
  case Limit::DeviceCount:
    return suggestDevices();
  case Limit::Batch:
    return suggestBatch();
  case Limit::Experts:
  case Limit::Folding:
  case Limit::Layers:
    return {}; // properties of the model, not choices
  default:
    return suggestDropping(limit);
  }
}

} // namespace

std::vector<Conflict> sigma::planner::findConflicts(const Problem &problem, CostSource &source,
                                                    const Solver &solve) {
  return ConflictFinder(problem, source, solve).run();
}
