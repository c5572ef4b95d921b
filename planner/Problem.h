// What the planner is asked: a model as tables of costs, a cluster, and the limits of the job.
//
// Plain C++17, no MLIR: the passes fill these tables from the op interfaces
// (passes/CostTables.cpp), tests fill them by hand. All figures are for one rank and one
// micro-batch unless a name says otherwise.
#ifndef SIGMA_PLANNER_PROBLEM_H
#define SIGMA_PLANNER_PROBLEM_H

#include "planner/Layout.h"
#include "planner/cost/OpKinds.h"
#include "planner/cost/RateTable.h"
#include "planner/simulate/Failures.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sigma::planner {

// Efficiency and peak are stated per class (DESIGN §5).
enum class OpClass { Matmul, GroupedMatmul, Attention, Memory };
inline constexpr int kNumOpClasses = 4;

// One primitive op. Its time is a roofline: max(flops / (peak * efficiency), bytes / memory
// bandwidth) + launch, or what was measured of its kind; its host issues `kernels` for it.
struct OpCost {
  OpClass opClass;
  int64_t flops;
  int64_t bytes;
  int64_t kernels = 1; // of a grouped product, one for each expert
  OpKind kind = OpKind::Other;
  // What its rate depends on besides how much it is (OpKinds.h).
  std::array<int64_t, 2> shape = {};
};

// What the ranks of a group do together.
enum class Collective {
  AllGather,     // bytes: of the whole that each rank ends with
  ReduceScatter, // bytes: of the whole that each rank begins with
  AllReduce,     // bytes: of what each rank begins and ends with
  AllToAll,      // bytes: what one rank sends to all others together, under even routing
  RingShift,     // size - 1 times, `bytes` go to the next rank of the group
};
inline constexpr int kNumCollectives = 5;

// The groups inside a stage that work on one micro-batch together.
enum class Group { Tensor, Context, ExpertTensor, Expert };
inline constexpr int kNumGroups = 4;

// A token's choice: `chosen` of `experts` at random, all among `topGroups` of `groups` groups of
// neighbours, drawn at random.
struct Routing {
  int64_t experts = 0, chosen = 0;
  int64_t groups = 1, topGroups = 1;
};

struct CollectiveCost {
  Collective collective;
  Group group;
  int64_t bytes;
  int64_t position = 0; // how many of the work's ops come before it
  // Of an exchange that sends a token once to a unit of a tier, however many of its experts are
  // there; without experts, each expert's copy goes by itself.
  Routing routing = {};
};

// A run of work: primitive ops in order and the collectives among them.
struct WorkCost {
  std::vector<OpCost> ops;
  std::vector<CollectiveCost> collectives;
};

// What may be there beside a piece's own memory while it works, where the plan has it so.
enum class Beside {
  // ZeRO-3: all values that the piece reads. Shared: what the head has of the embedding; else, none
  // of that.
  DenseValues,
  SharedValues,
  ExpertValues,
  DenseGradients, // ZeRO-2, -3: all that the piece adds to
  SharedGradients,
  ExpertGradients,
  DenseSums, // the workspace in which these are summed
  SharedSums,
  ExpertSums,
  GradientIn, // in memory of the piece: of its result,
  GradientOut // of what it was given
};
inline constexpr int kNumBeside = 11;

// The most memory of its own that a piece has at a time when some of these are there, too.
struct Peak {
  int64_t bytes = 0;
  uint32_t beside = 0; // a bit for each

  static constexpr uint32_t bit(Beside what) { return uint32_t(1) << int(what); }
};

// What a layer keeps from forward to backward: a set of values is dropped and recomputed.
struct RematMode {
  std::string name;        // "none": keeps everything; "full": keeps the layer's input
  WorkCost recompute;      // added to backward
  int64_t savedBytes = 0;  // kept from forward to backward
  std::vector<Peak> peaks; // of forward and backward, beyond what is saved
  // Where gradients of weights are put off: kept from those of inputs to them; the part of it that
  // those of inputs make; and the peaks, beyond what is saved or held.
  int64_t heldBytes = 0, madeBytes = 0;
  std::vector<Peak> splitPeaks;
};

// One layer (or the embedding, or the head) at a given sharding. Figures are of one rank.
struct LayerCost {
  WorkCost forward;
  WorkCost backward;
  int64_t denseParameters = 0;  // replicated over dp x cp; local count
  int64_t expertParameters = 0; // replicated over edp; local count
  std::vector<RematMode> modes; // "none" first; of a layer, "full" last; names differ
  // Whether the gradient that comes in is made and held, where those of weights are put off.
  bool holdsGradient = false;
};

