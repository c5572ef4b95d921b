// Which layers of one stage to rematerialize, and how: the least extra time that fits the memory,
// exactly.
#ifndef SIGMA_PLANNER_SEARCH_REMATCHOICE_H
#define SIGMA_PLANNER_SEARCH_REMATCHOICE_H

#include <cstdint>
#include <optional>
#include <vector>

namespace sigma::planner {

// One way to treat a layer. Bytes are of all micro-batches in flight.
struct RematOption {
  int64_t extraNs = 0, savedBytes = 0, transientBytes = 0;
};

// The layers of one kind in a stage. No option dominates another; extraNs increase.
struct RematKind {
  int64_t count = 0;
  std::vector<RematOption> options;
};

// Peak = fixedBytes + ceil(saved * numerator / denominator) + the largest transient.
struct RematProblem {
  std::vector<RematKind> kinds;
  int64_t fixedBytes = 0;
  int64_t fixedTransientBytes = 0;        // of the embedding, head or a collective
  int64_t numerator = 1, denominator = 1; // the largest chunk's layers and all
};

struct RematChoice {
  std::vector<std::vector<int64_t>> counts; // layers, by kind and option
  int64_t extraNs = 0;
};

// Least extra time under which the peak is at most `capacity`; ties by a fixed order. Empty when
// nothing fits.
std::optional<RematChoice> chooseRemat(const RematProblem &problem, int64_t capacity);

// The smallest peak of any choice, and a choice that reaches it.
int64_t leastPeakBytes(const RematProblem &problem);
RematChoice leastPeakChoice(const RematProblem &problem);

// The largest transient under a choice, and the bytes that layers save.
int64_t transientBytes(const RematProblem &problem, const RematChoice &choice);
int64_t savedBytes(const RematProblem &problem, const RematChoice &choice);

} // namespace sigma::planner

#endif
