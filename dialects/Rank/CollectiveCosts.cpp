//===- CollectiveCosts.cpp - what ranks do together, by op ----------------===//

#include "dialects/Rank/RankOps.h"

using namespace mlir;
using namespace mlir::rank;

static int64_t bytesOf(Value value) { return tensorBytes(value.getType()); }

/// A collective moves its bytes itself; nothing is left for the op.
int64_t AllGatherOp::getBytes() { return 0; }
CollectiveUses AllGatherOp::getCollectives() {
  return {{CollectiveKind::AllGather, getGroup(), bytesOf(getResult())}};
}

/// Memory in which the parts of all ranks arrive, at least a row of each at a time.
static int64_t reduceBytes(Value whole, Value part) {
  int64_t oneRowOfEach = bytesOf(whole) / cast<RankedTensorType>(part.getType()).getDimSize(0);
  return std::min(bytesOf(whole), std::max(kReduceChunkBytes, oneRowOfEach));
}

int64_t ReduceScatterOp::getBytes() { return 0; }
int64_t ReduceScatterOp::getWorkspaceBytes() { return reduceBytes(getInput(), getResult()); }
CollectiveUses ReduceScatterOp::getCollectives() {
  return {{CollectiveKind::ReduceScatter, getGroup(), bytesOf(getInput())}};
}

/// What is sent and waited for belongs to no micro-batch's work: the planner counts it by itself.
int64_t ReduceGradientsOp::getBytes() { return 0; }
int64_t ReduceGradientsOp::getWorkspaceBytes() { return getFlatOp().getWorkspaceBytes(); }

CollectiveUses GatherSequenceOp::getCollectives() {
  return {{CollectiveKind::AllToAll, Group::Context, bytesOf(getInput())}};
}
CollectiveUses SplitSequenceOp::getCollectives() {
  return {{CollectiveKind::AllToAll, Group::Context, bytesOf(getInput())}};
}

//===----------------------------------------------------------------------===//
// Statistics over parts of the vocabulary and of sequences
//===----------------------------------------------------------------------===//

/// First the maxima, then the sums of exponentials beside the targets' logits.
CollectiveUses CrossEntropyOp::getCollectives() {
  if (getShards() == 1)
    return {};
  return {{CollectiveKind::AllReduce, Group::Tensor, bytesOf(getLse())},
          {CollectiveKind::AllReduce, Group::Tensor, 2 * bytesOf(getLse())}};
}

/// The log-sum-exp of every part.
int64_t CrossEntropyOp::getWorkspaceBytes() {
  return getShards() == 1 ? 0 : getShards() * bytesOf(getLse());
}

/// The load of each expert in each sequence.
template <typename Op>
static CollectiveUses sumLoads(Op op) {
  if (op.getShares() == 1)
    return {};
  auto scores = op.getScores().getType();
  int64_t bytes =
      scores.getDimSize(0) / op.getSequence() * scores.getDimSize(1) * int64_t(sizeof(int32_t));
  return {{CollectiveKind::AllReduce, Group::Tensor, bytes},
          {CollectiveKind::AllReduce, Group::Context, bytes}};
}
CollectiveUses BalanceLossOp::getCollectives() { return sumLoads(*this); }
CollectiveUses BalanceLossGradOp::getCollectives() { return sumLoads(*this); }

//===----------------------------------------------------------------------===//
// Rows of experts
//===----------------------------------------------------------------------===//

/// Bytes of the rows that there are under even routing.
template <typename Op>
static int64_t expectedBytes(Op op) {
  return tensorBytes(op.getRows().getType()) / op.getRows().getType().getDimSize(0) *
         op.getExpectedRows();
}

int64_t AllToAllOp::getBytes() { return 2 * expectedBytes(*this); }
CollectiveUses AllToAllOp::getCollectives() {
  return {{CollectiveKind::AllToAll, Group::Expert, expectedBytes(*this)}};
}
/// The rows in the order in which they arrive, or leave again.
int64_t AllToAllOp::getWorkspaceBytes() {
  return bytesOf(getDirection() == Direction::Dispatch ? getResult() : getRows());
}

/// As exchange_sizes and gather_sizes without rounds: numbers of rounds and ranks are few.
int64_t ExchangeRoutesOp::getBytes() {
  const int64_t sizes = bytesOf(getSizes());
  return 2 * sizes + sizes / getRoutes().getType().getDimSize(0);
}
int64_t GatherSizesOp::getBytes() {
  return bytesOf(getSizes()) + bytesOf(getTable()) + bytesOf(getAllSizes());
}

int64_t CollectRoundsOp::getBytes() { return 2 * expectedBytes(*this); }
CollectiveUses CollectRoundsOp::getCollectives() {
  return {{CollectiveKind::AllToAll, Group::Expert, expectedBytes(*this)}};
}
/// The collect of the first round has left it before a later one begins.
int64_t CollectRoundsOp::getWorkspaceBytes() {
  return std::max<int64_t>(bytesOf(getRows()), getBodyBytes().value_or(0));
}

int64_t GatherExpertRowsOp::getBytes() { return 2 * expectedBytes(*this); }
CollectiveUses GatherExpertRowsOp::getCollectives() {
  return {{CollectiveKind::AllGather, Group::ExpertTensor, expectedBytes(*this)}};
}
int64_t ScatterExpertRowsOp::getBytes() { return 2 * expectedBytes(*this); }
int64_t ScatterExpertRowsOp::getWorkspaceBytes() { return reduceBytes(getRows(), getResult()); }
CollectiveUses ScatterExpertRowsOp::getCollectives() {
  return {{CollectiveKind::ReduceScatter, Group::ExpertTensor, expectedBytes(*this)}};
}
