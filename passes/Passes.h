//===- Passes.h - registration of the passes and pipelines --------*- C++ -*-===//

#ifndef PASSES_PASSES_H
#define PASSES_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir::sigma {

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

/// From a planned (or not yet planned) job to complete rank programs; `precision` as in
/// sigma-expand-blocks.
void buildCompilePipeline(OpPassManager &pm, StringRef precision = "");

/// Registers --sigma-compile.
void registerPipelines();

} // namespace mlir::sigma

#endif
