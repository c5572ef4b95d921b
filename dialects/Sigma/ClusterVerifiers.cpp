//===- ClusterVerifiers.cpp - what a legal cluster is ---------------------===//

#include "dialects/Sigma/SigmaOps.h"
#include "dialects/Sigma/VerifyHelpers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::sigma;

static constexpr int64_t kMillion = 1000000;

LogicalResult ClusterOp::verify() {
  if (failed(requirePositive(*this, "devices", getDevices())) ||
      failed(requireNotNegative(*this, "spares", getSpares())))
    return failure();
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

LogicalResult ClusterOp::verifyRegions() {
  for (Operation &op : *getBody())
    if (!isa<AcceleratorOp, TierOp, NoiseOp, FailuresOp>(op))
      return op.emitOpError() << "does not belong into the body of a sigma.cluster; allowed: "
                                 "sigma.accelerator, sigma.tier, sigma.noise, sigma.failures";
  if (!getAccelerator())
    return emitOpError("body must have exactly one sigma.accelerator, got none");
  if (failed(requireAtMostOne<AcceleratorOp>(*this)) || failed(requireAtMostOne<NoiseOp>(*this)) ||
      failed(requireAtMostOne<FailuresOp>(*this)))
    return failure();
  return verifyTiers(*this);
}

LogicalResult AcceleratorOp::verify() {
  const std::pair<StringRef, int64_t> peaks[] = {{"peak_f32_flops_per_s", getPeakF32FlopsPerS()},
                                                 {"peak_bf16_flops_per_s", getPeakBf16FlopsPerS()},
                                                 {"peak_f64_flops_per_s", getPeakF64FlopsPerS()}};
  const std::pair<StringRef, int64_t> efficiencies[] = {
      {"matmul_efficiency_ppm", getMatmulEfficiencyPpm()},
      {"grouped_matmul_efficiency_ppm", getGroupedMatmulEfficiencyPpm()},
      {"attention_efficiency_ppm", getAttentionEfficiencyPpm()},
      {"memory_efficiency_ppm", getMemoryEfficiencyPpm()}};

  if (failed(requirePositive(*this, "memory_bytes", getMemoryBytes())) ||
      failed(requirePositive(*this, "memory_bandwidth_bytes_per_s", getMemoryBandwidthBytesPerS())))
    return failure();
  for (auto [field, value] : peaks)
    if (failed(requireNotNegative(*this, field, value)))
      return failure();
  if (llvm::all_of(peaks, [](const auto &peak) { return peak.second == 0; }))
    return emitOpError("must state at least one of peak_f32_flops_per_s, peak_bf16_flops_per_s, "
                       "peak_f64_flops_per_s");
  if (failed(requireNotNegative(*this, "launch_ns", getLaunchNs())))
    return failure();
  for (auto [field, value] : efficiencies)
    if (failed(requireInRange(*this, field, value, 1, kMillion)))
      return failure();
  return success();
}

LogicalResult TierOp::verify() {
  if (failed(requirePositive(*this, "devices", getDevices())) ||
      failed(requirePositive(*this, "bandwidth_bytes_per_s", getBandwidthBytesPerS())) ||
      failed(requireNotNegative(*this, "latency_ns", getLatencyNs())) ||
      failed(requireNotNegative(*this, "jitter_ppm", getJitterPpm())))
    return failure();
  return success();
}

LogicalResult NoiseOp::verify() {
  if (failed(requireNotNegative(*this, "compute_jitter_ppm", getComputeJitterPpm())) ||
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
      failed(requireNotNegative(*this, "restart_ns", getRestartNs())))
    return failure();
  return success();
}
