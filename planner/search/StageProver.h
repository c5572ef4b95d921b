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

namespace z3 {
class context;
}

namespace sigma::planner {

enum class Verdict { Refuted, Found, Unknown };

// What provers share: Z3 takes longer to make and end a context than to answer most of them.
class ProverSession {
public:
  ProverSession();
  ~ProverSession();

  // That encoding and queries took.
  double spentMs = 0;

private:
  friend class StageProver;
  std::unique_ptr<z3::context> context;
};

class StageProver {
public:
  // `graph` must have been presolved; it and `session` must outlive this. `deadlineMs`: wall clock
  // left, 0 for none.
  StageProver(ProverSession &session, const OptionGraph &graph, int64_t limitNs,
              unsigned deadlineMs);
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

  ProverSession &session;
  std::unique_ptr<Encoding> encoding;
  Split found;
};

} // namespace sigma::planner

#endif
