#include "planner/Validate.h"

#include <cmath>

using namespace sigma::planner;

namespace {

// Collects the first complaint.
class Complaint {
public:
  void require(bool ok, const std::string &what) {
    if (!ok && text.empty())
      text = what;
  }
  void range(const std::string &name, int64_t value, int64_t least, int64_t most) {
    require(value >= least && value <= most, name + " is " + std::to_string(value) +
                                                 "; it must be between " + std::to_string(least) +
                                                 " and " + std::to_string(most));
  }

  std::string text;
};

// No real system comes near these; below them every product in the planner fits 128 bits.
constexpr int64_t kMaxDevices = int64_t(1) << 24;
constexpr int64_t kMaxBatch = int64_t(1) << 40;
constexpr int64_t kMaxLayers = 4096;
constexpr int64_t kMaxBytes = int64_t(1) << 60;
constexpr int64_t kMaxRate = int64_t(1) << 60; // FLOP/s, bytes/s
constexpr int64_t kMaxNs = int64_t(1) << 50;
constexpr int64_t kMillion = 1000000;

void checkModel(const Model &model, Complaint &complaint) {
  int64_t layers = 0;
  for (const LayerGroup &group : model.layers) {
    complaint.range("model: count of a layer group", group.count, 1, kMaxLayers);
    complaint.range("model: kind of a layer group", group.kind, 0, INT32_MAX);
    layers += group.count > 0 && group.count <= kMaxLayers ? group.count : 0;
    complaint.range("model: number of layers", layers, 0, kMaxLayers);
    if (!complaint.text.empty())
      return;
  }
  complaint.require(layers > 0, "model: it has no layer");
  complaint.range("model: sequence", model.sequence, 0, int64_t(1) << 40);
  complaint.range("model: hidden width", model.hiddenWidth, 0, int64_t(1) << 40);
  complaint.range("model: number of experts", model.numExperts, 0, kMaxDevices);
  complaint.range("model: tensor divisor", model.tensorDivisor, 1, kMaxBatch);
  complaint.range("model: expert tensor divisor", model.expertTensorDivisor, 1, kMaxBatch);
  complaint.range("model: head divisor", model.headDivisor, 1, kMaxBatch);
  complaint.range("model: shared parameters", model.sharedParameters, 0, kMaxBytes);
  complaint.require(std::isfinite(model.flopsPerToken) && model.flopsPerToken >= 0,
                    "model: FLOPs per token are negative or not a number");
}

void checkEfficiency(const Efficiency &efficiency, Complaint &complaint) {
  complaint.require(!efficiency.points.empty(), "device: an efficiency has no point");
  int64_t before = -1;
  for (const EfficiencyPoint &point : efficiency.points) {
    complaint.range("device: efficiency in ppm", point.ppm, 1, kMillion);
    complaint.require(point.size > before, "device: sizes of an efficiency do not increase");
    before = point.size;
  }
}

void checkDevice(const Device &device, Complaint &complaint) {
  complaint.range("device: peak FLOP/s", device.peakFlopsPerS, 1, kMaxRate);
  complaint.range("device: memory bytes", device.memoryBytes, 1, kMaxBytes);
  complaint.range("device: memory bandwidth in bytes/s", device.memoryBandwidthBytesPerS, 1,
                  kMaxRate);
  complaint.range("device: launch time in ns", device.launchNs, 0, kMaxNs);
  complaint.range("device: issue time in ns", device.issueNs, 0, kMaxNs);
  complaint.range("device: jitter in ppm", device.jitterPpm, 0, 1000 * kMillion);
  complaint.range("device: slowdown in ppm", device.slowdownPpm, 0, 1000 * kMillion);
  for (const Efficiency &efficiency : device.efficiency)
    checkEfficiency(efficiency, complaint);
}

void checkTiers(const Cluster &cluster, Complaint &complaint) {
  int64_t inner = 1;
  for (const Tier &tier : cluster.tiers) {
    std::string name = "tier '" + tier.name + "': ";
    complaint.range(name + "devices", tier.devices, inner, kMaxDevices);
    complaint.range(name + "bandwidth in bytes/s", tier.bandwidthBytesPerS, 1, kMaxRate);
    complaint.range(name + "latency in ns", tier.latencyNs, 0, kMaxNs);
    complaint.range(name + "jitter in ppm", tier.jitterPpm, 0, 1000 * kMillion);
    inner = tier.devices;
  }
  if (cluster.numDevices > 1)
    complaint.require(!cluster.tiers.empty() && inner >= cluster.numDevices,
                      "cluster: its outermost tier holds " +
                          std::to_string(cluster.tiers.empty() ? 0 : inner) + " of " +
                          std::to_string(cluster.numDevices) + " devices");
}

void checkCluster(const Cluster &cluster, Complaint &complaint) {
  complaint.range("cluster: number of devices", cluster.numDevices, 1, kMaxDevices);
  checkDevice(cluster.device, complaint);
  int64_t grouped = 0;
  for (const DeviceGroup &group : cluster.groups) {
    checkDevice(group.device, complaint);
    complaint.range("cluster: devices of a kind", group.count, 1, kMaxDevices);
    grouped += group.count;
  }
  if (!cluster.groups.empty())
    complaint.require(grouped == cluster.numDevices,
                      "cluster: its kinds have " + std::to_string(grouped) + " of " +
                          std::to_string(cluster.numDevices) + " devices");
  checkTiers(cluster, complaint);
  complaint.range("cluster: spikes per million steps", cluster.spikes.perMillionSteps, 0, kMillion);
  complaint.range("cluster: duration of a spike in ns", cluster.spikes.durationNs, 0, kMaxNs);
  complaint.range("cluster: routing jitter in ppm", cluster.routingJitterPpm, 0, 1000 * kMillion);
}

void checkJob(const Job &job, Complaint &complaint) {
  complaint.range("job: global batch", job.globalBatch, 1, kMaxBatch);
  complaint.range("job: largest micro-batch", job.maxMicroBatch, 1, kMaxBatch);
  complaint.range("job: value bytes", job.recipe.valueBytes, 0, 1024);
  complaint.range("job: gradient bytes", job.recipe.gradientBytes, 0, 1024);
  complaint.range("job: optimizer bytes", job.recipe.optimizerBytes, 0, 1024);
  complaint.range("job: memory margin in ppm", job.memoryMarginPpm, 0, kMillion - 1);
  complaint.range("job: quantile in ppm", job.quantilePpm, 1, kMillion - 1);
  complaint.range("job: largest ZeRO stage", job.maxZero, 0, 3);
  for (int i = 0; i < kNumAxes; ++i) {
    const Axis axis = static_cast<Axis>(i);
    const bool isZero = axis == Axis::Zero || axis == Axis::ExpertZero;
    if (job.pins[axis])
      complaint.range(std::string("job: pin ") + axisName(axis), *job.pins[axis], isZero ? 0 : 1,
                      isZero ? 3 : kMaxBatch);
  }
  const Overlap &overlap = job.overlap;
  for (int64_t ppm : {overlap.gradientPpm, overlap.parameterPpm, overlap.tensorPpm,
                      overlap.contextPpm, overlap.exchangePpm, overlap.expertPpm})
    complaint.range("job: overlap in ppm", ppm, 0, kMillion);
}

} // namespace

std::string sigma::planner::validate(const Problem &problem) {
  Complaint complaint;
  checkModel(problem.model, complaint);
  checkCluster(problem.cluster, complaint);
  checkJob(problem.job, complaint);
  return complaint.text;
}
