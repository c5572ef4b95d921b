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

static const RateTable *measured(const Device &device, OpKind kind) {
  if (!device.measured)
    return nullptr;
  const RateTable &table = (*device.measured)[static_cast<int>(kind)];
  return table.empty() ? nullptr : &table;
}

// Where in the table of its kind an op lies.
static RateTable::Point pointOf(const OpCost &op) {
  if (isProduct(op.kind)) {
    const Int128 each = Int128(2) * op.kernels * op.shape[0] * op.shape[1];
    return {each > 0 ? saturate(op.flops / each) : 0, op.shape[0], op.shape[1]};
  }
  if (isAttention(op.kind))
    return {op.shape[0], op.shape[1], 0};
  return {op.bytes, op.shape[0], 0};
}

static int64_t measuredNs(const RateTable &table, const OpCost &op) {
  const int64_t amount = isProduct(op.kind) || isAttention(op.kind) ? op.flops : op.bytes;
  return ceilDiv(Int128(amount) * kNsPerS, table.at(pointOf(op)));
}

static int64_t rooflineNs(const Device &device, const OpCost &op) {
  // What a memory-bound op computes besides is computed at the peak.
  bool computes = op.opClass != OpClass::Memory;
  int64_t efficiency =
      computes ? efficiencyOf(device, op.opClass).ppmAt(op.flops / op.kernels) : kPpm;
  int64_t arithmetic =
      ceilDiv(Int128(op.flops) * kNsPerS * kPpm, Int128(device.peakFlopsPerS) * efficiency);
  int64_t memory =
      transferNs(device, op.bytes, efficiencyOf(device, OpClass::Memory).ppmAt(op.bytes));
  return addSat(std::max(arithmetic, memory), device.launchNs);
}

int64_t sigma::planner::updateTimeNs(const Device &device, int64_t bytes) {
  if (const RateTable *table = measured(device, OpKind::Update))
    return slowed(device, ceilDiv(Int128(bytes) * kNsPerS, table->rates.back()));
  int64_t efficiency = efficiencyOf(device, OpClass::Memory).ppmAtMost();
  return slowed(device, transferNs(device, bytes, efficiency));
}

int64_t sigma::planner::opTimeNs(const Device &device, const OpCost &op) {
  if (device.measured && op.kind == OpKind::Exchanged)
    return 0;
  const RateTable *table = measured(device, op.kind);
  return slowed(device, table ? measuredNs(*table, op) : rooflineNs(device, op));
}

int64_t sigma::planner::hostWaitNs(const Device &device, const std::vector<OpCost> &ops,
                                   int64_t opsNs) {
  int64_t kernels = 0;
  for (const OpCost &op : ops)
    kernels = addSat(kernels, op.kernels);
  return std::max<int64_t>(0, slowed(device, mulSat(kernels, device.issueNs)) - opsNs);
}
