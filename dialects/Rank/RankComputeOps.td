//===- RankComputeOps.td - tensor-level ops of the rank dialect -*- tablegen -*-===//
//
// Matrices are row-major; a row is a token, or a copy of a token on its way to an expert. The formulas and their sources
// stand in runtime/abi/abi.def, one function per op.

#ifndef DIALECTS_RANK_RANKCOMPUTEOPS_TD
#define DIALECTS_RANK_RANKCOMPUTEOPS_TD

include "dialects/Rank/RankProgramOps.td"

// Functions, and the rounds of an exchange inside them.
defvar Rank_InFunction = ParentOneOf<["FuncOp", "CollectRoundsOp"]>;

class Rank_ComputeOp<string mnemonic, list<Trait> traits = []>
    : Rank_Op<mnemonic, !listconcat(traits, [Rank_InFunction])> {
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
    - it is read in `values`, of rank.gather_values or rank.start_gather of its flat, where a rank keeps a part of the values, and only there.
  }];
  let arguments = (ins FlatSymbolRefAttr:$parameter, Optional<Rank_FloatVector>:$values);
  let results = (outs Rank_FloatTensor:$result);
  let assemblyFormat = "$parameter (`in` $values^ `(` type($values) `)`)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Rank_AccumulateOp : Rank_CostedOp<"accumulate", ["getBytes"]> {
  let summary = "adds to a parameter's gradient";
  let description = [{
    **Constraints:**
    - `parameter` names a parameter of the program, of the type of `value`, or with a gradient of it.
  }];
  let arguments = (ins FlatSymbolRefAttr:$parameter, Rank_FloatTensor:$value);
  let assemblyFormat = "$parameter `,` $value attr-dict `:` type($value)";
  let hasCanonicalizeMethod = 1;
  let hasVerifier = 1;
}

def Rank_ConstantOp : Rank_Op<"constant", [Pure, HasParent<"FuncOp">]> {
  let summary = "a tensor of one repeated value";
  let arguments = (ins Rank_F64:$value);
  let results = (outs Rank_FloatTensor:$result);
  let assemblyFormat = "$value attr-dict `:` type($result)";
}

