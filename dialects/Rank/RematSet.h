//===- RematSet.h - which values of a layer backward makes again --*- C++ -*-===//

#ifndef DIALECTS_RANK_REMATSET_H
#define DIALECTS_RANK_REMATSET_H

#include "dialects/Rank/RankOps.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::rank {

/// The modules of each layer in a forward function, as kModuleAttr has them: in the order of their
/// first ops, each after those that it is part of.
using LayerModules = llvm::MapVector<int64_t, SmallVector<StringRef>>;
LayerModules layerModules(FuncOp forward);

/// The name of the last module of a path.
StringRef moduleName(StringRef path);

/// A set of values that a layer does not keep from forward to backward: of none of its modules, of
/// some, or all values but the layer's input. Named `none`, `full`, or after the modules, joined by
/// `+`; `selective` is Megatron-LM's other name of `core_attn`.
class RematSet {
public:
  static constexpr StringLiteral kNone = "none", kFull = "full", kSelective = "selective";

  /// Fails when `name` holds a module that is not among `modules`, paths of the layer's modules.
  static FailureOr<RematSet> parse(StringRef name, ArrayRef<StringRef> modules);

  /// The modules in the layer's order, without those that others of the set contain.
  std::string name() const;

  bool dropsNothing() const { return !isFull && dropped.empty(); }
  /// Whether a value that an op of the layer makes is dropped. What routing decided is small and
  /// costs an exchange: only `full` makes it again.
  bool drops(Value value) const;

private:
  bool isFull = false;
  SmallVector<StringRef> dropped; // paths
};

/// The set of each layer of a program, chunk after chunk, each with its @forward; fails, after an error, when a mode names no such set.
FailureOr<SmallVector<RematSet>> rematSets(ProgramOp program);

} // namespace mlir::rank

#endif
