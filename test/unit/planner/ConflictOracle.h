// Is the answer to an infeasible problem right? Asked by the unit tests and, many times over, by
// bench/infeasible.
//
// A set of limits is a minimal conflict if no candidate obeys all of it, and some candidate obeys
// all of it but any one. Where divisibility and pins leave layouts but the memory none, candidates
// are the plans of the problem without some of what the user asked for, with more memory, or on a
// larger cluster. Where there are no layouts, they are all combinations of small sizes, whatever
// they break.
#ifndef SIGMA_TEST_PLANNER_CONFLICTORACLE_H
#define SIGMA_TEST_PLANNER_CONFLICTORACLE_H

#include "Instances.h"

namespace sigma::planner::test {

struct ConflictJudgement {
  std::string complaint; // empty: minimal, and every suggestion works
  bool isOfMemory = false;
  int suggestions = 0;
};

ConflictJudgement judgeConflicts(const Instance &instance, const std::vector<Conflict> &conflicts);

// Tight on memory, with more pins than usual: often infeasible.
Instance tightInstance(uint64_t seed);

} // namespace sigma::planner::test

#endif
