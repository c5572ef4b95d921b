//===- ModelBuilder.h - the ops of a model ------------------------*- C++ -*-===//

#ifndef TOOLS_SIGMA_IMPORT_MODELBUILDER_H
#define TOOLS_SIGMA_IMPORT_MODELBUILDER_H

#include "mlir/IR/BuiltinOps.h"
#include "tools/sigma/import/Concepts.h"

namespace sigma::config {

/// Reads the parts of the model and, unless one of them was refused, adds it to the module. Equal
/// layers in a row become one op.
void buildModel(Reading &reading, llvm::StringRef name, mlir::ModuleOp module);

} // namespace sigma::config

#endif
