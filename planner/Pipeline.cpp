#include "planner/Pipeline.h"

#include "planner/cost/Arithmetic.h"

#include <algorithm>
#include <numeric>

using namespace sigma::planner;

VirtualStage sigma::planner::virtualStage(const Layout &layout, int64_t index) {
  const int64_t round = index / layout.pp, place = index % layout.pp;
  const bool backwards = layout.schedule == Schedule::DualPipeV && round == 1;
  return {backwards ? layout.pp - 1 - place : place, round};
}

int64_t sigma::planner::virtualIndex(const Layout &layout, int64_t stage, int64_t chunk) {
  const bool backwards = layout.schedule == Schedule::DualPipeV && chunk == 1;
  return chunk * layout.pp + (backwards ? layout.pp - 1 - stage : stage);
}

int64_t sigma::planner::headStage(const Layout &layout) {
  return virtualStage(layout, layout.vpp * layout.pp - 1).stage;
}

int64_t sigma::planner::parametersAtEnds(const Model &model, const Layout &layout, int64_t stage) {
  const int64_t head = headStage(layout);
  return head != 0 && (stage == 0 || stage == head) ? ceilDiv(model.sharedParameters, layout.tp)
                                                    : 0;
}

template <class Visit>
static void forEachRemoteNeighbour(const Layout &layout, int64_t stage, Visit visit) {
  for (int64_t chunk = 0; chunk < layout.vpp; ++chunk) {
    const int64_t index = virtualIndex(layout, stage, chunk);
    for (int64_t next : {index - 1, index + 1}) {
      if (next < 0 || next >= layout.vpp * layout.pp)
        continue;
      if (int64_t other = virtualStage(layout, next).stage; other != stage)
        visit(other);
    }
  }
}

std::vector<int64_t> sigma::planner::remoteNeighbours(const Layout &layout, int64_t stage) {
  std::vector<int64_t> stages;
  forEachRemoteNeighbour(layout, stage, [&](int64_t other) { stages.push_back(other); });
  return stages;
}

int64_t sigma::planner::numRemoteNeighbours(const Layout &layout, int64_t stage) {
  int64_t count = 0;
  forEachRemoteNeighbour(layout, stage, [&](int64_t) { ++count; });
  return count;
}

int64_t sigma::planner::numGradientBuffers(const Layout &layout, int64_t stage) {
  return stage == headStage(layout) ? layout.vpp - 1 : layout.vpp;
}

InFlight sigma::planner::inFlight(const Layout &layout, int64_t stage) {
  const int64_t pp = layout.pp, m = layout.numMicroBatches, vpp = layout.vpp;
  switch (layout.schedule) {
  case Schedule::OneForwardOneBackward: {
    const int64_t chunks = std::min(pp - stage, m);
    return {chunks, {{{chunks}}}, {{{chunks}}}, {{{1}}}};
  }
  case Schedule::ZeroBubbleH1: {
    const int64_t chunks = std::min(pp - stage, m), held = std::min(stage, m);
    return {chunks, {{{chunks, held, 1}}}, {{{chunks, held, 1}}}, {{{1, held, 1}}}};
  }
  case Schedule::Interleaved: {
    const int64_t chunks = std::min(2 * (pp - stage - 1) + (vpp - 1) * pp + 1, m * vpp);
    return {chunks, {{{chunks}}}, {{{std::min(2 * pp, m)}}}, {{{1}}}};
  }
  case Schedule::DualPipeV: { // in pairs; at the first split backward; at the last
    const bool isBottom = stage == pp - 1, isTop = stage == 0;
    const int64_t split = isBottom ? pp : 2 * pp;
    // At first nothing was sent up yet, nor down unless another split backward was before: at
    // the bottom, and at last, nothing goes forward between its chunks.
    const int64_t first = isBottom ? 1 : !isTop + (stage == pp - 2);
    return {2 * pp + 1,
            {{{2 * pp + 1}, {split, 0, 1}, {pp - stage, stage, 1}}},
            {{{2 * pp}, {pp, 0, 1}}},
            {{{1}}},
            {0, first, isBottom},
            {false, !isTop, !isTop}};
  }
  }
  return {};
}

int64_t sigma::planner::lockStepGroups(const Layout &layout) {
  const int64_t inStep = std::lcm(layout.tp * layout.cp, layout.etp * layout.ep);
  return std::max<int64_t>(1, layout.ranksPerStage() / inStep);
}

int64_t sigma::planner::independentReplicas(const Layout &layout) {
  return layout.zero >= 2 || layout.expertZero >= 2 ? 1 : lockStepGroups(layout);
}
