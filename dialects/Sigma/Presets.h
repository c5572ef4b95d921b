//===- Presets.h - figures of well-known machines ---------------*- C++ -*-===//

#ifndef DIALECTS_SIGMA_PRESETS_H
#define DIALECTS_SIGMA_PRESETS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>

namespace mlir::sigma {

/// What a device can do; 0 where nobody states it. Peaks are of dense matrix products.
struct AcceleratorFigures {
  int64_t memoryBytes = 0;
  int64_t memoryBandwidthBytesPerS = 0;
  int64_t peakFp8FlopsPerS = 0;
  int64_t peakF16FlopsPerS = 0;
  int64_t peakBf16FlopsPerS = 0;
  int64_t peakF32FlopsPerS = 0;
  int64_t peakF64FlopsPerS = 0;
  int64_t launchNs = 0;
};

/// What one link can do, in each direction.
struct LinkFigures {
  int64_t bandwidthBytesPerS = 0;
  int64_t receiveBandwidthBytesPerS = 0;
  std::optional<int64_t> latencyNs; // 0 is a latency
};

template <typename FiguresT>
struct Preset {
  llvm::StringRef name;
  FiguresT figures;
};

llvm::ArrayRef<Preset<AcceleratorFigures>> acceleratorPresets();
llvm::ArrayRef<Preset<LinkFigures>> linkPresets();

/// Null when there is no preset of this name.
template <typename FiguresT>
const FiguresT *findPreset(llvm::ArrayRef<Preset<FiguresT>> presets, llvm::StringRef name) {
  for (const Preset<FiguresT> &preset : presets)
    if (preset.name == name)
      return &preset.figures;
  return nullptr;
}

} // namespace mlir::sigma

#endif // DIALECTS_SIGMA_PRESETS_H
