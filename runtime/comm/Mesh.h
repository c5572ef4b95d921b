// Which ranks do what, and the communicators of the groups that they form.
#ifndef SIGMA_RUNTIME_COMM_MESH_H
#define SIGMA_RUNTIME_COMM_MESH_H

#include "runtime/abi/abi.h"

#include <mpi.h>

#include <cstdint>
#include <string>

namespace sigma::runtime {

/// Buffers begin at multiples of this.
constexpr int64_t kLineBytes = 64;

/// The ranks of one group. A group of one has no communicator and needs none.
struct Group {
  int size = 1;
  int index = 0;
  MPI_Comm comm = MPI_COMM_NULL;
};

/// What sigma_describe_mesh says.
struct MeshShape {
  int64_t pp = 1, tp = 1, cp = 1, dp = 1, etp = 1, ep = 1;
  int64_t context = SIGMA_RING;
  int64_t placement = SIGMA_STAGES_OUTSIDE;

  int64_t ranksPerStage() const { return tp * cp * dp; }
  int64_t size() const { return pp * ranksPerStage(); }
  /// Ranks in a row of the world that are of one stage.
  int64_t ranksInRow() const {
    return placement == SIGMA_STAGES_INSIDE ? tp * cp : ranksPerStage();
  }
  int64_t stageOf(int64_t rank) const { return rank / ranksInRow() % pp; }
  /// Which one it is among the ranks of its stage.
  int64_t inStage(int64_t rank) const {
    return rank / (ranksInRow() * pp) * ranksInRow() + rank % ranksInRow();
  }
  /// "pp 2, dp 4, ep 4": a degree that most plans leave at 1 stands there only if it is another.
  std::string text() const;
};

struct Mesh {
  MeshShape shape;
  int rank = 0, size = 1;
  int64_t ppIndex = 0, dpIndex = 0;
  Group world;
  Group tensor, context, data;            // of the ranks of a stage
  Group sequence;                         // those that share each sequence: tensor x context
  Group expertTensor, expert, expertData; // the same ranks, as experts see them
  Group ends;                             // one rank of the first stage, one of the last
  MPI_Comm stages = MPI_COMM_NULL;        // messages between pipeline stages
  MPI_Datatype line = MPI_DATATYPE_NULL;  // kLineBytes: counts of long buffers fit an int

  const Group &group(int64_t code) const;
  /// The rank of that stage that this rank exchanges activations with.
  int rankOf(int64_t stage) const { return int(rank + (stage - ppIndex) * shape.ranksInRow()); }
  /// Where the i-th of the `tokens` tokens that this rank's context group gave it stands in the
  /// sequence.
  int64_t position(int64_t i, int64_t tokens) const;
};

/// Makes the communicators; collective over the world. MPI is initialised and the world has
/// shape.size() ranks.
Mesh makeMesh(const MeshShape &shape);

} // namespace sigma::runtime

#endif
