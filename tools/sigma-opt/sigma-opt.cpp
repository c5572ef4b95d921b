//===- sigma-opt.cpp - the mlir-opt of sigma ------------------------------===//

#include "codegen/Codegen.h"
#include "dialects/Rank/RankDialect.h"
#include "dialects/Sigma/SigmaDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<mlir::LLVM::LLVMDialect, mlir::rank::RankDialect, mlir::sigma::SigmaDialect>();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::sigma::registerSigmaPasses();
  mlir::sigma::registerPipelines();
  mlir::sigma::registerSigmaCodegenPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "sigma: every pass and pipeline\n", registry));
}
