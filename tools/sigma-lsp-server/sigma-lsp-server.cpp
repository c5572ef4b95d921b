//===- sigma-lsp-server.cpp - diagnostics and navigation in editors -------===//

#include "dialects/Rank/RankDialect.h"
#include "dialects/Sigma/SigmaDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<mlir::LLVM::LLVMDialect, mlir::rank::RankDialect, mlir::sigma::SigmaDialect>();
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
