// Z3 on the option graph of one layout: is there a plan of cost <= limit?
//
// One-hot options and prefix states. The sum of stage times is written as
// shortest path + sum of reduced costs, which is the supporting-line cut in its sharpest form; tau
// and tail carry their least values as cuts. Effort is bounded by Z3's own resource counter, not by
// the clock, so the answer is the same on every run.
#ifndef SIGMA_PLANNER_SEARCH_STAGEPROVER_H
#define SIGMA_PLANNER_SEARCH_STAGEPROVER_H

#include "planner/search/OptionGraph.h"

#include <memory>

namespace sigma::planner {

enum class Verdict { Refuted, Found, Unknown };

class StageProver {
public:
  // `graph` must have been presolved and outlive this. `deadlineMs`: wall clock left, 0 for none.
  // The time that encoding and queries take is added to `spentMs`.
  StageProver(const OptionGraph &graph, int64_t limitNs, unsigned deadlineMs,
              double *spentMs = nullptr);
  ~StageProver();

  Verdict check();
  // After Found.
  const Split &split() const { return found; }

  // After Found: the lexicographically smallest layer counts of cost <= limit. False if a query
  // stayed undecided; then split() is a plan of that cost all the same.
  bool makeCanonical();

private:
  struct Encoding;
  Verdict query();

  std::unique_ptr<Encoding> encoding;
  Split found;
  double *spentMs;
};

} // namespace sigma::planner

#endif
