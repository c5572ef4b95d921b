// Layouts and stages as people write them.
#ifndef SIGMA_PLANNER_LAYOUTTEXT_H
#define SIGMA_PLANNER_LAYOUTTEXT_H

#include "planner/Plan.h"

#include <string>

namespace sigma::planner {

// "tp 2  pp 4  dp 2  ep 4 (edp 1)  zero 1  micro-batch 1 x 8  1f1b": the axes that are not 1, the
// ZeRO stages that are not 0, in a fixed order, the micro-batch, the schedule of a pipeline, a
// placement that is not the default.
std::string formatLayout(const Layout &layout, const std::string &separator = "  ");

// "full 2, moe_act 1": how many layers each mode but "none" has; "-" without any.
std::string formatRemat(const StagePlan &stage);

struct StageColumn {
  std::string header;
  std::string (*cell)(const StagePlan &stage);
};

// A row for each stage, with its number, its layers and `columns`. Neighbours that show the same
// are one row, as `1..14`; a column in which every cell is nothing ("-", "0 ns", "0 B") is left
// out.
std::string formatStages(const Plan &plan, const std::vector<StageColumn> &columns);

} // namespace sigma::planner

#endif
