//===- Casts.cpp - operands of products in eight bits ---------------------===//

#include "passes/Casts.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace mlir::sigma;
using namespace mlir::rank;

static constexpr llvm::StringLiteral kCastAttr = "sigma.cast_bytes";

namespace {
/// The left side of a product with weights, and how many of its rows there are.
struct Factor {
  Value rows;
  int64_t count = 0;
};
} // namespace

static Factor factorOf(Operation *op) {
  auto isWeight = [](Value value) { return value.getDefiningOp<WeightOp>() != nullptr; };
  if (auto product = dyn_cast<MatmulOp>(op); product && isWeight(product.getRhs()))
    return {product.getLhs(), product.getLhs().getType().getDimSize(0)};
  if (auto product = dyn_cast<GroupedMatmulOp>(op); product && isWeight(product.getWeights()))
    return {product.getRows(), product.getExpectedRows()};
  return {};
}

void mlir::sigma::markCasts(ProgramOp program) {
  llvm::DenseSet<Value> cast;
  program.walk([&](Operation *op) {
    Factor factor = factorOf(op);
    if (!factor.rows || !cast.insert(factor.rows).second)
      return;
    auto type = mlir::cast<RankedTensorType>(factor.rows.getType());
    // Read, and written twice: the product of gradients needs them by columns.
    int64_t bytes = factor.count * type.getDimSize(1) * (type.getElementTypeBitWidth() / 8 + 1 + 1);
    op->setAttr(kCastAttr, Builder(op->getContext()).getI64IntegerAttr(bytes));
  });
}

int64_t mlir::sigma::castBytes(Operation *op) {
  auto bytes = op->getAttrOfType<IntegerAttr>(kCastAttr);
  return bytes ? bytes.getInt() : 0;
}
