//===- RankCosts.cpp - what each compute op costs -------------------------===//

#include "dialects/Rank/RankOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::rank;

bool rank::isBounded(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return false;
  int64_t elements = 1;
  for (int64_t size : tensor.getShape())
    if (size < 1 || llvm::MulOverflow(elements, size, elements) || elements > int64_t(1) << 48)
      return false;
  return true;
}

int64_t rank::tensorBytes(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.getNumElements() * (tensor.getElementTypeBitWidth() / 8);
}

int64_t rank::touchedBytes(Operation *op) {
  int64_t bytes = 0;
  for (Type type : op->getOperandTypes())
    bytes += tensorBytes(type);
  for (Type type : op->getResultTypes())
    bytes += tensorBytes(type);
  return bytes;
}

/// Bytes of the first `rows` rows of a value.
static int64_t rowBytes(Value value, int64_t rows) {
  return tensorBytes(value.getType()) / cast<RankedTensorType>(value.getType()).getDimSize(0) *
         rows;
}

int64_t AddOp::getFlops() { return cast<RankedTensorType>(getResult().getType()).getNumElements(); }

OpClass MatmulOp::getOpClass() { return OpClass::Matmul; }
int64_t MatmulOp::getFlops() { return 2 * getRows() * getColumns() * getInner(); }

OpClass GroupedMatmulOp::getOpClass() { return OpClass::GroupedMatmul; }
int64_t GroupedMatmulOp::getFlops() {
  auto weights = getWeights().getType();
  return 2 * getExpectedRows() * weights.getDimSize(1) * weights.getDimSize(2);
}
int64_t GroupedMatmulOp::getBytes() {
  return rowBytes(getRows(), getExpectedRows()) + rowBytes(getResult(), getExpectedRows()) +
         tensorBytes(getWeights().getType());
}

OpClass GroupedMatmulGradOp::getOpClass() { return OpClass::GroupedMatmul; }
int64_t GroupedMatmulGradOp::getFlops() {
  return 2 * getExpectedRows() * getLhs().getType().getDimSize(1) *
         getRhs().getType().getDimSize(1);
}
int64_t GroupedMatmulGradOp::getBytes() {
  auto lhs = getLhs().getType(), rhs = getRhs().getType();
  int64_t weights = getSizes().getType().getNumElements() * lhs.getDimSize(1) * rhs.getDimSize(1) *
                    (lhs.getElementTypeBitWidth() / 8);
  return rowBytes(getLhs(), getExpectedRows()) + rowBytes(getRhs(), getExpectedRows()) + weights;
}

/// Half of the full products, because the attention is causal (Korthikanti et al. 2022 count it so
/// for model FLOPs).
static int64_t causalProductFlops(RankedTensorType query, int64_t sequence) {
  return query.getNumElements() * sequence;
}
/// Rows of scores in a block: a block of the size of the keys' cache share keeps the softmax in
/// cache.
static constexpr int64_t kScoreRows = 64;

OpClass AttentionOp::getOpClass() { return OpClass::Attention; }
int64_t AttentionOp::getFlops() {
  return 2 * causalProductFlops(getQuery().getType(), getSequence());
}
int64_t AttentionOp::getWorkspaceBytes() {
  return kScoreRows * getSequence() * (getQuery().getType().getElementTypeBitWidth() / 8);
}

OpClass AttentionGradOp::getOpClass() { return OpClass::Attention; }
int64_t AttentionGradOp::getFlops() {
  return 5 * causalProductFlops(getQuery().getType(), getSequence());
}
int64_t AttentionGradOp::getWorkspaceBytes() {
  return 2 * kScoreRows * getSequence() * (getQuery().getType().getElementTypeBitWidth() / 8);
}

int64_t SiluMulOp::getBytes() {
  return getExpectedRows() ? 3 * rowBytes(getResult(), *getExpectedRows())
                           : 3 * tensorBytes(getResult().getType());
}
int64_t SiluMulGradOp::getBytes() {
  return getExpectedRows() ? 5 * rowBytes(getGate(), *getExpectedRows())
                           : 5 * tensorBytes(getGate().getType());
}

int64_t EmbeddingOp::getBytes() {
  return 2 * tensorBytes(getResult().getType()) + tensorBytes(getTokens().getType());
}
int64_t EmbeddingGradOp::getBytes() {
  return 3 * tensorBytes(getGradient().getType()) + tensorBytes(getTokens().getType());
}

int64_t AllToAllOp::getBytes() { return 2 * rowBytes(getRows(), getExpectedRows()); }
int64_t AllToAllOp::getExchangedBytes() {
  int64_t ep = getTable().getType().getDimSize(0);
  return rowBytes(getRows(), getExpectedRows()) / ep * (ep - 1);
}
int64_t AllToAllOp::getWorkspaceBytes() {
  return std::max(tensorBytes(getRows().getType()), tensorBytes(getResult().getType()));
}
