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

// The most of what replicas sum.
static int64_t mostSummed(const StageMemoryInput &input) {
  int64_t most = 0;
  for (const HeldParameters *held : {&input.dense, &input.expert})
    if (held->replicas > 1)
      most = std::max(most, held->count);
  return most;
}

static int64_t workspaceBytes(const Job &job, int64_t parameters, int64_t chunkBytes) {
  return std::min(chunkBytes, mulSat(parameters, job.recipe.gradientBytes));
}

int64_t sigma::planner::reduceWorkspaceBytes(const Job &job, const StageMemoryInput &input,
                                             int64_t chunkBytes) {
  const int64_t most = job.overlap.gradientPpm > 0 ? 0 : mostSummed(input);
  return workspaceBytes(job, std::max(most, input.parametersAtEnds), chunkBytes);
}

int64_t sigma::planner::overlapWorkspaceBytes(const Job &job, const StageMemoryInput &input,
                                              int64_t chunkBytes) {
  const int64_t most = job.overlap.gradientPpm > 0 ? mostSummed(input) : 0;
  return workspaceBytes(job, most, chunkBytes);
}

int64_t Surroundings::most(const std::vector<Peak> &peaks) const {
  uint32_t present = 0;
  for (int what = 0; what < kNumBeside; ++what)
    if (bytes[what] > 0)
      present |= uint32_t(1) << what;
  int64_t most = 0;
  for (const Peak &peak : peaks) {
    int64_t sum = peak.bytes;
    for (uint32_t left = peak.beside & present; left != 0; left &= left - 1)
      sum = addSat(sum, bytes[__builtin_ctz(left)]);
    most = std::max(most, sum);
  }
  return addSat(most, alwaysBytes);
}

int64_t Surroundings::least() const {
  int64_t most = 0;
  for (Beside what :
       {Beside::DenseValues, Beside::ExpertValues, Beside::DenseGradients, Beside::ExpertGradients})
    most = std::max(most, bytes[int(what)]);
  return addSat(most, alwaysBytes);
}

static int64_t gatheredBytes(const Job &job, int64_t zero, int64_t parameters) {
  return zero >= 3 ? mulSat(parameters, job.recipe.valueBytes) : 0;
}

static int64_t summedBytes(const Job &job, int64_t zero, int64_t parameters) {
  return zero >= 2 ? mulSat(parameters, job.recipe.gradientBytes) : 0;
}

int64_t sigma::planner::comingValueBytes(const Job &job, const Layout &layout, int64_t dense,
                                         int64_t expert) {
  if (job.overlap.parameterPpm == 0)
    return 0;
  return addSat(gatheredBytes(job, layout.zero, dense),
                gatheredBytes(job, layout.expertZero, expert));
}

int64_t sigma::planner::leavingGradientBytes(const Job &job, const Layout &layout, int64_t dense,
                                             int64_t expert) {
  if (job.overlap.gradientPpm == 0)
    return 0;
  return addSat(summedBytes(job, layout.zero, dense), summedBytes(job, layout.expertZero, expert));
}

Surroundings sigma::planner::surroundings(const Job &job, const Layout &layout, int64_t dense,
                                          int64_t shared, int64_t expert, int64_t chunkBytes) {
  Surroundings result;
  auto add = [&](int64_t zero, int64_t parameters, Beside values, Beside gradients, Beside sums) {
    const int64_t gradient = summedBytes(job, zero, parameters);
    result.bytes[int(values)] = gatheredBytes(job, zero, parameters);
    result.bytes[int(gradients)] = gradient;
    result.bytes[int(sums)] = job.overlap.gradientPpm > 0 ? 0 : std::min(chunkBytes, gradient);
  };
  add(layout.zero, std::max<int64_t>(0, dense - shared), Beside::DenseValues,
      Beside::DenseGradients, Beside::DenseSums);
  add(layout.zero, shared, Beside::SharedValues, Beside::SharedGradients, Beside::SharedSums);
  add(layout.expertZero, expert, Beside::ExpertValues, Beside::ExpertGradients, Beside::ExpertSums);
  return result;
}

// Two for each hand-over. A stage of several chunks works at one of them at a time: a gradient
// comes in, but not where the head is, and one goes out. Beside that, what was handed over last
// waits to be sent, interleaved one each way; dualpipev, one at each border of chunks, of which the
// bottom of the V is one within the stage. A gradient that is held counts as kept.
static int64_t numBoundaryBuffers(const Layout &layout, int64_t stage, bool holdsGradient) {
  const int64_t atWork = stage == headStage(layout) ? 1 : 2;
  switch (layout.schedule) {
  case Schedule::OneForwardOneBackward:
    return 2 * numRemoteNeighbours(layout, stage);
  case Schedule::ZeroBubbleH1:
    return 2 * numRemoteNeighbours(layout, stage) - (holdsGradient ? 1 : 0);
  case Schedule::Interleaved:
    return 2 + atWork;
  case Schedule::DualPipeV:
    return numRemoteNeighbours(layout, stage) + (stage == layout.pp - 1 ? 1 : 0) + atWork;
  }
  return 0;
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
  int64_t layers = ceilDiv(Int128(input.layerBytes) * input.largestChunkLayers,
                           std::max<int64_t>(1, input.numLayers));
  memory.activationBytes = addSat(layers, addSat(input.embeddingBytes, input.headBytes));
  memory.transientBytes = input.transientBytes;
  bool holdsEnd = input.stage == 0 || input.stage == headStage(layout);
  memory.bufferBytes = addSat(
      mulSat(input.boundaryBytes, numBoundaryBuffers(layout, input.stage, input.holdsGradient)),
      holdsEnd ? mulSat(input.batchBytes, ceilDiv(flight.chunks, layout.vpp)) : 0);
  memory.bufferBytes = addSat(memory.bufferBytes, input.overlapBytes);
  return memory;
}

int64_t sigma::planner::usableMemoryBytes(int64_t memoryBytes, int64_t marginPpm) {
  return static_cast<int64_t>(Int128(memoryBytes) * (kPpm - marginPpm) / kPpm);
}

int64_t sigma::planner::deviceMemoryFor(int64_t needed, int64_t marginPpm) {
  return mulDivCeil(needed, kPpm, kPpm - marginPpm);
}
