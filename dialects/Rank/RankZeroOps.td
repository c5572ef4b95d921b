//===- RankZeroOps.td - ZeRO inside functions: what a piece holds for a while -*- tablegen -*-===//
//
// Of a flat whose gradients or values a rank keeps a part of, it has all while a layer, the embedding or the head is at work.

#ifndef DIALECTS_RANK_RANKZEROOPS_TD
#define DIALECTS_RANK_RANKZEROOPS_TD

include "dialects/Rank/RankCollectiveOps.td"

def Rank_FlatGradientsOp : Rank_Op<"flat_gradients", [HasParent<"FuncOp">]> {
  let summary = "cleared memory, to which ops that follow add the gradients of a flat's parameters";
  let description = [{
    **Constraints:**
    - `flat` names a rank.flat of the program, of whose gradients a rank keeps a part; the result has its elements.
  }];
  let arguments = (ins FlatSymbolRefAttr:$flat);
  let results = (outs Rank_FloatVector:$result);
  let assemblyFormat = "$flat attr-dict `:` type($result)";
  let hasVerifier = 1;
}
def Rank_ReduceGradientsOp : Rank_CostedOp<"reduce_gradients", ["getBytes", "getWorkspaceBytes"]> {
  let summary = "sums a flat's gradients over their replicas, in the order of the axis' slots, and adds its part to what a rank keeps";
  let description = [{
    **Constraints:**
    - `gradients` come from rank.flat_gradients.
  }];
  let arguments = (ins Rank_FloatVector:$gradients);
  let assemblyFormat = "$gradients attr-dict `:` type($gradients)";
  let extraClassDeclaration = "FlatOp getFlatOp();";
  let hasVerifier = 1;
}
def Rank_StartReduceGradientsOp : Rank_Op<"start_reduce_gradients", [HasParent<"FuncOp">]> {
  let summary = "starts what rank.reduce_gradients does, and waits for nobody";
  let description = [{
    Until the rank.wait_reduce_gradients of them, gradients are in use. The workspace is that of all sums that have been started.

    **Constraints:**
    - `gradients` come from rank.flat_gradients.
    - the launch `overlaps_gradients`.
  }];
  let arguments = (ins Rank_FloatVector:$gradients, OptionalAttr<Rank_I64>:$workspace_offset,
      OptionalAttr<Rank_I64>:$workspace_bytes);
  let assemblyFormat = "$gradients attr-dict `:` type($gradients)";
  let builders = [OpBuilder<(ins "::mlir::Value":$gradients)>];
  let extraClassDeclaration = "FlatOp getFlatOp();";
  let hasVerifier = 1;
}
def Rank_WaitReduceGradientsOp : Rank_Op<"wait_reduce_gradients", [HasParent<"FuncOp">]> {
  let summary = "waits until a rank has its part of gradients that are being summed";
  let description = [{
    **Constraints:**
    - `gradients` are those of a rank.start_reduce_gradients before it.
  }];
  let arguments = (ins Rank_FloatVector:$gradients);
  let assemblyFormat = "$gradients attr-dict `:` type($gradients)";
  let hasVerifier = 1;
}
def Rank_GatherValuesOp : Rank_Op<"gather_values", [HasParent<"FuncOp">]> {
  let summary = "the values of a flat's parameters, from all ranks that keep a part of them";
  let description = [{
    **Constraints:**
    - `flat` names a rank.flat of the program, of whose values a rank keeps a part; the result has its elements.
  }];
  let arguments = (ins FlatSymbolRefAttr:$flat);
  let results = (outs Rank_FloatVector:$result);
  let assemblyFormat = "$flat attr-dict `:` type($result)";
  let hasVerifier = 1;
}
def Rank_StartGatherOp : Rank_Op<"start_gather", [HasParent<"FuncOp">]> {
  let summary = "starts what rank.gather_values does, and waits for nobody";
  let description = [{
    Nothing reads the result before the rank.wait_gather of it.

    **Constraints:**
    - `flat` names a rank.flat of the program, of whose values a rank keeps a part; the result has its elements.
    - the launch `overlaps_parameters`.
  }];
  let arguments = (ins FlatSymbolRefAttr:$flat);
  let results = (outs Rank_FloatVector:$result);
  let assemblyFormat = "$flat attr-dict `:` type($result)";
  let hasVerifier = 1;
}
def Rank_WaitGatherOp : Rank_Op<"wait_gather", [HasParent<"FuncOp">]> {
  let summary = "waits until values that are being gathered are there";
  let description = [{
    **Constraints:**
    - `values` come from rank.start_gather.
    - no weight is read in `values` before.
  }];
  let arguments = (ins Rank_FloatVector:$values);
  let assemblyFormat = "$values attr-dict `:` type($values)";
  let hasVerifier = 1;
}
def Rank_WaitValuesOp : Rank_Op<"wait_values", [HasParent<"FuncOp">]> {
  let summary = "waits until the values of a flat, which the last step has started to gather, are there";
  let description = [{
    **Constraints:**
    - `flat` names a rank.flat of the program, of which a rank holds all values.
  }];
  let arguments = (ins FlatSymbolRefAttr:$flat);
  let assemblyFormat = "$flat attr-dict";
  let hasVerifier = 1;
}

#endif
