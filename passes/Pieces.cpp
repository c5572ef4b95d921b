//===- Pieces.cpp - what reads parameters and adds to gradients -----------===//

#include "passes/Pieces.h"

using namespace mlir;
using namespace mlir::rank;
using mlir::sigma::Piece;

std::string Piece::name() const {
  return kind == Layer ? "layers." + std::to_string(layer) : kind == Head ? "head" : "embedding";
}

Piece mlir::sigma::PieceWalk::at(Operation &op) {
  if (auto layer = op.getAttrOfType<IntegerAttr>(kLayerAttr)) {
    isPastLayers = true;
    return {Piece::Layer, layer.getInt()};
  }
  return {isPastLayers == isBackward ? Piece::Embedding : Piece::Head, 0};
}

llvm::StringMap<std::string> mlir::sigma::piecesOfParameters(ProgramOp program) {
  llvm::StringMap<std::string> pieces;
  for (FuncOp forward : program.getForwards()) {
    PieceWalk walk(forward);
    for (Operation &op : forward.getBody().front()) {
      if (isMovable(op))
        continue;
      const Piece piece = walk.at(op);
      for (Value operand : op.getOperands())
        if (auto weight = operand.getDefiningOp<WeightOp>())
          pieces.try_emplace(weight.getParameter(), piece.name());
    }
  }
  return pieces;
}

void mlir::sigma::eachParameterAddedTo(Operation &op, llvm::function_ref<void(StringRef)> f) {
  op.walk([&](Operation *within) {
    for (StringRef name : {"into", "parameter"})
      if (auto parameter = within->getAttrOfType<FlatSymbolRefAttr>(name))
        f(parameter.getValue());
  });
}
