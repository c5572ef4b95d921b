//===- Cluster.cpp - what the ops of a cluster say together ---------------===//

#include "dialects/Sigma/SigmaOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::sigma;

static constexpr int64_t kMillion = 1000000;

//===----------------------------------------------------------------------===//
// Clusters
//===----------------------------------------------------------------------===//

template <typename OpT>
static OpT onlyOf(ClusterOp cluster) {
  auto ops = cluster.getBody()->getOps<OpT>();
  return ops.empty() ? OpT() : *ops.begin();
}

SmallVector<AcceleratorOp, 2> ClusterOp::getAccelerators() {
  return llvm::to_vector<2>(getBody()->getOps<AcceleratorOp>());
}
SmallVector<TierOp, 4> ClusterOp::getTiers() {
  return llvm::to_vector<4>(getBody()->getOps<TierOp>());
}
SmallVector<SlowNodeOp, 2> ClusterOp::getSlowNodes() {
  return llvm::to_vector<2>(getBody()->getOps<SlowNodeOp>());
}
NoiseOp ClusterOp::getNoise() { return onlyOf<NoiseOp>(*this); }
FailuresOp ClusterOp::getFailures() { return onlyOf<FailuresOp>(*this); }

int64_t ClusterOp::getNumDevicesOf(AcceleratorOp accelerator) {
  return accelerator.getDevices().value_or(getDevices());
}

TierOp ClusterOp::getNodeTier() {
  if (!getNode())
    return onlyOf<TierOp>(*this);
  for (TierOp tier : getTiers())
    if (tier.getSymName() == *getNode())
      return tier;
  return {};
}

int64_t ClusterOp::getNumNodes() { return getDevices() / getNodeTier().getDevices(); }

int64_t ClusterOp::getNumSpares() {
  int64_t share = int64_t((__int128(getDevices()) * getSparesPpm() + kMillion - 1) / kMillion);
  return getSpares() + share; // one of them is 0
}

//===----------------------------------------------------------------------===//
// Figures, from a preset or stated
//===----------------------------------------------------------------------===//

template <typename FiguresT>
static FiguresT presetFigures(ArrayRef<Preset<FiguresT>> presets, std::optional<StringRef> name) {
  const FiguresT *preset = name ? findPreset(presets, *name) : nullptr;
  return preset ? *preset : FiguresT();
}

AcceleratorFigures AcceleratorOp::getFigures() {
  AcceleratorFigures preset = presetFigures(acceleratorPresets(), getPreset());
  AcceleratorFigures figures;
  figures.memoryBytes = getMemoryBytes().value_or(preset.memoryBytes);
  figures.memoryBandwidthBytesPerS =
      getMemoryBandwidthBytesPerS().value_or(preset.memoryBandwidthBytesPerS);
  figures.peakFp8FlopsPerS = getPeakFp8FlopsPerS().value_or(preset.peakFp8FlopsPerS);
  figures.peakF16FlopsPerS = getPeakF16FlopsPerS().value_or(preset.peakF16FlopsPerS);
  figures.peakBf16FlopsPerS = getPeakBf16FlopsPerS().value_or(preset.peakBf16FlopsPerS);
  figures.peakF32FlopsPerS = getPeakF32FlopsPerS().value_or(preset.peakF32FlopsPerS);
  figures.peakF64FlopsPerS = getPeakF64FlopsPerS().value_or(preset.peakF64FlopsPerS);
  figures.launchNs = getLaunchNs().value_or(preset.launchNs);
  return figures;
}

ArrayRef<Precision> mlir::sigma::peaksOf(Precision recipe) {
  static const Precision f32[] = {Precision::F32}, bf16[] = {Precision::BF16},
                         f64[] = {Precision::F64}, fp8[] = {Precision::FP8, Precision::BF16};
  switch (recipe) {
  case Precision::F32:
    return f32;
  case Precision::BF16:
    return bf16;
  case Precision::F64:
    return f64;
  case Precision::FP8:
    return fp8;
  }
  llvm_unreachable("unknown precision");
}

int64_t mlir::sigma::peakOf(const AcceleratorFigures &figures, Precision format) {
  switch (format) {
  case Precision::F32:
    return figures.peakF32FlopsPerS;
  case Precision::BF16:
    return figures.peakBf16FlopsPerS;
  case Precision::F64:
    return figures.peakF64FlopsPerS;
  case Precision::FP8:
    return figures.peakFp8FlopsPerS;
  }
  llvm_unreachable("unknown precision");
}

LinkFigures TierOp::getFigures() {
  LinkFigures preset = presetFigures(linkPresets(), getPreset());
  LinkFigures figures;
  figures.bandwidthBytesPerS = getBandwidthBytesPerS().value_or(preset.bandwidthBytesPerS);
  // A stated bandwidth replaces both directions of the preset.
  figures.receiveBandwidthBytesPerS = getReceiveBandwidthBytesPerS().value_or(
      getBandwidthBytesPerS().value_or(preset.receiveBandwidthBytesPerS));
  figures.latencyNs = getLatencyNs() ? getLatencyNs() : preset.latencyNs;
  return figures;
}

int64_t TierOp::getSharedBandwidthBytesPerS() {
  LinkFigures figures = getFigures();
  // What is sent is also received, so the slower direction sets the pace.
  __int128 link = std::min(figures.bandwidthBytesPerS, figures.receiveBandwidthBytesPerS);
  __int128 shared = link * kMillion / (__int128(getDevicesPerLink()) * getOversubscriptionPpm());
  return std::max<int64_t>(1, int64_t(shared));
}

//===----------------------------------------------------------------------===//
// Efficiency
//===----------------------------------------------------------------------===//

/// efficiency ::= ppm | `[` size `:` ppm (`,` size `:` ppm)* `]`
ParseResult EfficiencyAttr::parseClause(AsmParser &parser, EfficiencyAttr &efficiency) {
  SmallVector<int64_t> sizes, ppms;
  auto parsePoint = [&]() -> ParseResult {
    return failure(parser.parseInteger(sizes.emplace_back()) || parser.parseColon() ||
                   parser.parseInteger(ppms.emplace_back()));
  };
  int64_t everywhere = 0;
  OptionalParseResult number = parser.parseOptionalInteger(everywhere);
  if (number.has_value() && failed(*number))
    return failure();
  if (number.has_value()) {
    sizes.push_back(0);
    ppms.push_back(everywhere);
  } else if (parser.parseLSquare() || parser.parseCommaSeparatedList(parsePoint) ||
             parser.parseRSquare())
    return failure();
  efficiency = EfficiencyAttr::get(parser.getContext(), sizes, ppms);
  return success();
}

void EfficiencyAttr::printClause(AsmPrinter &printer) const {
  if (getSizes().size() == 1 && getSizes().front() == 0) {
    printer << getPpms().front();
    return;
  }
  printer << '[';
  llvm::interleaveComma(llvm::zip_equal(getSizes(), getPpms()), printer, [&](auto point) {
    printer << std::get<0>(point) << ": " << std::get<1>(point);
  });
  printer << ']';
}

Attribute EfficiencyAttr::parse(AsmParser &parser, Type) {
  EfficiencyAttr efficiency;
  if (parser.parseLess() || parseClause(parser, efficiency) || parser.parseGreater())
    return {};
  return efficiency;
}

void EfficiencyAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printClause(printer);
  printer << '>';
}
