#include "planner/search/Conflicts.h"

#include "planner/LayoutText.h"
#include "planner/Units.h"
#include "planner/cost/Arithmetic.h"
#include "planner/memory/StageMemory.h"
#include "planner/search/ConflictCandidates.h"

#include <algorithm>
#include <set>

using namespace sigma::planner;

namespace {

std::string str(int64_t value) { return std::to_string(value); }

std::string describe(const Forbids &forbids) {
  std::string text;
  auto add = [&](const std::string &what) { text += (text.empty() ? "not " : ", not ") + what; };
  for (int i = 0; i < kNumAxes; ++i)
    for (int64_t value : forbids.sizes[i])
      add(std::string(axisName(static_cast<Axis>(i))) + " = " + str(value));
  for (Schedule schedule : forbids.schedules)
    add(std::string("schedule ") + scheduleName(schedule));
  for (const std::string &mode : forbids.remat)
    add("remat " + mode);
  return text;
}

std::string describe(const Answer &answer) {
  return formatLayout(answer.plan.layout) + ", step " + formatNs(answer.plan.stepTime.objectiveNs);
}

bool isFeasible(const Answer &answer) {
  return answer.error.empty() && !answer.plan.stages.empty();
}

class ConflictFinder {
public:
  ConflictFinder(const Problem &problem, AskedCosts &asked, const Deadline &deadline,
                 const Solver &solve)
      : problem(problem), asked(asked), deadline(deadline), solve(solve),
        sequence(asked.sequence()), costs(problem, asked),
        hasLayouts(!LayoutSpace(problem, sequence).isEmpty()) {}

