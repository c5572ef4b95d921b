#include "planner/search/Costs.h"

#include "planner/cost/Arithmetic.h"
#include "planner/memory/StageMemory.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>

using namespace sigma::planner;

LayerSequence::LayerSequence(const Model &model) {
  for (const LayerGroup &group : model.layers) {
    auto found = std::find(kinds.begin(), kinds.end(), group.kind);
    int index = static_cast<int>(found - kinds.begin());
    if (found == kinds.end())
      kinds.push_back(group.kind);
    kindOf.insert(kindOf.end(), group.count, index);
  }
  prefix.assign(kinds.size(), std::vector<int64_t>(kindOf.size() + 1, 0));
  for (size_t kind = 0; kind < kinds.size(); ++kind)
    for (size_t i = 0; i < kindOf.size(); ++i)
      prefix[kind][i + 1] = prefix[kind][i] + (kindOf[i] == static_cast<int>(kind) ? 1 : 0);
  findRepeat();
}

// The most layers covered; then the shortest block; then the first.
void LayerSequence::findRepeat() {
  for (int64_t block = 1; 2 * block <= size(); ++block) {
    int64_t run = 0; // layers up to `i` that equal the one a block before
    for (int64_t i = block; i <= size(); ++i) {
      if (i < size() && kindOf[i] == kindOf[i - block]) {
        ++run;
        continue;
      }
      Repeat found{i - run - block, block, run / block + 1};
      if (found.repeats >= 2 &&
          found.block * found.repeats > longestRepeat.block * longestRepeat.repeats)
        longestRepeat = found;
      run = 0;
    }
  }
}

//===----------------------------------------------------------------------===//
// What a source may not give
//===----------------------------------------------------------------------===//

namespace {

class Sanity {
public:
  explicit Sanity(const Sharding &sharding) : sharding(sharding) {}

  void require(bool ok, const char *what) const {
    if (ok)
      return;
    auto str = [](int64_t value) { return std::to_string(value); };
    throw PlanningError(std::string("the cost tables give a negative or absurd ") + what +
                        " at micro-batch " + str(sharding.microBatch) + ", tp " + str(sharding.tp) +
                        ", cp " + str(sharding.cp) + ", etp " + str(sharding.etp) + ", ep " +
                        str(sharding.ep));
  }
  void require(int64_t value, const char *what) const {
    require(value >= 0 && value <= kSaturated, what);
  }
  void require(const WorkCost &work) const {
    for (const OpCost &op : work.ops) {
      int opClass = static_cast<int>(op.opClass);
      require(opClass >= 0 && opClass < kNumOpClasses, "op class");
      require(op.flops, "op cost");
      require(op.bytes, "op cost");
    }
    for (const CollectiveCost &cost : work.collectives)
      require(cost.bytes, "exchange size");
  }
  void require(const LayerCost &cost) const {
    require(cost.forward);
    require(cost.backward);
    require(cost.denseParameters, "number of parameters");
    require(cost.expertParameters, "number of parameters");
    for (const RematMode &mode : cost.modes) {
      require(mode.recompute);
      require(mode.savedBytes, "number of saved bytes");
      for (const std::vector<Peak> *peaks : {&mode.peaks, &mode.splitPeaks})
        for (const Peak &peak : *peaks)
          require(peak.bytes, "number of transient bytes");
      require(mode.heldBytes, "number of held bytes");
      require(mode.madeBytes, "number of held bytes");
    }
  }

private:
  const Sharding &sharding;
};

} // namespace

//===----------------------------------------------------------------------===//
// Times
//===----------------------------------------------------------------------===//

// Whatever the surroundings, `a` takes no more.
static bool isCovered(const std::vector<Peak> &a, const std::vector<Peak> &b) {
  return std::all_of(a.begin(), a.end(), [&](const Peak &peak) {
    return std::any_of(b.begin(), b.end(), [&](const Peak &other) {
      return peak.bytes <= other.bytes && (peak.beside & ~other.beside) == 0;
    });
  });
}

static bool dominates(const ModeCost &a, const ModeCost &b) {
  return a.extraNs <= b.extraNs && a.bytes.saved <= b.bytes.saved && a.bytes.held <= b.bytes.held &&
         a.bytes.made <= b.bytes.made && isCovered(a.peaks, b.peaks);
}