// Asked lazily: expanding a block costs milliseconds.
class CostSource {
public:
  virtual ~CostSource() = default;
  virtual LayerCost embedding(const Sharding &sharding) = 0;
  virtual LayerCost layer(int kind, const Sharding &sharding) = 0;
  virtual LayerCost head(const Sharding &sharding) = 0;
  // layer(), where only work and parameters are read: asked for every sharding of the space, so it
  // should take microseconds. `modes` may be empty; everything else equals layer()'s.
  virtual LayerCost layerWork(int kind, const Sharding &sharding) { return layer(kind, sharding); }
  // head(), likewise.
  virtual LayerCost headWork(const Sharding &sharding) { return head(sharding); }
  // Bytes of the activation that one rank of a stage hands to the next, for one micro-batch.
  virtual int64_t boundaryBytes(const Sharding &sharding) = 0;
  // Bytes of the token and target ids of one micro-batch.
  virtual int64_t batchBytes(const Sharding &sharding) = 0;
  // The most scratch memory that the all-reduce of gradients takes at a time; it runs when no layer
  // does, in the same memory.
  virtual int64_t workspaceBytes(const Sharding &sharding) = 0;
};

struct LayerGroup {
  int kind;      // index for CostSource::layer
  int64_t count; // consecutive layers of this kind
};

struct Model {
  std::string name;
  std::vector<LayerGroup> layers; // in order; kinds may come back
  int64_t sequence = 0;           // tokens
  int64_t hiddenWidth = 0;
  // 0: no MoE layer, ep must be 1; otherwise the greatest common divisor over MoE layers.
  int64_t numExperts = 0;
  double flopsPerToken = 0; // model FLOPs of forward and backward (no recompute), for MFU
  // Dense parameters of the head that are the embedding's; unsharded. One stage with both holds
  // them once, two stages sum their gradients.
  int64_t sharedParameters = 0;
  // What can be split: tp must divide the first, etp the second, and tp * cp the third where
  // context parallelism is all-to-all (heads of queries and of keys and values).
  int64_t tensorDivisor = 1, expertTensorDivisor = 1, headDivisor = 1;
  bool allowsContext = false; // cp may exceed 1
};

enum class CollectiveAlgorithm { Ring, Tree };

// Links from the innermost tier outwards. `devices` = devices in one unit of the tier (the
// outermost: the whole cluster).
struct Tier {
  std::string name;
  int64_t devices;
  int64_t bandwidthBytesPerS; // per device and direction, while all devices send
  int64_t latencyNs;
  int64_t jitterPpm = 0; // relative standard deviation of one transfer, parts per million
  CollectiveAlgorithm algorithm = CollectiveAlgorithm::Ring; // of all-reduces
  // Measured bandwidths of each kind of collective by ranks and bytes, none above
  // bandwidthBytesPerS; where there are none, that one.
  std::array<RateTable, kNumCollectives> rates = {};
};

// Which part of a peak ops reach, by their size: linear between two points, constant beyond them.
struct EfficiencyPoint {
  int64_t size; // FLOPs; bytes where the peak is a bandwidth
  int64_t ppm;
};
struct Efficiency {
  // The same for every size, unless more points are given.
  Efficiency(int64_t ppm = 1000000) : points{{0, ppm}} {}
  Efficiency(std::vector<EfficiencyPoint> points) : points(std::move(points)) {}

  int64_t ppmAt(int64_t size) const;
  // Of ops larger than any point.
  int64_t ppmAtMost() const { return points.back().ppm; }

  std::vector<EfficiencyPoint> points; // at least one, sizes increase
};

// Measured rates by kind of op, FLOPs or bytes a second.
using OpRates = std::array<RateTable, kNumOpKinds>;

struct Device {
  std::string name;
  int64_t peakFlopsPerS; // in the job's precision
  int64_t memoryBytes;
  int64_t memoryBandwidthBytesPerS;
  int64_t launchNs = 0; // fixed time of one op
  int64_t issueNs = 0;  // of its host, for one kernel
  std::array<Efficiency, kNumOpClasses> efficiency =
      {};                  // of the peak; for Memory, of the memory bandwidth
  int64_t jitterPpm = 0;   // relative standard deviation of one layer's compute
  int64_t slowdownPpm = 0; // by how much everything it computes takes longer
  std::shared_ptr<const OpRates> measured = {}; // null: the roofline above holds for all
};

