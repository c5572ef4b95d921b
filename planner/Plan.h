// What the planner answers.
#ifndef SIGMA_PLANNER_PLAN_H
#define SIGMA_PLANNER_PLAN_H

#include <cstdint>
#include <string>
#include <vector>

namespace sigma::planner {

// World size = pp * dp. The expert mesh ep x edp refolds the same dp ranks: ep * edp = dp
// (Megatron-LM's parallel folding).
struct Layout {
  int64_t pp = 1, dp = 1, ep = 1;
  int64_t microBatch = 1;      // sequences
  int64_t numMicroBatches = 1; // per rank and step = globalBatch / (dp * microBatch)
};

struct StagePlan {
  // Half-open; the first stage also holds the embedding, the last the head.
  int64_t firstLayer = 0, endLayer = 0;
  std::vector<bool> remat; // per layer of the stage: fully rematerialized
  // Forward + backward (+ recompute) of one micro-batch, margins included.
  int64_t microBatchNs = 0;
  // Parts of microBatchNs: arithmetic, recomputation (with its exchanges), all-to-all,
  // waiting for what the neighbour stages send, and the margin for waiting on the slowest
  // rank of the expert group.
  int64_t computeNs = 0, recomputeNs = 0, exchangeNs = 0, transferNs = 0, noiseNs = 0;
  // Once per step: reduction of gradients, update of parameters.
  int64_t syncNs = 0, optimizerNs = 0;
  int64_t peakBytes = 0;
  // Parts of peakBytes.
  int64_t parameterBytes = 0, gradientBytes = 0, optimizerBytes = 0, activationBytes = 0,
          transientBytes = 0, bufferBytes = 0;
};

struct StepTime {
  double meanNs = 0, p50Ns = 0, p95Ns = 0, objectiveNs = 0; // objective: at the job's quantile
};

struct Plan {
  Layout layout;
  std::vector<StagePlan> stages;
  StepTime stepTime;
  int64_t objectiveNs = 0; // the integer that was minimized
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
  Layout layout;
  int64_t objectiveNs = 0;
  std::string reason;
};

struct Answer {
  Proof proof;
  Plan plan;                       // valid unless infeasible
  std::vector<Conflict> conflicts; // set when infeasible
  std::vector<Runner> runnersUp;   // best plan of the next-best layouts, sorted
  std::string error; // set when the problem itself is malformed or check/ refused the plan
};

} // namespace sigma::planner

#endif
