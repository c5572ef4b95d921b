#include "ConflictOracle.h"

#include "Exhaustive.h"
#include "OracleSpace.h"
#include "ShapeOracle.h"

#include <algorithm>
#include <cstdlib>

using namespace sigma::planner;
using namespace sigma::planner::test;

using Names = std::set<std::string>;

static std::vector<Device *> devicesOf(Cluster &cluster) {
  std::vector<Device *> devices{&cluster.device};
  for (DeviceGroup &group : cluster.groups)
    devices.push_back(&group.device);
  return devices;
}

static void raiseMemory(Cluster &cluster, int64_t bytes) {
  for (Device *device : devicesOf(cluster))
    device->memoryBytes = std::max(device->memoryBytes, bytes);
}

// More devices of the last kind.
static void setDevices(Cluster &cluster, int64_t count) {
  if (!cluster.groups.empty())
    cluster.groups.back().count += count - cluster.numDevices;
  cluster.numDevices = count;
  if (!cluster.tiers.empty())
    cluster.tiers.back().devices = std::max(cluster.tiers.back().devices, count);
}

// Everything that the user may have asked for.
static Names choices() {
  Names names{"pin schedule", "pin remat", "forbid"};
  for (int i = 0; i < kNumAxes; ++i)
    names.insert(std::string("pin ") + axisName(static_cast<Axis>(i)));
  return names;
}

// False if the limit is no choice of the user.
static bool drop(Job &job, const std::string &limit) {
  for (int i = 0; i < kNumAxes; ++i)
    if (limit == std::string("pin ") + axisName(static_cast<Axis>(i)))
      job.pins.sizes[i].reset();
  if (limit == "pin schedule")
    job.pins.schedule.reset();
  if (limit == "pin remat")
    job.pins.remat.reset();
  if (limit == "forbid")
    job.forbids = {};
  return choices().count(limit) > 0;
}

static bool hasMemoryCandidate(const Instance &instance, const Names &limits) {
  Instance kept = instance;
  for (const std::string &choice : choices())
    if (!limits.count(choice))
      drop(kept.problem.job, choice);
  if (!limits.count("memory"))
    raiseMemory(kept.problem.cluster, int64_t(1) << 45);
  if (isFeasible(kept))
    return true;
  if (limits.count("device count") || kept.problem.cluster.tiers.empty())
    return false;
  const int64_t devices = kept.problem.cluster.numDevices;
  for (int64_t factor : {2, 3, 4, 6, 8, 12, 16, 32, 64}) {
    setDevices(kept.problem.cluster, devices * factor);
    if (isFeasible(kept))
      return true;
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Suggestions
//===----------------------------------------------------------------------===//

// "16.3 MiB of memory" -> bytes, as printed.
static int64_t parseBytes(const std::string &text) {
  char unit[8] = "";
  double value = 0;
  sscanf(text.c_str(), "%lf %7s", &value, unit);
  const std::string name = unit;
  const double scale = name == "GiB"   ? 1 << 30
                       : name == "MiB" ? 1 << 20
                       : name == "KiB" ? 1 << 10
                                       : 1;
  return int64_t(value * scale) + 1;
}

static std::string memoryComplaint(const Instance &instance, const std::string &suggest) {
  const int64_t bytes = parseBytes(suggest.substr(5));
  Instance changed = instance;
  raiseMemory(changed.problem.cluster, bytes);
  if (!isFeasible(changed))
    return "nothing fits";
  // And hardly less would do: a tenth of the unit is the rounding.
  changed = instance;
  raiseMemory(changed.problem.cluster, int64_t(double(bytes) * 0.88));
  return isFeasible(changed) ? "less would do" : "";
}

// Carries a suggestion out and lets the exhaustive enumeration judge.
static std::string suggestionComplaint(const Instance &instance, const Conflict &conflict) {
  const std::string &suggest = conflict.suggest;
  if (conflict.limit == "memory")
    return memoryComplaint(instance, suggest);
  Instance changed = instance;
  if (conflict.limit == "device count")
    setDevices(changed.problem.cluster, atoll(suggest.c_str() + std::string("with ").size()));
  else if (conflict.limit == "divisibility of batch")
    changed.problem.job.globalBatch =
        atoll(suggest.c_str() + std::string("with a global batch of ").size());
  else if (!drop(changed.problem.job, conflict.limit))
    return "that limit cannot be given up";
  return isFeasible(changed) ? "" : "nothing fits";
}

//===----------------------------------------------------------------------===//
// Both
//===----------------------------------------------------------------------===//

template <class HasCandidate>
static std::string minimalityComplaint(const Names &limits, HasCandidate hasCandidate) {
  if (hasCandidate(limits))
    return "a limit is missing: some candidate obeys all that are named";
  for (const std::string &limit : limits) {
    Names fewer = limits;
    fewer.erase(limit);
    if (!hasCandidate(fewer))
      return "'" + limit + "' is not needed";
  }
  return {};
}

ConflictJudgement sigma::planner::test::judgeConflicts(const Instance &instance,
                                                       const std::vector<Conflict> &conflicts) {
  ConflictJudgement result;
  Names limits;
  for (const Conflict &conflict : conflicts) {
    limits.insert(conflict.limit);
    if (conflict.amount.empty())
      result.complaint = "'" + conflict.limit + "' comes without an amount";
    if (conflict.suggest.empty() || !result.complaint.empty())
      continue;
    ++result.suggestions;
    if (std::string complaint = suggestionComplaint(instance, conflict); !complaint.empty())
      result.complaint = conflict.limit + ": '" + conflict.suggest + "': " + complaint;
  }
  result.isOfMemory = !allLayouts(instance.problem).empty();
  if (!result.complaint.empty())
    return result;
  if (result.isOfMemory) {
    result.complaint = minimalityComplaint(
        limits, [&](const Names &kept) { return hasMemoryCandidate(instance, kept); });
  } else {
    const ShapeOracle shapes(instance.problem);
    result.complaint =
        minimalityComplaint(limits, [&](const Names &kept) { return shapes.hasCandidate(kept); });
  }
  return result;
}

Instance sigma::planner::test::tightInstance(uint64_t seed) {
  Instance instance = randomInstance(seed, 5, 8, false);
  Random random(seed);
  Problem &problem = instance.problem;
  const int64_t most = random.between(300, 2500) * 1000;
  for (Device *device : devicesOf(problem.cluster))
    device->memoryBytes = std::min(device->memoryBytes, most);
  for (Axis axis : {Axis::Tp, Axis::Pp, Axis::Vpp, Axis::Dp, Axis::Ep, Axis::MicroBatch})
    if (random.chance(12))
      problem.job.pins[axis] = random.between(1, 4);
  return instance;
}
