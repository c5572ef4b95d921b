// Time of one primitive op on one device.
#ifndef SIGMA_PLANNER_COST_ROOFLINE_H
#define SIGMA_PLANNER_COST_ROOFLINE_H

#include "planner/Problem.h"

namespace sigma::planner {

// max(flops / (peak * efficiency of the class), bytes / (memory bandwidth * its efficiency)) +
// launch (Williams et al. 2009, "Roofline"). The efficiency of a class is that of one kernel's
// flops: what an expert's few rows leave idle, other experts do not fill. Longer by the device's
// slowdown.
int64_t opTimeNs(const Device &device, const OpCost &op);

// Of `ops` that take `opsNs` together, how long the device waits besides for its host, which runs
// ahead of it but needs kernels * issue for them all.
int64_t hostWaitNs(const Device &device, const std::vector<OpCost> &ops, int64_t opsNs);

// Time of reading or writing `bytes` of long arrays; linear in the bytes, whatever the efficiency
// of shorter ones.
int64_t memoryTimeNs(const Device &device, int64_t bytes);

} // namespace sigma::planner

#endif
