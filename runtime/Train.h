// One rank's life, from MPI_Init to MPI_Finalize.
#ifndef SIGMA_RUNTIME_TRAIN_H
#define SIGMA_RUNTIME_TRAIN_H

#include "runtime/Runtime.h"

namespace sigma::runtime {

/// Gives the process's exit status.
int train(Runtime &rt);

} // namespace sigma::runtime

#endif
