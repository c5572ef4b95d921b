// What a stage of a plan takes, by parts.
#ifndef SIGMA_PLANNER_CHECK_CHECKSTAGE_H
#define SIGMA_PLANNER_CHECK_CHECKSTAGE_H

#include "planner/check/Contents.h"

namespace sigma::planner {

// Fills the times of `plan`; returns the variance of a micro-batch, in ns^2.
double checkStageTime(const Problem &problem, const Layout &layout, const ContentsBook &book,
                      const Contents &contents, StagePlan &plan);

// Fills the bytes of `plan`.
void checkStageMemory(const Problem &problem, const Layout &layout, const ContentsBook &book,
                      const Contents &contents, StagePlan &plan);

} // namespace sigma::planner

#endif
