//===- ClusterVerifiers.cpp - what a legal cluster is ---------------------===//

#include "dialects/Sigma/SigmaOps.h"
#include "dialects/Sigma/VerifyHelpers.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::sigma;

static constexpr int64_t kMillion = 1000000;

LogicalResult ClusterOp::verify() {
  if (failed(requirePositive(*this, "devices", getDevices())) ||
      failed(requireNotNegative(*this, "spares", getSpares())) ||
      failed(requireInRange(*this, "spares_ppm", getSparesPpm(), 0, kMillion)))
    return failure();
  if (getSpares() > 0 && getSparesPpm() > 0)
    return emitOpError("states both spares and spares_ppm; keep one");
  return success();
}

/// Fails at the second op of this kind and points to the first.
template <typename OpT>
static LogicalResult requireAtMostOne(ClusterOp cluster) {
  OpT first;
  for (OpT op : cluster.getBody()->getOps<OpT>()) {
    if (first)
      return op.emitOpError("must be the only one of its cluster").attachNote(first.getLoc())
             << "the first is here";
    first = op;
  }
  return success();
}

static LogicalResult verifyTiers(ClusterOp cluster) {
  SmallVector<TierOp, 4> tiers = cluster.getTiers();
  if (tiers.empty())
    return cluster.emitOpError("body must have at least one sigma.tier");
  for (size_t i = 1; i < tiers.size(); ++i) {
    TierOp inner = tiers[i - 1], outer = tiers[i];
    if (outer.getDevices() % inner.getDevices() != 0 || outer.getDevices() == inner.getDevices())
      return (outer.emitOpError() << "devices must be a proper multiple of the next inner tier's ("
                                  << inner.getDevices() << "), got: " << outer.getDevices())
                 .attachNote(inner.getLoc())
             << "the next inner tier is here";
  }
  if (tiers.back().getDevices() != cluster.getDevices())
    return (tiers.back().emitOpError()
            << "devices of the last tier must cover the cluster (" << cluster.getDevices()
            << "), got: " << tiers.back().getDevices())
               .attachNote(cluster.getLoc())
           << "the cluster is here";
  return success();
}

/// The kinds of accelerators and the nodes that they fill.
static LogicalResult verifyKinds(ClusterOp cluster) {
  SmallVector<AcceleratorOp, 2> accelerators = cluster.getAccelerators();
  int64_t node = cluster.getNodeTier().getDevices();
  uint64_t together = 0;
  for (AcceleratorOp accelerator : accelerators) {
    if (accelerators.size() > 1 && !accelerator.getDevices())
      return accelerator.emitOpError(
          "must state its devices, because the cluster has several kinds");
    int64_t devices = cluster.getNumDevicesOf(accelerator);
    if (accelerators.size() > 1 && devices % node != 0)
      return (accelerator.emitOpError()
              << "devices must be a multiple of a node's (" << node << "), got: " << devices)
                 .attachNote(cluster.getNodeTier().getLoc())
             << "the nodes are here";
    together = llvm::SaturatingAdd(together, uint64_t(devices));
  }
  if (together != uint64_t(cluster.getDevices()))
    return (accelerators.back().emitOpError()
            << "devices of all kinds must add up to the cluster's (" << cluster.getDevices()
            << "), got: " << together)
               .attachNote(cluster.getLoc())
           << "the cluster is here";
  return success();
}

static LogicalResult verifySlowNodes(ClusterOp cluster) {
  llvm::SmallDenseMap<int64_t, SlowNodeOp> known;
  for (SlowNodeOp slow : cluster.getSlowNodes()) {
    if (slow.getIndex() >= cluster.getNumNodes())
      return (slow.emitOpError() << "index must be below the number of nodes ("
                                 << cluster.getNumNodes() << "), got: " << slow.getIndex())
                 .attachNote(cluster.getNodeTier().getLoc())
             << "the nodes are here";
    auto [first, isNew] = known.try_emplace(slow.getIndex(), slow);
    if (!isNew)
      return (slow.emitOpError() << "node " << slow.getIndex() << " is called slow twice")
                 .attachNote(first->second.getLoc())
             << "the first is here";
  }
  return success();
}

