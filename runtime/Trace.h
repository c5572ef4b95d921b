// What a rank did when, in one step, as a picture for Perfetto. Names and layout are those of
// `sigma simulate --trace`, so that the two lie side by side.
#ifndef SIGMA_RUNTIME_TRACE_H
#define SIGMA_RUNTIME_TRACE_H

#include "runtime/abi/abi.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sigma::runtime {

/// The first ones are SIGMA_SPAN_* of the ABI.
enum class SpanKind : int64_t {
  Forward = SIGMA_SPAN_FORWARD,
  Recompute = SIGMA_SPAN_RECOMPUTE,
  Backward = SIGMA_SPAN_BACKWARD,
  InputGradients = SIGMA_SPAN_INPUT_GRADIENTS,
  WeightGradients = SIGMA_SPAN_WEIGHT_GRADIENTS,
  Update = SIGMA_SPAN_UPDATE,
  Send,
  Receive,
  Tensor,
  Context,
  Exchange,
  GatherParameters,
  ReduceGradients,
  Scalars,
  Wait
};

/// The spans of one rank. Nothing is kept, and nothing costs time, before `start`.
class Trace {
public:
  /// The step begins now, on every rank.
  void start();
  void stop() { on = false; }

  /// Spans nest: `end` ends the last one that has begun. A chunk of -1 says that it is of no
  /// micro-batch.
  void begin(SpanKind kind, int64_t chunk = -1, int64_t microBatch = -1);
  void end();

  /// What has gone on beside all spans since `beginNs`, as nowNs counts, perhaps in the step
  /// before, ends.
  void beside(SpanKind kind, int64_t beginNs);

  /// Trace events without the brackets around them, separated by commas.
  std::string events(int64_t stage, int rank) const;

private:
  struct Span {
    SpanKind kind;
    int64_t chunk, microBatch, beginNs, endNs;
  };

  bool on = false;
  int64_t startNs = 0;
  std::vector<Span> spans;
  std::vector<Span> besides;
  std::vector<size_t> open; // indices of spans
};

/// Fails at once where the file cannot be written.
void checkTraceFile(const std::string &path);
/// Rank 0 writes what all ranks saw; collective.
void writeTrace(sigma_rt rt);

} // namespace sigma::runtime

#endif
