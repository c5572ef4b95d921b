// The figures of a model under one layout's groups on one kind of device, asked once and kept.
#ifndef SIGMA_PLANNER_SEARCH_COSTS_H
#define SIGMA_PLANNER_SEARCH_COSTS_H

#include "planner/Pipeline.h"
#include "planner/Problem.h"
#include "planner/cost/Devices.h"
#include "planner/cost/WorkTime.h"
#include "planner/search/ZeroTime.h"

#include <map>
#include <tuple>
#include <vector>

namespace sigma::planner {

struct ModeCost {
  std::string name;
  WorkTime recompute;
  int64_t extraNs = 0; // recompute, with its waits
  Kept bytes;          // held and made: of a split backward
  std::vector<Peak> peaks;
};

// A layer, the embedding or the head.
struct PieceCost {
  WorkTime forward, backward;
  int64_t baseNs = 0; // forward + backward
  int64_t denseParameters = 0, expertParameters = 0;
  std::vector<ModeCost> modes; // none of them dominated; empty in a set of work alone
  bool holdsGradient = false;  // where backward is split

  ReplicatedWork replicated() const;
  double varianceNs2() const { return forward.varianceNs2 + backward.varianceNs2; }
  // Of the mode that takes least; 0 unless keeping everything is excluded.
  int64_t leastExtraNs() const { return modes.empty() ? 0 : modes.front().extraNs; }
};

struct CostSet {
  std::vector<PieceCost> kinds; // in the order of LayerSequence::kinds
  PieceCost embedding, head;
  int64_t boundaryBytes = 0, batchBytes = 0, workspaceBytes = 0;

  // The kinds, then the embedding, then the head.
  size_t numPieces() const { return kinds.size() + 2; }
  const PieceCost &piece(size_t index) const {
    return index < kinds.size() ? kinds[index] : index == kinds.size() ? embedding : head;
  }
};

// The layers in order, as indices of distinct kinds, with prefix counts.
class LayerSequence {
public:
  explicit LayerSequence(const Model &model);

  int64_t size() const { return static_cast<int64_t>(kindOf.size()); }
  // How many layers of kind index `kind` lie in [first, end).
  int64_t count(size_t kind, int64_t first, int64_t end) const {
    return prefix[kind][end] - prefix[kind][first];
  }
  // How often the model has a piece of CostSet.
  int64_t countOfPiece(size_t piece) const {
    return piece < kinds.size() ? count(piece, 0, size()) : 1;
  }

  // The longest run of a block of layers that repeats: `repeats` times `block` layers from `first`
  // on. What chunks are made of. Fewer than two repeats: there is none.
  struct Repeat {
    int64_t first = 0, block = 0, repeats = 0;

    int64_t end() const { return first + block * repeats; }
  };
  const Repeat &repeat() const { return longestRepeat; }

  std::vector<int> kinds;  // CostSource's numbers, by first appearance
  std::vector<int> kindOf; // layer -> index into `kinds`

private:
  void findRepeat();

  std::vector<std::vector<int64_t>> prefix;
  Repeat longestRepeat;
};

// What a source says of each sharding, asked once. Problems that differ in cluster and job alone
// share the answers. References stay valid. Throws PlanningError when the source gives a negative
// figure.
class AskedCosts {
public:
  AskedCosts(const Model &model, CostSource &source) : layerSequence(model), source(source) {}

  const LayerSequence &sequence() const { return layerSequence; }

  struct Ends {
    LayerCost embedding, head;
    int64_t boundaryBytes = 0, batchBytes = 0, workspaceBytes = 0;
  };
  // Work and parameters alone: the head may have no modes.
  const Ends &endsWork(const Layout &layout);
  const Ends &ends(const Layout &layout);
  // In the order of LayerSequence::kinds.
  const std::vector<LayerCost> &layerWork(const Layout &layout);
  const std::vector<LayerCost> &layers(const Layout &layout);

  using Key = std::tuple<int64_t, int64_t, int64_t, int64_t, int64_t, ContextKind>;
  static Key key(const Layout &layout);

private:
  using Layers = std::map<Key, std::vector<LayerCost>>;
  using Question = LayerCost (CostSource::*)(int kind, const Sharding &sharding);
  using HeadQuestion = LayerCost (CostSource::*)(const Sharding &sharding);
  const Ends &askEnds(std::map<Key, Ends> &known, HeadQuestion question, const Layout &layout);
  const std::vector<LayerCost> &askLayers(Layers &known, Question question, const Layout &layout);

  LayerSequence layerSequence;
  CostSource &source;
  std::map<Key, Ends> endWork, wholeEnds;
  Layers work, whole;
};

// What is kept of a piece at a moment, and the most of all.
int64_t keptBytes(const Kept &bytes, const Kept &moment);
int64_t mostKeptBytes(const Kept &bytes, const InFlight::Moments &moments);

// The same on the devices of one problem.
class CostCache {
public:
  CostCache(const Problem &problem, AskedCosts &asked) : problem(problem), asked(asked) {}

  // Time of work and number of parameters only: for bounds. References stay valid.
  const CostSet &work(const Layout &layout, const KindRange &devices);
  // And the memory of the ends: what is known of memory without asking for modes of layers.
  const CostSet &workAndEnds(const Layout &layout, const KindRange &devices);
  // With rematerialization and memory.
  const CostSet &whole(const Layout &layout, const KindRange &devices);

  const Device &device(const KindRange &kinds);

private:
  // All that the figures depend on.
  using Key = std::tuple<AskedCosts::Key, int64_t, WorkTiming, KindRange>;
  // Memory depends on which backwards are split.
  using WholeKey = std::tuple<Key, bool, bool>;

  Key key(const Layout &layout, const KindRange &devices) const;
  WholeKey wholeKey(const Layout &layout, const KindRange &devices) const;
  enum class Modes { None, OfEnds, All };
  CostSet clocked(const Layout &layout, const KindRange &devices, const AskedCosts::Ends &ends,
                  const std::vector<LayerCost> &layers, Modes modes);

  const Problem &problem;
  AskedCosts &asked;
  std::map<Key, CostSet> workSets;
  std::map<WholeKey, CostSet> setsWithEnds;
  std::map<WholeKey, CostSet> wholeSets;
  std::map<KindRange, Device> devices;
};

} // namespace sigma::planner

#endif
