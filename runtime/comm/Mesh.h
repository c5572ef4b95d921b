// Where a rank stands in the plan's mesh, and the communicator of each axis. world rank = pp_index
// * dp + dp_index; the expert mesh refolds dp: ep_index = dp_index % ep, edp_index = dp_index / ep
// (Megatron-LM's order).
#ifndef SIGMA_RUNTIME_COMM_MESH_H
#define SIGMA_RUNTIME_COMM_MESH_H

#include "runtime/abi/abi.h"

#include <mpi.h>

#include <cstdint>

namespace sigma::runtime {

/// The ranks of one axis. A group of one has no communicator and needs none.
struct Group {
  int size = 1;
  int index = 0;
  MPI_Comm comm = MPI_COMM_NULL;
};

struct Mesh {
  int rank = 0, size = 1;
  int64_t pp = 1, dp = 1, ep = 1;
  int64_t ppIndex = 0, dpIndex = 0, epIndex = 0, edpIndex = 0;
  Group world, dpGroup, epGroup, edpGroup;
  MPI_Comm stages = MPI_COMM_NULL; // messages between pipeline stages

  const Group &group(int64_t axis) const;
  int rankOf(int64_t stage) const { return int(stage * dp + dpIndex); }
};

/// Makes the communicators; collective over the world. MPI is initialised and the world has pp * dp
/// ranks.
Mesh makeMesh(int64_t pp, int64_t dp, int64_t ep);

} // namespace sigma::runtime

#endif
