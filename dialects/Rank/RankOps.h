//===- RankOps.h - ops of the rank dialect ------------------------*- C++ -*-===//

#ifndef DIALECTS_RANK_RANKOPS_H
#define DIALECTS_RANK_RANKOPS_H

#include "dialects/Rank/Cost.h"
#include "dialects/Rank/Gradient.h"
#include "dialects/Rank/RankDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::rank {
class FuncOp;
class LaunchOp;
class ReturnOp;
class ScheduleOp;

/// Names that the pipeline gives to a stage's functions.
inline constexpr llvm::StringLiteral kForward = "forward";
inline constexpr llvm::StringLiteral kBackward = "backward";
/// The halves of a backward that is split.
inline constexpr llvm::StringLiteral kInputGradients = "input_gradients";
inline constexpr llvm::StringLiteral kWeightGradients = "weight_gradients";

/// Values that a function keeps for later ones and that die together.
struct Residual;

/// Layers of chunks: first `to` end (`,` first `to` end)*
ParseResult parseChunks(OpAsmParser &parser, DenseI64ArrayAttr &firsts, DenseI64ArrayAttr &ends);
void printChunks(OpAsmPrinter &printer, Operation *op, DenseI64ArrayAttr firsts,
                 DenseI64ArrayAttr ends);

/// What a chunk's function of this name is called.
std::string functionName(llvm::StringRef name, int64_t chunk);
/// On a compute op: the model's layer that it belongs to.
inline constexpr llvm::StringLiteral kLayerAttr = "rank.layer";
/// On a compute op of a layer: the module it belongs to, after those that this one is part of,
/// separated by dots. Rematerialization drops the values of whole modules.
inline constexpr llvm::StringLiteral kModuleAttr = "rank.module";
/// On an op of backward: repeats an op of forward, to make a value that was not kept.
inline constexpr llvm::StringLiteral kRecomputedAttr = "rank.recomputed";
/// On ops over rows that routing sends: how many there are when it is even.
inline constexpr llvm::StringLiteral kExpectedRowsAttr = "expected_rows";
/// On a collective of rows that waits for nobody.
inline constexpr llvm::StringLiteral kStartedAttr = "started";
/// On ops of a function or schedule, after sigma-plan-memory: one #rank.place for each result, and
/// the op's scratch memory.
inline constexpr llvm::StringLiteral kPlacesAttr = "places";
inline constexpr llvm::StringLiteral kWorkspaceAttr = "workspace";
/// Place of the `ends` part of the residual that a call saves, and of that which it holds.
inline constexpr llvm::StringLiteral kEndsAttr = "ends";
inline constexpr llvm::StringLiteral kHeldEndsAttr = "held_ends";
} // namespace mlir::rank

#include "dialects/Rank/RankInterfaces.h.inc"

#define GET_OP_CLASSES
#include "dialects/Rank/RankOps.h.inc"

namespace mlir::rank {
/// Of a collective that is `started`; null if there is none.
WaitOp waitOf(Operation *op);

struct Residual {
  FuncOp giver;
  bool isHeld; // what the function holds, rather than saves

  OperandRange values();
  /// After sigma-plan-memory.
  int64_t slotBytes();
  int64_t endsBytes();
  /// Of a call that gives it, the name of the place of its ends.
  llvm::StringRef endsAttr() { return isHeld ? kHeldEndsAttr : kEndsAttr; }
};
} // namespace mlir::rank

#endif
