#include "planner/memory/StageMemory.h"

#include "planner/Pipeline.h"
#include "planner/cost/Arithmetic.h"

#include <algorithm>

using namespace sigma::planner;

static constexpr int64_t kPpm = 1000000;

int64_t StageMemory::totalBytes() const {
  int64_t state = addSat(addSat(parameterBytes, gradientBytes), optimizerBytes);
  return addSat(addSat(state, activationBytes), addSat(transientBytes, bufferBytes));
}

int64_t HeldParameters::share(int64_t from) const {
  return zero >= from ? ceilDiv(count, replicas) : count;
}

int64_t sigma::planner::reduceWorkspaceBytes(const Recipe &recipe, const StageMemoryInput &input,
                                             int64_t chunkBytes) {
  int64_t most = 0;
  for (const HeldParameters *held : {&input.dense, &input.expert})
    if (held->replicas > 1)
      most = std::max(most, std::min(chunkBytes, mulSat(held->count, recipe.gradientBytes)));
  return most;
}

// What a piece holds whole while it is at work, of state that ZeRO has spread over the replicas.
static int64_t gatheredBytes(const Recipe &recipe, const HeldParameters &held) {
  int64_t gradient = held.zero >= 2 ? mulSat(held.largestPiece, recipe.gradientBytes) : 0;
  int64_t values = held.zero >= 3 ? mulSat(held.largestPiece, 2 * recipe.valueBytes) : 0;
  return addSat(gradient, values);
}

// Two for each hand-over. Interleaved, a stage goes chunk after chunk, with one hand-over each way
// at a time, and no gradient comes in while the head is at work.
static int64_t numBoundaryBuffers(const Layout &layout, int64_t stage) {
  if (layout.schedule == Schedule::Interleaved)
    return stage == headStage(layout) ? 3 : 4;
  return 2 * numRemoteNeighbours(layout, stage);
}

StageMemory sigma::planner::stageMemory(const Recipe &recipe, const StageMemoryInput &input) {
  const Layout &layout = input.layout;
  const InFlight flight = inFlight(layout, input.stage);
  auto state = [&](int64_t from, int64_t bytes) {
    return mulSat(addSat(input.dense.share(from), input.expert.share(from)), bytes);
  };
  StageMemory memory;
  memory.parameterBytes = state(3, recipe.valueBytes);
  memory.gradientBytes = state(2, recipe.gradientBytes);
  memory.optimizerBytes = state(1, recipe.optimizerBytes);
  int64_t layers = ceilDiv(Int128(input.savedBytes) * flight.chunks * input.largestChunkLayers,
                           std::max<int64_t>(1, input.numLayers));
  memory.activationBytes = addSat(
      addSat(layers, mulSat(input.embeddingSavedBytes, flight.embeddings)), input.headSavedBytes);
  memory.transientBytes = addSat(input.transientBytes, addSat(gatheredBytes(recipe, input.dense),
                                                              gatheredBytes(recipe, input.expert)));
  bool holdsEnd = input.stage == 0 || input.stage == headStage(layout);
  memory.bufferBytes =
      addSat(mulSat(input.boundaryBytes, numBoundaryBuffers(layout, input.stage)),
             holdsEnd ? mulSat(input.batchBytes, ceilDiv(flight.chunks, layout.vpp)) : 0);
  return memory;
}

int64_t sigma::planner::usableMemoryBytes(int64_t memoryBytes, int64_t marginPpm) {
  return static_cast<int64_t>(Int128(memoryBytes) * (kPpm - marginPpm) / kPpm);
}

int64_t sigma::planner::deviceMemoryFor(int64_t needed, int64_t marginPpm) {
  return mulDivCeil(needed, kPpm, kPpm - marginPpm);
}
