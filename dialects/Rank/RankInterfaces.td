//===- RankInterfaces.td - what compute ops can be asked --------*- tablegen -*-===//

#ifndef DIALECTS_RANK_RANKINTERFACES_TD
#define DIALECTS_RANK_RANKINTERFACES_TD

include "mlir/IR/OpBase.td"

def CostOpInterface : OpInterface<"CostOpInterface"> {
  let cppNamespace = "::mlir::rank";
  let description = [{
    The one source of truth for cost (DESIGN §5): the planner's tables, the memory plan and the report all sum
    what the primitive ops say about themselves.
  }];
  let methods = [
    InterfaceMethod<"efficiency class of the op", "::mlir::rank::OpClass", "getOpClass", (ins), "",
                    "return ::mlir::rank::OpClass::Memory;">,
    InterfaceMethod<"floating-point operations, a multiply-add counted as two; under even routing", "int64_t",
                    "getFlops", (ins), "", "return 0;">,
    InterfaceMethod<"bytes read and written; under even routing", "int64_t", "getBytes", (ins), "",
                    "return ::mlir::rank::touchedBytes($_op);">,
    InterfaceMethod<"kernels that it is issued as", "int64_t", "getKernels", (ins), "", "return 1;">,
    InterfaceMethod<"what the op does together with other ranks, in order; a group of one rank does nothing",
                    "::mlir::rank::CollectiveUses", "getCollectives", (ins), "", "return {};">,
    InterfaceMethod<"bytes of scratch memory the op is given while it runs", "int64_t", "getWorkspaceBytes", (ins), "",
                    "return 0;">,
  ];
}

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::mlir::rank";
  let description = [{
    The reverse-mode rule of one op. It reads the gradients of the op's results and adds those of its operands;
    a forward value it names is kept, or recomputed, for backward.
  }];
  let methods = [
    InterfaceMethod<"builds the op's part of backward", "void", "buildGradient",
                    (ins "::mlir::rank::GradientContext &":$context)>,
    InterfaceMethod<"whether backward runs the op again, where it needs the result, instead of keeping it", "bool",
                    "isRepeatedInBackward", (ins), "", "return false;">,
  ];
}

#endif
