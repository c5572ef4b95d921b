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

FloatType rank::wideType(FloatType type) {
  return type.isBF16() ? FloatType::getF32(type.getContext()) : type;
}
RankedTensorType rank::wideType(RankedTensorType type) {
  return RankedTensorType::get(type.getShape(), wideType(cast<FloatType>(type.getElementType())));
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

/// What adding `elements` like those of a value to a gradient reads and writes.
static int64_t accumulatedBytes(int64_t elements, Value like) {
  return 2 * elements * wideType(cast<FloatType>(getElementTypeOrSelf(like))).getWidth() / 8;
}

int64_t AccumulateOp::getBytes() {
  auto type = cast<RankedTensorType>(getValue().getType());
  return tensorBytes(type) + accumulatedBytes(type.getNumElements(), getValue());
}

OpClass MatmulOp::getOpClass() { return OpClass::Matmul; }
int64_t MatmulOp::getFlops() { return 2 * getRows() * getColumns() * getInner(); }
int64_t MatmulOp::getBytes() {
  return touchedBytes(*this) +
         (getInto() ? accumulatedBytes(getRows() * getColumns(), getLhs()) : 0);
}

OpClass GroupedMatmulOp::getOpClass() { return OpClass::GroupedMatmul; }
int64_t GroupedMatmulOp::getFlops() {
  auto weights = getWeights().getType();
  return 2 * getExpectedRows() * weights.getDimSize(1) * weights.getDimSize(2);
}
int64_t GroupedMatmulOp::getBytes() {
  return rowBytes(getRows(), getExpectedRows()) + rowBytes(getResult(), getExpectedRows()) +
         tensorBytes(getWeights().getType());
}

int64_t GroupedMatmulOp::getKernels() { return getSizes().getType().getNumElements(); }

OpClass GroupedMatmulGradOp::getOpClass() { return OpClass::GroupedMatmul; }
int64_t GroupedMatmulGradOp::getFlops() {
  return 2 * getExpectedRows() * getLhs().getType().getDimSize(1) *
         getRhs().getType().getDimSize(1);
}
int64_t GroupedMatmulGradOp::getBytes() {
  int64_t weights = getSizes().getType().getNumElements() * getLhs().getType().getDimSize(1) *
                    getRhs().getType().getDimSize(1);
  return rowBytes(getLhs(), getExpectedRows()) + rowBytes(getRhs(), getExpectedRows()) +
         (getInto() ? accumulatedBytes(weights, getLhs()) : tensorBytes(getResult().getType()));
}
int64_t GroupedMatmulGradOp::getKernels() { return getSizes().getType().getNumElements(); }

/// Pairs of a query and a key that it sees, of one sequence; with a ring, a rank's even share of
/// them. A causal half counts as half of the square, without the half of the diagonal (Korthikanti
/// et al. 2022 count it so for model FLOPs).
template <typename Op>
static double seenPairs(Op op) {
  auto half = [](double length) { return length * length / 2; };
  double sequence = op.getSequence() * op.getRing();
  if (std::optional<int64_t> window = op.getWindow(); window && *window < sequence)
    return half(sequence) - half(sequence - *window);
  if (std::optional<int64_t> chunk = op.getChunk(); chunk && *chunk < sequence)
    return op.getSequence() / *chunk * half(*chunk) + half(op.getSequence() % *chunk);
  return half(sequence) / op.getRing();
}
/// FLOPs of products over all heads and sequences whose inner or outer width sums to `width`.
template <typename Op>
static int64_t productFlops(Op op, int64_t width) {
  int64_t sequences = op.getQuery().getType().getDimSize(0) / op.getSequence();
  return int64_t(2 * seenPairs(op)) * sequences * op.getHeads() * width;
}
/// Rows of scores in a block: a block of the size of the keys' cache share keeps the softmax in
/// cache.
static constexpr int64_t kScoreRows = 64;

template <typename Op>
static int64_t scoreBytes(Op op, int64_t blocks) {
  return blocks * kScoreRows * op.getSequence() *
         (op.getLse().getType().getElementTypeBitWidth() / 8);
}

/// Sums of one head's gradients of keys and values, where these are rounded.
static int64_t sumBytes(AttentionGradOp op) {
  RankedTensorType key = op.getKey().getType(), wide = wideType(key);
  if (key == wide)
    return 0;
  return op.getSequence() * (op.getHeadWidth() + op.getValueWidth()) *
         (wide.getElementTypeBitWidth() / 8);
}

/// Keys and values of one rank.
template <typename Op>
static int64_t keyValueBytes(Op op) {
  return tensorBytes(op.getKey().getType()) + tensorBytes(op.getValue().getType());
}

/// What a rank's keys and values take on their way round the ring: the part that is worked on and
/// the part that arrives.
template <typename Op>
static int64_t ringBytes(Op op) {
  return op.getRing() > 1 ? 2 * keyValueBytes(op) : 0;
}

/// Keys and values are read once on each of their stations.
template <typename Op>
static int64_t attentionBytes(Op op) {
  return touchedBytes(op) + (op.getRing() - 1) * keyValueBytes(op);
}

OpClass AttentionOp::getOpClass() { return OpClass::Attention; }
int64_t AttentionOp::getFlops() { return productFlops(*this, getHeadWidth() + getValueWidth()); }
int64_t AttentionOp::getBytes() { return attentionBytes(*this); }
CollectiveUses AttentionOp::getCollectives() {
  if (getRing() == 1)
    return {};
  return {{CollectiveKind::RingShift, Group::Context, keyValueBytes(*this)}};
}
int64_t AttentionOp::getWorkspaceBytes() { return scoreBytes(*this, 1) + ringBytes(*this); }

OpClass AttentionGradOp::getOpClass() { return OpClass::Attention; }
int64_t AttentionGradOp::getFlops() {
  return productFlops(*this, 3 * getHeadWidth() + 2 * getValueWidth());
}
int64_t AttentionGradOp::getBytes() { return attentionBytes(*this); }
/// Keys and values, and their gradients so far.
CollectiveUses AttentionGradOp::getCollectives() {
  if (getRing() == 1)
    return {};
  return {{CollectiveKind::RingShift, Group::Context, 2 * keyValueBytes(*this)}};
}
/// Probabilities, their gradients, scores before the cap, and sums.
int64_t AttentionGradOp::getWorkspaceBytes() {
  return scoreBytes(*this, getSoftcap() ? 3 : 2) + sumBytes(*this) + 2 * ringBytes(*this);
}

int64_t ScaleOp::getFlops() {
  return cast<RankedTensorType>(getResult().getType()).getNumElements();
}

/// Rows that an op works on, of a matrix that may have room for more.
template <typename Op>
static int64_t workedRows(Op op, Value matrix) {
  return op.getExpectedRows() ? *op.getExpectedRows()
                              : cast<RankedTensorType>(matrix.getType()).getDimSize(0);
}
int64_t AddOp::getFlops() {
  auto type = cast<RankedTensorType>(getResult().getType());
  return type.getNumElements() / type.getDimSize(0) * workedRows(*this, getResult());
}
int64_t AddOp::getBytes() { return 3 * rowBytes(getResult(), workedRows(*this, getResult())); }

int64_t AddBiasOp::getFlops() {
  return workedRows(*this, getInput()) * getInput().getType().getDimSize(1);
}
int64_t AddBiasOp::getBytes() {
  return 2 * rowBytes(getInput(), workedRows(*this, getInput())) + tensorBytes(getBias().getType());
}
int64_t BiasGradOp::getFlops() {
  return workedRows(*this, getGradient()) * getGradient().getType().getDimSize(1);
}
int64_t BiasGradOp::getBytes() { return rowBytes(getGradient(), workedRows(*this, getGradient())); }

int64_t ActivationOp::getBytes() {
  return (getUp() ? 3 : 2) * rowBytes(getResult(), workedRows(*this, getResult()));
}
int64_t ActivationGradOp::getBytes() {
  return (getUp() ? 5 : 3) * rowBytes(getGate(), workedRows(*this, getGate()));
}

int64_t EmbeddingOp::getBytes() {
  return 2 * tensorBytes(getResult().getType()) + tensorBytes(getTokens().getType());
}
int64_t EmbeddingGradOp::getBytes() {
  auto rows = getGradient().getType();
  return tensorBytes(rows) + accumulatedBytes(rows.getNumElements(), getGradient()) +
         tensorBytes(getTokens().getType());
}
