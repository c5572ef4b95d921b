// Starts the ranks, and starts them again from the newest checkpoint when one is lost.
#ifndef SIGMA_RUNTIME_RECOVERY_SUPERVISOR_H
#define SIGMA_RUNTIME_RECOVERY_SUPERVISOR_H

#include "runtime/Runtime.h"

namespace sigma::runtime {

/// Never initialises MPI. Gives the process's exit status.
int supervise(Runtime &rt);

} // namespace sigma::runtime

#endif
