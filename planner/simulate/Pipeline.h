// All ranks of all stages until gradients are reduced. Lock-step groups do not look at each other.
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

  std::vector<Ranks> stages;

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
  void drawLoads(const Run &run, int64_t microBatch);
  void drawJitter(const Run &run, double jitterCv);
  void send(int64_t stage, const Task &task);
  double *doneAt(bool forward, int64_t part, int64_t microBatch);

  const Step &step;
  Random &random;
  int64_t numRanks, parts;                        // ranks of a stage
  uint64_t loadSeed;                              // of the tokens that each rank gets
  std::vector<double> done;                       // [direction][part][micro-batch][rank]
  std::vector<double> plain, grouped, both, load; // factors, per rank; both: in turn
  std::vector<double> sharedLoads;                // per group of ranks that share experts
  std::vector<double> spent;                      // ns, per rank
  std::vector<Hit> hits;
  std::vector<int64_t> slotsDone; // per stage
};

} // namespace sigma::planner

#endif
