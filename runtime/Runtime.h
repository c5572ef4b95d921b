// The state of one rank: what the generated program said about itself, and what the runtime keeps
// for it.
#ifndef SIGMA_RUNTIME_RUNTIME_H
#define SIGMA_RUNTIME_RUNTIME_H

#include "runtime/Arena.h"
#include "runtime/Log.h"
#include "runtime/Options.h"
#include "runtime/Tensor.h"
#include "runtime/Trace.h"
#include "runtime/comm/Datatype.h"
#include "runtime/comm/Mesh.h"
#include "runtime/comm/Nonblocking.h"
#include "runtime/comm/RowExchange.h"
#include "runtime/comm/Wait.h"
#include "runtime/data/Dataset.h"
#include "runtime/health/Hang.h"
#include "runtime/health/LayerNorms.h"
#include "runtime/health/SlowRanks.h"
#include "runtime/health/Values.h"
#include "runtime/kernels/Device.h"
#include "runtime/kernels/RotaryTable.h"
#include "runtime/repair/Control.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sigma::runtime {

class Checkpointer;
class Snapshots;

/// What sigma_describe_program says.
struct Program {
  std::string name, hash;
  int64_t elem = SIGMA_F32;
  int64_t globalBatch = 1, microBatch = 1, sequence = 1, vocabulary = 1;
  int64_t predictedStepNs = 0;

  int64_t elemOf(State state) const { return state == State::Copy ? elem : wideElem(elem); }
  int64_t tokensPerStep() const { return globalBatch * sequence; }
};

/// What sigma_describe_optimizer says.
struct Optimizer {
  double learningRate = 0;
  int64_t warmupSteps = 0;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, gradientClip = 0;

  /// Linear warm-up, then constant; `finished` steps are done.
  double rateAfter(int64_t finished) const {
    return finished < warmupSteps ? learningRate * double(finished + 1) / double(warmupSteps)
                                  : learningRate;
  }
};

struct Stage {
  int64_t index = 0;
  int64_t arenaBytes = 0;
  sigma_step step = nullptr;
};

/// Of exchanges that send more rows to the experts of a rank than the plan has room for.
struct Rounds {
  int64_t current = 0;   // of the exchange at hand; 0 is the first
  int64_t most = 0;      // that one took in this step; 0 where one was enough
  int64_t neededPpm = 0; // expert_capacity_ppm that would have had room for all in this step

  /// One that took `rounds`, for at most `rows` to a rank, where each sends `own`.
  void add(int64_t rounds, int64_t rows, int64_t own) {
    most = std::max(most, rounds);
    neededPpm = std::max(neededPpm, (rows * 1000000 + own - 1) / own);
  }
};

/// What one step gathers, and what all ranks know after its one exchange.
struct StepState {
  int64_t finished = 0; // steps finished before this one
  double lossTerm = 0, balanceTerm = 0, squares = 0;
  double loadVariances = 0, routings = 0; // relative ones of experts' loads, summed; how many

  double loss = 0, balanceLoss = 0, gradientNorm = 0, clip = 1, learningRate = 0;
  double computeShare = 0, communicationShare = 0, waitShare = 0;
  double leastRan = 0; // share of its time in which a rank had a processor
  double loadDeviation = 0;
  bool stopAgreed = false; // some rank was asked to stop

  int64_t number() const { return finished + 1; }
};

} // namespace sigma::runtime

/// The handle that the ABI passes around.
struct sigma_runtime {
  sigma_runtime();
  ~sigma_runtime();

  sigma::runtime::Options options;
  sigma::runtime::Program program;
  sigma::runtime::Optimizer optimizer;
  std::vector<sigma::runtime::Stage> stages;
  std::vector<sigma::runtime::Tensor> tensors; // of all stages

  const sigma::runtime::Device *device;
  sigma::runtime::RotaryTables rotaryTables;
  sigma::runtime::Control control;
  sigma::runtime::Mesh mesh;
  sigma::runtime::CommClock clock;
  sigma::runtime::Trace trace;
  sigma::runtime::PendingSends sends;
  sigma::runtime::Datatypes datatypes;
  sigma::runtime::NonblockingCollectives nonblocking;
  sigma::runtime::StartedRows startedRows;
  sigma::runtime::Arena arena;
  sigma::runtime::Dataset data;
  sigma::runtime::StepState step;
  sigma::runtime::Log log;
  sigma::runtime::HangWatch hang;
  sigma::runtime::ValueWatch values;
  sigma::runtime::LayerNorms layerNorms;
  std::unique_ptr<sigma::runtime::SlowRanks> slowRanks;       // on rank 0
  std::unique_ptr<sigma::runtime::Checkpointer> checkpointer; // null without --checkpoint-dir
  std::unique_ptr<sigma::runtime::Snapshots> snapshots;       // null without spares
  sigma::runtime::Rounds rounds;

  const sigma::runtime::Stage &stage() const { return stages[mesh.ppIndex]; }
  /// This rank's tensors, in the order of their description.
  std::vector<const sigma::runtime::Tensor *> ownTensors() const;
  int64_t plannedPeakBytes() const;
  /// Of a rank in a step.
  int64_t numMicroBatches() const {
    return program.globalBatch / (mesh.shape.dp * program.microBatch);
  }

  template <class T>
  const sigma::runtime::Kernels<T> &kernels() const {
    return device->kernels<T>();
  }
};

namespace sigma::runtime {
using Runtime = ::sigma_runtime;
} // namespace sigma::runtime

#endif
