#include "runtime/comm/Mesh.h"

#include <numeric>
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

Members everyone() {
  Members members;
  int size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &members.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  members.processes.resize(size);
  std::iota(members.processes.begin(), members.processes.end(), 0);
  return members;
}

namespace {

// A tag has 31 bits: the epoch, the kind of the group, and the message.
constexpr int64_t kEpochs = 1 << 11, kKinds = 1 << 4;

class Grouping {
public:
  Grouping(const MeshShape &shape, const Members &members) : shape(shape), members(members) {}

  /// The ranks with the number that `numberOf` gives this rank; each call makes another kind.
  template <class F>
  Group split(F numberOf) {
    Group group;
    group.processes.clear();
    const int64_t own = numberOf(members.rank);
    for (int rank = 0; rank < int(members.processes.size()); ++rank) {
      if (numberOf(rank) != own)
        continue;
      if (rank == members.rank)
        group.index = int(group.processes.size());
      group.processes.push_back(members.processes[rank]);
    }
    group.size = int(group.processes.size());
    group.firstTag = int((members.epoch % kEpochs * kKinds + kind++) * kTagsOfGroup);
    return group;
  }

  /// The group of `size` ranks that lie `stride` apart. The ranks below and above them number its
  /// siblings; a stage is a multiple of size * stride, so stages have different numbers.
  Group split(int64_t size, int64_t stride) {
    return split([&](int64_t each) {
      const int64_t rank = withStagesOutside(each);
      return rank / (size * stride) * stride + rank % stride;
    });
  }

  int64_t withStagesOutside(int64_t rank) const {
    return shape.stageOf(rank) * shape.ranksPerStage() + shape.inStage(rank);
  }

private:
  const MeshShape &shape;
  const Members &members;
  int64_t kind = 0;
};

} // namespace

Mesh makeMesh(const MeshShape &shape, const Members &members) {
  Mesh mesh;
  mesh.shape = shape;
  mesh.rank = members.rank;
  mesh.size = int(members.processes.size());
  const int64_t ranks = shape.ranksPerStage(), shared = shape.tp * shape.cp,
                experts = shape.etp * shape.ep;
  mesh.ppIndex = shape.stageOf(mesh.rank);
  mesh.dpIndex = shape.inStage(mesh.rank) / shared;
  Grouping grouping(shape, members);
  const auto all = [](int64_t) { return 0; };
  mesh.world = grouping.split(all);
  mesh.tensor = grouping.split(shape.tp, 1);
  mesh.context = grouping.split(shape.cp, shape.tp);
  mesh.data = grouping.split(shape.cp * shape.dp, shape.tp);
  mesh.sequence = grouping.split(shared, 1);
  mesh.expertTensor = grouping.split(shape.etp, 1);
  mesh.expert = grouping.split(shape.ep, shape.etp);
  mesh.expertData = grouping.split(ranks / experts, experts);
  // Ranks between the ends are alone, with the number that they have anyway.
  mesh.ends = grouping.split([&](int64_t rank) {
    const int64_t stage = shape.stageOf(rank);
    return stage == 0 || stage == shape.pp - 1 ? shape.inStage(rank)
                                               : grouping.withStagesOutside(rank);
  });
  mesh.stages = grouping.split(all);
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Type_contiguous(kLineBytes, MPI_BYTE, &mesh.line);
  MPI_Type_commit(&mesh.line);
  return mesh;
}

} // namespace sigma::runtime