// Devices of one kind that are neighbours.
struct DeviceGroup {
  Device device;
  int64_t count;
};

// Rare long delays: each device is hit with this probability per step, for this long.
struct Spikes {
  int64_t perMillionSteps = 0;
  int64_t durationNs = 0;
};

struct Cluster {
  // What the cluster could do: the measure of MFU.
  double peakFlopsPerS() const {
    return double(numDevices) * double(device.peakFlopsPerS) + surplusPeakFlopsPerS;
  }

  std::string name;
  int64_t numDevices;
  // What launches need: the devices that fail and are replaced as one, and how many such nodes
  // wait.
  int64_t devicesPerNode = 1, numSpareNodes = 0;
  FailureModel failures; // at no intervals
  Device device;         // the only kind; of several, the weakest in every figure
  // In rank order, where there are several kinds; a stage that spans kinds is as weak as the weaker
  // in every figure.
  std::vector<DeviceGroup> groups;
  double surplusPeakFlopsPerS = 0; // what the others could do beyond `device`, together
  std::vector<Tier> tiers;
  Spikes spikes;
  int64_t routingJitterPpm = 0; // relative standard deviation of one expert's load
};

// Bytes per parameter of the job's precision recipe.
struct Recipe {
  int64_t valueBytes;                  // what compute reads
  int64_t gradientBytes;               // accumulated
  int64_t optimizerBytes;              // master copy and moments
  int64_t reduceBytes = gradientBytes; // of a gradient on its way between replicas

  // What an update reads and writes: the gradient once, values and optimizer state there and back.
  int64_t updateBytes() const { return gradientBytes + 2 * (valueBytes + optimizerBytes); }
};

// What the user fixed. A pin that no plan can honour is an infeasibility with that pin's name. A
// pinned value may lie beyond what bounds the space (Job::maxMicroBatch, tp inside a node).
struct Pins {
  std::array<std::optional<int64_t>, kNumAxes> sizes;
  std::optional<Schedule> schedule;
  std::optional<bool> remat; // false: no layer, true: every layer fully

  std::optional<int64_t> &operator[](Axis axis) { return sizes[static_cast<int>(axis)]; }
  const std::optional<int64_t> &operator[](Axis axis) const {
    return sizes[static_cast<int>(axis)];
  }
};

// What the user excluded.
struct Forbids {
  std::array<std::vector<int64_t>, kNumAxes> sizes;
  std::vector<Schedule> schedules;
  std::vector<std::string> remat; // modes that no layer may have

  std::vector<int64_t> &operator[](Axis axis) { return sizes[static_cast<int>(axis)]; }
  const std::vector<int64_t> &operator[](Axis axis) const { return sizes[static_cast<int>(axis)]; }
};

// What may run behind arithmetic, and how much of it: communication is exposed beyond this share,
// in parts per million, of the compute time named. 0: nothing overlaps.
struct Overlap {
  int64_t gradientPpm = 0;  // gradient reduction behind the backward of one micro-batch
  int64_t parameterPpm = 0; // parameter gathering behind the forward (ZeRO-3: and backward) of one
  int64_t tensorPpm = 0;    // collectives of Tensor and ExpertTensor behind ops of the same work
  int64_t contextPpm = 0;   // ring shifts behind attention ops of the same work
  int64_t exchangePpm = 0;  // exchanges behind ops of the same work
  int64_t expertPpm =
      0; // with DualPipeV, what is left of them: exchanges behind the compute of the layer
};

struct Job {
  std::string name;
  int64_t globalBatch; // sequences
  Recipe recipe;
  int64_t memoryMarginPpm = 60000; // share of the device's memory that a plan must leave free
  int64_t quantilePpm = 950000;    // of the step time that is minimized
  int64_t maxMicroBatch = 16;      // sequences; bounds the space
  int64_t maxZero = 3;             // bounds the space
  Overlap overlap;
  int64_t stepNs = 0; // fixed time of a step: data, logging
  Pins pins;
  Forbids forbids;
};

struct Problem {
  Model model;
  Cluster cluster;
  Job job;
  // What the specification says and these tables simplify or leave out, for people who read the
  // plan.
  std::vector<std::string> remarks;
};

} // namespace sigma::planner

#endif
