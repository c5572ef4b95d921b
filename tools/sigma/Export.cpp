//===- Export.cpp - sigma export ------------------------------------------===//

#include "tools/sigma/import/Export.h"
#include "mlir/Parser/Parser.h"
#include "tools/sigma/Spec.h"

using namespace sigma::driver;
using mlir::sigma::ModelOp;

/// The model of that name, or the only one; null after an error.
static ModelOp chooseModel(mlir::ModuleOp module, llvm::StringRef name) {
  auto models = llvm::to_vector(module.getOps<ModelOp>());
  if (name.empty() && models.size() == 1)
    return models.front();
  for (ModelOp model : models)
    if (model.getSymName() == name)
      return model;
  if (name.empty())
    mlir::emitError(module.getLoc())
        << "there are " << models.size()
        << " models; name one with --model, or state exactly one sigma.model";
  else
    mlir::emitError(module.getLoc()) << "there is no sigma.model @" << name;
  return {};
}

int sigma::driver::runExport(const ExportOptions &options) {
  llvm::SourceMgr sources;
  if (!openSpec(options.path, sources))
    return kUserError;
  mlir::MLIRContext context;
  context.loadDialect<mlir::sigma::SigmaDialect>();
  context.printOpOnDiagnostic(false);
  mlir::SourceMgrDiagnosticHandler handler(sources, &context);
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(sources, &context);
  ModelOp model = module ? chooseModel(*module, options.model) : ModelOp();
  if (!model)
    return kUserError;
  std::optional<std::string> config = sigma::config::exportConfig(model);
  if (!config)
    return kUserError;
  return writeText(options.output.empty() ? "-" : options.output, *config) ? kDone : kUserError;
}
