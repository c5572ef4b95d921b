// A lock-step group in all stages: a pipeline that runs by itself until gradients are reduced.
#ifndef SIGMA_PLANNER_SIMULATE_PIPELINE_H
#define SIGMA_PLANNER_SIMULATE_PIPELINE_H

#include "planner/simulate/Ranks.h"
#include "planner/simulate/Step.h"

#include <vector>

namespace sigma::planner {

class Pipeline {
public:
  Pipeline(const Step &step, Random &random, Spans spans);

  void run();
  // When the ranks of a stage have done their last slot.
  const std::vector<double> &ends(int64_t stage) const { return stages[stage].clocks; }

private:
  struct Hit {
    int64_t stage, rank, slot;
  };

  void drawSpikes();
  void spike(int64_t stage);
  void work(int64_t stage, const Slot &slot);
  void receive(int64_t stage, const Task &task);
  void perform(const Run &run, Ranks &ranks, bool paired, const Span &span);
  void alone(const Run &run, Ranks &ranks, const Span &span);
  void drawFactors(const Run &run, double jitterCv, const Span &span);
  void send(int64_t stage, const Task &task);
  double *doneAt(bool forward, int64_t part, int64_t microBatch);

  const Step &step;
  Random &random;
  int64_t lockStep, parts;
  uint64_t loadSeed; // of the tokens that each rank gets
  std::vector<Ranks> stages;
  std::vector<double> done;                 // [direction][part][micro-batch][rank]
  std::vector<double> plain, grouped, load; // factors, per rank
  std::vector<Hit> hits;
  std::vector<int64_t> slotsDone; // per stage
};

} // namespace sigma::planner

#endif
