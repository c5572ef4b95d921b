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
         figures == Figures::Whole ? &costs.whole(shape, kinds) : &costs.workAndEnds(shape, kinds),
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
  held.kinds.reserve(sequence.kinds.size());
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

void MemoryModel::kindsOfChunk(const Contents &held, int64_t chunk, std::vector<int> &kinds) const {
  const auto begin = sequence.kindOf.begin();
  if (shape.vpp == 1) {
    kinds.assign(begin + held.first, begin + held.first + held.count);
    return;
  }
  const LayerSequence::Repeat &repeat = sequence.repeat();
  const int64_t index = virtualIndex(shape, held.stage, chunk);
  kinds.clear();
  if (index == 0)
    kinds.insert(kinds.end(), begin, begin + repeat.first);
  for (int64_t unit = chunk; unit < held.count; unit += shape.vpp)
    kinds.insert(kinds.end(), begin + repeat.first, begin + repeat.first + repeat.block);
  if (index == shape.vpp * shape.pp - 1)
    kinds.insert(kinds.end(), begin + repeat.end(), sequence.kindOf.end());
}

static size_t place(bool hasGradientIn, bool hasGradientOut) {
  return 2 * hasGradientIn + hasGradientOut;
}

// A gradient that goes from a layer to the one before it is in memory of both, unless that one
// holds it.
void MemoryModel::placeLayers(Contents &held) const {
  const CostSet &costs = *hosts[held.stage].costs;
  const bool splits = splitsEachBackward(shape.schedule);
  held.places.resize(held.kinds.size());
  std::vector<int> kinds; // of a chunk
  for (int64_t chunk = 0; chunk < shape.vpp; ++chunk) {
    const int64_t index = virtualIndex(shape, held.stage, chunk);
    const bool hasHead = index == shape.vpp * shape.pp - 1;
    kindsOfChunk(held, chunk, kinds);
    for (size_t layer = 0; layer < kinds.size(); ++layer) {
      const bool in = layer + 1 < kinds.size() || hasHead;
      const bool out =
          layer > 0 ? !splits || !costs.kinds[kinds[layer - 1]].holdsGradient : index == 0;
      held.places[kinds[layer]].set(place(in, out));
    }
    const bool isHeld = costs.kinds[kinds.back()].holdsGradient;
    if (hasHead)
      held.headPlaces = Places().set(place(false, !splits || !isHeld));
    else
      held.holdsGradient &= isHeld;
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
  if (figures == Figures::Whole)
    placeLayers(held);
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
  input.holdsGradient = held.holdsGradient && !held.hasHead;
  input.transientBytes = reduceWorkspaceBytes(problem.job, input, costs.workspaceBytes);
  input.overlapBytes = overlapWorkspaceBytes(problem.job, input, costs.workspaceBytes);
  const InFlight flight = inFlight(shape, held.stage);
  auto addEnd = [&](const PieceCost &end, Places places, int64_t shared,
                    const InFlight::Moments &moments, int64_t &bytes) {
    bytes = mostKeptBytes(end.modes.front().bytes, moments);
    input.transientBytes =
        std::max(input.transientBytes, workingBytes(costs, end, places, shared).front());
  };
  if (held.hasEmbedding)
    addEnd(costs.embedding, Places().set(place(true, false)), 0, flight.embedding,
           input.embeddingBytes);
  if (held.hasHead)
    addEnd(costs.head, held.headPlaces, ceilDiv(problem.model.sharedParameters, shape.tp),
           flight.head, input.headBytes);
  input.boundaryBytes = costs.boundaryBytes;
  input.batchBytes = costs.batchBytes;
  return input;
}

int64_t MemoryModel::neighbourBytes(const CostSet &costs) const {
  int64_t coming = 0;
  int64_t leaving = leavingGradientBytes(problem.job, shape, costs.head.denseParameters,
                                         costs.head.expertParameters);
  for (const PieceCost &layer : costs.kinds) {
    const int64_t dense = layer.denseParameters, expert = layer.expertParameters;
    coming = std::max(coming, comingValueBytes(problem.job, shape, dense, expert));
    leaving = std::max(leaving, leavingGradientBytes(problem.job, shape, dense, expert));
  }
  return addSat(coming, leaving);
}

std::vector<int64_t> MemoryModel::workingBytes(const CostSet &costs, const PieceCost &piece,
                                               Places places, int64_t sharedParameters) const {
  Surroundings around = surroundings(problem.job, shape, piece.denseParameters, sharedParameters,
                                     piece.expertParameters, costs.workspaceBytes);
  around.alwaysBytes = neighbourBytes(costs);
  if (piece.modes.empty())
    return {around.least()};
  std::vector<int64_t> most(piece.modes.size(), 0);
  for (const bool in : {false, true})
    for (const bool out : {false, true}) {
      if (!places.test(place(in, out)))
        continue;
      around.bytes[int(Beside::GradientIn)] = in ? costs.boundaryBytes : 0;
      around.bytes[int(Beside::GradientOut)] = out ? costs.boundaryBytes : 0;
      for (size_t mode = 0; mode < most.size(); ++mode)
        most[mode] = std::max(most[mode], around.most(piece.modes[mode].peaks));
    }
  return most;
}

const std::vector<int64_t> &MemoryModel::workingBytes(const Contents &held, size_t kind) const {
  const CostSet *costs = hosts[held.stage].costs;
  const Places places = held.places.empty() ? Places() : held.places[kind];
  std::vector<int64_t> &bytes = working[{costs, kind, places.to_ulong()}];
  if (bytes.empty())
    bytes = workingBytes(*costs, costs->kinds[kind], places);
  return bytes;
}

// With dualpipev, most of layers is kept where nothing is made of the head, or where it is: it
// counts with theirs.
int64_t MemoryModel::madeOfHeadBytes(const Contents &held) const {
  if (shape.schedule != Schedule::DualPipeV || !held.hasHead)
    return 0;
  return ceilDiv(hosts[held.stage].costs->head.modes.front().bytes.made,
                 std::max<int64_t>(1, held.largestChunkLayers));
}

// Each layer's share of the buffers that are not there is taken off.
int64_t MemoryModel::keptOfLayer(const Contents &held, const Kept &bytes,
                                 const InFlight &flight) const {
  const int64_t boundary = hosts[held.stage].costs->boundaryBytes;
  int64_t most = 0;
  for (size_t moment = 0; moment < flight.layers.size(); ++moment) {
    const int64_t absent =
        flight.absentBuffers[moment] + (flight.makesReceived[moment] && held.holdsGradient ? 1 : 0);
    most = std::max(most, keptBytes(bytes, flight.layers[moment]) -
                              mulSat(absent, boundary) / held.largestChunkLayers);
  }
  return most;
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
  result.kinds.reserve(held.kinds.size());
  for (size_t kind = 0; kind < held.kinds.size(); ++kind) {
    RematKind entry{held.kinds[kind], {}};
    const PieceCost &piece = costs.kinds[kind];
    const std::vector<int64_t> &transients = workingBytes(held, kind);
    // What the cheapest mode takes is part of the base.
    const std::vector<ModeCost> &modes = piece.modes;
    if (modes.empty())
      entry.options.push_back({0, 0, transients.front()});
    entry.options.reserve(std::max<size_t>(1, modes.size()));
    for (size_t mode = 0; mode < modes.size(); ++mode) {
      const Kept &bytes = modes[mode].bytes;
      entry.options.push_back(
          {modes[mode].extraNs - modes.front().extraNs,
           keptOfLayer(held, {bytes.saved, bytes.held, addSat(bytes.made, headBytes)}, flight),
           transients[mode]});
    }
    result.kinds.push_back(std::move(entry));
  }
  return result;
}

int64_t MemoryModel::leastPeakBytes(int64_t stage, int64_t first, int64_t count) const {
  return sigma::planner::leastPeakBytes(rematProblem(contents(stage, first, count)));
}
