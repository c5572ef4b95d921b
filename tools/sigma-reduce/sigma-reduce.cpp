//===- sigma-reduce.cpp - the smallest input that still shows a fault -----===//

#include "codegen/Codegen.h"
#include "dialects/Rank/RankDialect.h"
#include "dialects/Sigma/SigmaDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"
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
  mlir::MLIRContext context(registry);
  return mlir::failed(mlir::mlirReduceMain(argc, argv, context));
}
