// A plan in a few lines, for people.
#ifndef SIGMA_PLANNER_SUMMARY_H
#define SIGMA_PLANNER_SUMMARY_H

#include "planner/Planner.h"

#include <string>

namespace sigma::planner {

// Layout, predicted step and rate.
std::string summarize(const Problem &problem, const Plan &plan);

// What the specification says and the figures simplify or leave out, a line each.
std::string summarizeRemarks(const Problem &problem);

// A table of the stages: layers, rematerialized layers by mode, time of a micro-batch, peak memory.
std::string summarizeStages(const Plan &plan);

// How much is proven, and by what: one line.
std::string summarizeProof(const Proof &proof);

// Whether a plan is legal, what it violates, and what it costs.
std::string summarizeCheck(const Problem &problem, const CheckResult &result);

} // namespace sigma::planner

#endif
