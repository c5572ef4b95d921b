// Time of one primitive op on one device.
#ifndef SIGMA_PLANNER_COST_ROOFLINE_H
#define SIGMA_PLANNER_COST_ROOFLINE_H

#include "planner/Problem.h"

namespace sigma::planner {

// max(flops / (peak * efficiency of the class), bytes / (memory bandwidth * its efficiency)) +
// launch (Williams et al. 2009, "Roofline"). The efficiency of a class is that of one kernel's
// flops: what an expert's few rows leave idle, other experts do not fill. Longer by the device's
// slowdown. Where the op's kind was measured, the time is its FLOPs, or bytes, over the rate that
// was found at its size and shape.
int64_t opTimeNs(const Device &device, const OpCost &op);

// Of `ops` that take `opsNs` together, how long the device waits besides for its host, which runs
// ahead of it but needs kernels * issue for them all.
int64_t hostWaitNs(const Device &device, const std::vector<OpCost> &ops, int64_t opsNs);

// Of an optimizer's step that reads and writes `bytes`: long arrays, so linear in the bytes,
// whatever the efficiency of shorter ones.
int64_t updateTimeNs(const Device &device, int64_t bytes);

} // namespace sigma::planner

#endif
