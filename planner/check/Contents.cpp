#include "planner/check/Contents.h"

#include "planner/check/Wide.h"
#include "planner/cost/Devices.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

using namespace sigma::planner;

int64_t sigma::planner::virtualStageOf(const Layout &layout, int64_t stage, int64_t chunk) {
  if (layout.schedule == Schedule::DualPipeV)
    return chunk == 0 ? stage : 2 * layout.pp - 1 - stage;
  return chunk * layout.pp + stage;
}

int64_t sigma::planner::stageOfVirtual(const Layout &layout, int64_t virtualStage) {
  if (layout.schedule == Schedule::DualPipeV)
    return std::min(virtualStage, 2 * layout.pp - 1 - virtualStage);
  return virtualStage % layout.pp;
}

int64_t sigma::planner::chunkOfVirtual(const Layout &layout, int64_t virtualStage) {
  return virtualStage / layout.pp;
}

std::vector<Piece> Contents::pieces() const {
  std::vector<Piece> all(layers);
  if (embedding)
    all.insert(all.begin(), *embedding);
  if (head)
    all.push_back(*head);
  return all;
}

std::vector<Piece> Contents::piecesOfChunk(const Layout &layout, int64_t chunk) const {
  const auto first = layers.begin() + std::accumulate(chunks.begin(), chunks.begin() + chunk, 0L);
  std::vector<Piece> held(first, first + chunks[chunk]);
  const int64_t part = virtualStageOf(layout, stage, chunk);
  if (part == 0)
    held.push_back(*embedding);
  if (part == layout.pp * layout.vpp - 1)
    held.push_back(*head);
  return held;
}

int64_t sigma::planner::sharedParameters(const Model &model, const Layout &layout,
                                         const Contents &contents) {
  const bool holdsBoth = contents.embedding && contents.head;
  return holdsBoth ? narrow(quotient(model.sharedParameters, layout.tp)) : 0;
}

int64_t sigma::planner::parametersElsewhere(const Model &model, const Layout &layout,
                                            const Contents &contents) {
  const bool holdsOne = contents.embedding.has_value() != contents.head.has_value();
  return holdsOne ? narrow(quotient(model.sharedParameters, layout.tp)) : 0;
}

static Device stageDevice(const Cluster &cluster, const Layout &layout, int64_t stage) {
  if (cluster.groups.size() <= 1)
    return cluster.device;
  int64_t first = 0, end = cluster.numDevices;
  if (layout.placement == Placement::StagesOutside) {
    first = stage * layout.ranksPerStage();
    end = first + layout.ranksPerStage();
  }
  std::optional<Device> weakest;
  int64_t begin = 0; // of the group
  for (const DeviceGroup &group : cluster.groups) {
    if (begin < end && begin + group.count > first)
      weakest = weakest ? weaker(*weakest, group.device) : group.device;
    begin += group.count;
  }
  return weakest.value_or(cluster.device);
}

static Piece keeping(const LayerCost &cost) {
  if (cost.modes.empty())
    throw std::runtime_error("the cost tables state no memory of the embedding or the head");
  return {&cost, &cost.modes.front()};
}

static std::string quotedNames(const std::vector<RematMode> &modes) {
  std::string text;
  for (const RematMode &mode : modes)
    text += (text.empty() ? "'" : ", '") + mode.name + "'";
  return text;
}

ContentsBook::ContentsBook(const Problem &problem, CostSource &costs, const Layout &layout)
    : problem(problem), costs(costs), layout(layout) {
  const Sharding sharding = layout.sharding();
  boundaryBytes = costs.boundaryBytes(sharding);
  batchBytes = costs.batchBytes(sharding);
  workspaceBytes = costs.workspaceBytes(sharding);
  embedding = costs.embedding(sharding);
  head = costs.head(sharding);
  for (const LayerGroup &group : problem.model.layers)
    kinds.insert(kinds.end(), group.count, group.kind);
}

const LayerCost &ContentsBook::layerOf(int kind) {
  auto [position, isNew] = known.try_emplace(kind);
  if (isNew)
    position->second = costs.layer(kind, layout.sharding());
  return position->second;
}

std::vector<const LayerCost *> ContentsBook::allLayers() {
  std::vector<const LayerCost *> all;
  for (int kind : kinds)
    all.push_back(&layerOf(kind));
  return all;
}

void ContentsBook::addLayers(const StagePlan &plan, Contents &contents,
                             std::vector<Violation> &violations) {
  size_t next = 0;
  const int64_t last = layout.vpp * layout.pp - 1;
  for (const LayerRange &chunk : plan.chunks) {
    const int64_t part = virtualStageOf(layout, contents.stage, int64_t(contents.chunks.size()));
    const bool splits = layout.schedule == Schedule::ZeroBubbleH1;
    bool isOutApart = part > 0; // of the next layer
    bool holdsGradient = false; // the last
    contents.chunks.push_back(chunk.size());
    contents.largestChunk = std::max(contents.largestChunk, chunk.size());
    for (int64_t index = chunk.first; index < chunk.end; ++index) {
      const LayerCost &cost = layerOf(kinds[index]);
      const std::string &name = plan.remat[next++];
      auto mode = std::find_if(cost.modes.begin(), cost.modes.end(),
                               [&](const RematMode &mode) { return mode.name == name; });
      if (mode == cost.modes.end())
        violations.push_back({"remat", "layer " + std::to_string(index) + " has no mode '" + name +
                                           "'; it has " + quotedNames(cost.modes)});
      else
        contents.layers.push_back(
            {&cost, &*mode, part < last && index + 1 == chunk.end, isOutApart});
      isOutApart = splits && cost.holdsGradient;
      holdsGradient = cost.holdsGradient;
    }
    if (part < last)
      contents.holdsGradient &= holdsGradient;
    else
      contents.isHeadApart = isOutApart;
  }
}

Contents ContentsBook::contents(const Plan &plan, int64_t stage,
                                std::vector<Violation> &violations) {
  Contents contents;
  contents.stage = stage;
  contents.device = stageDevice(problem.cluster, layout, stage);
  addLayers(plan.stages[stage], contents, violations);
  const int64_t last = layout.vpp * layout.pp - 1;
  for (int64_t chunk = 0; chunk < layout.vpp; ++chunk) {
    const int64_t part = virtualStageOf(layout, stage, chunk);
    if (part == 0) {
      contents.embedding = keeping(embedding);
      contents.embedding->isOutApart = true;
    }
    if (part == last) {
      contents.head = keeping(head);
      contents.head->isInApart = true;
      contents.head->isOutApart = contents.isHeadApart;
    }
    for (int64_t neighbour : {part - 1, part + 1})
      if (neighbour >= 0 && neighbour <= last)
        if (int64_t other = stageOfVirtual(layout, neighbour); other != stage)
          contents.remote.push_back(other);
  }
  return contents;
}
