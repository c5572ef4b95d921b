#include "runtime/comm/Mesh.h"

#include <stdexcept>

namespace sigma::runtime {

std::string MeshShape::text() const {
  std::string text = "pp " + std::to_string(pp);
  const auto add = [&](const char *name, int64_t degree) {
    text += std::string(", ") + name + " " + std::to_string(degree);
  };
  if (tp > 1)
    add("tp", tp);
  if (cp > 1)
    add(context == SIGMA_RING ? "cp ring" : "cp all-to-all", cp);
  add("dp", dp);
  if (etp > 1)
    add("etp", etp);
  add("ep", ep);
  return text;
}

const Group &Mesh::group(int64_t code) const {
  switch (code) {
  case SIGMA_GROUP_TENSOR:
    return tensor;
  case SIGMA_GROUP_CONTEXT:
    return context;
  case SIGMA_GROUP_EXPERT_TENSOR:
    return expertTensor;
  case SIGMA_GROUP_EXPERT:
    return expert;
  case SIGMA_GROUP_DATA:
    return data;
  case SIGMA_GROUP_EXPERT_DATA:
    return expertData;
  case SIGMA_GROUP_ENDS:
    return ends;
  }
  throw std::logic_error("there is no group " + std::to_string(code));
}

int64_t Mesh::position(int64_t i, int64_t tokens) const {
  if (shape.context == SIGMA_ALL_TO_ALL)
    return context.index * tokens + i;
  // A ring in zigzag order: a part from the front and its mirror image from the back.
  const int64_t half = tokens / 2, parts = 2 * shape.cp;
  if (shape.cp == 1 || i < half)
    return context.index * half + i;
  return (parts - 1 - context.index) * half + i - half;
}

/// The ranks with one `color`, in the order of the world.
static Group split(int64_t color) {
  Group group;
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_split(MPI_COMM_WORLD, int(color), rank, &group.comm);
  MPI_Comm_size(group.comm, &group.size);
  MPI_Comm_rank(group.comm, &group.index);
  MPI_Comm_set_errhandler(group.comm, MPI_ERRORS_RETURN);
  return group;
}

/// The group of `size` ranks that lie `stride` apart. The ranks below and above them number its
/// siblings; a stage is a multiple of size * stride, so stages have different numbers.
static Group split(int64_t rank, int64_t size, int64_t stride) {
  return split(rank / (size * stride) * stride + rank % stride);
}

Mesh makeMesh(const MeshShape &shape) {
  Mesh mesh;
  mesh.shape = shape;
  MPI_Comm_rank(MPI_COMM_WORLD, &mesh.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &mesh.size);
  const int64_t ranks = shape.ranksPerStage(), shared = shape.tp * shape.cp,
                experts = shape.etp * shape.ep;
  mesh.ppIndex = shape.stageOf(mesh.rank);
  mesh.dpIndex = shape.inStage(mesh.rank) / shared;
  const int64_t rank = mesh.ppIndex * ranks + shape.inStage(mesh.rank); // as with stages outside
  mesh.world = split(0);
  mesh.tensor = split(rank, shape.tp, 1);
  mesh.context = split(rank, shape.cp, shape.tp);
  mesh.data = split(rank, shape.cp * shape.dp, shape.tp);
  mesh.sequence = split(rank, shared, 1);
  mesh.expertTensor = split(rank, shape.etp, 1);
  mesh.expert = split(rank, shape.ep, shape.etp);
  mesh.expertData = split(rank, ranks / experts, experts);
  // Ranks between the ends are alone, with the number that they have anyway.
  const bool isAtEnd = mesh.ppIndex == 0 || mesh.ppIndex == shape.pp - 1;
  mesh.ends = split(isAtEnd ? shape.inStage(mesh.rank) : rank);
  mesh.stages = split(0).comm;
  MPI_Type_contiguous(kLineBytes, MPI_BYTE, &mesh.line);
  MPI_Type_commit(&mesh.line);
  return mesh;
}

} // namespace sigma::runtime
