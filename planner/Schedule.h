// The order in which a pipeline stage works on the chunks and micro-batches of a step.
#ifndef SIGMA_PLANNER_SCHEDULE_H
#define SIGMA_PLANNER_SCHEDULE_H

#include "planner/Layout.h"

#include <optional>
#include <vector>

namespace sigma::planner {

// Backward is whole, or split: the input's gradient, which the stage before waits for, and the
// gradients of the weights, which nobody waits for.
enum class Phase { Forward, Backward, InputGradient, WeightGradient };
inline constexpr int kNumPhases = 4;

struct Task {
  Phase phase;
  int64_t chunk, microBatch;
};

// What a stage does at a time: a task, or a forward and a backward side by side.
struct Slot {
  Task task;
  std::optional<Task> beside;
};

// As a stage does them:
//   1f1b         as many forwards as stages follow, then one forward and one backward in turn,
//                then the backwards that are left (PipeDream-Flush, Narayanan et al. 2021)
//   interleaved  the same over chunks, pp micro-batches of a chunk at a time, with Megatron-LM's
//                2 (pp - stage - 1) + (vpp - 1) pp forwards first
//   zb-h1        1f1b with split backward; stage s puts its weight gradients off by s
//                micro-batches, so that they fill the end (Qi et al. 2024)
//   dualpipev    the eight steps of DeepSeek's DualPipeV
std::vector<Slot> slotsOf(const Layout &layout, int64_t stage);

struct StageSlot {
  int64_t stage;
  Slot slot;
};

// The slots of all stages, each after what it waits for.
std::vector<StageSlot> stepOrder(const Layout &layout);

} // namespace sigma::planner

#endif
