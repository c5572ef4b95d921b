//===- RuntimeAbi.h - the runtime's functions, as LLVM sees them --*- C++ -*-===//

#ifndef CODEGEN_RUNTIMEABI_H
#define CODEGEN_RUNTIMEABI_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace mlir::sigma {

/// Builds calls of the functions of runtime/abi/abi.def; a name or an argument count that is not in
/// the list is a bug of codegen.
class RuntimeAbi {
public:
  explicit RuntimeAbi(ModuleOp module) : module(module) {}

  /// Whether abi.def has a function of this name.
  static bool has(StringRef name);

  /// The address of numbers that lie in the program; equal lists are one.
  Value constants(OpBuilder &builder, Location loc, ArrayRef<double> values);

  /// Calls `name` and returns its result, if it has one.
  Value call(OpBuilder &builder, Location loc, StringRef name, ValueRange arguments);

private:
  LLVM::LLVMFuncOp declare(StringRef name);

  ModuleOp module;
  llvm::DenseMap<Attribute, LLVM::GlobalOp> globals;
};

} // namespace mlir::sigma

#endif
