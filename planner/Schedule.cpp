#include "planner/Schedule.h"

#include "planner/Pipeline.h"
#include "planner/cost/Arithmetic.h"

#include <algorithm>
#include <array>
#include <deque>
#include <string>

using namespace sigma::planner;

// `warmUp` forwards, then forward and backward in turn, over tasks counted from 0.
template <class Forward, class Backward>
static void inTurn(int64_t warmUp, int64_t count, Forward forward, Backward backward) {
  for (int64_t i = 0; i < warmUp; ++i)
    forward(i);
  for (int64_t i = 0; i < count; ++i) {
    if (i + warmUp < count)
      forward(i + warmUp);
    backward(i);
  }
}

static std::vector<Slot> oneForwardOneBackward(const Layout &layout, int64_t stage) {
  const int64_t count = layout.numMicroBatches;
  std::vector<Slot> slots;
  inTurn(
      std::min(layout.pp - stage - 1, count), count,
      [&](int64_t i) { slots.push_back({{Phase::Forward, 0, i}, {}}); },
      [&](int64_t i) { slots.push_back({{Phase::Backward, 0, i}, {}}); });
  return slots;
}

static std::vector<Slot> interleaved(const Layout &layout, int64_t stage) {
  const int64_t pp = layout.pp, vpp = layout.vpp, count = layout.numMicroBatches * vpp;
  std::vector<Slot> slots;
  auto add = [&](Phase phase, int64_t i) {
    const int64_t turn = i % (pp * vpp) / pp, microBatch = i / (pp * vpp) * pp + i % pp;
    slots.push_back({{phase, phase == Phase::Forward ? turn : vpp - 1 - turn, microBatch}, {}});
  };
  inTurn(
      std::min(2 * (pp - stage - 1) + (vpp - 1) * pp, count), count,
      [&](int64_t i) { add(Phase::Forward, i); }, [&](int64_t i) { add(Phase::Backward, i); });
  return slots;
}

static std::vector<Slot> zeroBubbleH1(const Layout &layout, int64_t stage) {
  const int64_t count = layout.numMicroBatches;
  std::vector<Slot> slots;
  inTurn(
      std::min(layout.pp - stage - 1, count), count,
      [&](int64_t i) { slots.push_back({{Phase::Forward, 0, i}, {}}); },
      [&](int64_t i) {
        slots.push_back({{Phase::InputGradient, 0, i}, {}});
        if (i >= stage)
          slots.push_back({{Phase::WeightGradient, 0, i - stage}, {}});
      });
  for (int64_t i = std::max<int64_t>(0, count - stage); i < count; ++i)
    slots.push_back({{Phase::WeightGradient, 0, i}, {}});
  return slots;
}

namespace {

// Micro-batches enter each chunk in order, and weight gradients wait in one queue.
class DualPipeVOrder {
public:
  std::vector<Slot> of(const Layout &layout, int64_t stage) {
    fill(layout, stage);
    const int64_t after = layout.pp - stage - 1;
    for (int64_t i = 0; i < layout.numMicroBatches - 2 * layout.pp + stage + 1; ++i) {
      if (i == 0 && after == 0) { // not side by side: the one would wait for the other
        slots.push_back({forward(0), {}});
        slots.push_back({backward(1), {}});
      } else {
        pair(0, 1);
      }
      pair(1, 0);
    }
    for (int64_t i = 0; i < after; ++i) {
      slots.push_back({backward(1), {}});
      pair(1, 0);
    }
    drain(layout, stage);
    return std::move(slots);
  }

private:
  void fill(const Layout &layout, int64_t stage) {
    const int64_t after = layout.pp - stage - 1;
    for (int64_t i = 0; i < 2 * after; ++i)
      slots.push_back({forward(0), {}});
    for (int64_t i = 0; i <= stage; ++i) {
      slots.push_back({forward(0), {}});
      slots.push_back({forward(1), {}});
    }
    for (int64_t i = 0; i < after; ++i) {
      slots.push_back({inputGradient(1), {}});
      slots.push_back({weightGradient(), {}});
      slots.push_back({forward(1), {}});
    }
  }

