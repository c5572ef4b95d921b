#include "runtime/Runtime.h"
#include "runtime/checkpoint/Checkpointer.h"
#include "runtime/repair/Snapshots.h"

#include <algorithm>

sigma_runtime::sigma_runtime() : device(sigma::runtime::programDevice()) {}
sigma_runtime::~sigma_runtime() = default;

std::vector<const sigma::runtime::Tensor *> sigma_runtime::ownTensors() const {
  std::vector<const sigma::runtime::Tensor *> own;
  for (const sigma::runtime::Tensor &tensor : tensors)
    if (tensor.stage == mesh.ppIndex)
      own.push_back(&tensor);
  return own;
}

int64_t sigma_runtime::plannedPeakBytes() const {
  int64_t peak = 0;
  for (const sigma::runtime::Stage &stage : stages)
    peak = std::max(peak, stage.arenaBytes);
  return peak;
}
