// What a stage of a plan takes, by parts.
#ifndef SIGMA_PLANNER_CHECK_CHECKSTAGE_H
#define SIGMA_PLANNER_CHECK_CHECKSTAGE_H

#include "planner/check/Contents.h"

namespace sigma::planner {

// Fills the times of `plan`.
void checkStageTime(const Problem &problem, const Layout &layout, const ContentsBook &book,
                    const Contents &contents, StagePlan &plan);

// Fills the bytes of `plan`.
void checkStageMemory(const Problem &problem, const Layout &layout, const ContentsBook &book,
                      const Contents &contents, StagePlan &plan);

// Of all pieces for one micro-batch, in ns^2, with the layers spread evenly over the stages.
double varianceNs2(const Problem &problem, const Layout &layout, ContentsBook &book,
                   const std::vector<Contents> &stages);

} // namespace sigma::planner

#endif
