//===- sigma-translate.cpp - the mlir-translate of sigma ------------------===//

#include "codegen/Codegen.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "mlir/Tools/mlir-translate/Translation.h"

static mlir::LogicalResult writeCpp(mlir::ModuleOp module, llvm::raw_ostream &output) {
  auto text = mlir::sigma::emitCpp(module, "rank.mlir");
  if (mlir::failed(text))
    return mlir::failure();
  output << *text;
  return mlir::success();
}

int main(int argc, char **argv) {
  mlir::TranslateFromMLIRRegistration cpp(
      "sigma-to-cpp", "a rank program in the LLVM dialect as C++ text", writeCpp,
      [](mlir::DialectRegistry &registry) { registry.insert<mlir::LLVM::LLVMDialect>(); });
  return mlir::failed(
      mlir::mlirTranslateMain(argc, argv, "sigma: what is written as other text\n"));
}
