//===- ClusterBridge.cpp - a cluster as the planner sees it ---------------===//

#include "passes/ClusterBridge.h"

#include "planner/Units.h"
#include "planner/cost/Devices.h"
#include "planner/noise/Normal.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace mlir::sigma;

static constexpr int64_t kMillion = 1000000;

//===----------------------------------------------------------------------===//
// What is refused
//===----------------------------------------------------------------------===//

static LogicalResult refuse(Operation *op, const Twine &what, const Twine &instead) {
  return op->emitError() << what << " is not planned yet; " << instead;
}

static LogicalResult requireNormal(Operation *op, StringRef field, Distribution distribution) {
  if (distribution == Distribution::Normal)
    return success();
  return refuse(op, field + " " + stringifyDistribution(distribution), "use normal");
}

LogicalResult mlir::sigma::requirePlannable(ClusterOp cluster) {
  for (TierOp tier : cluster.getTiers())
    if (failed(requireNormal(tier, "jitter_distribution", tier.getJitterDistribution())))
      return failure();
  NoiseOp noise = cluster.getNoise();
  if (!noise)
    return success();
  if (noise.getSpikeLength() != SpikeLength::Fixed)
    return refuse(noise, "spike_length " + stringifySpikeLength(noise.getSpikeLength()),
                  "use fixed");
  if (failed(requireNormal(noise, "compute_distribution", noise.getComputeDistribution())))
    return failure();
  return requireNormal(noise, "routing_distribution", noise.getRoutingDistribution());
}

//===----------------------------------------------------------------------===//
// Devices
//===----------------------------------------------------------------------===//

static planner::Efficiency describe(EfficiencyAttr attr) {
  if (!attr)
    return {};
  std::vector<planner::EfficiencyPoint> points;
  for (auto [size, ppm] : llvm::zip_equal(attr.getSizes(), attr.getPpms()))
    points.push_back({size, ppm});
  return points;
}

/// An efficiency of `from`, as one of the higher peak `to`.
static planner::Efficiency relativeTo(planner::Efficiency efficiency, int64_t from, int64_t to) {
  for (planner::EfficiencyPoint &point : efficiency.points)
    point.ppm = std::max<int64_t>(1, int64_t(__int128(point.ppm) * from / to));
  return efficiency;
}

static planner::Device describeKind(AcceleratorOp op, Precision precision) {
  using planner::OpClass;
  AcceleratorFigures figures = op.getFigures();
  planner::Device device;
  device.name = op.getSymName();
  device.peakFlopsPerS = peakOf(figures, precision);
  device.memoryBytes = figures.memoryBytes;
  device.memoryBandwidthBytesPerS = figures.memoryBandwidthBytesPerS;
  device.launchNs = figures.launchNs;
  device.issueNs = op.getIssueNs();
  planner::Efficiency attention = describe(op.getAttentionEfficiencyPpmAttr());
  // In an fp8 job only the products of weights are in fp8.
  if (precision == Precision::FP8)
    attention = relativeTo(attention, figures.peakBf16FlopsPerS, figures.peakFp8FlopsPerS);
  device.efficiency[int(OpClass::Matmul)] = describe(op.getMatmulEfficiencyPpmAttr());
  device.efficiency[int(OpClass::GroupedMatmul)] = describe(op.getGroupedMatmulEfficiencyPpmAttr());
  device.efficiency[int(OpClass::Attention)] = attention;
  device.efficiency[int(OpClass::Memory)] = describe(op.getMemoryEfficiencyPpmAttr());
  return device;
}

//===----------------------------------------------------------------------===//
// Slowness
//===----------------------------------------------------------------------===//

static std::string percent(int64_t ppm) { return llvm::formatv("{0:f1} %", ppm / 1e4).str(); }

/// By how much the slowest node is slower: a known one, or what is expected of so many.
static int64_t slowdownPpm(ClusterOp cluster, std::vector<std::string> &remarks) {
  int64_t slowest = 0, nodes = cluster.getNumNodes();
  std::string name;
  for (SlowNodeOp slow : cluster.getSlowNodes())
    if (slow.getSlowdownPpm() > slowest) {
      slowest = slow.getSlowdownPpm();
      name = "node @" + slow.getSymName().str();
    }
  int64_t spread = cluster.getNoise() ? cluster.getNoise().getNodeSlownessPpm() : 0;
  if (auto expected = int64_t(planner::maxOfNormalsMean(nodes) * double(spread));
      expected > slowest) {
    slowest = expected;
    name = "the slowest of " + std::to_string(nodes) + " nodes";
  }
  if (slowest > 0)
    remarks.push_back("all devices are taken to be as slow as those of " + name + ", " +
                      percent(slowest) + "; times are upper bounds");
  return slowest;
}

static int64_t longer(int64_t value, int64_t ppm) {
  __int128 product = __int128(value) * (kMillion + ppm) / kMillion;
  return int64_t(std::min<__int128>(product, INT64_MAX));
}

//===----------------------------------------------------------------------===//
// Failures
//===----------------------------------------------------------------------===//

