// How a job is laid out on the devices: the degrees of parallelism, Megatron-LM's names and
// meanings.
//
// docs/cost-model.md defines what each of them costs.
#ifndef SIGMA_PLANNER_LAYOUT_H
#define SIGMA_PLANNER_LAYOUT_H

#include <array>
#include <cstdint>

namespace sigma::planner {

// Everything about a layout that is a number, and that a user may pin or forbid.
enum class Axis {
  Tp,         // tensor parallelism of everything but the experts, with sequence parallelism
  Cp,         // context parallelism: shares of each sequence
  Pp,         // pipeline stages
  Vpp,        // chunks of layers that one stage holds
  Dp,         // data parallelism
  Ep,         // expert parallelism
  Etp,        // tensor parallelism inside the experts
  Zero,       // ZeRO stage of everything but the experts, over dp x cp
  ExpertZero, // ZeRO stage of the experts, over edp
  MicroBatch, // sequences
};
inline constexpr int kNumAxes = 10;

// "tp", "pp", "expert zero", "micro-batch", ...
const char *axisName(Axis axis);

// The order in which a stage works on its micro-batches.
enum class Schedule {
  OneForwardOneBackward, // PipeDream-Flush, Narayanan et al. 2021
  Interleaved,           // the same over vpp > 1 chunks a stage
  ZeroBubbleH1,          // weight gradients fill the bubbles, Qi et al. 2024
  DualPipeV,             // two chunks a stage in V order, exchanges hide behind the other direction
};
inline constexpr int kNumSchedules = 4;
const char *scheduleName(Schedule schedule); // "1f1b", "interleaved", "zb-h1", "dualpipev"
// Whether gradients of weights are put off, and what they need is kept: of some micro-batches, of
// all.
bool splitsBackward(Schedule schedule);
bool splitsEachBackward(Schedule schedule);

// How attention sees a sequence that cp ranks share.
enum class ContextKind {
  Ring,     // keys and values go round, Liu et al. 2023
  AllToAll, // heads for shares of the sequence and back, Jacobs et al. 2023 (Ulysses)
};
const char *contextKindName(ContextKind kind); // "ring", "all-to-all"

// Which ranks are neighbours.
enum class Placement {
  StagesOutside, // innermost first: tp, cp, dp, pp: a stage is one block of devices
  StagesInside,  // tp, cp, pp, dp: a pipeline is one block of devices
};
const char *placementName(Placement placement); // "tp-cp-dp-pp", "tp-cp-pp-dp"

// How the tensors of a layer are split: what the cost of a layer depends on.
struct Sharding {
  int64_t microBatch = 1; // sequences
  int64_t tp = 1, cp = 1, etp = 1, ep = 1;
  ContextKind contextKind = ContextKind::Ring;
};

// World size = tp * cp * dp * pp. The expert mesh refolds the tp * cp * dp ranks of a stage: etp *
// ep * edp = tp * cp * dp (Megatron-LM's parallel folding).
struct Layout {
  int64_t pp = 1, dp = 1, ep = 1;
  int64_t microBatch = 1;      // sequences
  int64_t numMicroBatches = 1; // per rank and step = globalBatch / (dp * microBatch)
  int64_t tp = 1, cp = 1, etp = 1, vpp = 1;
  int64_t zero = 0, expertZero = 0;
  Schedule schedule = Schedule::OneForwardOneBackward;
  ContextKind contextKind = ContextKind::Ring; // Ring where cp is 1
  Placement placement = Placement::StagesOutside;

  int64_t get(Axis axis) const;
  void set(Axis axis, int64_t value);

  // Ranks of one stage.
  int64_t ranksPerStage() const { return tp * cp * dp; }
  int64_t numRanks() const { return pp * ranksPerStage(); }
  // Replicas of an expert's parameters.
  int64_t edp() const { return tp * cp * dp / (etp * ep); }
  Sharding sharding() const { return {microBatch, tp, cp, etp, ep, contextKind}; }
};

} // namespace sigma::planner

#endif
