#include "planner/cost/Roofline.h"

#include "planner/cost/Arithmetic.h"

#include <algorithm>

using namespace sigma::planner;

static constexpr int64_t kNsPerS = 1000000000;
static constexpr int64_t kPpm = 1000000;

int64_t sigma::planner::memoryTimeNs(const Device &device, int64_t bytes) {
  return mulDivCeil(bytes, kNsPerS, device.memoryBandwidthBytesPerS);
}

int64_t sigma::planner::opTimeNs(const Device &device, const OpCost &op) {
  int64_t efficiency = device.efficiencyPpm[static_cast<int>(op.opClass)];
  int64_t arithmetic =
      ceilDiv(Int128(op.flops) * kNsPerS * kPpm, Int128(device.peakFlopsPerS) * efficiency);
  return addSat(std::max(arithmetic, memoryTimeNs(device, op.bytes)), device.launchNs);
}
