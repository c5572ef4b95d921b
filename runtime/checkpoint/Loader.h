// Finds the newest checkpoint that is whole, and loads this rank's part of it. All ranks take the
// same one.
#ifndef SIGMA_RUNTIME_CHECKPOINT_LOADER_H
#define SIGMA_RUNTIME_CHECKPOINT_LOADER_H

#include "runtime/abi/abi.h"

#include <cstdint>
#include <string>

namespace sigma::runtime {

class CheckpointFolder;

struct LoadedCheckpoint {
  int64_t step = 0; // 0: there was none to load
  std::string lossHex;
  int64_t bytes = 0; // that this rank read
};

/// Collective. Fills the tensors in the arena. Throws UserError when the checkpoint is of another
/// run.
LoadedCheckpoint loadNewest(sigma_rt rt, const CheckpointFolder &folder);

} // namespace sigma::runtime

#endif