def Rank_AddOp : Rank_CostedOp<"add", ["getFlops", "getBytes"], [Pure, SameOperandsAndResultType, Rank_Differentiable]> {
  let summary = "element-wise sum";
  let description = [{
    With `expected_rows`, the operands have room for more rows than routing is expected to send, and only those that it
    sends matter.

    **Constraints:**
    - `expected_rows` is not negative.
  }];
  let arguments = (ins Rank_FloatTensor:$lhs, Rank_FloatTensor:$rhs, OptionalAttr<Rank_I64>:$expected_rows);
  let results = (outs Rank_FloatTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
  let builders = [OpBuilder<(ins "::mlir::Value":$lhs, "::mlir::Value":$rhs), [{
    build($_builder, $_state, lhs.getType(), lhs, rhs, ::mlir::IntegerAttr());
  }]>];
  let hasVerifier = 1;
}

def Rank_ScaleOp : Rank_CostedOp<"scale", ["getFlops"], [Pure, SameOperandsAndResultType, Rank_Differentiable]> {
  let summary = "element-wise product with a number";
  let arguments = (ins Rank_FloatTensor:$input, Rank_F64:$factor);
  let results = (outs Rank_FloatTensor:$result);
  let assemblyFormat = "$input `by` $factor attr-dict `:` type($result)";
}

def Rank_AddBiasOp : Rank_CostedOp<"add_bias", ["getFlops", "getBytes"], [Pure, Rank_Differentiable]> {
  let summary = "adds a vector to each row; with sizes, each group's own to the rows that routing sent";
  let description = [{
    **Constraints:**
    - `sizes` and `expected_rows` go together, and it is not negative.
    - `bias` is [columns], with sizes [groups, columns]; the result has the shape of `input`.
  }];
  let arguments = (ins Rank_FloatMatrix:$input, Rank_FloatTensor:$bias, Optional<Rank_IndexVector>:$sizes,
      OptionalAttr<Rank_I64>:$expected_rows);
  let results = (outs Rank_FloatMatrix:$result);
  let hasVerifier = 1;
}
def Rank_BiasGradOp : Rank_AccumulatingOp<"bias_grad", ["getFlops", "getBytes"]> {
  let summary = "gradient of the bias: sums of rows, in order";
  let description = [{
    **Constraints:**
    - `sizes` and `expected_rows` go together, and it is not negative.
    - the result, or the parameter `into`, is [columns], with sizes [groups, columns].
  }];
  let arguments = (ins Rank_FloatMatrix:$gradient, Optional<Rank_IndexVector>:$sizes,
      OptionalAttr<Rank_I64>:$expected_rows, OptionalAttr<FlatSymbolRefAttr>:$into);
  let results = (outs Optional<Rank_FloatTensor>:$result);
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Linear algebra
//===----------------------------------------------------------------------===//

def Rank_MatmulOp : Rank_AccumulatingOp<"matmul", ["getOpClass", "getFlops", "getBytes"], [Rank_Differentiable]> {
  let summary = "matrix product";
  let description = [{
    With `into`, the product is added to that parameter's gradient and there is no result.

    **Constraints:**
    - both operands are matrices whose inner dimensions agree, transposed where the flags say so.
    - the result, or the parameter `into`, has the product's shape.
  }];
  let arguments = (ins Rank_FloatMatrix:$lhs, Rank_FloatMatrix:$rhs, UnitAttr:$transpose_lhs, UnitAttr:$transpose_rhs,
      OptionalAttr<FlatSymbolRefAttr>:$into);
  let results = (outs Optional<Rank_FloatMatrix>:$result);
  let extraClassDeclaration = [{
    // Rows and columns of the product, and the length of the inner dimension.
    int64_t getRows() { return getLhs().getType().getDimSize(getTransposeLhs() ? 1 : 0); }
    int64_t getInner() { return getLhs().getType().getDimSize(getTransposeLhs() ? 0 : 1); }
    int64_t getColumns() { return getRhs().getType().getDimSize(getTransposeRhs() ? 0 : 1); }
  }];
  let hasVerifier = 1;
}

def Rank_GroupedMatmulOp : Rank_CostedOp<"grouped_matmul", ["getOpClass", "getFlops", "getBytes", "getKernels"],
                                         [Pure, Rank_Differentiable]> {
  let summary = "each expert's rows times that expert's matrix";
  let description = [{
    `expected_rows` is the number of rows under even routing; the tensor's rows are its capacity.

    **Constraints:**
    - `weights` is [groups, inner, columns], or [groups, columns, inner] with `transpose_weights`; `sizes` has one entry
      for each group; `rows` is [rows, inner] and the result [rows, columns].
    - `expected_rows` is not negative.
  }];
  let arguments = (ins Rank_FloatMatrix:$rows, Rank_FloatStack:$weights, Rank_IndexVector:$sizes,
      Rank_I64:$expected_rows, UnitAttr:$transpose_weights);
  let results = (outs Rank_FloatMatrix:$result);
  let hasVerifier = 1;
}

def Rank_GroupedMatmulGradOp
    : Rank_AccumulatingOp<"grouped_matmul_grad", ["getOpClass", "getFlops", "getBytes", "getKernels"]> {
  let summary = "gradient of the experts' matrices: each expert's lhs^T rhs";
  let description = [{
    **Constraints:**
    - `lhs` and `rhs` have the same number of rows.
    - the result, or the parameter `into`, is [groups, columns of lhs, columns of rhs].
    - `expected_rows` is not negative.
  }];
  let arguments = (ins Rank_FloatMatrix:$lhs, Rank_FloatMatrix:$rhs, Rank_IndexVector:$sizes, Rank_I64:$expected_rows,
      OptionalAttr<FlatSymbolRefAttr>:$into);
  let results = (outs Optional<Rank_FloatStack>:$result);
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Norm, activation, attention
//===----------------------------------------------------------------------===//

def Rank_RmsNormOp : Rank_MemoryOp<"rms_norm", [Rank_Differentiable]> {
  let summary = "root-mean-square norm over groups of the weight's length";
  let description = [{
    **Constraints:**
    - the weight's length divides the last dimension of `input`; `rstd` has one entry for each group.
    - the result has the shape of `input`.
  }];
  let arguments = (ins Rank_FloatMatrix:$input, Rank_FloatVector:$weight, Rank_F64:$epsilon);
  let results = (outs Rank_FloatMatrix:$result, Rank_FloatVector:$rstd);
  let hasVerifier = 1;
}
def Rank_RmsNormGradOp : Rank_MemoryOp<"rms_norm_grad"> {
  let summary = "gradients of rms_norm";
  let description = [{
    **Constraints:**
    - shapes agree as in rms_norm; gradients have the shape of what they belong to.
  }];
  let arguments = (ins Rank_FloatMatrix:$input, Rank_FloatVector:$weight, Rank_FloatVector:$rstd,
      Rank_FloatMatrix:$gradient);
  let results = (outs Rank_FloatMatrix:$input_gradient, Rank_FloatVector:$weight_gradient);
  let hasVerifier = 1;
}

def Rank_CenterOp : Rank_MemoryOp<"center", [SameOperandsAndResultType, Rank_Differentiable]> {
  let summary = "each row without its mean; a layer norm is the RMS norm of that";
  let arguments = (ins Rank_FloatMatrix:$input);
  let results = (outs Rank_FloatMatrix:$result);
}

def Rank_RotaryOp : Rank_MemoryOp<"rotary", [SameOperandsAndResultType, Rank_Differentiable]> {
  let summary = "rotary position embedding, or its transpose";
  let description = [{
    Rotates the first 2 * `frequencies` numbers of each head, pair i by position * `frequencies`[i], and multiplies them
    with `magnitude`; the others stay. `transpose` rotates the other way. The rows are one of `shares` shares of each
    sequence.

    **Constraints:**
    - `sequence` divides the rows and `heads` the columns.
    - `shares` is 1 or the launch's cp.
    - `frequencies` has at least one entry and at most half the width of a head.
  }];
  let arguments = (ins Rank_FloatMatrix:$input, Rank_I64:$sequence, Rank_I64:$heads, DenseF64ArrayAttr:$frequencies,
      DefaultValuedAttr<Rank_F64, "1.0">:$magnitude, UnitAttr:$transpose, DefaultValuedAttr<Rank_I64, "1">:$shares);
  let results = (outs Rank_FloatMatrix:$result);
  let hasVerifier = 1;
}

def Rank_JoinHeadsOp : Rank_MemoryOp<"join_heads", [Rank_Differentiable]> {
  let summary = "heads that begin with a part that all of them share";
  let description = [{
    Each of `heads` heads of the result is `shared` followed by the head of `own`.

    **Constraints:**
    - `heads` divides the columns of `own`.
    - `shared` has the rows of `own`; the result has these and the columns of both, those of `shared` once for each head.
  }];
  let arguments = (ins Rank_FloatMatrix:$shared, Rank_FloatMatrix:$own, Rank_I64:$heads);
  let results = (outs Rank_FloatMatrix:$result);
  let hasVerifier = 1;
}
def Rank_SplitHeadsOp : Rank_MemoryOp<"split_heads"> {
  let summary = "gradients of join_heads; what is shared is summed over the heads";
  let description = [{
    **Constraints:**
    - shapes agree as in join_heads.
  }];
  let arguments = (ins Rank_FloatMatrix:$input, Rank_I64:$heads);
  let results = (outs Rank_FloatMatrix:$shared, Rank_FloatMatrix:$own);
  let hasVerifier = 1;
}

// What an attention sees, and how it scores.
defvar Rank_AttentionAttrs = (ins Rank_I64:$sequence, Rank_I64:$heads, Rank_I64:$kv_heads,
    OptionalAttr<Rank_F64>:$scale, OptionalAttr<Rank_I64>:$window, OptionalAttr<Rank_I64>:$chunk,
    OptionalAttr<Rank_F64>:$softcap, DefaultValuedAttr<Rank_I64, "1">:$ring);

class Rank_AnyAttentionOp<string mnemonic, list<Trait> traits>
    : Rank_CostedOp<mnemonic, ["getOpClass", "getFlops", "getBytes", "getCollectives", "getWorkspaceBytes"],
                    !listconcat(traits, [Pure])> {
  code shapeDeclaration = [{
    int64_t getHeadWidth() { return getQuery().getType().getDimSize(1) / getHeads(); }
    int64_t getValueWidth() { return getValue().getType().getDimSize(1) / getKvHeads(); }
    /// What scores are multiplied by: `scale`, or 1 / sqrt(width of a head).
    double getScoreScale();
  }];
  let extraClassDeclaration = shapeDeclaration;
  let hasVerifier = 1;
}

def Rank_AttentionOp : Rank_AnyAttentionOp<"attention", [Rank_Differentiable]> {
  let summary = "causal grouped-query attention within each sequence";
  let description = [{
    `lse` holds the log-sum-exp of each row of scores, which is all that backward needs to make them again. `scale` is
    1 / sqrt(width of a head) unless stated. With `window`, a token sees itself and the window - 1 tokens before it; with
    `chunk`, those before it in its chunk of the sequence. `softcap` makes scores softcap * tanh(score / softcap). `sinks`
    holds one more logit per head, without a value. With `ring`, the rows are one of that many shares of each sequence, keys
    and values go round the context group, and each rank does its share of the work (Liu et al. 2023).

    **Constraints:**
    - `kv_heads` divides `heads`; `sequence` divides the rows; the widths are whole numbers of heads.
    - all have the rows of `query`; the result has its heads, of the width of a value head, and `lse` one column for each head.
    - `sinks` has one entry for each head.
    - `window`, `chunk`, `scale` and `softcap` are positive.
    - `ring` is 1 or the launch's cp.
    - `ring` above 1 goes with no `window`, `chunk` or `sinks`.
  }];
  let arguments = !con((ins Rank_FloatMatrix:$query, Rank_FloatMatrix:$key, Rank_FloatMatrix:$value,
      Optional<Rank_FloatVector>:$sinks), Rank_AttentionAttrs);
  let results = (outs Rank_FloatMatrix:$result, Rank_FloatMatrix:$lse);
}
def Rank_AttentionGradOp : Rank_AnyAttentionOp<"attention_grad", []> {
  let summary = "gradients of attention; recomputes the scores block by block";
  let description = [{
    **Constraints:**
    - shapes agree as in attention; gradients have the shape of what they belong to.
    - `ring` is as in attention.
    - `sinks` and `sinks_gradient` go together.
  }];
  let arguments = !con((ins Rank_FloatMatrix:$query, Rank_FloatMatrix:$key, Rank_FloatMatrix:$value,
      Rank_FloatMatrix:$output, Rank_FloatMatrix:$lse, Rank_FloatMatrix:$gradient, Optional<Rank_FloatVector>:$sinks),
      Rank_AttentionAttrs);
  let results = (outs Rank_FloatMatrix:$query_gradient, Rank_FloatMatrix:$key_gradient,
      Rank_FloatMatrix:$value_gradient, Optional<Rank_FloatVector>:$sinks_gradient);
}

def Rank_ActivationOp : Rank_CostedOp<"activation", ["getBytes"], [Pure, Rank_Differentiable, AttrSizedOperandSegments]> {
  let summary = "f(gate), or f(gate) * up; with sizes, over the rows that routing sent";
  let description = [{
    `tanh_cap`, `clamp` and `clamped_silu` are bounded by `limit`; the formulas stand at sigma_activation.

    **Constraints:**
    - `sizes` and `expected_rows` go together, and it is not negative.
    - `limit` is positive.
    - all matrices have one shape.
  }];
  let arguments = (ins Rank_FloatMatrix:$gate, Optional<Rank_FloatMatrix>:$up, Optional<Rank_IndexVector>:$sizes,
      DefaultValuedAttr<Rank_ActivationAttr, "::mlir::rank::Activation::Silu">:$kind,
      DefaultValuedAttr<Rank_F64, "1.0">:$limit, OptionalAttr<Rank_I64>:$expected_rows);
  let results = (outs Rank_FloatMatrix:$result);
  let assemblyFormat = [{
    $gate (`up` $up^)? (`sizes` $sizes^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}
def Rank_ActivationGradOp : Rank_CostedOp<"activation_grad", ["getBytes"], [Pure, AttrSizedOperandSegments]> {
  let summary = "gradients of activation";
  let description = [{
    **Constraints:**
    - as in activation; `up` and `up_gradient` go together.
  }];
  let arguments = (ins Rank_FloatMatrix:$gate, Optional<Rank_FloatMatrix>:$up, Rank_FloatMatrix:$gradient,
      Optional<Rank_IndexVector>:$sizes,
      DefaultValuedAttr<Rank_ActivationAttr, "::mlir::rank::Activation::Silu">:$kind,
      DefaultValuedAttr<Rank_F64, "1.0">:$limit, OptionalAttr<Rank_I64>:$expected_rows);
  let results = (outs Rank_FloatMatrix:$gate_gradient, Optional<Rank_FloatMatrix>:$up_gradient);
  let assemblyFormat = [{
    $gate (`up` $up^)? `gradient` $gradient (`sizes` $sizes^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Embedding and objective
//===----------------------------------------------------------------------===//

def Rank_EmbeddingOp : Rank_CostedOp<"embedding", ["getBytes"], [Pure, Rank_Differentiable]> {
  let summary = "rows of the table, by token id";
  let description = [{
    The table is one of `shards` equal parts, in the order of the tensor group; an id of another part gives zeros.

    **Constraints:**
    - the result has one row for each token, of the width of `table`.
    - `shards` is 1 or the launch's tp.
  }];
  let arguments = (ins Rank_IndexVector:$tokens, Rank_FloatMatrix:$table, DefaultValuedAttr<Rank_I64, "1">:$shards);
  let results = (outs Rank_FloatMatrix:$result);
  let hasVerifier = 1;
}
def Rank_EmbeddingGradOp : Rank_AccumulatingOp<"embedding_grad", ["getBytes"]> {
  let summary = "gradient of the table";
  let description = [{
    **Constraints:**
    - `gradient` has one row for each token, of the width of the table.
    - `shards` is 1 or the launch's tp.
  }];
  let arguments = (ins Rank_IndexVector:$tokens, Rank_FloatMatrix:$gradient, OptionalAttr<FlatSymbolRefAttr>:$into,
      DefaultValuedAttr<Rank_I64, "1">:$shards);
  let results = (outs Optional<Rank_FloatMatrix>:$result);
  let hasVerifier = 1;
}

def Rank_PositionsOp : Rank_MemoryOp<"positions"> {
  let summary = "the position of each token in its sequence, of which the rank has one of `shares` shares";
  let description = [{
    **Constraints:**
    - `sequence` divides the entries of the result.
    - `shares` is 1 or the launch's tp * cp.
  }];
  let arguments = (ins Rank_I64:$sequence, DefaultValuedAttr<Rank_I64, "1">:$shares);
  let results = (outs Rank_IndexVector:$result);
  let hasVerifier = 1;
}
def Rank_NextTargetsOp : Rank_MemoryOp<"next_targets", [SameOperandsAndResultType]> {
  let summary = "the target of the next token of the sequence; -1, no target, for the last";
  let description = [{
    **Constraints:**
    - `sequence` divides the entries of `targets`.
  }];
  let arguments = (ins Rank_IndexVector:$targets, Rank_I64:$sequence);
  let results = (outs Rank_IndexVector:$result);
  let hasVerifier = 1;
}

def Rank_CrossEntropyOp : Rank_CostedOp<"cross_entropy", ["getCollectives", "getWorkspaceBytes"], [Pure, Rank_Differentiable]> {
  let summary = "sum over tokens of the cross entropy with the target id";
  let description = [{
    A token without a target, which is negative then, adds nothing. The logits are one of `shards` equal parts of the
    vocabulary, in the order of the tensor group; `lse` is of all parts, and a token adds to the loss where its target is.

    **Constraints:**
    - `targets` and `lse` have one entry for each row of `logits`; `loss` is one number.
    - `shards` is 1 or the launch's tp.
  }];
  let arguments = (ins Rank_FloatMatrix:$logits, Rank_IndexVector:$targets, DefaultValuedAttr<Rank_I64, "1">:$shards);
  let results = (outs Rank_FloatVector:$loss, Rank_FloatVector:$lse);
  let hasVerifier = 1;
}
def Rank_CrossEntropyGradOp : Rank_MemoryOp<"cross_entropy_grad"> {
  let summary = "gradient of the logits";
  let description = [{
    **Constraints:**
    - shapes agree as in cross_entropy; the result has the shape of `logits`.
    - `shards` is 1 or the launch's tp.
  }];
  let arguments = (ins Rank_FloatMatrix:$logits, Rank_IndexVector:$targets, Rank_FloatVector:$lse,
      Rank_FloatVector:$gradient, DefaultValuedAttr<Rank_I64, "1">:$shards);
  let results = (outs Rank_FloatMatrix:$result);
  let hasVerifier = 1;
}

def Rank_ObjectiveOp : Rank_Op<"objective", [HasParent<"FuncOp">, Rank_Differentiable]> {
  let summary = "adds scale * value to a term of the training objective";
  let description = [{
    Backward starts here: the gradient of `value` is `scale`. Scales are such that the sum over micro-batches and ranks is
    a mean over the global batch.

    **Constraints:**
    - `value` is one number.
  }];
  let arguments = (ins Rank_FloatVector:$value, Rank_TermAttr:$term, Rank_F64:$scale);
  let assemblyFormat = "$term $value `scale` $scale attr-dict `:` type($value)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Mixture of experts
//===----------------------------------------------------------------------===//

def Rank_RouterScoresOp : Rank_MemoryOp<"router_scores", [SameOperandsAndResultType, Rank_Differentiable]> {
  let summary = "scores of the experts, by token";
  let arguments = (ins Rank_FloatMatrix:$logits, Rank_ScoreAttr:$score);
  let results = (outs Rank_FloatMatrix:$result);
}
def Rank_RouterScoresGradOp : Rank_MemoryOp<"router_scores_grad", [SameOperandsAndResultType]> {
  let summary = "gradient of the router's logits";
  let arguments = (ins Rank_FloatMatrix:$scores, Rank_FloatMatrix:$gradient, Rank_ScoreAttr:$score);
  let results = (outs Rank_FloatMatrix:$result);
}

def Rank_ZLossOp : Rank_MemoryOp<"z_loss", [Rank_Differentiable]> {
  let summary = "sum over tokens of the squared log-sum-exp of the router's logits";
  let description = [{
    **Constraints:**
    - `lse` has one entry for each row of `logits`; `loss` is one number.
  }];
  let arguments = (ins Rank_FloatMatrix:$logits);
  let results = (outs Rank_FloatVector:$loss, Rank_FloatVector:$lse);
  let hasVerifier = 1;
}
def Rank_ZLossGradOp : Rank_MemoryOp<"z_loss_grad"> {
  let summary = "gradient of the logits";
  let description = [{
    **Constraints:**
    - shapes agree as in z_loss; the result has the shape of `logits`.
  }];
  let arguments = (ins Rank_FloatMatrix:$logits, Rank_FloatVector:$lse, Rank_FloatVector:$gradient);
  let results = (outs Rank_FloatMatrix:$result);
  let hasVerifier = 1;
}

def Rank_TopKOp : Rank_MemoryOp<"top_k", [Rank_Differentiable]> {
  let summary = "the k best experts of each token, and their weights";
  let description = [{
    `bias` is added to the scores for the choice only. With `groups`, only experts of the `top_groups` best groups are
    chosen; a group's score is the sum of its `group_candidates` best.

    **Constraints:**
    - `weights` and `chosen` are [tokens, k] with k at most the number of experts.
    - `bias` has one entry for each expert.
    - `groups` divides the experts; `top_groups` is from 1 to `groups` and leaves k experts to choose from.
    - `group_candidates` is from 1 to the experts of a group.
  }];
  let arguments = (ins Rank_FloatMatrix:$scores, Optional<Rank_FloatVector>:$bias, UnitAttr:$normalize,
      DefaultValuedAttr<Rank_I64, "1">:$groups, DefaultValuedAttr<Rank_I64, "1">:$top_groups,
      DefaultValuedAttr<Rank_I64, "1">:$group_candidates);
  let results = (outs Rank_FloatMatrix:$weights, Rank_IndexMatrix:$chosen);
  let hasVerifier = 1;
}
def Rank_TopKGradOp : Rank_MemoryOp<"top_k_grad"> {
  let summary = "gradient of the scores, zero where not chosen";
  let description = [{
    **Constraints:**
    - shapes agree as in top_k; the result has the shape of `scores`.
  }];
  let arguments = (ins Rank_FloatMatrix:$scores, Rank_IndexMatrix:$chosen, Rank_FloatMatrix:$gradient,
      UnitAttr:$normalize);
  let results = (outs Rank_FloatMatrix:$result);
  let hasVerifier = 1;
}

def Rank_CountLoadOp : Rank_Op<"count_load", [HasParent<"FuncOp">, CostOpInterface]> {
  let summary = "counts the tokens of each expert in the place of a parameter's gradient";
  let description = [{
    **Constraints:**
    - `parameter` names a parameter of the program that is a vector and is updated by load.
  }];
  let arguments = (ins FlatSymbolRefAttr:$parameter, Rank_IndexMatrix:$chosen);
  let assemblyFormat = "$parameter `,` $chosen attr-dict `:` type($chosen)";
  let hasVerifier = 1;
}

def Rank_GroupTokensOp : Rank_MemoryOp<"group_tokens"> {
  let summary = "stable order of (token, choice) slots by expert";
  let description = [{
    `position` is the row of each slot in expert order, `sizes` the number of rows of each expert.

    **Constraints:**
    - `position` has one entry for each slot of `chosen`.
  }];
  let arguments = (ins Rank_IndexMatrix:$chosen);
  let results = (outs Rank_IndexVector:$position, Rank_IndexVector:$sizes);
  let hasVerifier = 1;
}

def Rank_GatherRowsOp : Rank_MemoryOp<"gather_rows", [Rank_Differentiable]> {
  let summary = "copies each token to the rows of its slots, times the slot's weight if there are weights";
  let description = [{
    **Constraints:**
    - the result has one row for each entry of `position`, a whole number of them for each row of `input`.
    - `weights` is [tokens, choices].
  }];
  let arguments = (ins Rank_FloatMatrix:$input, Rank_IndexVector:$position, Optional<Rank_FloatMatrix>:$weights);
  let results = (outs Rank_FloatMatrix:$result);
  let hasVerifier = 1;
}
def Rank_ScatterRowsOp : Rank_MemoryOp<"scatter_rows", [Rank_Differentiable]> {
  let summary = "sums the rows of each token's slots, in order of the choices";
  let description = [{
    **Constraints:**
    - `rows` has one row for each entry of `position`, a whole number of them for each row of the result.
  }];
  let arguments = (ins Rank_FloatMatrix:$rows, Rank_IndexVector:$position);
  let results = (outs Rank_FloatMatrix:$result);
  let hasVerifier = 1;
}

def Rank_CombineOp : Rank_MemoryOp<"combine", [Rank_Differentiable]> {
  let summary = "weighted sum of the rows of each token's slots";
  let description = [{
    **Constraints:**
    - `weights` is [tokens, choices]; `rows` and `position` have tokens * choices entries; the result has one row for each token.
  }];
  let arguments = (ins Rank_FloatMatrix:$rows, Rank_IndexVector:$position, Rank_FloatMatrix:$weights);
  let results = (outs Rank_FloatMatrix:$result);
  let hasVerifier = 1;
}
def Rank_CombineGradOp : Rank_MemoryOp<"combine_grad"> {
  let summary = "gradients of the rows and of the weights";
  let description = [{
    **Constraints:**
    - shapes agree as in combine; gradients have the shape of what they belong to.
  }];
  let arguments = (ins Rank_FloatMatrix:$rows, Rank_IndexVector:$position, Rank_FloatMatrix:$weights,
      Rank_FloatMatrix:$gradient);
  let results = (outs Rank_FloatMatrix:$rows_gradient, Rank_FloatMatrix:$weights_gradient);
  let hasVerifier = 1;
}

def Rank_BalanceLossOp : Rank_CostedOp<"balance_loss", ["getCollectives"], [Pure, Rank_Differentiable]> {
  let summary = "load-balance loss of each sequence, summed";
  let description = [{
    The rows are one of `shares` shares of each sequence; loads are counted over all of them, and a rank's loss is what its
    own scores add.

    **Constraints:**
    - `shares` is 1 or the launch's tp * cp.
    - `sequence` divides the rows of `scores`; `chosen` has as many rows and at most as many columns; `loss` is one number.
  }];
  let arguments = (ins Rank_FloatMatrix:$scores, Rank_IndexMatrix:$chosen, Rank_I64:$sequence,
      DefaultValuedAttr<Rank_I64, "1">:$shares);
  let results = (outs Rank_FloatVector:$loss);
  let hasVerifier = 1;
}
def Rank_BalanceLossGradOp : Rank_CostedOp<"balance_loss_grad", ["getCollectives"], [Pure]> {
  let summary = "gradient of the scores";
  let description = [{
    **Constraints:**
    - `shares` is 1 or the launch's tp * cp.
    - shapes agree as in balance_loss; the result has the shape of `scores`.
  }];
  let arguments = (ins Rank_FloatMatrix:$scores, Rank_IndexMatrix:$chosen, Rank_FloatVector:$gradient,
      Rank_I64:$sequence, DefaultValuedAttr<Rank_I64, "1">:$shares);
  let results = (outs Rank_FloatMatrix:$result);
  let hasVerifier = 1;
}

#endif
