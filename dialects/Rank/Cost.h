//===- Cost.h - vocabulary of the cost interface ------------------*- C++ -*-===//

#ifndef DIALECTS_RANK_COST_H
#define DIALECTS_RANK_COST_H

#include "dialects/Rank/RankDialect.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

namespace mlir::rank {

/// Classes of ops with an efficiency of their own (DESIGN §5).
enum class OpClass { Matmul, GroupedMatmul, Attention, Memory };

enum class CollectiveKind { AllGather, ReduceScatter, AllReduce, AllToAll, RingShift };

/// What the ranks of a group do together when an op runs. `bytes`, under even routing, are of
///   AllGather      the whole that each rank ends with,
///   ReduceScatter  the whole that each rank begins with,
///   AllReduce      what each rank begins and ends with,
///   AllToAll       what one rank begins with, its own share included,
///   RingShift      what goes to the next rank, as often as there are others.
struct CollectiveUse {
  CollectiveKind kind;
  Group group;
  int64_t bytes;
};
using CollectiveUses = SmallVector<CollectiveUse, 2>;

/// Scratch memory of sums over ranks: the most that is exchanged at a time.
inline constexpr int64_t kReduceChunkBytes = 4 << 20;

/// Whether a type is a tensor of static shape with 1 to 2^48 elements: every byte count fits an
/// int64_t.
bool isBounded(Type type);

/// Bytes of a tensor of static shape.
int64_t tensorBytes(Type type);

/// What elements of a type are computed in, and what statistics, losses, sums of gradients and
/// states of the optimizer are stored in: f32 of bf16, otherwise the type itself. Of a tensor, the
/// tensor of such elements.
FloatType wideType(FloatType type);
RankedTensorType wideType(RankedTensorType type);

/// Bytes of all operands and results of `op`: the traffic of an op that reads and writes each value
/// once.
int64_t touchedBytes(Operation *op);

} // namespace mlir::rank

#endif
