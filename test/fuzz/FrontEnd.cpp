//===- FrontEnd.cpp - fuzzes parser and verifiers -------------------------===//
//
// Whatever the text is, it is refused, or becomes a module that prints and parses again.

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "test/fuzz/Context.h"
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mlir::MLIRContext &context = sigma::fuzz::freshContext();
  mlir::ScopedDiagnosticHandler quiet(&context, [](mlir::Diagnostic &) {});
  // MLIR's lexer looks for the end in the byte after the text, as a file's buffer has it.
  std::string text(reinterpret_cast<const char *>(data), size);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module)
    return 0;
  std::string printed;
  llvm::raw_string_ostream(printed) << *module;
  if (!mlir::parseSourceString<mlir::ModuleOp>(printed, &context)) {
    std::fprintf(stderr, "what was printed does not parse:\n%s\n", printed.c_str());
    std::abort();
  }
  return 0;
}
