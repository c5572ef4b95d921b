// One step of a plan, event by event, under drawn jitter.
#ifndef SIGMA_PLANNER_SIMULATE_STEP_H
#define SIGMA_PLANNER_SIMULATE_STEP_H

#include "planner/simulate/CellWork.h"
#include "planner/Schedule.h"
#include "planner/simulate/Span.h"

#include <vector>

namespace sigma::planner {

// All ranks of a layout: those of a stage that wait for each other inside a step are neighbours.
struct Step {
  Step(const Problem &problem, CostSource &costs, const Plan &plan);

  // Draws one step and returns its time. With `spans`, tells what the first lock-step group does.
  double sampleNs(uint64_t seed, uint64_t sample, std::vector<Span> *spans = nullptr) const;

  Layout layout;
  MeetingTable meetings;
  std::vector<StageWork> works; // per stage
  std::vector<StageSlot> order;
  std::vector<int64_t> numSlots;             // per stage
  double spikeProbability, spikeNs, fixedNs; // fixed: the job's, of every step
};

} // namespace sigma::planner

#endif
