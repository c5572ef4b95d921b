// Which layers of one stage to rematerialize: the least extra time that fits the memory, exactly.
#ifndef SIGMA_PLANNER_SEARCH_REMATCHOICE_H
#define SIGMA_PLANNER_SEARCH_REMATCHOICE_H

#include <cstdint>
#include <optional>
#include <vector>

namespace sigma::planner {

// The layers of one kind in a stage. Bytes are multiplied by the micro-batches in flight where
// they are saved.
struct RematKind {
  int64_t count = 0;
  int64_t extraNs = 0;
  int64_t keptBytes = 0, rematBytes = 0; // saved, of one layer
  int64_t keptTransientBytes = 0, rematTransientBytes = 0;
};

struct RematProblem {
  std::vector<RematKind> kinds;
  int64_t fixedTransientBytes = 0; // of the embedding, head or a collective
  std::optional<bool> pinned;      // false: none, true: all
};

struct RematChoice {
  std::vector<int64_t> counts; // rematerialized layers, by kind
  int64_t extraNs = 0;
};

// Least extra time such that saved bytes + transient bytes <= `budget`; then fewest layers; then
// the kinds that come first. Empty when nothing fits.
std::optional<RematChoice> chooseRemat(const RematProblem &problem, int64_t budget);

// The smallest budget for which chooseRemat finds something.
int64_t leastRematBudget(const RematProblem &problem);

// The largest transient under a choice.
int64_t transientBytes(const RematProblem &problem, const std::vector<int64_t> &counts);

} // namespace sigma::planner

#endif
