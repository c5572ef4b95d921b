//===- LayerVerifiers.cpp - what legal blocks of a layer are --------------===//

#include "dialects/Sigma/SigmaOps.h"
#include "dialects/Sigma/VerifyHelpers.h"
#include "llvm/ADT/SmallSet.h"

using namespace mlir;
using namespace mlir::sigma;

namespace {
struct SizeField {
  StringRef name;
  std::optional<int64_t> value;
};
struct RealField {
  StringRef name;
  std::optional<double> value;
};
} // namespace

static LogicalResult requireSizes(Operation *op, ArrayRef<SizeField> fields) {
  for (const SizeField &field : fields)
    if (failed(requireSize(op, field.name, field.value)))
      return failure();
  return success();
}

static LogicalResult requirePositives(Operation *op, ArrayRef<RealField> fields) {
  for (const RealField &field : fields)
    if (failed(requirePositive(op, field.name, field.value)))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// The lists of a longrope scaling have a factor for each rotated pair.
static LogicalResult requireFactors(Operation *op, RopeAttr rope, int64_t rotatedWidth) {
  auto factors = rope.getParameters().getAs<ArrayAttr>("short_factor");
  if (!factors || static_cast<int64_t>(factors.size()) == rotatedWidth / 2)
    return success();
  return op->emitOpError() << "rope's lists must have half the rotated width (" << rotatedWidth / 2
                           << "), got: " << factors.size();
}

static LogicalResult verifyRope(AttentionOp op) {
  std::optional<RopeAttr> rope = op.getRope();
  if (!rope)
    return success();
  int64_t rotated = rope->getRotatedWidth(op.getHeadWidth());
  if (rotated % 2 != 0)
    return op.emitOpError()
           << "head_width must be even, because rotary positions rotate pairs, got: " << rotated;
  if (rotated > op.getHeadWidth())
    return op.emitOpError() << "rope width must be at most head_width (" << op.getHeadWidth()
                            << "), got: " << rotated;
  return requireFactors(op, *rope, rotated);
}

static LogicalResult verifyBias(AttentionOp op) {
  llvm::SmallSet<Projection, 4> named;
  if (std::optional<ArrayAttr> bias = op.getBias())
    for (auto projection : bias->getAsRange<ProjectionAttr>())
      if (!named.insert(projection.getValue()).second)
        return op.emitOpError() << "bias names " << stringifyEnum(projection.getValue())
                                << " twice";
  return success();
}

LogicalResult AttentionOp::verify() {
  if (failed(requireSizes(*this, {{"heads", getHeads()},
                                  {"kv_heads", getKvHeads()},
                                  {"head_width", getHeadWidth()},
                                  {"window", getWindow()},
                                  {"chunk", getChunk()}})) ||
      failed(requireProductSize(*this, "heads", getHeads(), "head_width", getHeadWidth())))
    return failure();
  if (getHeads() % getKvHeads() != 0)
    return emitOpError() << "kv_heads must divide heads (" << getHeads()
                         << "), got: " << getKvHeads();
  if (failed(verifyRope(*this)) || failed(verifyBias(*this)))
    return failure();
  if (getWindow() && getChunk())
    return emitOpError() << "window and chunk must not both be present, got: " << *getWindow()
                         << " and " << *getChunk();
  return requirePositives(
      *this, {{"scale", getScale()}, {"softcap", getSoftcap()}, {"clip", getClip()}});
}

LogicalResult LatentAttentionOp::verify() {
  if (failed(requireSizes(*this, {{"heads", getHeads()},
                                  {"q_rank", getQRank()},
                                  {"kv_rank", getKvRank()},
                                  {"nope_width", getNopeWidth()},
                                  {"rope_width", getRopeWidth()},
                                  {"value_width", getValueWidth()}})) ||
      failed(requireProductSize(*this, "heads", getHeads(), "(nope_width + rope_width)",
                                getNopeWidth() + getRopeWidth())) ||
      failed(requireProductSize(*this, "heads", getHeads(), "value_width", getValueWidth())))
    return failure();
  if (getRopeWidth() % 2 != 0)
    return emitOpError()
           << "rope_width must be even, because rotary positions rotate pairs, got: "
           << getRopeWidth();
  if (getRope().getWidth() != 0)
    return emitOpError() << "rope must not state a width, which is rope_width (" << getRopeWidth()
                         << "), got: " << getRope().getWidth();
  if (failed(requireFactors(*this, getRope(), getRopeWidth())))
    return failure();
  return requirePositive(*this, "scale", getScale());
}

//===----------------------------------------------------------------------===//
// Feed-forward
//===----------------------------------------------------------------------===//

static LogicalResult verifyLimit(Operation *op, Activation activation,
                                 std::optional<double> limit) {
  bool isClamped = activation == Activation::ClampedSwiGlu;
  if (isClamped == limit.has_value())
    return requirePositive(op, "limit", limit);
  return op->emitOpError() << "limit must be " << (isClamped ? "present" : "absent")
                           << " with activation " << stringifyEnum(activation);
}

LogicalResult MlpOp::verify() {
  if (failed(requireSize(*this, "width", getWidth())))
    return failure();
  return verifyLimit(*this, getActivation(), getLimit());
}

static LogicalResult verifyShared(MoeOp op) {
  int64_t count = op.getSharedExperts(), width = op.getSharedWidth();
  if (failed(requireNotNegative(op, "shared", count)))
    return failure();
  if (count > 0 && width <= 0)
    return op.emitOpError() << "shared_width must be positive with shared experts (" << count
                            << "), got: " << width;
  if (count == 0 && width != 0)
    return op.emitOpError() << "shared_width must be absent without shared experts, got: "
                            << width;
  if (count == 0 && op.getSharedGate())
    return op.emitOpError() << "shared_gate must be absent without shared experts";
  if (count == 0)
    return success();
  if (failed(requireSizes(op, {{"shared", count}, {"shared_width", width}})))
    return failure();
  return requireProductSize(op, "shared", count, "shared_width", width);
}

static LogicalResult verifyGroups(MoeOp op) {
  if (op.getGroups().has_value() != op.getTopGroups().has_value())
    return op.emitOpError() << "groups and top_groups must go together";
  if (!op.getGroups())
    return success();
  int64_t groups = *op.getGroups(), topGroups = *op.getTopGroups(), experts = op.getExperts();
  if (failed(requirePositive(op, "groups", groups)))
    return failure();
  if (experts % groups != 0)
    return op.emitOpError() << "groups must divide experts (" << experts << "), got: " << groups;
  if (failed(requireInRange(op, "top_groups", topGroups, 1, groups)))
    return failure();
  if (int64_t reachable = topGroups * (experts / groups); reachable < op.getTopK())
    return op.emitOpError() << "top_groups must hold at least top_k (" << op.getTopK()
                            << ") experts, got: " << reachable;
  if (op.getSelectionBias() && experts / groups < 2)
    return op.emitOpError() << "groups must have at least 2 experts each with selection_bias, got: "
                            << experts / groups;
  return success();
}

LogicalResult MoeOp::verify() {
  if (failed(requireSizes(
          *this, {{"experts", getExperts()}, {"top_k", getTopK()}, {"width", getWidth()}})))
    return failure();
  if (getTopK() > getExperts())
    return emitOpError() << "top_k must be at most experts (" << getExperts()
                         << "), got: " << getTopK();
  if (failed(requireProductSize(*this, "experts", getExperts(), "width", getWidth())) ||
      failed(verifyShared(*this)) || failed(verifyGroups(*this)) ||
      failed(requirePositives(
          *this, {{"bias_update_rate", getBiasUpdateRate()}, {"scaling", getScaling()}})))
    return failure();
  if (getBiasUpdateRate() && !getSelectionBias())
    return emitOpError() << "bias_update_rate must be absent without selection_bias";
  if (failed(verifyLimit(*this, getActivation(), getLimit())) ||
      failed(requireNotNegative(*this, "balance_loss", getBalanceLoss())))
    return failure();
  return requireNotNegative(*this, "z_loss", getZLoss());
}
