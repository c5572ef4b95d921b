//===- Codegen.h - from rank programs to a launch binary ----------*- C++ -*-===//

#ifndef CODEGEN_CODEGEN_H
#define CODEGEN_CODEGEN_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>

namespace mlir::sigma {

#define GEN_PASS_DECL
#include "codegen/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "codegen/Passes.h.inc"

/// Registers what translation from the LLVM dialect to LLVM IR needs.
void registerCodegenTranslations(DialectRegistry &registry);

/// Lowers complete rank programs to the LLVM dialect, with a line table that points to the module's
/// source text.
LogicalResult lowerToLLVM(ModuleOp module, bool entryPoint);

/// What the object is made for.
struct TargetOptions {
  std::string triple; // empty: the build machine's
  std::string cpu = "x86-64-v2";
};

/// Translates a module of the LLVM dialect to an object file's bytes.
llvm::Expected<std::string> emitObject(ModuleOp module, const TargetOptions &target);

/// Writes a module of the LLVM dialect as C++ text against runtime/abi/abi.h. `source` names the
/// file that locations count lines of. An op that the lowering does not make is refused.
FailureOr<std::string> emitCpp(ModuleOp module, StringRef source);

/// Compiles C++ text to an object; `flags` is the text of the runtime's compile.flags, `shownIn`
/// the folder in which a debugger looks for the text. Like the next one, it runs $CXX, or c++, and
/// returns that command's message on failure.
llvm::Error compileProgram(llvm::StringRef source, llvm::StringRef shownIn, llvm::StringRef flags,
                           llvm::StringRef object);

/// Links objects with the runtime; `flags` is the text of the runtime's link.flags.
llvm::Error linkProgram(llvm::ArrayRef<std::string> objects, llvm::StringRef flags,
                        llvm::StringRef output);

} // namespace mlir::sigma

#endif
