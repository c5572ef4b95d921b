#include "planner/profile/Profile.h"

#include "planner/cost/Arithmetic.h"
#include "planner/cost/Devices.h"

#include <algorithm>

using namespace sigma::planner;

namespace {

constexpr int64_t kPpm = 1000000;

const RateTable &ratesOf(const ProfiledDevice &device, OpKind kind) {
  return (*device.rates)[static_cast<int>(kind)];
}

int64_t highest(const RateTable &table) {
  return *std::max_element(table.rates.begin(), table.rates.end());
}

// Along the first axis, at the largest sizes of the others.
Efficiency efficiencyOf(const RateTable &table, int64_t peak) {
  std::vector<EfficiencyPoint> points;
  const auto &axes = table.axes;
  for (int64_t size : axes[0]) {
    const int64_t rate = table.at({size, axes[1].back(), axes[2].back()});
    points.push_back({size, std::clamp<int64_t>(mulDivCeil(rate, kPpm, peak), 1, kPpm)});
  }
  return points;
}

void replaceFigures(const ProfiledDevice &measured, Device &device) {
  device.peakFlopsPerS = 0;
  for (OpKind kind : {OpKind::MatmulNn, OpKind::MatmulNt, OpKind::MatmulTn})
    device.peakFlopsPerS = std::max(device.peakFlopsPerS, highest(ratesOf(measured, kind)));
  // What is not measured by itself moves memory as an addition does.
  const RateTable &add = ratesOf(measured, OpKind::Add);
  device.memoryBandwidthBytesPerS = highest(add);
  device.efficiency = {};
  device.efficiency[static_cast<int>(OpClass::Memory)] =
      efficiencyOf(add, device.memoryBandwidthBytesPerS);
  device.launchNs = measured.launchNs;
  device.issueNs = 0; // of the measured times
  device.jitterPpm = measured.jitterPpm;
  device.measured = measured.rates;
}

// Throws PlanningError.
const ProfiledDevice &find(const Profile &profile, const std::string &kind,
                           const std::string &precision) {
  std::string there;
  for (const ProfiledDevice &device : profile.devices) {
    if (device.kind == kind && device.precision == precision)
      return device;
    there += (there.empty() ? "" : ", ") + device.kind + " in " + device.precision;
  }
  throw PlanningError("the profile has no device kind '" + kind + "' in " + precision +
                      "; it has " + there + "; measure it with sigma profile --kind=" + kind +
                      (precision == "f32" ? "" : " --precision=" + precision));
}

void applyToDevices(const Profile &profile, const std::string &precision, Cluster &cluster) {
  if (cluster.groups.empty()) {
    replaceFigures(find(profile, cluster.device.name, precision), cluster.device);
    cluster.surplusPeakFlopsPerS = 0;
    return;
  }
  double peak = 0;
  for (DeviceGroup &group : cluster.groups) {
    replaceFigures(find(profile, group.device.name, precision), group.device);
    peak += double(group.count) * double(group.device.peakFlopsPerS);
    const bool isFirst = &group == &cluster.groups.front();
    cluster.device = isFirst ? group.device : weaker(cluster.device, group.device);
  }
  cluster.surplusPeakFlopsPerS =
      peak - double(cluster.numDevices) * double(cluster.device.peakFlopsPerS);
}

int64_t slower(int64_t rate, int64_t marginPpm) {
  return std::max<int64_t>(1, saturate(Int128(rate) * kPpm / (kPpm + marginPpm)));
}

void addMargin(Tier &tier, int64_t marginPpm) {
  tier.bandwidthBytesPerS = slower(tier.bandwidthBytesPerS, marginPpm);
  tier.latencyNs = mulDivCeil(tier.latencyNs, kPpm + marginPpm, kPpm);
  for (RateTable &table : tier.rates)
    for (int64_t &rate : table.rates)
      rate = slower(rate, marginPpm);
}

// The tiers that hold more than one device are the profile's levels, from the innermost out.
void applyToTiers(const Profile &profile, int64_t marginPpm, Cluster &cluster,
                  std::vector<std::string> &remarks) {
  size_t level = 0;
  int64_t inside = 1;
  for (Tier &tier : cluster.tiers) {
    const bool isCrossed = tier.devices > inside;
    inside = tier.devices;
    if (!isCrossed)
      continue;
    if (level == 0 && profile.levels.empty())
      throw PlanningError("the profile has no times of links, for " +
                          std::to_string(profile.ranks) +
                          " rank was measured; measure with mpirun -n 2 or more");
    if (level == profile.levels.size()) {
      remarks.push_back("links of tier " + tier.name +
                        " are as stated: the profile has none of that level");
      continue;
    }
    tier = measuredTier(profile.levels[level++], tier);
    addMargin(tier, marginPpm);
  }
}

} // namespace

std::string sigma::planner::applyProfile(const Profile &profile, const std::string &precision,
                                         int64_t marginPpm, Cluster &cluster,
                                         std::vector<std::string> &remarks) {
  try {
    applyToDevices(profile, precision, cluster);
    applyToTiers(profile, marginPpm, cluster, remarks);
  } catch (const PlanningError &error) {
    return error.what();
  }
  return {};
}
