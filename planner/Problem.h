// What the planner is asked: a model as tables of costs, a cluster, and the limits of the job.
//
// Plain C++17, no MLIR: the passes fill these tables from the op interfaces
// (passes/CostTables.cpp), tests fill them by hand. All figures are for one rank and one
// micro-batch unless a name says otherwise.
#ifndef SIGMA_PLANNER_PROBLEM_H
#define SIGMA_PLANNER_PROBLEM_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sigma::planner {

// Efficiency and peak are stated per class (DESIGN §5).
enum class OpClass { Matmul, GroupedMatmul, Attention, Memory };
inline constexpr int kNumOpClasses = 4;

// One primitive op. Its time is a roofline: max(flops / (peak * efficiency), bytes / memory
// bandwidth) + launch.
struct OpCost {
  OpClass opClass;
  int64_t flops;
  int64_t bytes;
};

// One all-to-all over the expert-parallel group; `bytes` is what one rank sends to all others
// together under even routing.
struct ExchangeCost {
  int64_t bytes;
};

// A run of work: primitive ops in order and the exchanges among them.
struct WorkCost {
  std::vector<OpCost> ops;
  std::vector<ExchangeCost> exchanges;
};

// One layer (or the embedding, or the head) at a given micro-batch and expert-parallel degree.
struct LayerCost {
  WorkCost forward;
  WorkCost backward;
  WorkCost recompute;           // added to backward when the layer is fully rematerialized
  int64_t denseParameters = 0;  // replicated over dp; local count
  int64_t expertParameters = 0; // sharded over ep, replicated over edp; local count
  int64_t savedBytes = 0;       // kept from forward to backward, nothing rematerialized
  int64_t rematSavedBytes = 0;  // the same, fully rematerialized
  int64_t transientBytes =
      0; // most memory alive at once inside forward or backward, beyond saved bytes
  int64_t rematTransientBytes = 0;
};

// Asked lazily, once per (kind, micro-batch, ep): expanding a block costs milliseconds.
class CostSource {
public:
  virtual ~CostSource() = default;
  virtual LayerCost embedding(int64_t microBatch, int64_t ep) = 0;
  virtual LayerCost layer(int kind, int64_t microBatch, int64_t ep) = 0;
  virtual LayerCost head(int64_t microBatch, int64_t ep) = 0;
  // Bytes of the activation that one stage hands to the next, for one micro-batch.
  virtual int64_t boundaryBytes(int64_t microBatch) = 0;
  // Bytes of the token and target ids of one micro-batch.
  virtual int64_t batchBytes(int64_t microBatch) = 0;
  // Scratch memory of the gradient collectives; they run when no layer does, in the same memory.
  virtual int64_t workspaceBytes(int64_t microBatch, int64_t ep) = 0;
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
  // Dense parameters of the head that are the embedding's, where one stage holds both.
  int64_t sharedParameters = 0;
};

// Links from the innermost tier outwards. `devices` = devices in one unit of the tier (the
// outermost: the whole cluster).
struct Tier {
  std::string name;
  int64_t devices;
  int64_t bandwidthBytesPerS; // per device and direction
  int64_t latencyNs;
  int64_t jitterPpm = 0; // relative standard deviation of one transfer, parts per million
};

struct Device {
  std::string name;
  int64_t peakFlopsPerS; // in the job's precision
  int64_t memoryBytes;
  int64_t memoryBandwidthBytesPerS;
  int64_t launchNs = 0; // fixed time of one op
  int64_t efficiencyPpm[kNumOpClasses] = {1000000, 1000000, 1000000, 1000000}; // of peak, by class
  int64_t jitterPpm = 0; // relative standard deviation of one layer's compute
};

// Rare long delays: each device is hit with this probability per step, for this long.
struct Spikes {
  int64_t perMillionSteps = 0;
  int64_t durationNs = 0;
};

struct Cluster {
  std::string name;
  int64_t numDevices;
  Device device;
  std::vector<Tier> tiers;
  Spikes spikes;
  int64_t routingJitterPpm = 0; // relative standard deviation of one expert's load
};

// Bytes per parameter of the job's precision recipe.
struct Recipe {
  int64_t valueBytes;     // what compute reads
  int64_t gradientBytes;  // accumulated and reduced
  int64_t optimizerBytes; // master copy and moments
};

// What the user fixed. A pin that no plan can honour is an infeasibility with that pin's name. A
// pinned micro-batch may exceed Job::maxMicroBatch.
struct Pins {
  std::optional<int64_t> pp, dp, ep, microBatch;
  std::optional<bool> remat; // false: no layer, true: every layer
};

struct Job {
  std::string name;
  int64_t globalBatch; // sequences
  Recipe recipe;
  int64_t memoryMarginPpm = 60000; // share of the device's memory that a plan must leave free
  int64_t quantilePpm = 950000;    // of the step time that is minimized
  int64_t maxMicroBatch = 16;      // sequences; bounds the space
  Pins pins;
};

struct Problem {
  Model model;
  Cluster cluster;
  Job job;
};

} // namespace sigma::planner

#endif