  // The later half of what is left splits its backward.
  void drain(const Layout &layout, int64_t stage) {
    bool split = false;
    for (int64_t i = 0; i <= stage; ++i) {
      const bool half = i == (stage + 1) / 2;
      split |= half && stage % 2 == 1;
      slots.push_back({split ? inputGradient(1) : backward(1), {}});
      split |= half && stage % 2 == 0;
      slots.push_back({split ? inputGradient(0) : backward(0), {}});
    }
    for (int64_t i = 0; i < layout.pp - stage - 1; ++i) {
      slots.push_back({weightGradient(), {}});
      slots.push_back({inputGradient(0), {}});
    }
    while (!weights.empty())
      slots.push_back({weightGradient(), {}});
  }

  void pair(int64_t forwardChunk, int64_t backwardChunk) {
    const Task first = forward(forwardChunk);
    slots.push_back({first, backward(backwardChunk)});
  }
  Task forward(int64_t chunk) { return {Phase::Forward, chunk, forwards[chunk]++}; }
  Task backward(int64_t chunk) { return {Phase::Backward, chunk, backwards[chunk]++}; }
  Task inputGradient(int64_t chunk) {
    const Task task{Phase::InputGradient, chunk, backwards[chunk]++};
    weights.push_back({Phase::WeightGradient, chunk, task.microBatch});
    return task;
  }
  Task weightGradient() {
    const Task task = weights.front();
    weights.pop_front();
    return task;
  }

  std::vector<Slot> slots;
  std::array<int64_t, 2> forwards = {}, backwards = {};
  std::deque<Task> weights;
};

} // namespace

std::vector<Slot> sigma::planner::slotsOf(const Layout &layout, int64_t stage) {
  switch (layout.schedule) {
  case Schedule::OneForwardOneBackward:
    return oneForwardOneBackward(layout, stage);
  case Schedule::Interleaved:
    return interleaved(layout, stage);
  case Schedule::ZeroBubbleH1:
    return zeroBubbleH1(layout, stage);
  case Schedule::DualPipeV:
    return DualPipeVOrder().of(layout, stage);
  }
  return {};
}

namespace {

// Plays the orders of all stages against each other, without times.
class Player {
public:
  explicit Player(const Layout &layout)
      : layout(layout), parts(layout.pp * layout.vpp),
        done(2 * parts * layout.numMicroBatches, false), next(layout.pp, 0) {
    for (int64_t stage = 0; stage < layout.pp; ++stage)
      slots.push_back(slotsOf(layout, stage));
  }

  std::vector<StageSlot> play() {
    std::vector<StageSlot> order;
    for (bool moved = true; moved;) {
      moved = false;
      for (int64_t stage = 0; stage < layout.pp; ++stage)
        for (; next[stage] < slots[stage].size() && ready(stage, slots[stage][next[stage]]);
             ++next[stage], moved = true) {
          order.push_back({stage, slots[stage][next[stage]]});
          finish(stage, order.back().slot);
        }
    }
    for (int64_t stage = 0; stage < layout.pp; ++stage)
      if (next[stage] < slots[stage].size())
        throw PlanningError("the schedule of stage " + std::to_string(stage) + " never ends");
    return order;
  }

private:
  static bool isForward(const Task &task) { return task.phase == Phase::Forward; }
  size_t index(bool forward, int64_t part, int64_t microBatch) const {
    return ((forward ? 0 : parts) + part) * layout.numMicroBatches + microBatch;
  }

  bool ready(int64_t stage, const Task &task) const {
    if (task.phase == Phase::WeightGradient)
      return true;
    const int64_t part = virtualIndex(layout, stage, task.chunk);
    const int64_t source = isForward(task) ? part - 1 : part + 1;
    return source < 0 || source == parts || done[index(isForward(task), source, task.microBatch)];
  }
  bool ready(int64_t stage, const Slot &slot) const {
    return ready(stage, slot.task) && (!slot.beside || ready(stage, *slot.beside));
  }

  void finish(int64_t stage, const Slot &slot) {
    for (const Task *task : {&slot.task, slot.beside ? &*slot.beside : nullptr})
      if (task && task->phase != Phase::WeightGradient)
        done[index(isForward(*task), virtualIndex(layout, stage, task->chunk), task->microBatch)] =
            true;
  }

  const Layout &layout;
  int64_t parts;
  std::vector<bool> done;
  std::vector<size_t> next; // per stage
  std::vector<std::vector<Slot>> slots;
};

} // namespace

std::vector<StageSlot> sigma::planner::stepOrder(const Layout &layout) {
  return Player(layout).play();
}
