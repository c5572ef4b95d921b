// Time of one primitive op on one device.
#ifndef SIGMA_PLANNER_COST_ROOFLINE_H
#define SIGMA_PLANNER_COST_ROOFLINE_H

#include "planner/Problem.h"

namespace sigma::planner {

// max(flops / (peak * efficiency of the class), bytes / (memory bandwidth * its efficiency)) +
// launch (Williams et al. 2009, "Roofline"), but at least kernels * issue: a host that issues them
// slower than the device works keeps it waiting. The efficiency of a class is that of one kernel's
// flops: what an expert's few rows leave idle, other experts do not fill. Longer by the device's
// slowdown.
int64_t opTimeNs(const Device &device, const OpCost &op);

// Time of reading or writing `bytes` of long arrays; linear in the bytes, whatever the efficiency
// of shorter ones.
int64_t memoryTimeNs(const Device &device, int64_t bytes);

} // namespace sigma::planner

#endif
