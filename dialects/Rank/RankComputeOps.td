//===- RankComputeOps.td - tensor-level ops of the rank dialect -*- tablegen -*-===//
//
// Matrices are row-major; a row is a token, or a copy of a token on its way to an expert. The formulas and their sources
// stand in runtime/abi/abi.def, one function per op.

#ifndef DIALECTS_RANK_RANKCOMPUTEOPS_TD
#define DIALECTS_RANK_RANKCOMPUTEOPS_TD

include "dialects/Rank/RankProgramOps.td"

class Rank_ComputeOp<string mnemonic, list<Trait> traits = []>
    : Rank_Op<mnemonic, !listconcat(traits, [HasParent<"FuncOp">])> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}
// An op whose cost is its memory traffic.
class Rank_MemoryOp<string mnemonic, list<Trait> traits = []>
    : Rank_ComputeOp<mnemonic, !listconcat(traits, [Pure, CostOpInterface])>;
class Rank_CostedOp<string mnemonic, list<string> methods, list<Trait> traits = []>
    : Rank_ComputeOp<mnemonic, !listconcat(traits, [DeclareOpInterfaceMethods<CostOpInterface, methods>])>;
defvar Rank_Differentiable = DeclareOpInterfaceMethods<DifferentiableOpInterface>;

// A gradient op may add its result to a parameter's gradient instead of returning it.
class Rank_AccumulatingOp<string mnemonic, list<string> methods, list<Trait> traits = []>
    : Rank_CostedOp<mnemonic, methods, !listconcat(traits, [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>])>;

//===----------------------------------------------------------------------===//
// Parameters, constants, sums
//===----------------------------------------------------------------------===//

def Rank_WeightOp : Rank_Op<"weight", [Pure, HasParent<"FuncOp">]> {
  let summary = "value of a parameter";
  let description = [{
    **Constraints:**
    - `parameter` names a parameter of the program, of the result's type.
  }];
  let arguments = (ins FlatSymbolRefAttr:$parameter);
  let results = (outs Rank_FloatTensor:$result);
  let assemblyFormat = "$parameter attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Rank_AccumulateOp : Rank_Op<"accumulate", [HasParent<"FuncOp">, CostOpInterface]> {
  let summary = "adds to a parameter's gradient";
  let arguments = (ins FlatSymbolRefAttr:$parameter, Rank_FloatTensor:$value);
  let assemblyFormat = "$parameter `,` $value attr-dict `:` type($value)";
  let hasCanonicalizeMethod = 1;
}

def Rank_ConstantOp : Rank_Op<"constant", [Pure, HasParent<"FuncOp">]> {
  let summary = "a tensor of one repeated value";
  let arguments = (ins Rank_F64:$value);
  let results = (outs Rank_FloatTensor:$result);
  let assemblyFormat = "$value attr-dict `:` type($result)";
}