int64_t sigma::planner::keptBytes(const Kept &bytes, const Kept &moment) {
  return addSat(mulSat(bytes.saved, moment.saved),
                addSat(mulSat(bytes.held, moment.held), mulSat(bytes.made, moment.made)));
}

int64_t sigma::planner::mostKeptBytes(const Kept &bytes, const InFlight::Moments &moments) {
  int64_t most = 0;
  for (const Kept &moment : moments)
    most = std::max(most, keptBytes(bytes, moment));
  return most;
}

// Of modes that are equal in everything, the first stays.
static std::vector<ModeCost> paretoFront(std::vector<ModeCost> modes) {
  std::vector<size_t> order(modes.size());
  std::iota(order.begin(), order.end(), 0);
  auto key = [&](const size_t &index) {
    const ModeCost &mode = modes[index];
    return std::tuple(mode.extraNs, mode.bytes.saved, Surroundings().most(mode.peaks),
                      mode.bytes.held, mode.bytes.made, index);
  };
  std::sort(order.begin(), order.end(),
            [&](const size_t &i, const size_t &j) { return key(i) < key(j); });
  std::vector<ModeCost> front;
  for (size_t i : order)
    if (std::none_of(front.begin(), front.end(),
                     [&](const ModeCost &other) { return dominates(other, modes[i]); }))
      front.push_back(std::move(modes[i]));
  return front;
}

static bool isAllowed(const Job &job, const std::string &mode) {
  const std::vector<std::string> &forbidden = job.forbids.remat;
  const std::optional<bool> &pinned = job.pins.remat;
  return (!pinned || mode == (*pinned ? "full" : "none")) &&
         std::find(forbidden.begin(), forbidden.end(), mode) == forbidden.end();
}

static ModeCost clockedMode(const WorkClock &clock, const RematMode &mode, Schedule schedule) {
  const WorkTime recompute = clock.recomputeTime(mode.recompute);
  ModeCost cost{mode.name, recompute, recompute.totalNs(), {mode.savedBytes}, mode.peaks};
  if (splitsBackward(schedule)) {
    cost.bytes.held = mode.heldBytes;
    cost.bytes.made = mode.madeBytes;
  }
  if (splitsEachBackward(schedule))
    cost.peaks = mode.splitPeaks;
  return cost;
}

// What is no layer has a single mode, about which nobody is asked.
static PieceCost clockedPiece(const WorkClock &clock, const LayerCost &cost, const Job &job,
                              Schedule schedule, bool withModes) {
  PieceCost piece;
  piece.forward = clock.time(cost.forward);
  piece.backward = clock.backwardTime(cost.backward);
  piece.baseNs = addSat(piece.forward.totalNs(), piece.backward.totalNs());
  piece.denseParameters = cost.denseParameters;
  piece.expertParameters = cost.expertParameters;
  piece.holdsGradient = cost.holdsGradient;
  if (!withModes)
    return piece;
  for (const RematMode &mode : cost.modes) {
    if (cost.modes.size() > 1 && !isAllowed(job, mode.name))
      continue;
    piece.modes.push_back(clockedMode(clock, mode, schedule));
  }
  piece.modes = paretoFront(std::move(piece.modes));
  if (piece.modes.empty())
    throw PlanningError("the cost tables give a piece without rematerialization modes");
  return piece;
}

ReplicatedWork PieceCost::replicated() const {
  return {denseParameters, expertParameters, forward.computeNs, backward.computeNs, varianceNs2()};
}

//===----------------------------------------------------------------------===//
// Asking
//===----------------------------------------------------------------------===//

AskedCosts::Key AskedCosts::key(const Layout &layout) {
  return {layout.microBatch, layout.tp, layout.cp, layout.etp, layout.ep, layout.contextKind};
}

const AskedCosts::Ends &AskedCosts::askEnds(std::map<Key, Ends> &known, HeadQuestion question,
                                            const Layout &layout) {
  auto [position, isNew] = known.try_emplace(key(layout));
  Ends &pieces = position->second;
  if (!isNew)
    return pieces;
  const Sharding sharding = layout.sharding();
  const Sanity sanity(sharding);
  pieces.embedding = source.embedding(sharding);
  pieces.head = (source.*question)(sharding);
  sanity.require(pieces.embedding);
  sanity.require(pieces.head);
  pieces.boundaryBytes = source.boundaryBytes(sharding);
  pieces.batchBytes = source.batchBytes(sharding);
  pieces.workspaceBytes = source.workspaceBytes(sharding);
  sanity.require(pieces.boundaryBytes, "boundary size");
  sanity.require(pieces.batchBytes, "batch size");
  sanity.require(pieces.workspaceBytes, "workspace");
  return pieces;
}

