// What a stage of a plan takes, by parts.
#ifndef SIGMA_PLANNER_CHECK_CHECKSTAGE_H
#define SIGMA_PLANNER_CHECK_CHECKSTAGE_H

#include "planner/check/CheckOrder.h"
#include "planner/check/Contents.h"
#include "planner/check/Wide.h"

namespace sigma::planner {

// What a stage is to the step: it fills and drains the pipeline for some time and is busy beyond
// that for the rest. Or what its chunks take, and then its gradients.
struct StepTerms {
  Wide fillNs = 0, busyNs = 0;
  std::vector<ChunkTimes> chunks;
  Wide reduceNs = 0; // part of sync
};

// Fills the times of `plan`. `book` knows all kinds of layers; `contents` is one of `stages`.
StepTerms checkStageTime(const Problem &problem, const Layout &layout, ContentsBook &book,
                         const std::vector<Contents> &stages, const Contents &contents,
                         StagePlan &plan);

// Fills the bytes of `plan`.
void checkStageMemory(const Problem &problem, const Layout &layout, ContentsBook &book,
                      const Contents &contents, StagePlan &plan);

// Of all pieces for one micro-batch, in ns^2, with the layers spread evenly over the stages.
double varianceNs2(const Problem &problem, const Layout &layout, ContentsBook &book,
                   const std::vector<Contents> &stages);

} // namespace sigma::planner

#endif
