#include "planner/check/Contents.h"
#include "planner/check/Rules.h"

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

// Checks one part of the pipeline; returns the layer that has to come after it.
int64_t RuleBook::endOfPart(int64_t part, int64_t next) {
  const StagePlan &stage = plan.stages[stageOfVirtual(layout, part)];
  const LayerRange &held = stage.chunks[chunkOfVirtual(layout, part)];
  const std::string name = partName(layout, part);
  const bool isEmpty = held.end <= held.first;
  rule(!isEmpty, "layers", name + " has no layer; every stage and chunk needs one", Fatal);
  if (isEmpty)
    return next;
  const std::string begins = name + " begins at layer " + str(held.first);
  if (held.first > next)
    rule(false, "layers", "no stage holds " + layerNames(next, held.first) + ": " + begins, Fatal);
  if (held.first < next)
    rule(false, "layers", begins + " but layer " + str(next) + " is next", Fatal);
  return held.end;
}

void RuleBook::layers() {
  const bool isDualPipe = layout.schedule == Schedule::DualPipeV;
  if (!stagesAreGiven() || (isDualPipe && layout.vpp != 2))
    return;
  int64_t numLayers = 0, next = 0;
  for (const LayerGroup &group : problem.model.layers)
    numLayers += group.count;
  const size_t before = violations.size();
  for (int64_t part = 0; part < layout.vpp * layout.pp; ++part)
    next = endOfPart(part, next);
  if (next < numLayers)
    rule(false, "layers",
         "no stage holds " + layerNames(next, numLayers) + "; the model has " + str(numLayers),
         Fatal);
  rule(next <= numLayers, "layers",
       partName(layout, layout.vpp * layout.pp - 1) + " ends at layer " + str(next) +
           "; the model has " + str(numLayers),
       Fatal);
  if (violations.size() > before)
    return;
  for (int64_t i = 0; i < layout.pp; ++i) {
    const StagePlan &stage = plan.stages[i];
    const int64_t given = int64_t(stage.remat.size());
    rule(given == stage.numLayers(), "layers",
         "stage " + str(i) + " has " + str(given) + " remat modes for " + str(stage.numLayers()) +
             " layers",
         Fatal);
  }
}
