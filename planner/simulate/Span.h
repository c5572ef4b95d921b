// A stretch of a rank's time, for a picture of the step.
#ifndef SIGMA_PLANNER_SIMULATE_SPAN_H
#define SIGMA_PLANNER_SIMULATE_SPAN_H

#include <cstdint>

namespace sigma::planner {

struct Span {
  enum class Kind {
    Receive,
    Forward,
    Recompute,
    Backward,
    InputGradient,
    WeightGradient,
    Wait,
    Spike,
    Tensor,
    Context,
    Exchange,
    GatherParameters,
    ReduceGradients,
    Update
  };
  Kind kind;
  int64_t stage, rank;       // of the first lock-step group
  int64_t chunk, microBatch; // -1: of none
  double beginNs, endNs;
};

const char *spanName(Span::Kind kind); // "receive", "forward", ...

} // namespace sigma::planner

#endif
