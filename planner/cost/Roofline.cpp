#include "planner/cost/Roofline.h"

#include "planner/cost/Arithmetic.h"

#include <algorithm>

using namespace sigma::planner;

static constexpr int64_t kNsPerS = 1000000000;
static constexpr int64_t kPpm = 1000000;

int64_t Efficiency::ppmAt(int64_t size) const {
  auto after = std::find_if(points.begin(), points.end(),
                            [&](const EfficiencyPoint &point) { return point.size > size; });
  if (after == points.begin() || after == points.end())
    return after == points.end() ? points.back().ppm : points.front().ppm;
  const EfficiencyPoint &low = after[-1], &high = after[0];
  Int128 rise = Int128(high.ppm - low.ppm) * (size - low.size) / (high.size - low.size);
  return low.ppm + static_cast<int64_t>(rise);
}

static int64_t slowed(const Device &device, int64_t timeNs) {
  return mulDivCeil(timeNs, kPpm + device.slowdownPpm, kPpm);
}

static int64_t transferNs(const Device &device, int64_t bytes, int64_t efficiencyPpm) {
  return ceilDiv(Int128(bytes) * kNsPerS * kPpm,
                 Int128(device.memoryBandwidthBytesPerS) * efficiencyPpm);
}

static const Efficiency &efficiencyOf(const Device &device, OpClass opClass) {
  return device.efficiency[static_cast<int>(opClass)];
}

int64_t sigma::planner::memoryTimeNs(const Device &device, int64_t bytes) {
  int64_t efficiency = efficiencyOf(device, OpClass::Memory).ppmAtMost();
  return slowed(device, transferNs(device, bytes, efficiency));
}

int64_t sigma::planner::opTimeNs(const Device &device, const OpCost &op) {
  // What a memory-bound op computes besides is computed at the peak.
  bool computes = op.opClass != OpClass::Memory;
  int64_t efficiency =
      computes ? efficiencyOf(device, op.opClass).ppmAt(op.flops / op.kernels) : kPpm;
  int64_t arithmetic =
      ceilDiv(Int128(op.flops) * kNsPerS * kPpm, Int128(device.peakFlopsPerS) * efficiency);
  int64_t memory =
      transferNs(device, op.bytes, efficiencyOf(device, OpClass::Memory).ppmAt(op.bytes));
  return slowed(device, addSat(std::max(arithmetic, memory), device.launchNs));
}

int64_t sigma::planner::hostWaitNs(const Device &device, const std::vector<OpCost> &ops,
                                   int64_t opsNs) {
  int64_t kernels = 0;
  for (const OpCost &op : ops)
    kernels = addSat(kernels, op.kernels);
  return std::max<int64_t>(0, slowed(device, mulSat(kernels, device.issueNs)) - opsNs);
}