LogicalResult ClusterOp::verifyRegions() {
  for (Operation &op : *getBody())
    if (!isa<AcceleratorOp, TierOp, NoiseOp, SlowNodeOp, FailuresOp>(op))
      return op.emitOpError() << "does not belong into the body of a sigma.cluster; allowed: "
                                 "sigma.accelerator, sigma.tier, sigma.noise, sigma.slow_node, "
                                 "sigma.failures";
  if (getAccelerators().empty())
    return emitOpError("body must have at least one sigma.accelerator");
  if (failed(requireAtMostOne<NoiseOp>(*this)) || failed(requireAtMostOne<FailuresOp>(*this)) ||
      failed(verifyTiers(*this)))
    return failure();
  if (!getNodeTier())
    return emitOpError() << "node must name a sigma.tier of the cluster, got: @" << *getNode();
  if (failed(verifyKinds(*this)))
    return failure();
  return verifySlowNodes(*this);
}

//===----------------------------------------------------------------------===//
// Presets and curves
//===----------------------------------------------------------------------===//

template <typename FiguresT>
static LogicalResult verifyPreset(Operation *op, ArrayRef<Preset<FiguresT>> presets,
                                  std::optional<StringRef> name) {
  if (!name || findPreset(presets, *name))
    return success();
  InFlightDiagnostic diag = op->emitOpError() << "preset \"" << *name << "\" is unknown; known: ";
  llvm::interleaveComma(presets, diag, [&](const auto &preset) { diag << preset.name; });
  return diag;
}

static LogicalResult verifyEfficiency(Operation *op, StringRef field, EfficiencyAttr efficiency) {
  if (!efficiency)
    return success();
  int64_t before = -1;
  for (auto [size, ppm] : llvm::zip_equal(efficiency.getSizes(), efficiency.getPpms())) {
    if (failed(requireInRange(op, field, ppm, 1, kMillion)))
      return failure();
    if (size <= before)
      return op->emitOpError() << field << " must have sizes that are not negative and increase, "
                               << "got: " << size;
    before = size;
  }
  return success();
}

LogicalResult AcceleratorOp::verify() {
  if (failed(verifyPreset(*this, acceleratorPresets(), getPreset())))
    return failure();
  AcceleratorFigures figures = getFigures();
  const std::pair<StringRef, int64_t> peaks[] = {
      {"peak_fp8_flops_per_s", figures.peakFp8FlopsPerS},
      {"peak_f16_flops_per_s", figures.peakF16FlopsPerS},
      {"peak_bf16_flops_per_s", figures.peakBf16FlopsPerS},
      {"peak_f32_flops_per_s", figures.peakF32FlopsPerS},
      {"peak_f64_flops_per_s", figures.peakF64FlopsPerS}};
  const std::pair<StringRef, EfficiencyAttr> efficiencies[] = {
      {"matmul_efficiency_ppm", getMatmulEfficiencyPpmAttr()},
      {"grouped_matmul_efficiency_ppm", getGroupedMatmulEfficiencyPpmAttr()},
      {"attention_efficiency_ppm", getAttentionEfficiencyPpmAttr()},
      {"memory_efficiency_ppm", getMemoryEfficiencyPpmAttr()}};

  if (failed(requirePositive(*this, "devices", getDevices().value_or(1))) ||
      failed(requirePositive(*this, "memory_bytes", figures.memoryBytes)) ||
      failed(
          requirePositive(*this, "memory_bandwidth_bytes_per_s", figures.memoryBandwidthBytesPerS)))
    return failure();
  for (auto [field, value] : peaks)
    if (failed(requireNotNegative(*this, field, value)))
      return failure();
  if (llvm::all_of(peaks, [](const auto &peak) { return peak.second == 0; }))
    return emitOpError("must state at least one of peak_fp8_flops_per_s, peak_f16_flops_per_s, "
                       "peak_bf16_flops_per_s, peak_f32_flops_per_s, peak_f64_flops_per_s");
  if (failed(requireNotNegative(*this, "launch_ns", figures.launchNs)) ||
      failed(requireNotNegative(*this, "issue_ns", getIssueNs())))
    return failure();
  for (auto [field, efficiency] : efficiencies)
    if (failed(verifyEfficiency(*this, field, efficiency)))
      return failure();
  return requireNotNegative(*this, "mtbf_hours", getMtbfHours().value_or(0));
}

