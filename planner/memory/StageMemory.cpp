#include "planner/memory/StageMemory.h"

#include "planner/cost/Arithmetic.h"

#include <algorithm>

using namespace sigma::planner;

static constexpr int64_t kPpm = 1000000;

int64_t StageMemory::totalBytes() const {
  int64_t state = addSat(addSat(parameterBytes, gradientBytes), optimizerBytes);
  return addSat(addSat(state, activationBytes), addSat(transientBytes, bufferBytes));
}

int64_t sigma::planner::microBatchesInFlight(int64_t stage, int64_t numStages,
                                             int64_t numMicroBatches) {
  return std::min(numStages - stage, numMicroBatches);
}

StageMemory sigma::planner::stageMemory(const Recipe &recipe, const StageMemoryInput &input) {
  int64_t inFlight = microBatchesInFlight(input.stage, input.numStages, input.numMicroBatches);
  bool first = input.stage == 0, last = input.stage == input.numStages - 1;
  int64_t boundaries = (first ? 0 : 2) + (last ? 0 : 2);
  int64_t batches = first || last ? inFlight : 0;

  StageMemory memory;
  memory.parameterBytes = mulSat(input.parameters, recipe.valueBytes);
  memory.gradientBytes = mulSat(input.parameters, recipe.gradientBytes);
  memory.optimizerBytes = mulSat(input.parameters, recipe.optimizerBytes);
  memory.activationBytes = mulSat(input.savedBytes, inFlight);
  memory.transientBytes = input.transientBytes;
  memory.bufferBytes =
      addSat(mulSat(input.boundaryBytes, boundaries), mulSat(input.batchBytes, batches));
  return memory;
}

int64_t sigma::planner::usableMemoryBytes(int64_t memoryBytes, int64_t marginPpm) {
  return static_cast<int64_t>(Int128(memoryBytes) * (kPpm - marginPpm) / kPpm);
}

int64_t sigma::planner::deviceMemoryFor(int64_t needed, int64_t marginPpm) {
  return mulDivCeil(needed, kPpm, kPpm - marginPpm);
}
