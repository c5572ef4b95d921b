// Finds replicas that drifted apart: a wrong number that one rank computed or kept, and said
// nothing.
#ifndef SIGMA_RUNTIME_HEALTH_REPLICAS_H
#define SIGMA_RUNTIME_HEALTH_REPLICAS_H

#include "runtime/abi/abi.h"

namespace sigma::runtime {

/// Collective. Compares the checksums of all values and moments that several ranks hold, and ends
/// the run with the fault `replicas-differ`, which names the ranks and the tensor, where they are
/// not equal bit by bit. What ZeRO leaves on one rank only has nothing to be compared with.
void checkReplicas(sigma_rt rt);

} // namespace sigma::runtime

#endif
