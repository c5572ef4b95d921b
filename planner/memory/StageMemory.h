// The peak memory of one rank of a stage, by parts. The one place in the planner where the formula
// stands; check/ has its own, and the compiler's static memory plan is the judge of both.
//
//   parameters  local parameters * value bytes
//   gradients   local parameters * gradient bytes
//   optimizer   local parameters * optimizer bytes
//   activation  (saved bytes of the stage's layers, embedding and head) * micro-batches in flight
//   transient   largest working set of a layer, embedding, head or collective (one runs at a time)
//   buffer      boundary activations: per neighbour one activation and one gradient; token and
//               target ids on the first and the last stage, per micro-batch in flight
//
// 1F1B keeps min(pp - s, m) micro-batches in flight on stage s (Narayanan et
// al. 2021, PipeDream-Flush).
#ifndef SIGMA_PLANNER_MEMORY_STAGEMEMORY_H
#define SIGMA_PLANNER_MEMORY_STAGEMEMORY_H

#include "planner/Problem.h"

namespace sigma::planner {

struct StageMemoryInput {
  int64_t stage = 0, numStages = 1, numMicroBatches = 1;
  int64_t parameters = 0;     // dense and expert, local
  int64_t savedBytes = 0;     // all layers of the stage, embedding, head; one micro-batch
  int64_t transientBytes = 0; // the largest
  int64_t boundaryBytes = 0, batchBytes = 0;
};

struct StageMemory {
  int64_t parameterBytes = 0, gradientBytes = 0, optimizerBytes = 0, activationBytes = 0,
          transientBytes = 0, bufferBytes = 0;

  int64_t totalBytes() const;
};

int64_t microBatchesInFlight(int64_t stage, int64_t numStages, int64_t numMicroBatches);

StageMemory stageMemory(const Recipe &recipe, const StageMemoryInput &input);

// Device memory less the margin: what a stage may use.
int64_t usableMemoryBytes(int64_t memoryBytes, int64_t marginPpm);

// The smallest device memory whose usable part is at least `needed`.
int64_t deviceMemoryFor(int64_t needed, int64_t marginPpm);

} // namespace sigma::planner

#endif
