// Guards on the numbers of a step, before any update is applied.
#ifndef SIGMA_RUNTIME_HEALTH_GUARDS_H
#define SIGMA_RUNTIME_HEALTH_GUARDS_H

#include "runtime/abi/abi.h"

namespace sigma::runtime {

/// Ends the job when the step's loss or gradient norm is not finite. All ranks know the same sums,
/// so all end here.
void guardNumbers(sigma_rt rt);

/// Collective. Compares replicas, and looks for values that no update can have made.
void checkState(sigma_rt rt);

} // namespace sigma::runtime

#endif
