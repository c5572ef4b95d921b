//===- SigmaModelOps.td - ops that state a model -----------*- tablegen -*-===//

#ifndef SIGMA_MODEL_OPS
#define SIGMA_MODEL_OPS

include "dialects/Sigma/SigmaAttrs.td"
include "dialects/Sigma/SigmaInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Sigma_ModelOp : Sigma_Op<"model", [
    Symbol, NoTerminator, SingleBlock, NoRegionArguments, IsolatedFromAbove]> {
  let summary = "a decoder-only transformer";
  let description = [{
    An embedding, layers, and an output head. `sequence` is the training length in tokens;
    `norm_epsilon` is the epsilon of every RMS norm; `init_std` is the standard deviation of the
    normal distribution that all weight matrices start from (norm weights start at one).

    ```mlir
    sigma.model @byte_moe sequence 256 {
      sigma.embedding vocabulary 256 width 256
      sigma.repeat 4 {
        sigma.attention heads 8 kv_heads 8 head_width 32 rope 1.0e+04
        sigma.moe experts 8 top_k 2 width 1024 router softmax normalize balance_loss 1.0e-02
      }
      sigma.head untied
    }
    ```

    **Constraints:**
    - `sequence` is from 1 to 16777216.
    - `norm_epsilon` is positive and finite.
    - `init_std` is positive and finite.
    - The body holds nothing but `sigma.embedding`, `sigma.repeat` and `sigma.head`.
    - The first op is the only `sigma.embedding`.
    - The last op is the only `sigma.head`.
    - Between them stands at least one `sigma.repeat`.
    - The layers of all `sigma.repeat` together are at most 4096.
  }];
  let arguments = (ins
    SymbolNameAttr:$sym_name,
    Sigma_I64:$sequence,
    Sigma_DefaultF64<"1.0e-6">:$norm_epsilon,
    Sigma_DefaultF64<"0.02">:$init_std
  );
  let regions = (region SizedRegion<1>:$bodyRegion);
  let assemblyFormat = [{
    $sym_name `sequence` $sequence (`norm_epsilon` $norm_epsilon^)? (`init_std` $init_std^)?
    attr-dict-with-keyword $bodyRegion
  }];
  let extraClassDeclaration = [{
    /// The number of layers, every `sigma.repeat` counted as often as it repeats.
    int64_t getNumLayers();
    /// One entry per layer, in order: the `sigma.repeat` that describes it.
    ::llvm::SmallVector<::mlir::sigma::RepeatOp, 4> getLayerOps();
    /// The `sigma.repeat` that describes layer `index`.
    ::mlir::sigma::RepeatOp getLayer(int64_t index);
    ::mlir::sigma::EmbeddingOp getEmbedding();
    ::mlir::sigma::HeadOp getHead();
    /// The greatest common divisor of the expert counts of all MoE layers; 0 without MoE layers.
    int64_t getExpertsDivisor();
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Sigma_EmbeddingOp : Sigma_Op<"embedding", [
    HasParent<"::mlir::sigma::ModelOp">, DeclareOpInterfaceMethods<Sigma_BlockOpInterface>]> {
  let summary = "token embedding";
  let description = [{
    A table of `vocabulary` rows of `width` numbers. `width` is the model's hidden width.

    **Constraints:**
    - `vocabulary` is from 1 to 16777216.
    - `width` is from 1 to 16777216.
  }];
  let arguments = (ins Sigma_I64:$vocabulary, Sigma_I64:$width);
  let assemblyFormat = "`vocabulary` $vocabulary `width` $width attr-dict";
  let hasVerifier = 1;
}

def Sigma_RepeatOp : Sigma_Op<"repeat", [
    HasParent<"::mlir::sigma::ModelOp">, NoTerminator, SingleBlock, NoRegionArguments,
    IsolatedFromAbove]> {
  let summary = "equal layers in a row";
  let description = [{
    `count` layers with the same blocks and separate weights.

    **Constraints:**
    - `count` is positive.
    - The body is one `sigma.attention` followed by one `sigma.mlp` or one `sigma.moe`, and
      nothing else.
  }];
  let arguments = (ins Sigma_I64:$count);
  let regions = (region SizedRegion<1>:$bodyRegion);
  let assemblyFormat = "$count attr-dict-with-keyword $bodyRegion";
  let extraClassDeclaration = [{
    ::mlir::sigma::AttentionOp getAttention();
    /// Null when the layers are MoE layers.
    ::mlir::sigma::MlpOp getMlp();
    /// Null when the layers are dense.
    ::mlir::sigma::MoeOp getMoe();
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Sigma_AttentionOp : Sigma_Op<"attention", [
    HasParent<"::mlir::sigma::RepeatOp">, DeclareOpInterfaceMethods<Sigma_BlockOpInterface>]> {
  let summary = "causal self-attention with grouped queries and rotary positions";
  let description = [{
    Input RMS norm, projections to `heads` query and `kv_heads` key and value heads of
    `head_width`, rotary positions with base `rope`, causal softmax attention, output projection,
    residual sum. `qk_norm` adds an RMS norm per head to queries and keys before the rotation. No
    biases.

    **Constraints:**
    - `heads` is from 1 to 16777216.
    - `kv_heads` is from 1 to 16777216.
    - `head_width` is from 1 to 16777216.
    - `kv_heads` divides `heads`.
    - `head_width` is even.
    - `rope` is positive and finite.
  }];
  let arguments = (ins
    Sigma_I64:$heads,
    Sigma_I64:$kv_heads,
    Sigma_I64:$head_width,
    Sigma_F64:$rope_base,
    UnitAttr:$qk_norm
  );
  let assemblyFormat = [{
    `heads` $heads `kv_heads` $kv_heads `head_width` $head_width `rope` $rope_base
    (`qk_norm` $qk_norm^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Sigma_MlpOp : Sigma_Op<"mlp", [
    HasParent<"::mlir::sigma::RepeatOp">, DeclareOpInterfaceMethods<Sigma_BlockOpInterface>]> {
  let summary = "dense SwiGLU feed-forward block";
  let description = [{
    RMS norm, gate and up projections to `width`, SiLU of the gate times up, down projection,
    residual sum.

    **Constraints:**
    - `width` is from 1 to 16777216.
  }];
  let arguments = (ins Sigma_I64:$width);
  let assemblyFormat = "`width` $width attr-dict";
  let hasVerifier = 1;
}

def Sigma_MoeOp : Sigma_Op<"moe", [
    HasParent<"::mlir::sigma::RepeatOp">, DeclareOpInterfaceMethods<Sigma_BlockOpInterface>]> {
  let summary = "Mixture-of-Experts feed-forward block";
  let description = [{
    RMS norm, router, `top_k` of `experts` SwiGLU experts of `width` per token, weighted sum,
    residual sum. `normalize` divides the chosen scores by their sum. `shared` experts of
    `shared_width` see every token. `balance_loss` is the factor of the load-balance loss, taken
    over each sequence by itself, so that its value does not depend on how sequences are spread
    over ranks.

    **Constraints:**
    - `experts` is from 1 to 16777216.
    - `top_k` is from 1 to 16777216.
    - `top_k` is at most `experts`.
    - `width` is from 1 to 16777216.
    - `shared` is not negative.
    - `shared_width` is positive with `shared` experts and absent without.
    - `balance_loss` is not negative and finite.
  }];
  let arguments = (ins
    Sigma_I64:$experts,
    Sigma_I64:$top_k,
    Sigma_I64:$width,
    Sigma_RouterScoreAttr:$router,
    UnitAttr:$normalize_weights,
    Sigma_DefaultI64<"0">:$shared_experts,
    Sigma_DefaultI64<"0">:$shared_width,
    Sigma_DefaultF64<"0.0">:$balance_loss
  );
  let assemblyFormat = [{
    `experts` $experts `top_k` $top_k `width` $width `router` custom<Enum>($router)
    oilist(`normalize` $normalize_weights | `shared` $shared_experts | `shared_width` $shared_width
           | `balance_loss` $balance_loss)
    attr-dict
  }];
  let extraClassDeclaration = [{
    /// Whether the chosen scores are divided by their sum.
    bool isNormalized() { return getNormalizeWeights(); }
  }];
  let hasVerifier = 1;
}

def Sigma_HeadOp : Sigma_Op<"head", [
    HasParent<"::mlir::sigma::ModelOp">, DeclareOpInterfaceMethods<Sigma_BlockOpInterface>]> {
  let summary = "output head";
  let description = [{
    Final RMS norm and projection to the embedding's vocabulary.

    **Constraints:**
    - The head is `untied`.
  }];
  let arguments = (ins Sigma_HeadTyingAttr:$tying);
  let assemblyFormat = "custom<Enum>($tying) attr-dict";
  let hasVerifier = 1;
}

#endif // SIGMA_MODEL_OPS
