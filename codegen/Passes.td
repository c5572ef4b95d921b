//===- Passes.td - from rank programs to LLVM -------------------*- tablegen -*-===//

#ifndef CODEGEN_PASSES_TD
#define CODEGEN_PASSES_TD

include "mlir/Pass/PassBase.td"

def RankToLLVM : Pass<"sigma-rank-to-llvm", "::mlir::ModuleOp"> {
  let summary = "lowers rank programs to LLVM functions that call the runtime ABI";
  let description = [{
    Each `rank.func` and `rank.schedule` becomes a function, each op in it a call of the ABI function of its name; values become
    addresses in the arena. `sigma_describe_<precision>` tells the runtime of the stages and their tensors.

    ```mlir
    %2 = rank.add %0, %1 {places = [#rank.place<transient, 256>]} : tensor<256x256xf32>
    // becomes
    llvm.call @sigma_add(%rt, %elem, %a, %b, %out, %n) : (!llvm.ptr, i64, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64) -> ()
    ```
  }];
  let options = [Option<"entryPoint", "entry-point", "bool", "false",
                        "adds main; it also names sigma_describe_f64, which may stand in another object">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def DebugInfo : Pass<"sigma-debug-info", "::mlir::ModuleOp"> {
  let summary = "tells debuggers the functions of a program, and which line of its text each op is";
  let description = [{
    Functions in the LLVM dialect get a subprogram of the file that their location names. An op's line is that of its own location.

    ```mlir
    llvm.func @f32.stage0.step(%rt: !llvm.ptr, %arena: !llvm.ptr) { … } loc("rank.mlir":427:5)
    // becomes
    llvm.func @f32.stage0.step(%rt: !llvm.ptr, %arena: !llvm.ptr) { … } loc(fused<#di_subprogram>["rank.mlir":427:5])
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif
