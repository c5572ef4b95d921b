#include "planner/search/MemoryModel.h"

#include "planner/Pipeline.h"
#include "planner/cost/Arithmetic.h"
#include "planner/memory/StageMemory.h"

#include <algorithm>

using namespace sigma::planner;

MemoryModel::MemoryModel(const Problem &problem, const LayerSequence &sequence, CostCache &costs,
                         const Layout &layout, Figures figures)
    : problem(problem), sequence(sequence), shape(layout), figures(figures),
      units(layout.vpp == 1 ? sequence.size() : sequence.repeat().repeats) {
  for (int64_t stage = 0; stage < shape.pp; ++stage) {
    const KindRange kinds = kindsOf(problem.cluster, shape, stage);
    // Neighbours mostly are of one kind.
    if (stage > 0 && kinds == hosts.back().kinds) {
      hosts.push_back(hosts.back());
      continue;
    }
    const Device &device = costs.device(kinds);
    hosts.push_back(
        {kinds, &device,
         figures == Figures::Whole ? &costs.whole(shape, kinds) : &costs.work(shape, kinds),
         usableMemoryBytes(device.memoryBytes, problem.job.memoryMarginPpm)});
  }
}

// Chunks are whole repeats; what stands before the first repeat belongs to the first virtual stage,
// what stands after the last to the last.
int64_t MemoryModel::layersOfKind(size_t kind, int64_t stage, int64_t first, int64_t count) const {
  if (shape.vpp == 1)
    return sequence.count(kind, first, first + count);
  const LayerSequence::Repeat &repeat = sequence.repeat();
  int64_t layers = count * sequence.count(kind, repeat.first, repeat.first + repeat.block);
  if (stage == 0)
    layers += sequence.count(kind, 0, repeat.first);
  if (stage == headStage(shape))
    layers += sequence.count(kind, repeat.end(), sequence.size());
  return layers;
}

void MemoryModel::countLayers(Contents &held) const {
  for (size_t kind = 0; kind < sequence.kinds.size(); ++kind) {
    held.kinds.push_back(layersOfKind(kind, held.stage, held.first, held.count));
    held.numLayers += held.kinds.back();
  }
  if (shape.vpp == 1) {
    held.largestChunkLayers = held.numLayers;
    return;
  }
  const LayerSequence::Repeat &repeat = sequence.repeat();
  for (int64_t chunk = 0; chunk < shape.vpp; ++chunk) {
    int64_t index = virtualIndex(shape, held.stage, chunk);
    int64_t layers = repeat.block * (held.count / shape.vpp + (chunk < held.count % shape.vpp));
    layers += index == 0 ? repeat.first : 0;
    layers += index == shape.vpp * shape.pp - 1 ? sequence.size() - repeat.end() : 0;
    held.largestChunkLayers = std::max(held.largestChunkLayers, layers);
  }
}

MemoryModel::Contents MemoryModel::contents(int64_t index, int64_t first, int64_t count) const {
  const CostSet &costs = *hosts[index].costs;
  Contents held;
  held.stage = index;
  held.first = first;
  held.count = count;
  held.hasEmbedding = index == 0;
  held.hasHead = index == headStage(shape);
  countLayers(held);
  for (size_t kind = 0; kind < held.kinds.size(); ++kind)
    held.work.add(costs.kinds[kind].replicated(), held.kinds[kind]);
  held.work.add(costs.embedding.replicated(), held.hasEmbedding);
  held.work.add(costs.head.replicated(), held.hasHead);
  if (held.hasEmbedding && held.hasHead)
    held.work.denseParameters -= ceilDiv(problem.model.sharedParameters, shape.tp);
  return held;
}

std::vector<int64_t> MemoryModel::unevenStages() const {
  std::vector<int64_t> stages;
  if (figures == Figures::Work)
    return stages;
  const LayerSequence::Repeat &repeat = sequence.repeat();
  const int64_t head = headStage(shape);
  const bool isHeadUneven = repeat.end() < sequence.size();
  if (shape.vpp > 1 && (repeat.first > 0 || (head == 0 && isHeadUneven)))
    stages.push_back(0);
  if (shape.vpp > 1 && head != 0 && isHeadUneven)
    stages.push_back(head);
  return stages;
}

StageMemoryInput MemoryModel::memoryInput(const Contents &held) const {
  const CostSet &costs = *hosts[held.stage].costs;
  StageMemoryInput input;
  input.layout = shape;
  input.stage = held.stage;
  input.dense = {held.work.denseParameters, shape.cp * shape.dp, shape.zero};
  input.expert = {held.work.expertParameters, shape.edp(), shape.expertZero};
  input.parametersAtEnds = parametersAtEnds(problem.model, shape, held.stage);
  input.numLayers = held.numLayers;
  input.largestChunkLayers = held.largestChunkLayers;
  input.transientBytes = reduceWorkspaceBytes(problem.job, input, costs.workspaceBytes);
  input.overlapBytes = overlapWorkspaceBytes(problem.job, input, costs.workspaceBytes);
  const InFlight flight = inFlight(shape, held.stage);
  auto addEnd = [&](const PieceCost &end, const InFlight::Moments &moments, int64_t &bytes) {
    bytes = keptBytes(end.modes.front().bytes, moments);
    input.transientBytes =
        std::max(input.transientBytes,
                 workingBytes(costs, end, end.modes.front(), &ModeCost::transientBytes));
  };
  if (held.hasEmbedding)
    addEnd(costs.embedding, flight.embedding, input.embeddingBytes);
  if (held.hasHead)
    addEnd(costs.head, flight.head, input.headBytes);
  input.boundaryBytes = costs.boundaryBytes;
  input.batchBytes = costs.batchBytes;
  return input;
}

bool MemoryModel::isLast(const Contents &held, size_t kind) const {
  const LayerSequence::Repeat &repeat = sequence.repeat();
  const int64_t end = shape.vpp == 1 ? held.first + held.count : repeat.first + repeat.block;
  return sequence.kindOf[end - 1] == int(kind) &&
         held.kinds[kind] == numGradientBuffers(shape, held.stage);
}

// Where each backward is split, gradients are there when no values are, and last, while they are
// summed.
int64_t MemoryModel::workingBytes(const CostSet &costs, const PieceCost &piece,
                                  const ModeCost &mode, int64_t ModeCost::*transient) const {
  const GatheredState gathered =
      gatheredState(problem.job, shape, piece.denseParameters, piece.expertParameters);
  const int64_t bytes = addSat(mode.*transient, gathered.valueBytes);
  if (!splitsEachBackward(shape.schedule))
    return addSat(bytes, gathered.gradientBytes());
  const int64_t workspace = std::min(
      costs.workspaceBytes, std::max(gathered.denseGradientBytes, gathered.expertGradientBytes));
  return std::max(bytes,
                  addSat(gathered.gradientBytes(), std::max(mode.weightTransientBytes, workspace)));
}

// With dualpipev, most of layers is kept where nothing is made of the head, or where it is: it
// counts with theirs.
int64_t MemoryModel::madeOfHeadBytes(const Contents &held) const {
  if (shape.schedule != Schedule::DualPipeV || !held.hasHead)
    return 0;
  return ceilDiv(hosts[held.stage].costs->head.modes.front().bytes.made,
                 std::max<int64_t>(1, held.largestChunkLayers));
}

RematProblem MemoryModel::rematProblem(const Contents &held) const {
  const CostSet &costs = *hosts[held.stage].costs;
  StageMemoryInput input = memoryInput(held);
  const InFlight flight = inFlight(shape, held.stage);
  const int64_t headBytes = madeOfHeadBytes(held);
  RematProblem result;
  result.fixedTransientBytes = input.transientBytes;
  input.transientBytes = 0;
  result.fixedBytes = stageMemory(problem.job.recipe, input).totalBytes();
  result.numerator = held.largestChunkLayers;
  result.denominator = held.numLayers;
  for (size_t kind = 0; kind < held.kinds.size(); ++kind) {
    RematKind entry{held.kinds[kind], {}};
    const PieceCost &piece = costs.kinds[kind];
    const auto transient =
        isLast(held, kind) ? &ModeCost::lastTransientBytes : &ModeCost::transientBytes;
    // What the cheapest mode takes is part of the base.
    const std::vector<ModeCost> &modes = piece.modes;
    if (modes.empty())
      entry.options.push_back({0, 0, workingBytes(costs, piece, {}, transient)});
    for (const ModeCost &mode : modes)
      entry.options.push_back(
          {mode.extraNs - modes.front().extraNs,
           keptBytes({mode.bytes.saved, mode.bytes.held, addSat(mode.bytes.made, headBytes)},
                     flight.layers),
           workingBytes(costs, piece, mode, transient)});
    result.kinds.push_back(std::move(entry));
  }
  return result;
}

int64_t MemoryModel::leastPeakBytes(int64_t stage, int64_t first, int64_t count) const {
  return leastPeak(rematProblem(contents(stage, first, count))).bytes;
}