LogicalResult TierOp::verify() {
  if (failed(verifyPreset(*this, linkPresets(), getPreset())))
    return failure();
  LinkFigures figures = getFigures();
  if (failed(requirePositive(*this, "devices", getDevices())) ||
      failed(requirePositive(*this, "bandwidth_bytes_per_s", figures.bandwidthBytesPerS)) ||
      failed(requirePositive(*this, "receive_bandwidth_bytes_per_s",
                             figures.receiveBandwidthBytesPerS)))
    return failure();
  if (!figures.latencyNs)
    return emitOpError("must state latency_ns");
  if (failed(requireNotNegative(*this, "latency_ns", *figures.latencyNs)) ||
      failed(requirePositive(*this, "devices_per_link", getDevicesPerLink())))
    return failure();
  if (getDevices() % getDevicesPerLink() != 0)
    return emitOpError() << "devices_per_link must divide devices (" << getDevices()
                         << "), got: " << getDevicesPerLink();
  if (getOversubscriptionPpm() < kMillion)
    return emitOpError() << "oversubscription_ppm must be at least " << kMillion
                         << ", no oversubscription, got: " << getOversubscriptionPpm();
  if (failed(requireNotNegative(*this, "jitter_ppm", getJitterPpm())) ||
      failed(requireNotNegative(*this, "switch_mtbf_hours", getSwitchMtbfHours())))
    return failure();
  return success();
}

LogicalResult SlowNodeOp::verify() {
  if (failed(requireNotNegative(*this, "index", getIndex())) ||
      failed(requireInRange(*this, "slowdown_ppm", getSlowdownPpm(), 1, 1000 * kMillion)))
    return failure();
  return success();
}

LogicalResult NoiseOp::verify() {
  if (failed(requireNotNegative(*this, "compute_jitter_ppm", getComputeJitterPpm())) ||
      failed(requireInRange(*this, "node_slowness_ppm", getNodeSlownessPpm(), 0, kMillion)) ||
      failed(requireNotNegative(*this, "routing_jitter_ppm", getRoutingJitterPpm())) ||
      failed(requireInRange(*this, "spikes_per_million_steps", getSpikesPerMillionSteps(), 0,
                            kMillion)) ||
      failed(requireNotNegative(*this, "spike_ns", getSpikeNs())))
    return failure();
  if ((getSpikesPerMillionSteps() == 0) != (getSpikeNs() == 0))
    return emitOpError() << "spikes_per_million_steps and spike_ns must be both zero or both "
                            "positive, got: "
                         << getSpikesPerMillionSteps() << " and " << getSpikeNs();
  return success();
}

LogicalResult FailuresOp::verify() {
  if (failed(requireNotNegative(*this, "device_mtbf_hours", getDeviceMtbfHours())) ||
      failed(requireNotNegative(*this, "node_mtbf_hours", getNodeMtbfHours())) ||
      failed(requireNotNegative(*this, "detection_ns", getDetectionNs())) ||
      failed(requireNotNegative(*this, "replacement_ns", getReplacementNs())) ||
      failed(requireNotNegative(*this, "restart_ns", getRestartNs())) ||
      failed(requirePositive(*this, "checkpoint_stall_ns", getCheckpointStallNs())) ||
      failed(requireNotNegative(*this, "node_repair_hours", getNodeRepairHours())) ||
      failed(requireInRange(*this, "repairable_ppm", getRepairablePpm(), 0, kMillion)) ||
      failed(requireNotNegative(*this, "repair_ns", getRepairNs())) ||
      failed(requireNotNegative(*this, "snapshot_stall_ns", getSnapshotStallNs())))
    return failure();
  if (getRepairablePpm() > 0 && getSnapshotStallNs() == 0)
    return emitOpError("snapshot_stall_ns must be positive where repairable_ppm is");
  return success();
}
