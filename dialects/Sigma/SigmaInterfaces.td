//===- SigmaInterfaces.td - op interfaces of the sigma dialect -*- tablegen -*-===//

#ifndef SIGMA_INTERFACES
#define SIGMA_INTERFACES

include "mlir/IR/OpBase.td"

def Sigma_BlockOpInterface : OpInterface<"BlockOpInterface"> {
  let cppNamespace = "::mlir::sigma";
  let description = [{
    A piece of a model that turns activations into activations: embedding, attention, MLP, MoE,
    head. It knows how to write itself down in primitive ops of the rank dialect. Costs, autodiff,
    sharding and code generation all work on that expansion, so a new kind of block is a new op
    with this interface.
  }];
  let methods = [
    InterfaceMethod<"Emits the block's primitive ops at the builder's insertion point.",
                    "void", "expand", (ins "::mlir::rank::BlockBuilder &":$builder)>,
    InterfaceMethod<"What of the block can be split over ranks.", "::mlir::sigma::Splits", "getSplits">
  ];
}

#endif // SIGMA_INTERFACES
