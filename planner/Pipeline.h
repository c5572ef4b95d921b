// Which stage holds which part of the model, and how much of it is in flight (docs/cost-model.md).
#ifndef SIGMA_PLANNER_PIPELINE_H
#define SIGMA_PLANNER_PIPELINE_H

#include "planner/Layout.h"
#include "planner/Plan.h"
#include "planner/Problem.h"

#include <array>
#include <vector>

namespace sigma::planner {

// Chunk `chunk` of stage `stage` is virtual stage `index` of vpp * pp, in the order of the model.
struct VirtualStage {
  int64_t stage, chunk;
};
VirtualStage virtualStage(const Layout &layout, int64_t index);
int64_t virtualIndex(const Layout &layout, int64_t stage, int64_t chunk);

// The stage that holds the head; the first holds the embedding.
int64_t headStage(const Layout &layout);

// Parameters of a rank of `stage` that the first stage and another both hold.
int64_t parametersAtEnds(const Model &model, const Layout &layout, int64_t stage);

// The stages of the virtual stages next to those of `stage`, where they are others, once for each
// hand-over.
std::vector<int64_t> remoteNeighbours(const Layout &layout, int64_t stage);
int64_t numRemoteNeighbours(const Layout &layout, int64_t stage);

// The chunks of `stage` whose gradient comes from another: all but the head's.
int64_t numGradientBuffers(const Layout &layout, int64_t stage);

// How often what is kept of a piece is there at a moment of the step: between forward and backward;
// where backward is split, between gradients of inputs and of weights, and while those of inputs
// are being made.
struct Kept {
  int64_t saved = 0, held = 0, made = 0;
};

// The moments at which most may be kept; those that a schedule does not have are empty.
struct InFlight {
  using Moments = std::array<Kept, 3>;

  int64_t chunks;                  // between forward and backward, of micro-batches
  Moments layers, embedding, head; // dualpipev: what is made of the head counts with layers
  // At each moment of layers, how many of the stage's boundary buffers are not there, and whether a
  // gradient that comes from another stage is among what is made.
  std::array<int64_t, 3> absentBuffers{};
  std::array<bool, 3> makesReceived{};
};
InFlight inFlight(const Layout &layout, int64_t stage);

// Ranks of a stage that no tensor, context or expert group joins, group by group.
int64_t lockStepGroups(const Layout &layout);

// Pipelines that run by themselves until gradients are reduced: with ZeRO-2 and -3 every
// micro-batch does, and all ranks run as one.
int64_t independentReplicas(const Layout &layout);

} // namespace sigma::planner

#endif
