// Does the search agree with the oracles? Asked by the unit tests and, many times over, by
// bench/optimality.
#ifndef SIGMA_TEST_PLANNER_AGREEMENT_H
#define SIGMA_TEST_PLANNER_AGREEMENT_H

#include "Instances.h"

namespace sigma::planner::test {

struct Agreement {
  std::string complaint; // empty: they agree
  bool isFeasible = false;
  int64_t layouts = 0;
  int64_t tables = 0; // option tables on which Z3 and the dynamic program agree
  Plan plan;
  Certificates certificates;
};

// The search against exhaustive enumeration, over the whole space and on `numLayouts` single
// layouts drawn from it; and the check against both plans.
Agreement compareWithEnumeration(Instance instance, uint64_t seed, int numLayouts);

// The search against the dynamic program over the whole space; Z3 against it on the option tables
// of the best layout and of `numLayouts` drawn ones.
Agreement compareWithLabels(Instance instance, uint64_t seed, int numLayouts);

} // namespace sigma::planner::test

#endif
