// What a node shows of itself before ranks train on it: started by the supervisor on one node or on
// two, a rank on each slot.
#ifndef SIGMA_RUNTIME_HEALTH_NODEPROOF_H
#define SIGMA_RUNTIME_HEALTH_NODEPROOF_H

#include "runtime/Runtime.h"

#include <string>
#include <vector>

namespace sigma::runtime {

/// Of one rank, while all others of its node do the same. Each is the best of several times: others
/// that share the node disturb some, a broken node all.
struct NodeFigures {
  double flopsPerS = 0, memoryBytesPerS = 0;
  double linkBytesPerS = 0; // to the rank of the same slot on the other node; 0: there is none
};

/// Measures, and writes the figures of all ranks to `options.prove`. Returns the exit status.
int proveNodes(Runtime &rt, char *const *argv);

/// Of all ranks in their order; empty where the file is not there or not whole.
std::vector<NodeFigures> readProof(const std::string &path);

} // namespace sigma::runtime

#endif
