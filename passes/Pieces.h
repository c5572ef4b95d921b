//===- Pieces.h - what reads parameters and adds to gradients ---*- C++ -*-===//
//
// A piece is what the cost model calls so: a layer, the embedding or the head.
//
//===----------------------------------------------------------------------===//

#ifndef PASSES_PIECES_H
#define PASSES_PIECES_H

#include "dialects/Rank/RankOps.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::sigma {

/// The layer that an op belongs to, or what stands before all layers, or behind them.
struct Piece {
  enum Kind { Embedding, Layer, Head };
  Kind kind;
  int64_t layer;

  bool operator==(const Piece &other) const { return kind == other.kind && layer == other.layer; }
  std::string name() const;
};

/// Walks a function of a chunk, in which layers stand in one order or the other.
class PieceWalk {
public:
  explicit PieceWalk(rank::FuncOp func) : isBackward(func.getNumSaved().has_value()) {}

  Piece at(Operation &op);

private:
  bool isBackward, isPastLayers = false;
};

/// What weights and constants read does not depend on where they stand.
inline bool isMovable(Operation &op) { return isa<rank::WeightOp, rank::ConstantOp>(op); }

/// By parameter, the name of the piece that reads it first; of what no function reads there is
/// none.
llvm::StringMap<std::string> piecesOfParameters(rank::ProgramOp program);

/// f(name of a parameter) for all to whose gradients an op adds; rounds of an exchange are part of
/// it.
void eachParameterAddedTo(Operation &op, llvm::function_ref<void(StringRef)> f);

} // namespace mlir::sigma

#endif
