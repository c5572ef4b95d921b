#include "planner/check/Contents.h"
#include "planner/check/Rules.h"

#include <algorithm>

using namespace sigma::planner;

static std::string str(int64_t value) { return std::to_string(value); }

// "layer 3", "layers 3 to 5".
static std::string layerNames(int64_t first, int64_t end) {
  return end - first == 1 ? "layer " + str(first) : "layers " + str(first) + " to " + str(end - 1);
}

static std::string partName(const Layout &layout, int64_t part) {
  const std::string stage = "stage " + str(stageOfVirtual(layout, part));
  return layout.vpp == 1 ? stage : "chunk " + str(chunkOfVirtual(layout, part)) + " of " + stage;
}

bool RuleBook::stagesAreGiven() {
  const int64_t given = int64_t(plan.stages.size());
  rule(given == layout.pp, "layers",
       "pp = " + str(layout.pp) + " but " + str(given) + " stages are given", Fatal);
  if (given != layout.pp)
    return false;
  bool ok = true;
  for (int64_t i = 0; i < given; ++i) {
    const int64_t chunks = int64_t(plan.stages[i].chunks.size());
    rule(chunks == layout.vpp, "layers",
         "vpp = " + str(layout.vpp) + " but stage " + str(i) + " has " + str(chunks) + " chunks",
         Fatal);
    ok &= chunks == layout.vpp;
  }
  return ok;
}

// How many parts hold each layer of the model.
std::vector<int64_t> RuleBook::countHolders(int64_t numLayers) {
  std::vector<int64_t> holders(numLayers, 0);
  for (int64_t part = 0; part < layout.vpp * layout.pp; ++part) {
    const LayerRange &held = rangeOf(part);
    const std::string name = partName(layout, part);
    rule(held.first < held.end, "layers",
         name + " has no layer; every stage and every chunk needs one", Fatal);
    rule(held.first >= 0 && held.end <= numLayers, "layers",
         name + " holds layers " + str(held.first) + ".." + str(held.end) + "; the model has " +
             str(numLayers),
         Fatal);
    const int64_t end = std::min(held.end, numLayers);
    for (int64_t layer = std::max<int64_t>(0, held.first); layer < end; ++layer)
      ++holders[layer];
  }
  return holders;
}

// Names each run of layers that have none or too many.
void RuleBook::layersAreHeldOnce(const std::vector<int64_t> &holders) {
  const int64_t numLayers = int64_t(holders.size());
  auto kind = [&](int64_t layer) { return std::min<int64_t>(holders[layer], 2); };
  for (int64_t first = 0, end; first < numLayers; first = end) {
    end = first + 1;
    while (end < numLayers && kind(end) == kind(first))
      ++end;
    const std::string names = layerNames(first, end);
    rule(kind(first) != 0, "layers",
         "no stage holds " + names + "; the model has " + str(numLayers), Fatal);
    rule(kind(first) != 2, "layers", "more than one stage or chunk holds " + names, Fatal);
  }
}

void RuleBook::layersAreInOrder() {
  int64_t next = 0;
  for (int64_t part = 0; part < layout.vpp * layout.pp; ++part) {
    const LayerRange &held = rangeOf(part);
    if (held.first != next)
      return rule(false, "layers",
                  partName(layout, part) + " begins at layer " + str(held.first) + " but layer " +
                      str(next) + " is next",
                  Fatal);
    next = held.end;
  }
}

const LayerRange &RuleBook::rangeOf(int64_t part) const {
  return plan.stages[stageOfVirtual(layout, part)].chunks[chunkOfVirtual(layout, part)];
}

void RuleBook::layers() {
  const bool isDualPipe = layout.schedule == Schedule::DualPipeV;
  if (!stagesAreGiven() || (isDualPipe && layout.vpp != 2))
    return;
  int64_t numLayers = 0;
  for (const LayerGroup &group : problem.model.layers)
    numLayers += group.count;
  const size_t before = violations.size();
  layersAreHeldOnce(countHolders(numLayers));
  if (violations.size() > before)
    return;
  layersAreInOrder();
  for (int64_t i = 0; i < layout.pp; ++i) {
    const StagePlan &stage = plan.stages[i];
    const int64_t given = int64_t(stage.remat.size());
    rule(given == stage.numLayers(), "layers",
         "stage " + str(i) + " has " + str(given) + " remat modes for " + str(stage.numLayers()) +
             " layers",
         Fatal);
  }
}
