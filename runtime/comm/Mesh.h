// Which ranks do what, the groups that they form, and the processes that are these ranks now.
#ifndef SIGMA_RUNTIME_COMM_MESH_H
#define SIGMA_RUNTIME_COMM_MESH_H

#include "runtime/abi/abi.h"

#include <mpi.h>

#include <cstdint>
#include <string>
#include <vector>

namespace sigma::runtime {

/// Buffers begin at multiples of this.
constexpr int64_t kLineBytes = 64;

/// Which processes of MPI_COMM_WORLD are the ranks of the program. A rank that is lost becomes
/// another process, and the next epoch begins; messages of another epoch match no receive of this.
struct Members {
  int64_t epoch = 0;
  int rank = 0;               // of this process
  std::vector<int> processes; // of each rank
};

/// All of MPI_COMM_WORLD, in its order.
Members everyone();

/// Messages of one group that can be told apart.
constexpr int kTagsOfGroup = 1 << 16;

/// The ranks of one group, in the order of the world.
struct Group {
  int size = 1;
  int index = 0;
  std::vector<int> processes = {0}; // of each of its ranks
  int firstTag = 0;                 // messages of a group have tags of their own
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
  Group stages;                           // the world again, for messages between stages
  MPI_Datatype line = MPI_DATATYPE_NULL;  // kLineBytes: counts of long buffers fit an int

  const Group &group(int64_t code) const;
  /// The rank of that stage that this rank exchanges activations with.
  int rankOf(int64_t stage) const { return int(rank + (stage - ppIndex) * shape.ranksInRow()); }
  /// Where the i-th of the `tokens` tokens that this rank's context group gave it stands in the
  /// sequence.
  int64_t position(int64_t i, int64_t tokens) const;
};

/// The groups; says nothing to other ranks. There are shape.size() members.
Mesh makeMesh(const MeshShape &shape, const Members &members);

} // namespace sigma::runtime

#endif
