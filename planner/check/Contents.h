// What a plan puts on a stage: pieces of the model at the plan's sharding, devices and neighbours.
#ifndef SIGMA_PLANNER_CHECK_CONTENTS_H
#define SIGMA_PLANNER_CHECK_CONTENTS_H

#include "planner/Planner.h"

#include <map>
#include <optional>
#include <vector>

namespace sigma::planner {

// Chunk `chunk` of stage `stage` is this part of the pipeline, counted from the embedding.
int64_t virtualStageOf(const Layout &layout, int64_t stage, int64_t chunk);
int64_t stageOfVirtual(const Layout &layout, int64_t virtualStage);
int64_t chunkOfVirtual(const Layout &layout, int64_t virtualStage);

// A layer, the embedding or the head.
struct Piece {
  const LayerCost *cost;
  const RematMode *mode;
  // Whether the gradients that come in and go out are in buffers, or a layer holds them.
  bool isInApart = false, isOutApart = false;
};

struct Contents {
  int64_t stage = 0;
  Device device; // the weakest in every figure of those that hold the stage
  std::optional<Piece> embedding, head;
  std::vector<Piece> layers;
  std::vector<int64_t> chunks; // layers of each
  int64_t largestChunk = 0;    // layers
  // Where backward is split, whether the last layers hold all that comes from other stages; zb-h1:
  // what comes from the head.
  bool holdsGradient = true, isHeadApart = false;
  std::vector<int64_t> remote; // the other stage, of each neighbour of each chunk

  std::vector<Piece> pieces() const;
  std::vector<Piece> piecesOfChunk(const Layout &layout, int64_t chunk) const;
};

// Of the head's dense parameters, those that are the embedding's on the same stage.
int64_t sharedParameters(const Model &model, const Layout &layout, const Contents &contents);
// Those that another stage holds, too.
int64_t parametersElsewhere(const Model &model, const Layout &layout, const Contents &contents);

// The figures of the model at one layout, asked once per kind of layer.
class ContentsBook {
public:
  ContentsBook(const Problem &problem, CostSource &costs, const Layout &layout);

  // A remat mode that a layer does not have is added to `violations`; then the result is of no use.
  Contents contents(const Plan &plan, int64_t stage, std::vector<Violation> &violations);

  const LayerCost &layerOf(int kind);
  // The whole model's.
  std::vector<const LayerCost *> allLayers();
  const LayerCost &embeddingCost() const { return embedding; }
  const LayerCost &headCost() const { return head; }

  int64_t boundaryBytes, batchBytes, workspaceBytes;

private:
  void addLayers(const StagePlan &plan, Contents &contents, std::vector<Violation> &violations);

  const Problem &problem;
  CostSource &costs;
  Layout layout;
  std::vector<int> kinds; // per layer
  std::map<int, LayerCost> known;
  LayerCost embedding, head;
};

} // namespace sigma::planner

#endif
