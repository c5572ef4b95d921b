// Memory of a stage that holds given layers, under one layout.
//
// Layers are counted in units: single layers with one chunk a stage, whole repeats of the model's
// block of layers with more.
#ifndef SIGMA_PLANNER_SEARCH_MEMORYMODEL_H
#define SIGMA_PLANNER_SEARCH_MEMORYMODEL_H

#include "planner/memory/StageMemory.h"
#include "planner/search/Costs.h"
#include "planner/search/RematChoice.h"

#include <bitset>
#include <map>
#include <tuple>
#include <vector>

namespace sigma::planner {

class MemoryModel {
public:
  // Of work alone, layers neither save anything nor need room to work in: then every figure is at
  // most the true one, and it takes microseconds where asking for the layers' modes takes
  // milliseconds.
  enum class Figures { Work, Whole };
  MemoryModel(const Problem &problem, const LayerSequence &sequence, CostCache &costs,
              const Layout &layout, Figures figures);

  // Least peak memory that any choice of rematerialization reaches.
  int64_t leastPeakBytes(int64_t stage, int64_t first, int64_t count) const;

  // What stage `stage` may use.
  int64_t capacityBytes(int64_t stage) const { return hosts[stage].capacityBytes; }

  const Layout &layout() const { return shape; }
  int64_t numUnits() const { return units; }
  // A stage has at least one unit for each chunk.
  int64_t leastUnits() const { return shape.vpp; }
  // Stages that hold chunks and layers outside the repeating block: where layers save
  // something, more units may need less memory.
  std::vector<int64_t> unevenStages() const;

protected:
  // What a stage computes on.
  struct Host {
    KindRange kinds;
    const Device *device;
    const CostSet *costs;
    int64_t capacityBytes;
  };
  // Whether a gradient that comes into a piece, and one that goes out, is in memory of the piece:
  // a bit for each of the four cases.
  using Places = std::bitset<4>;

  // What a stage holds.
  struct Contents {
    int64_t stage, first, count;
    std::vector<int64_t> kinds; // layers by kind index
    std::vector<Places> places; // of these
    bool hasEmbedding = false, hasHead = false;
    // The least, where layers are not known: the places of the head, and whether the last layers
    // hold all gradients that come from another stage.
    Places headPlaces = 1;
    bool holdsGradient = true;
    int64_t numLayers = 0, largestChunkLayers = 0;
    ReplicatedWork work;
  };

  Contents contents(int64_t stage, int64_t first, int64_t count) const;
  int64_t layersOfKind(size_t kind, int64_t stage, int64_t first, int64_t count) const;
  StageMemoryInput memoryInput(const Contents &held) const;
  // What is there of the pieces before and after one, whichever these are.
  int64_t neighbourBytes(const CostSet &costs) const;
  // What a piece at these places takes at once under each of its modes.
  std::vector<int64_t> workingBytes(const CostSet &costs, const PieceCost &piece, Places places,
                                    int64_t sharedParameters = 0) const;
  // Each layer's share of what gradients of inputs make of the head.
  int64_t madeOfHeadBytes(const Contents &held) const;
  int64_t keptOfLayer(const Contents &held, const Kept &bytes, const InFlight &flight) const;
  RematProblem rematProblem(const Contents &held) const;

  const Problem &problem;
  const LayerSequence &sequence;
  Layout shape;
  Figures figures;
  int64_t units;
  std::vector<Host> hosts; // by stage

private:
  void countLayers(Contents &held) const;
  void placeLayers(Contents &held) const;
  // Of a chunk of the stage, the kind of each layer.
  void kindsOfChunk(const Contents &held, int64_t chunk, std::vector<int> &kinds) const;
  // Of layers of this kind where the stage has them.
  const std::vector<int64_t> &workingBytes(const Contents &held, size_t kind) const;

  // By costs, kind and places, of which stages have few.
  mutable std::map<std::tuple<const CostSet *, size_t, unsigned long>, std::vector<int64_t>>
      working;
};

} // namespace sigma::planner

#endif
