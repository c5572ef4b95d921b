// What a stage does with one micro-batch and once a step, as runs of work between meetings of its
// groups.
#ifndef SIGMA_PLANNER_SIMULATE_CELLWORK_H
#define SIGMA_PLANNER_SIMULATE_CELLWORK_H

#include "planner/Plan.h"
#include "planner/Problem.h"
#include "planner/Schedule.h"
#include "planner/simulate/Span.h"

#include <array>
#include <vector>

namespace sigma::planner {

// Who meets: the groups of a layer, in the order of Group, and who shares parameters.
enum class Meeting { Tensor, Context, ExpertTensor, Expert, DenseReplicas, ExpertReplicas, None };
inline constexpr int kNumMeetings = 6;

// Ranks q of a stage, q counting tp, cp, dp (docs/cost-model.md, "Groups").
struct MeetingRanks {
  int64_t size = 1, stride = 1;
  double linkCv = 0; // relative standard deviation of one transfer
};

struct Comm {
  Meeting meeting = Meeting::None;
  double meanNs = 0;
  double hiddenNs = 0; // may begin so long before it is waited for
  double pairedNs = 0; // so much earlier still in a pair of DualPipeV: exchanges
};

// Work that one rank does without looking at others; then the others are met.
struct Stretch {
  double plainNs = 0, groupedNs = 0; // grouped: expert products, in proportion to the rank's tokens
  Comm comm;
};

// One direction of one layer, or the gathering and reducing of its parameters. Jitter is drawn once
// per run and rank, the load of tokens once per layer, micro-batch and rank.
struct Run {
  Span::Kind kind;
  int64_t layer = -1; // in the model; -1 where neighbours without meetings are one
  std::vector<Stretch> stretches;
  double sigmaNs = 0;                       // of a run that looks at nothing: one stretch
  bool looks = false;                       // at other ranks or at its load
  bool hasPlain = false, hasTokens = false; // tokens: expert products or exchanges

  double arithmeticNs() const;
};

// Gradients and parameters, once a step.
struct TailWork {
  std::vector<Comm> reduce, gather; // of dense and of expert parameters
  double endsNs = 0;                // between the first stage and the last, in between
  double updateNs = 0;
};

struct CellWork {
  std::array<std::vector<Run>, kNumPhases> runs; // recomputation and gathering are part of backward
  double forwardReceiveNs = 0, backwardReceiveNs = 0; // 0 where nothing comes from another stage
};

struct StageWork {
  double jitterCv = 0;         // of arithmetic
  std::vector<CellWork> cells; // per chunk
  TailWork tail;
};

// What all stages of a layout have in common.
struct MeetingTable {
  std::array<MeetingRanks, kNumMeetings> ranks;
  double routingCv = 0; // of one rank's tokens
  double endsCv = 0;    // of a transfer between the first stage and the last
  int64_t lockStep = 1; // ranks of a stage that wait for each other inside a step
};

MeetingTable meetingsOf(const Problem &problem, const Layout &layout);

// One per stage; of `plan` the layout, layers and modes are read.
std::vector<StageWork> stageWorks(const Problem &problem, CostSource &costs, const Plan &plan);

} // namespace sigma::planner

#endif
