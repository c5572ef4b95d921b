// What the planner answers.
#ifndef SIGMA_PLANNER_PLAN_H
#define SIGMA_PLANNER_PLAN_H

#include "planner/Layout.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sigma::planner {

// Consecutive layers, half-open.
struct LayerRange {
  int64_t first = 0, end = 0;

  int64_t size() const { return end - first; }
};

// What a stage communicates, hidden or not: ns on each tier, per micro-batch; to sync, per step.
struct TierTimes {
  std::vector<int64_t> exchangeNs, tensorNs, contextNs, zeroNs, transferNs, syncNs;
};

struct StagePlan {
  // vpp of them, in the order of the model. The first chunk of all also holds the embedding, the
  // last the head.
  std::vector<LayerRange> chunks;
  std::vector<std::string> remat; // per layer of the stage, in the order of its chunks
  // Forward + backward (+ recompute) of one micro-batch, margins included.
  int64_t microBatchNs = 0;
  // Parts of microBatchNs, communication as far as it is exposed: arithmetic, recomputation (with
  // its communication), all-to-all of the experts, collectives of tensor and of context
  // parallelism, gathering and reducing of ZeRO-2 and -3, waiting for what the neighbour stages
  // send, and the margin for waiting on the slowest rank of each group.
  int64_t computeNs = 0, recomputeNs = 0, exchangeNs = 0, tensorNs = 0, contextNs = 0, zeroNs = 0,
          transferNs = 0, noiseNs = 0;
  // Once per step, as far as exposed: reduction of gradients and gathering of parameters; update.
  int64_t syncNs = 0, optimizerNs = 0;
  int64_t peakBytes = 0;
  // Parts of peakBytes.
  int64_t parameterBytes = 0, gradientBytes = 0, optimizerBytes = 0, activationBytes = 0,
          transientBytes = 0, bufferBytes = 0;

  TierTimes tiers; // of a plan that was recounted

  int64_t numLayers() const {
    int64_t total = 0;
    for (const LayerRange &chunk : chunks)
      total += chunk.size();
    return total;
  }
};

// In the order of the schedule (docs/cost-model.md, "As the schedule goes").
struct StepTime {
  double meanNs = 0, p50Ns = 0, p95Ns = 0, objectiveNs = 0; // objective: at the job's quantile
};

struct Plan {
  Layout layout;
  std::vector<StagePlan> stages;
  StepTime stepTime;
  int64_t objectiveNs = 0; // the integer that was minimized: the step time in closed form
  // The part of objectiveNs that the step as a whole owes to jitter and spikes.
  int64_t noiseNs = 0;
  double mfu = 0, tokensPerSecond = 0;
};

enum class ProofStatus { Optimal, Gap, Infeasible };

// How often each kind of certificate closed an outer configuration.
struct Certificates {
  int64_t indivisible = 0, memoryBound = 0, timeBound = 0, lagrange = 0, z3 = 0;
};

struct Proof {
  ProofStatus status = ProofStatus::Infeasible;
  double gap = 0; // (incumbent - proven lower bound) / lower bound; 0 when optimal
  int64_t wallMs = 0;
  double z3Ms = 0; // of wallMs, with encoding
  int64_t configurations = 0;
  Certificates certificates;
};

// A member of the minimal set of limits that together exclude every plan.
struct Conflict {
  std::string limit;   // e.g. "memory", "pin ep", "divisibility of batch"
  std::string amount;  // e.g. "stage 0 needs 3.1 GiB more than 15.0 GiB"
  std::string suggest; // the smallest change of this limit that makes a plan fit, verified by
                       // solving it; empty if none does
};

// A part of the explanation of where time or memory goes, or why a runner-up loses.
struct Runner {
  std::string choice; // of an alternative: what it does otherwise than the plan, e.g. "tp 2"
  Plan plan;
  std::string reason;
};

// What the job does against failures (planner/Recovery.h).
struct Recovery {
  int64_t checkpointIntervalSteps = 1;
  int64_t snapshotIntervalSteps = 0; // 0: nothing is repaired in the job
  int64_t bestSpareNodes = 0;        // that keep most per node paid for
  double keptShare = 0;              // of all time, with the spare nodes that there are
};

struct Answer {
  Proof proof;
  Plan plan;                        // valid unless infeasible
  std::vector<Conflict> conflicts;  // set when infeasible
  bool lacksReasons = false;        // stopped while conflicts or their suggestions were sought
  std::vector<Runner> runnersUp;    // best plans of other kinds of layouts, sorted
  std::vector<Runner> alternatives; // per axis, the best plan of another size
  std::string error; // set when the problem itself is malformed or check/ refused the plan
};

} // namespace sigma::planner

#endif