static double failuresPerHour(ClusterOp cluster) {
  auto rate = [](int64_t count, int64_t mtbfHours) {
    return mtbfHours > 0 ? double(count) / double(mtbfHours) : 0;
  };
  FailuresOp failures = cluster.getFailures();
  double sum = failures ? rate(cluster.getNumNodes(), failures.getNodeMtbfHours()) : 0;
  for (AcceleratorOp kind : cluster.getAccelerators())
    sum += rate(cluster.getNumDevicesOf(kind),
                kind.getMtbfHours().value_or(failures ? failures.getDeviceMtbfHours() : 0));
  for (TierOp tier : cluster.getTiers())
    sum += rate(cluster.getDevices() / tier.getDevices(), tier.getSwitchMtbfHours());
  return sum;
}

static int64_t numSpareNodes(ClusterOp cluster) {
  return cluster.getNumSpares() / cluster.getNodeTier().getDevices();
}

planner::FailureModel mlir::sigma::describeFailures(ClusterOp cluster) {
  planner::FailureModel model;
  model.numNodes = cluster.getNumNodes();
  model.numSpareNodes = numSpareNodes(cluster);
  model.failuresPerHour = failuresPerHour(cluster);
  FailuresOp failures = cluster.getFailures();
  if (!failures)
    return model;
  model.nodeRepairHours = double(failures.getNodeRepairHours());
  model.detectionS = double(failures.getDetectionNs()) / 1e9;
  model.replacementS = double(failures.getReplacementNs()) / 1e9;
  model.restartS = double(failures.getRestartNs()) / 1e9;
  model.checkpointStallS = double(failures.getCheckpointStallNs()) / 1e9;
  model.repairableShare = double(failures.getRepairablePpm()) / double(kMillion);
  model.repairS = double(failures.getRepairNs()) / 1e9;
  model.snapshotStallS = double(failures.getSnapshotStallNs()) / 1e9;
  return model;
}

static void remarkOnFailures(ClusterOp cluster, std::vector<std::string> &remarks) {
  double rate = failuresPerHour(cluster);
  int64_t spares = cluster.getNumSpares();
  if (rate <= 0 && spares == 0)
    return;
  std::string text = rate > 0 ? llvm::formatv("one failure in {0:f1} h", 1 / rate).str()
                              : std::string("no failures stated");
  remarks.push_back(text + ", " + std::to_string(spares) +
                    " spare devices; neither is part of the step time");
}

//===----------------------------------------------------------------------===//
// Clusters
//===----------------------------------------------------------------------===//

/// What all kinds have in common: noise and slowness.
static void describeNoise(JobOp job, ClusterOp op, planner::Device &device, int64_t slowdown) {
  device.slowdownPpm = longer(kMillion + slowdown, job.getTimeMarginPpm()) - kMillion;
  if (NoiseOp noise = op.getNoise())
    device.jitterPpm = noise.getComputeJitterPpm();
}

/// Kinds stand in rank order, as in the specification.
static void describeDevices(JobOp job, ClusterOp op, planner::Cluster &cluster,
                            std::vector<std::string> &remarks) {
  int64_t slowdown = slowdownPpm(op, remarks);
  double peak = 0;
  for (AcceleratorOp kind : op.getAccelerators()) {
    planner::Device device = describeKind(kind, job.getPrecision());
    describeNoise(job, op, device, slowdown);
    cluster.device = cluster.groups.empty() ? device : planner::weaker(cluster.device, device);
    cluster.groups.push_back({device, op.getNumDevicesOf(kind)});
    peak += double(op.getNumDevicesOf(kind)) * double(device.peakFlopsPerS);
  }
  cluster.surplusPeakFlopsPerS =
      peak - double(cluster.numDevices) * double(cluster.device.peakFlopsPerS);
  if (cluster.groups.size() == 1)
    cluster.groups.clear();
}

planner::Cluster mlir::sigma::describeCluster(JobOp job, ClusterOp op,
                                              std::vector<std::string> &remarks) {
  planner::Cluster cluster;
  cluster.name = op.getSymName();
  cluster.numDevices = op.getDevices();
  cluster.devicesPerNode = op.getNodeTier().getDevices();
  cluster.numSpareNodes = numSpareNodes(op);
  cluster.failures = describeFailures(op);
  describeDevices(job, op, cluster, remarks);
  int64_t margin = job.getTimeMarginPpm();
  for (TierOp tier : op.getTiers()) {
    int64_t bandwidth =
        int64_t(__int128(tier.getSharedBandwidthBytesPerS()) * kMillion / (kMillion + margin));
    auto algorithm = tier.getAlgorithm() == CollectiveAlgorithm::Tree
                         ? planner::CollectiveAlgorithm::Tree
                         : planner::CollectiveAlgorithm::Ring;
    cluster.tiers.push_back(
        {tier.getSymName().str(), tier.getDevices(), std::max<int64_t>(1, bandwidth),
         longer(*tier.getFigures().latencyNs, margin), tier.getJitterPpm(), algorithm});
  }
  if (NoiseOp noise = op.getNoise()) {
    cluster.routingJitterPpm = noise.getRoutingJitterPpm();
    cluster.spikes = {noise.getSpikesPerMillionSteps(), noise.getSpikeNs()};
  }
  remarkOnFailures(op, remarks);
  return cluster;
}