  void run(Answer &answer) {
    try {
      const LimitSet core = hasLayouts ? memoryConflict(problem, asked, deadline)
                                       : minimalConflict(shapeCandidates(problem, sequence));
      for (int i = 0; i < kNumLimits; ++i)
        if (Limit limit = static_cast<Limit>(i); contains(core, limit))
          answer.conflicts.push_back({limitName(limit), amount(limit), {}});
      size_t next = 0;
      for (int i = 0; i < kNumLimits; ++i)
        if (Limit limit = static_cast<Limit>(i); contains(core, limit)) {
          answer.conflicts[next++].suggest = suggest(limit);
          deadline.check();
        }
    } catch (const Stopped &) {
      answer.lacksReasons = true;
    }
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
  AskedCosts &asked;
  const Deadline &deadline;
  const Solver &solve;
  const LayerSequence &sequence;
  CostCache costs;
  bool hasLayouts; // that obey everything but memory
  std::optional<MemorySpace::Closest> nearest;
};

void ConflictFinder::findClosest() {
  if (!nearest)
    nearest = MemorySpace(problem, sequence, costs).closest(deadline);
  if (!nearest)
    throw PlanningError("the cost tables ask for more than 2^60 bytes on one device");
}

std::string layersText(const StagePlan &stage) {
  std::string text;
  for (const LayerRange &chunk : stage.chunks)
    text += (text.empty() ? "" : ", ") + str(chunk.first) + ".." + str(chunk.end);
  return text;
}

std::string ConflictFinder::memoryAmount() {
  findClosest();
  const StageModel model(problem, sequence, costs, nearest->layout);
  const std::vector<StagePlan> stages = model.describe(nearest->need.counts, true);
  size_t worst = 0;
  auto missing = [&](size_t stage) {
    return stages[stage].peakBytes - model.capacityBytes(static_cast<int64_t>(stage));
  };
  for (size_t stage = 1; stage < stages.size(); ++stage)
    if (missing(stage) > missing(worst))
      worst = stage;
  const StagePlan &stage = stages[worst];
  const Device &device =
      costs.device(kindsOf(problem.cluster, nearest->layout, static_cast<int64_t>(worst)));
  return "stage " + str(int64_t(worst)) + " needs " + formatBytes(missing(worst), Round::Up) +
         " more than " + formatCapacity(device.memoryBytes, problem.job.memoryMarginPpm) +
         ": parameters " + formatBytes(stage.parameterBytes) + " + gradients " +
         formatBytes(stage.gradientBytes) + " + optimizer " + formatBytes(stage.optimizerBytes) +
         " + activations " + formatBytes(stage.activationBytes) + " + working set " +
         formatBytes(stage.transientBytes) + " + buffers " + formatBytes(stage.bufferBytes) +
         " = " + formatBytes(stage.peakBytes, Round::Up) + "; no layout comes closer than " +
         formatLayout(nearest->layout) + " with layers " + layersText(stage) + " on that stage";
}

std::string ConflictFinder::amount(Limit limit) {
  const Pins &pins = problem.job.pins;
  const Model &model = problem.model;
  if (isPin(limit))
    return std::string(axisName(axisOf(limit))) + " = " + str(*pins[axisOf(limit)]);
  switch (limit) {
  case Limit::Memory:
    return memoryAmount();
  case Limit::DeviceCount:
    return "tp x cp x pp x dp must be the " + str(problem.cluster.numDevices) +
           " devices of the cluster";
  case Limit::Batch:
    return "the global batch of " + str(problem.job.globalBatch) +
           " must divide by dp x micro-batch";
  case Limit::Tensors:
    return "tp must divide " + str(model.tensorDivisor) +
           ", the greatest common divisor of heads, widths and vocabulary";
  case Limit::ExpertTensors:
    return model.numExperts > 0 ? "etp must divide " + str(model.expertTensorDivisor) +
                                      ", the greatest common divisor of the experts' widths"
                                : "the model has no experts, so etp must be 1";
  case Limit::Experts:
    return model.numExperts > 0 ? "the " + str(model.numExperts) + " experts must divide by ep"
                                : "the model has no experts, so ep must be 1";
  case Limit::Folding:
    return "tp x cp x dp must divide by etp x ep";
  case Limit::Sequence:
    return model.allowsContext ? "the sequence of " + str(model.sequence) +
                                     " tokens must divide by tp x cp, and by 2 cp in a ring"
                               : "the sequence of " + str(model.sequence) +
                                     " tokens must divide by tp; the model's attention does not "
                                     "allow cp beyond 1";
  case Limit::Heads:
    return "all-to-all context parallelism: tp x cp must divide " + str(model.headDivisor) +
           ", the greatest common divisor of heads and key-value heads";
  case Limit::Layers:
    return "each of the pp x vpp chunks needs layers: " + str(sequence.size()) + " layers, " +
           str(sequence.repeat().repeats) + " repeats of a block where vpp is more than 1";
  case Limit::Schedule:
    return "1f1b and zb-h1 have vpp 1, zb-h1 pp from 2; interleaved has vpp and pp from 2 and "
           "micro-batches that divide by pp; dualpipev has vpp 2 and at least 2 pp micro-batches";
  case Limit::Zero:
    return "ZeRO stages are 0 to " + str(problem.job.maxZero) +
           ", and 0 where one rank holds the parameters";
  case Limit::PinSchedule:
    return std::string("schedule ") + scheduleName(*pins.schedule);
  case Limit::PinRemat:
    return *pins.remat ? "every layer rematerialized" : "no layer rematerialized";
  default:
    return describe(problem.job.forbids);
  }
}

std::string ConflictFinder::suggestMemory() {
  findClosest();
  const StageModel model(problem, sequence, costs, nearest->layout);
  const std::vector<StagePlan> stages = model.describe(nearest->need.counts, true);
  int64_t needed = 0;
  for (const StagePlan &stage : stages)
    needed = std::max(needed, stage.peakBytes);
  Problem changed = problem;
  int64_t bytes = roundUpBytes(deviceMemoryFor(needed, problem.job.memoryMarginPpm));
  auto raise = [&](Device &device) { device.memoryBytes = std::max(device.memoryBytes, bytes); };
  raise(changed.cluster.device);
  for (DeviceGroup &group : changed.cluster.groups)
    raise(group.device);
  Answer answer = solve(changed);
  if (!isFeasible(answer))
    return {};
  return "with " + formatBytes(bytes) + " of memory per device it fits: " + describe(answer);
}

// Nearest first. Memory is relieved by whole multiples, divisibility by any other number.
std::vector<int64_t> ConflictFinder::devicesToTry() const {
  int64_t now = problem.cluster.numDevices;
  if (hasLayouts)
    return largerClusters(now);
  constexpr int64_t kFurthest = 2048, kMost = int64_t(1) << 24;
  std::vector<int64_t> sizes;
  const Pins &pins = problem.job.pins;
  int64_t product = 1;
  for (Axis axis : {Axis::Tp, Axis::Cp, Axis::Pp, Axis::Dp})
    product = mulSat(product, pins[axis].value_or(1));
  if (pins[Axis::Pp] && pins[Axis::Dp] && product <= kMost)
    sizes.push_back(product);
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
    if ((!changed.cluster.groups.empty() && changed.cluster.groups.back().count < 1) ||
        LayoutSpace(changed, sequence).isEmpty())
      continue;
    Answer answer = solve(changed);
    if (isFeasible(answer))
      return "with " + str(size) + " devices it fits: " + describe(answer);
    if (++trials >= 9)
      break;
    deadline.check();
  }
  return {};
}

std::string ConflictFinder::suggestBatch() {
  const Pins &pins = problem.job.pins;
  std::set<int64_t> batches;
  for (int64_t dp : divisorsOf(problem.cluster.numDevices)) {
    int64_t step = mulSat(dp, pins[Axis::MicroBatch].value_or(1));
    batches.insert(mulSat(ceilDiv(problem.job.globalBatch, step), step));
  }
  for (int64_t batch : batches) {
    Problem changed = problem;
    changed.job.globalBatch = batch;
    if (batch == problem.job.globalBatch || batch > (int64_t(1) << 40) ||
        LayoutSpace(changed, sequence).isEmpty())
      continue;
    Answer answer = solve(changed);
    if (isFeasible(answer))
      return "with a global batch of " + str(batch) + " it fits: " + describe(answer);
    deadline.check();
  }
  return {};
}

std::string ConflictFinder::suggestDropping(Limit limit) {
  Answer answer = solve(without(problem, limit));
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
  default:
    // The others are properties of the model, not choices.
    return limit < Limit::Pin ? std::string() : suggestDropping(limit);
  }
}

} // namespace

void sigma::planner::findConflicts(const Problem &problem, AskedCosts &asked,
                                   const Deadline &deadline, const Solver &solve, Answer &answer) {
  ConflictFinder(problem, asked, deadline, solve).run(answer);
}
