#include "planner/check/CheckOrder.h"

#include "planner/Schedule.h"
#include "planner/check/Contents.h"

#include <algorithm>

using namespace sigma::planner;

namespace {

class Clocks {
public:
  Clocks(const Layout &layout, const std::vector<std::vector<ChunkTimes>> &stages)
      : layout(layout), stages(stages), parts(layout.pp * layout.vpp),
        done(2 * parts * layout.numMicroBatches), clocks(layout.pp) {}

  std::vector<Wide> run() {
    for (const StageSlot &next : stepOrder(layout)) {
      const Slot &slot = next.slot;
      const bool isPair = slot.beside.has_value();
      receive(next.stage, slot.task);
      if (isPair)
        receive(next.stage, *slot.beside);
      clocks[next.stage] += workNs(next.stage, slot.task, isPair);
      if (isPair)
        clocks[next.stage] += workNs(next.stage, *slot.beside, isPair);
      finish(next.stage, slot.task);
      if (isPair)
        finish(next.stage, *slot.beside);
    }
    return clocks;
  }

private:
  static bool isForward(const Task &task) { return task.phase == Phase::Forward; }

  Wide &doneAt(bool forward, int64_t part, int64_t microBatch) {
    return done[((forward ? 0 : parts) + part) * layout.numMicroBatches + microBatch];
  }

  void receive(int64_t stage, const Task &task) {
    const int64_t part = virtualStageOf(layout, stage, task.chunk);
    const int64_t source = isForward(task) ? part - 1 : part + 1;
    if (task.phase == Phase::WeightGradient || source < 0 || source == parts)
      return;
    const ChunkTimes &times = stages[stage][task.chunk];
    Wide &clock = clocks[stage];
    clock = std::max(clock, doneAt(isForward(task), source, task.microBatch)) +
            (isForward(task) ? times.forward : times.backward).receiveNs;
  }

  Wide workNs(int64_t stage, const Task &task, bool isPair) const {
    const ChunkTimes &times = stages[stage][task.chunk];
    if (task.phase == Phase::WeightGradient)
      return times.weightsNs;
    if (task.phase == Phase::InputGradient)
      return times.backward.workNs - times.weightsNs;
    const ChunkTimes::Direction &direction = isForward(task) ? times.forward : times.backward;
    return direction.workNs - (isPair ? direction.pairedNs : 0);
  }

  void finish(int64_t stage, const Task &task) {
    if (task.phase != Phase::WeightGradient)
      doneAt(isForward(task), virtualStageOf(layout, stage, task.chunk), task.microBatch) =
          clocks[stage];
  }

  const Layout &layout;
  const std::vector<std::vector<ChunkTimes>> &stages;
  int64_t parts;
  std::vector<Wide> done; // by direction, part and micro-batch
  std::vector<Wide> clocks;
};

} // namespace

std::vector<Wide> sigma::planner::stageEndsNs(const Layout &layout,
                                              const std::vector<std::vector<ChunkTimes>> &stages) {
  return Clocks(layout, stages).run();
}
