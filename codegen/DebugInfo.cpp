//===- DebugInfo.cpp - functions and lines for a debugger -----------------===//

#include "codegen/Codegen.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/BinaryFormat/Dwarf.h"
#include "llvm/Support/Path.h"

namespace mlir::sigma {
#define GEN_PASS_DEF_DEBUGINFO
#include "codegen/Passes.h.inc"
} // namespace mlir::sigma

using namespace mlir;
namespace path = llvm::sys::path;

namespace {
struct DebugInfo : sigma::impl::DebugInfoBase<DebugInfo> {
  void runOnOperation() override {
    unit = {};
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>())
      if (auto place = function.getLoc()->findInstanceOf<FileLineColLoc>();
          place && !function.isExternal())
        describe(function, place);
  }

private:
  void describe(LLVM::LLVMFuncOp function, FileLineColLoc place) {
    MLIRContext *context = &getContext();
    StringRef file = place.getFilename();
    auto source = LLVM::DIFileAttr::get(context, path::filename(file), path::parent_path(file));
    if (!unit)
      // In full, though only functions and lines are known: else they would lose their names.
      unit = LLVM::DICompileUnitAttr::get(newId(), llvm::dwarf::DW_LANG_C, source,
                                          StringAttr::get(context, "sigma"),
                                          /*isOptimized=*/true, LLVM::DIEmissionKind::Full);
    auto type = LLVM::DISubroutineTypeAttr::get(context, llvm::dwarf::DW_CC_normal, {});
    auto subprogram = LLVM::DISubprogramAttr::get(
        context, newId(), unit, source, function.getNameAttr(), function.getNameAttr(), source,
        place.getLine(), /*scopeLine=*/place.getLine(),
        LLVM::DISubprogramFlags::Definition | LLVM::DISubprogramFlags::Optimized, type);
    function->setLoc(FusedLoc::get(context, {function.getLoc()}, subprogram));
  }

  DistinctAttr newId() { return DistinctAttr::create(UnitAttr::get(&getContext())); }

  LLVM::DICompileUnitAttr unit;
};
} // namespace