def Rank_AddOp : Rank_CostedOp<"add", ["getFlops"], [Pure, SameOperandsAndResultType, Rank_Differentiable]> {
  let summary = "element-wise sum";
  let arguments = (ins Rank_FloatTensor:$lhs, Rank_FloatTensor:$rhs);
  let results = (outs Rank_FloatTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
}

//===----------------------------------------------------------------------===//
// Linear algebra
//===----------------------------------------------------------------------===//

def Rank_MatmulOp : Rank_AccumulatingOp<"matmul", ["getOpClass", "getFlops"], [Rank_Differentiable]> {
  let summary = "matrix product";
  let description = [{
    With `into`, the product is added to that parameter's gradient and there is no result.

    **Constraints:**
    - both operands are matrices whose inner dimensions agree, transposed where the flags say so.
    - the result, or the parameter `into`, has the product's shape.
  }];
  let arguments = (ins Rank_FloatTensor:$lhs, Rank_FloatTensor:$rhs, UnitAttr:$transpose_lhs, UnitAttr:$transpose_rhs,
      OptionalAttr<FlatSymbolRefAttr>:$into);
  let results = (outs Optional<Rank_FloatTensor>:$result);
  let extraClassDeclaration = [{
    // Rows and columns of the product, and the length of the inner dimension.
    int64_t getRows() { return getLhs().getType().getDimSize(getTransposeLhs() ? 1 : 0); }
    int64_t getInner() { return getLhs().getType().getDimSize(getTransposeLhs() ? 0 : 1); }
    int64_t getColumns() { return getRhs().getType().getDimSize(getTransposeRhs() ? 0 : 1); }
  }];
  let hasVerifier = 1;
}

def Rank_GroupedMatmulOp : Rank_CostedOp<"grouped_matmul", ["getOpClass", "getFlops", "getBytes"],
                                         [Pure, Rank_Differentiable]> {
  let summary = "each expert's rows times that expert's matrix";
  let description = [{
    `expected_rows` is the number of rows under even routing; the tensor's rows are its capacity.

    **Constraints:**
    - `weights` is [groups, inner, columns], or [groups, columns, inner] with `transpose_weights`; `sizes` has one entry
      for each group.
  }];
  let arguments = (ins Rank_FloatTensor:$rows, Rank_FloatTensor:$weights, Rank_IndexTensor:$sizes,
      Rank_I64:$expected_rows, UnitAttr:$transpose_weights);
  let results = (outs Rank_FloatTensor:$result);
  let hasVerifier = 1;
}

def Rank_GroupedMatmulGradOp : Rank_AccumulatingOp<"grouped_matmul_grad", ["getOpClass", "getFlops", "getBytes"]> {
  let summary = "gradient of the experts' matrices: each expert's lhs^T rhs";
  let arguments = (ins Rank_FloatTensor:$lhs, Rank_FloatTensor:$rhs, Rank_IndexTensor:$sizes, Rank_I64:$expected_rows,
      OptionalAttr<FlatSymbolRefAttr>:$into);
  let results = (outs Optional<Rank_FloatTensor>:$result);
}

//===----------------------------------------------------------------------===//
// Norm, activation, attention
//===----------------------------------------------------------------------===//

def Rank_RmsNormOp : Rank_MemoryOp<"rms_norm", [Rank_Differentiable]> {
  let summary = "root-mean-square norm over groups of the weight's length";
  let description = [{
    **Constraints:**
    - the weight's length divides the last dimension of `input`; `rstd` has one entry for each group.
  }];
  let arguments = (ins Rank_FloatTensor:$input, Rank_FloatTensor:$weight, Rank_F64:$epsilon);
  let results = (outs Rank_FloatTensor:$result, Rank_FloatTensor:$rstd);
  let hasVerifier = 1;
}
def Rank_RmsNormGradOp : Rank_MemoryOp<"rms_norm_grad"> {
  let summary = "gradients of rms_norm";
  let arguments = (ins Rank_FloatTensor:$input, Rank_FloatTensor:$weight, Rank_FloatTensor:$rstd,
      Rank_FloatTensor:$gradient);
  let results = (outs Rank_FloatTensor:$input_gradient, Rank_FloatTensor:$weight_gradient);
}

def Rank_RotaryOp : Rank_MemoryOp<"rotary", [SameOperandsAndResultType, Rank_Differentiable]> {
  let summary = "rotary position embedding, or its inverse";
  let arguments = (ins Rank_FloatTensor:$input, Rank_I64:$sequence, Rank_I64:$heads, Rank_F64:$base, UnitAttr:$inverse);
  let results = (outs Rank_FloatTensor:$result);
}

def Rank_AttentionOp : Rank_CostedOp<"attention", ["getOpClass", "getFlops", "getWorkspaceBytes"],
                                     [Pure, Rank_Differentiable]> {
  let summary = "causal grouped-query attention within each sequence";
  let description = [{
    `lse` holds the log-sum-exp of each row of scores, which is all that backward needs to make them again.

    **Constraints:**
    - `kv_heads` divides `heads`; `sequence` divides the rows; the widths are whole numbers of heads.
  }];
  let arguments = (ins Rank_FloatTensor:$query, Rank_FloatTensor:$key, Rank_FloatTensor:$value, Rank_I64:$sequence,
      Rank_I64:$heads, Rank_I64:$kv_heads);
  let results = (outs Rank_FloatTensor:$result, Rank_FloatTensor:$lse);
  let hasVerifier = 1;
}
def Rank_AttentionGradOp : Rank_CostedOp<"attention_grad", ["getOpClass", "getFlops", "getWorkspaceBytes"], [Pure]> {
  let summary = "gradients of attention; recomputes the scores block by block";
  let arguments = (ins Rank_FloatTensor:$query, Rank_FloatTensor:$key, Rank_FloatTensor:$value, Rank_FloatTensor:$output,
      Rank_FloatTensor:$lse, Rank_FloatTensor:$gradient, Rank_I64:$sequence, Rank_I64:$heads, Rank_I64:$kv_heads);
  let results = (outs Rank_FloatTensor:$query_gradient, Rank_FloatTensor:$key_gradient,
      Rank_FloatTensor:$value_gradient);
}

def Rank_SiluMulOp : Rank_CostedOp<"silu_mul", ["getBytes"], [Pure, Rank_Differentiable]> {
  let summary = "silu(gate) * up; with sizes, over the rows that routing sent";
  let description = [{
    **Constraints:**
    - `sizes` and `expected_rows` go together.
  }];
  let arguments = (ins Rank_FloatTensor:$gate, Rank_FloatTensor:$up, Optional<Rank_IndexTensor>:$sizes,
      OptionalAttr<Rank_I64>:$expected_rows);
  let results = (outs Rank_FloatTensor:$result);
  let hasVerifier = 1;
}
def Rank_SiluMulGradOp : Rank_CostedOp<"silu_mul_grad", ["getBytes"], [Pure]> {
  let summary = "gradients of silu_mul";
  let arguments = (ins Rank_FloatTensor:$gate, Rank_FloatTensor:$up, Rank_FloatTensor:$gradient,
      Optional<Rank_IndexTensor>:$sizes, OptionalAttr<Rank_I64>:$expected_rows);
  let results = (outs Rank_FloatTensor:$gate_gradient, Rank_FloatTensor:$up_gradient);
}

//===----------------------------------------------------------------------===//
// Embedding and objective
//===----------------------------------------------------------------------===//

def Rank_EmbeddingOp : Rank_CostedOp<"embedding", ["getBytes"], [Pure, Rank_Differentiable]> {
  let summary = "rows of the table, by token id";
  let arguments = (ins Rank_IndexTensor:$tokens, Rank_FloatTensor:$table);
  let results = (outs Rank_FloatTensor:$result);
}
def Rank_EmbeddingGradOp : Rank_AccumulatingOp<"embedding_grad", ["getBytes"]> {
  let summary = "gradient of the table";
  let arguments = (ins Rank_IndexTensor:$tokens, Rank_FloatTensor:$gradient, OptionalAttr<FlatSymbolRefAttr>:$into);
  let results = (outs Optional<Rank_FloatTensor>:$result);
}

def Rank_CrossEntropyOp : Rank_MemoryOp<"cross_entropy", [Rank_Differentiable]> {
  let summary = "sum over tokens of the cross entropy with the target id";
  let arguments = (ins Rank_FloatTensor:$logits, Rank_IndexTensor:$targets);
  let results = (outs Rank_FloatTensor:$loss, Rank_FloatTensor:$lse);
}
def Rank_CrossEntropyGradOp : Rank_MemoryOp<"cross_entropy_grad"> {
  let summary = "gradient of the logits";
  let arguments = (ins Rank_FloatTensor:$logits, Rank_IndexTensor:$targets, Rank_FloatTensor:$lse,
      Rank_FloatTensor:$gradient);
  let results = (outs Rank_FloatTensor:$result);
}

def Rank_ObjectiveOp : Rank_Op<"objective", [HasParent<"FuncOp">, Rank_Differentiable]> {
  let summary = "adds scale * value to a term of the training objective";
  let description = [{
    Backward starts here: the gradient of `value` is `scale`. Scales are such that the sum over micro-batches and ranks is
    a mean over the global batch.
  }];
  let arguments = (ins Rank_FloatTensor:$value, Rank_TermAttr:$term, Rank_F64:$scale);
  let assemblyFormat = "$term $value `scale` $scale attr-dict `:` type($value)";
}

//===----------------------------------------------------------------------===//
// Mixture of experts
//===----------------------------------------------------------------------===//

def Rank_RouterScoresOp : Rank_MemoryOp<"router_scores", [SameOperandsAndResultType, Rank_Differentiable]> {
  let summary = "scores of the experts, by token";
  let arguments = (ins Rank_FloatTensor:$logits, Rank_ScoreAttr:$score);
  let results = (outs Rank_FloatTensor:$result);
}
def Rank_RouterScoresGradOp : Rank_MemoryOp<"router_scores_grad", [SameOperandsAndResultType]> {
  let summary = "gradient of the router's logits";
  let arguments = (ins Rank_FloatTensor:$scores, Rank_FloatTensor:$gradient, Rank_ScoreAttr:$score);
  let results = (outs Rank_FloatTensor:$result);
}

def Rank_TopKOp : Rank_MemoryOp<"top_k", [Rank_Differentiable]> {
  let summary = "the k best experts of each token, and their weights";
  let description = [{
    **Constraints:**
    - `weights` and `chosen` are [tokens, k] with k at most the number of experts.
  }];
  let arguments = (ins Rank_FloatTensor:$scores, UnitAttr:$normalize);
  let results = (outs Rank_FloatTensor:$weights, Rank_IndexTensor:$chosen);
  let hasVerifier = 1;
}
def Rank_TopKGradOp : Rank_MemoryOp<"top_k_grad"> {
  let summary = "gradient of the scores, zero where not chosen";
  let arguments = (ins Rank_FloatTensor:$scores, Rank_IndexTensor:$chosen, Rank_FloatTensor:$gradient,
      UnitAttr:$normalize);
  let results = (outs Rank_FloatTensor:$result);
}

def Rank_GroupTokensOp : Rank_MemoryOp<"group_tokens"> {
  let summary = "stable order of (token, choice) slots by expert";
  let description = "`position` is the row of each slot in expert order, `sizes` the number of rows of each expert.";
  let arguments = (ins Rank_IndexTensor:$chosen);
  let results = (outs Rank_IndexTensor:$position, Rank_IndexTensor:$sizes);
}

def Rank_GatherRowsOp : Rank_MemoryOp<"gather_rows", [Rank_Differentiable]> {
  let summary = "copies each token to the rows of its slots";
  let arguments = (ins Rank_FloatTensor:$input, Rank_IndexTensor:$position);
  let results = (outs Rank_FloatTensor:$result);
}
def Rank_ScatterRowsOp : Rank_MemoryOp<"scatter_rows"> {
  let summary = "sums the rows of each token's slots, in order of the choices";
  let arguments = (ins Rank_FloatTensor:$rows, Rank_IndexTensor:$position);
  let results = (outs Rank_FloatTensor:$result);
}

def Rank_CombineOp : Rank_MemoryOp<"combine", [Rank_Differentiable]> {
  let summary = "weighted sum of the rows of each token's slots";
  let arguments = (ins Rank_FloatTensor:$rows, Rank_IndexTensor:$position, Rank_FloatTensor:$weights);
  let results = (outs Rank_FloatTensor:$result);
}
def Rank_CombineGradOp : Rank_MemoryOp<"combine_grad"> {
  let summary = "gradients of the rows and of the weights";
  let arguments = (ins Rank_FloatTensor:$rows, Rank_IndexTensor:$position, Rank_FloatTensor:$weights,
      Rank_FloatTensor:$gradient);
  let results = (outs Rank_FloatTensor:$rows_gradient, Rank_FloatTensor:$weights_gradient);
}

def Rank_BalanceLossOp : Rank_MemoryOp<"balance_loss", [Rank_Differentiable]> {
  let summary = "load-balance loss of each sequence, summed";
  let arguments = (ins Rank_FloatTensor:$scores, Rank_IndexTensor:$chosen, Rank_I64:$sequence);
  let results = (outs Rank_FloatTensor:$loss);
}
def Rank_BalanceLossGradOp : Rank_MemoryOp<"balance_loss_grad"> {
  let summary = "gradient of the scores";
  let arguments = (ins Rank_FloatTensor:$scores, Rank_IndexTensor:$chosen, Rank_FloatTensor:$gradient,
      Rank_I64:$sequence);
  let results = (outs Rank_FloatTensor:$result);
}

//===----------------------------------------------------------------------===//
// Expert parallelism: dispatch and collect are placed by expand, the collectives by sigma-shard
//===----------------------------------------------------------------------===//

class Rank_LogicalExchangeOp<string mnemonic> : Rank_Op<mnemonic, [Pure, AllTypesMatch<["rows", "result"]>,
                                                                   HasParent<"FuncOp">]> {
  let description = "`sizes` has the rows of each expert.";
  let assemblyFormat = "$rows `,` $sizes attr-dict `:` type($rows) `,` type($sizes)";
  let arguments = (ins Rank_FloatTensor:$rows, Rank_IndexTensor:$sizes);
  let results = (outs Rank_FloatTensor:$result);
}
def Rank_DispatchOp : Rank_LogicalExchangeOp<"dispatch"> {
  let summary = "rows go to their experts, wherever these are; gone after sigma-shard";
}
def Rank_CollectOp : Rank_LogicalExchangeOp<"collect"> {
  let summary = "rows come back from their experts; gone after sigma-shard";
}

def Rank_ExchangeSizesOp : Rank_MemoryOp<"exchange_sizes"> {
  let summary = "tells each rank of the ep group how many rows it will get";
  let description = [{
    `table` is [ep, local experts], `local_sizes` its sum over sources. More rows than `capacity` is a fault.
  }];
  let arguments = (ins Rank_IndexTensor:$sizes, Rank_I64:$capacity);
  let results = (outs Rank_IndexTensor:$table, Rank_IndexTensor:$local_sizes);
}
def Rank_AllToAllOp : Rank_CostedOp<"all_to_all", ["getBytes", "getExchangedBytes", "getWorkspaceBytes"],
                                    [Pure, Rank_Differentiable]> {
  let summary = "uneven token exchange over the ep group";
  let description = [{
    `dispatch`: rows in order of the global expert to rows of the local experts, expert-major, sources in order.
    `collect`: its inverse.
  }];
  let arguments = (ins Rank_FloatTensor:$rows, Rank_IndexTensor:$sizes, Rank_IndexTensor:$table,
      Rank_DirectionAttr:$direction, Rank_I64:$expected_rows);
  let results = (outs Rank_FloatTensor:$result);
}

#endif
