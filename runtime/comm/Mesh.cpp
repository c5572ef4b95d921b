#include "runtime/comm/Mesh.h"

namespace sigma::runtime {

const Group &Mesh::group(int64_t axis) const {
  if (axis == SIGMA_AXIS_EP)
    return epGroup;
  if (axis == SIGMA_AXIS_EDP)
    return edpGroup;
  return dpGroup;
}

/// The ranks with one `color`, in the order of `index`.
static Group split(MPI_Comm world, int64_t color, int64_t index) {
  Group group;
  MPI_Comm_split(world, int(color), int(index), &group.comm);
  MPI_Comm_size(group.comm, &group.size);
  MPI_Comm_rank(group.comm, &group.index);
  MPI_Comm_set_errhandler(group.comm, MPI_ERRORS_RETURN);
  return group;
}

Mesh makeMesh(int64_t pp, int64_t dp, int64_t ep) {
  Mesh mesh;
  MPI_Comm_rank(MPI_COMM_WORLD, &mesh.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &mesh.size);
  mesh.pp = pp;
  mesh.dp = dp;
  mesh.ep = ep;
  mesh.ppIndex = mesh.rank / dp;
  mesh.dpIndex = mesh.rank % dp;
  mesh.epIndex = mesh.dpIndex % ep;
  mesh.edpIndex = mesh.dpIndex / ep;
  mesh.world = split(MPI_COMM_WORLD, 0, mesh.rank);
  mesh.dpGroup = split(MPI_COMM_WORLD, mesh.ppIndex, mesh.dpIndex);
  mesh.epGroup = split(MPI_COMM_WORLD, mesh.rank / ep, mesh.epIndex);
  mesh.edpGroup = split(MPI_COMM_WORLD, mesh.ppIndex * ep + mesh.epIndex, mesh.edpIndex);
  mesh.stages = split(MPI_COMM_WORLD, 0, mesh.rank).comm;
  return mesh;
}

} // namespace sigma::runtime
