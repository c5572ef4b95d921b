//===- Import.cpp - fuzzes the import of configurations -------------------===//
//
// Whatever the text is, it is refused with a message, or becomes a model that verifies, has
// parameters, prints and parses to the same model, and can be exported.

#include "tools/sigma/import/Import.h"
#include "dialects/Sigma/Counts.h"
#include "mlir/Parser/Parser.h"
#include "test/fuzz/Context.h"
#include "tools/sigma/import/Export.h"
#include <cstdio>
#include <cstdlib>

using namespace sigma;

[[noreturn]] static void fail(const char *what) {
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

static std::string print(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream(text) << module;
  return text;
}

static void requireRoundTrip(mlir::ModuleOp module) {
  std::string text = print(module);
  auto again = mlir::parseSourceString<mlir::ModuleOp>(text, module.getContext());
  if (!again)
    fail("an imported model does not parse");
  if (print(*again) != text)
    fail("printing and parsing changes an imported model");
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mlir::MLIRContext &context = fuzz::freshContext();
  mlir::ScopedDiagnosticHandler quiet(&context, [](mlir::Diagnostic &) {});
  std::string messages;
  llvm::raw_string_ostream out(messages);
  config::ImportOptions options;
  options.file = "config.json";
  auto imported =
      config::importConfig({reinterpret_cast<const char *>(data), size}, options, context, out);
  if (!imported && messages.empty())
    fail("refused without a message");
  if (!imported)
    return 0;
  requireRoundTrip(*imported->module);
  auto model = *imported->module->getOps<mlir::sigma::ModelOp>().begin();
  if (mlir::sigma::countParameters(model).all.total <= 0)
    fail("a model without parameters");
  (void)config::exportConfig(model);
  return 0;
}