const AskedCosts::Ends &AskedCosts::endsWork(const Layout &layout) {
  return askEnds(endWork, &CostSource::headWork, layout);
}

const AskedCosts::Ends &AskedCosts::ends(const Layout &layout) {
  return askEnds(wholeEnds, &CostSource::head, layout);
}

const std::vector<LayerCost> &AskedCosts::askLayers(Layers &known, Question question,
                                                    const Layout &layout) {
  auto [position, isNew] = known.try_emplace(key(layout));
  std::vector<LayerCost> &layers = position->second;
  if (!isNew)
    return layers;
  const Sharding sharding = layout.sharding();
  for (int kind : layerSequence.kinds) {
    layers.push_back((source.*question)(kind, sharding));
    Sanity(sharding).require(layers.back());
  }
  return layers;
}

const std::vector<LayerCost> &AskedCosts::layerWork(const Layout &layout) {
  return askLayers(work, &CostSource::layerWork, layout);
}

const std::vector<LayerCost> &AskedCosts::layers(const Layout &layout) {
  return askLayers(whole, &CostSource::layer, layout);
}

//===----------------------------------------------------------------------===//
// On the devices of a problem
//===----------------------------------------------------------------------===//

CostCache::Key CostCache::key(const Layout &layout, const KindRange &devices) const {
  // Groups that fit into a block of tp x cp ranks lie alike wherever the stages are.
  const bool isAlike = layout.placement == Placement::StagesOutside ||
                       layout.etp * layout.ep <= layout.tp * layout.cp;
  return {AskedCosts::key(layout), isAlike ? 0 : layout.pp, workTiming(problem.job, layout),
          devices};
}

const Device &CostCache::device(const KindRange &kinds) {
  auto [position, isNew] = devices.try_emplace(kinds);
  if (isNew)
    position->second = deviceOf(problem.cluster, kinds);
  return position->second;
}

CostSet CostCache::clocked(const Layout &layout, const KindRange &devices,
                           const AskedCosts::Ends &ends, const std::vector<LayerCost> &layers,
                           Modes modes) {
  const WorkClock clock(problem, device(devices), layout);
  CostSet set;
  for (const LayerCost &cost : layers)
    set.kinds.push_back(
        clockedPiece(clock, cost, problem.job, layout.schedule, modes == Modes::All));
  for (auto [cost, piece] :
       {std::pair(&ends.embedding, &set.embedding), std::pair(&ends.head, &set.head)})
    *piece = clockedPiece(clock, *cost, problem.job, layout.schedule, modes != Modes::None);
  set.boundaryBytes = ends.boundaryBytes;
  set.batchBytes = ends.batchBytes;
  set.workspaceBytes = ends.workspaceBytes;
  return set;
}

const CostSet &CostCache::work(const Layout &layout, const KindRange &devices) {
  auto [position, isNew] = workSets.try_emplace(key(layout, devices));
  if (isNew)
    position->second =
        clocked(layout, devices, asked.endsWork(layout), asked.layerWork(layout), Modes::None);
  return position->second;
}

CostCache::WholeKey CostCache::wholeKey(const Layout &layout, const KindRange &devices) const {
  return {key(layout, devices), splitsBackward(layout.schedule),
          splitsEachBackward(layout.schedule)};
}

const CostSet &CostCache::workAndEnds(const Layout &layout, const KindRange &devices) {
  auto [position, isNew] = setsWithEnds.try_emplace(wholeKey(layout, devices));
  if (isNew)
    position->second =
        clocked(layout, devices, asked.ends(layout), asked.layerWork(layout), Modes::OfEnds);
  return position->second;
}

const CostSet &CostCache::whole(const Layout &layout, const KindRange &devices) {
  auto [position, isNew] = wholeSets.try_emplace(wholeKey(layout, devices));
  if (isNew)
    position->second =
        clocked(layout, devices, asked.ends(layout), asked.layers(layout), Modes::All);
  return position->second;
}
