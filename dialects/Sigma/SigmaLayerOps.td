//===- SigmaLayerOps.td - the blocks that layers are made of -*- tablegen -*-===//

#ifndef SIGMA_LAYER_OPS
#define SIGMA_LAYER_OPS

include "dialects/Sigma/SigmaAttrs.td"
include "dialects/Sigma/SigmaInterfaces.td"

class Sigma_LayerBlock<string mnemonic, list<Trait> traits = []> : Sigma_Op<mnemonic, !listconcat(traits, [
    ParentOneOf<["::mlir::sigma::RepeatOp", "::mlir::sigma::MtpOp"]>,
    DeclareOpInterfaceMethods<Sigma_BlockOpInterface>])> {
  let hasVerifier = 1;
}

def Sigma_AttentionOp : Sigma_LayerBlock<"attention"> {
  let summary = "causal self-attention with grouped queries";
  let description = [{
    Projections to `heads` query and `kv_heads` key and value heads of `head_width`, causal softmax attention,
    output projection; norms and the residual sum are as the model says.

    - `rope`: rotary positions; without it, the layer knows no positions (NoPE).
    - `qk_norm`: a norm of queries and keys before the rotation; the bare word means `per_head`.
    - `bias`: the projections that add a bias.
    - `window`: a token sees itself and the `window` - 1 tokens before it.
    - `chunk`: a token sees the tokens before it in its own chunk of `chunk` tokens (Llama 4).
    - `sinks`: a learned logit per head joins the softmax and has no value (gpt-oss).
    - `scale`: of the scores before the softmax; without it, 1 / sqrt(head_width).
    - `softcap`: scores become softcap * tanh(score / softcap) (Gemma 2, Grok-1).
    - `clip`: queries, keys and values are clamped to -clip … clip (DBRX).

    ```mlir
    sigma.attention heads 64 kv_heads 8 head_width 64 rope 1.5e+05 bias [query, key, value, output] window 128 sinks
    ```

    **Constraints:**
    - `heads` is from 1 to 16777216.
    - `kv_heads` is from 1 to 16777216.
    - `head_width` is from 1 to 16777216.
    - `heads` x `head_width` is at most 16777216.
    - `kv_heads` divides `heads`.
    - The rotated width, which is `head_width` unless `rope` states one, is even.
    - The rotated width is at most `head_width`.
    - The lists of a longrope scaling have half the rotated width.
    - `bias` names each projection at most once.
    - `window` is from 1 to 16777216.
    - `chunk` is from 1 to 16777216.
    - `window` and `chunk` are not both present.
    - `scale` is positive and finite.
    - `softcap` is positive and finite.
    - `clip` is positive and finite.
  }];
  let arguments = (ins
    Sigma_I64:$heads,
    Sigma_I64:$kv_heads,
    Sigma_I64:$head_width,
    OptionalAttr<Sigma_RopeAttr>:$rope,
    OptionalAttr<Sigma_QkNormAttr>:$qk_norm,
    OptionalAttr<Sigma_ProjectionListAttr>:$bias,
    Sigma_OptionalI64:$window,
    Sigma_OptionalI64:$chunk,
    UnitAttr:$sinks,
    Sigma_OptionalF64:$scale,
    Sigma_OptionalF64:$softcap,
    Sigma_OptionalF64:$clip
  );
  let assemblyFormat = [{
    `heads` $heads `kv_heads` $kv_heads `head_width` $head_width
    oilist(`rope` custom<Rope>($rope) | `qk_norm` custom<QkNorm>($qk_norm)
           | `bias` custom<Projections>($bias) | `window` $window | `chunk` $chunk | `sinks` $sinks
           | `scale` $scale | `softcap` $softcap | `clip` $clip)
    attr-dict
  }];
  let extraClassDeclaration = [{
    bool hasBias(::mlir::sigma::Projection projection);
  }];
}

def Sigma_LatentAttentionOp : Sigma_LayerBlock<"latent_attention"> {
  let summary = "multi-head latent attention (DeepSeek-V2)";
  let description = [{
    Keys and values of all heads are made from one latent vector of `kv_rank` numbers per token, after an RMS
    norm; with `q_rank`, queries likewise. A query or key head is `nope_width` numbers without and `rope_width`
    with positions; the latter are one key for all heads. Value heads are `value_width` wide. `scale` replaces
    the factor of the scores, 1 / sqrt(nope_width + rope_width), times what `mscale_all_dim` of a yarn scaling
    adds to it.

    ```mlir
    sigma.latent_attention heads 128 q_rank 1536 kv_rank 512 nope_width 128 rope_width 64 value_width 128 rope 1.0e+04
    ```

    **Constraints:**
    - `heads` is from 1 to 16777216.
    - `q_rank` is from 1 to 16777216.
    - `kv_rank` is from 1 to 16777216.
    - `nope_width` is from 1 to 16777216.
    - `rope_width` is from 1 to 16777216.
    - `value_width` is from 1 to 16777216.
    - `heads` x (`nope_width` + `rope_width`) is at most 16777216.
    - `heads` x `value_width` is at most 16777216.
    - `rope_width` is even.
    - `rope` states no width, which is `rope_width`.
    - The lists of a longrope scaling have half of `rope_width`.
    - `scale` is positive and finite.
  }];
  let arguments = (ins
    Sigma_I64:$heads,
    Sigma_OptionalI64:$q_rank,
    Sigma_I64:$kv_rank,
    Sigma_I64:$nope_width,
    Sigma_I64:$rope_width,
    Sigma_I64:$value_width,
    Sigma_RopeAttr:$rope,
    Sigma_OptionalF64:$scale
  );
  let assemblyFormat = [{
    `heads` $heads (`q_rank` $q_rank^)? `kv_rank` $kv_rank `nope_width` $nope_width
    `rope_width` $rope_width `value_width` $value_width `rope` custom<Rope>($rope)
    (`scale` $scale^)? attr-dict
  }];
}

def Sigma_MlpOp : Sigma_LayerBlock<"mlp"> {
  let summary = "dense feed-forward block";
  let description = [{
    `activation` says what is done with the projections to `width`; `bias` adds one to every projection; `limit`
    belongs to `clamped_swiglu`.

    **Constraints:**
    - `width` is from 1 to 16777216.
    - `limit` is positive and finite.
    - `limit` is present with `clamped_swiglu` and only there.
  }];
  let arguments = (ins
    Sigma_I64:$width,
    DefaultValuedAttr<Sigma_ActivationAttr, "::mlir::sigma::Activation::SwiGlu">:$activation,
    Sigma_OptionalF64:$limit,
    UnitAttr:$bias
  );
  let assemblyFormat = [{
    `width` $width
    oilist(`activation` custom<Enum>($activation) | `limit` $limit | `bias` $bias)
    attr-dict
  }];
}

def Sigma_MoeOp : Sigma_LayerBlock<"moe"> {
  let summary = "Mixture-of-Experts feed-forward block";
  let description = [{
    A router scores all experts for each token: `router` says how its logits become scores, `router_bias` adds a
    bias to them. The `top_k` best of `experts` feed-forward networks of `width` work on the token, and their
    results are summed with the scores as weights. A softmax over the chosen logits alone (Mixtral, gpt-oss) is
    `router softmax normalize`, which is the same function.

    - `normalize` divides the chosen scores by their sum; `scaling` multiplies them afterwards.
    - `selection_bias` adds a number per expert to the scores for the choice only. It is not trained by the
      gradient but moved by `bias_update_rate` per step towards an even load (Wang et al. 2024, DeepSeek-V3).
    - `groups`: experts stand in that many groups of equal size, and only those of the best `top_groups` can
      be chosen. A group's score is its best expert's (DeepSeek-V2), with `selection_bias` the sum of its two
      best (DeepSeek-V3).
    - `weigh_input` multiplies an expert's input with the weight, not its result (Llama 4).
    - `shared` experts of `shared_width` see every token; `shared_gate` multiplies their sum with the sigmoid
      of a learned projection of the token to one number (Qwen2-MoE).
    - `activation`, `limit` and `bias` are those of `sigma.mlp`, for routed and shared experts.
    - `balance_loss` is the factor of the load-balance loss, taken over each sequence by itself, so that its
      value does not depend on how sequences are spread over ranks.
    - `z_loss` is the factor of the mean squared log-sum-exp of the router's logits (Zoph et al. 2022).

    ```mlir
    sigma.moe experts 256 top_k 8 width 2048 router sigmoid normalize scaling 2.5 selection_bias
        groups 8 top_groups 4 shared 1 shared_width 2048
    ```

    **Constraints:**
    - `experts` is from 1 to 16777216.
    - `top_k` is from 1 to 16777216.
    - `top_k` is at most `experts`.
    - `width` is from 1 to 16777216.
    - `experts` x `width` is at most 16777216.
    - `shared` is not negative.
    - `shared` x `shared_width` is at most 16777216.
    - `shared_width` is positive with `shared` experts and absent without.
    - `shared_gate` is absent without `shared` experts.
    - `groups` and `top_groups` go together.
    - `groups` is positive.
    - `groups` divides `experts`.
    - `top_groups` is from 1 to `groups`.
    - The experts of `top_groups` groups are at least `top_k`.
    - With `selection_bias`, a group has at least two experts.
    - `bias_update_rate` is positive and finite.
    - `bias_update_rate` is absent without `selection_bias`.
    - `scaling` is positive and finite.
    - `limit` is positive and finite.
    - `limit` is present with `clamped_swiglu` and only there.
    - `balance_loss` is not negative and finite.
    - `z_loss` is not negative and finite.
  }];
  let arguments = (ins
    Sigma_I64:$experts,
    Sigma_I64:$top_k,
    Sigma_I64:$width,
    Sigma_RouterScoreAttr:$router,
    UnitAttr:$normalize_weights,
    Sigma_OptionalF64:$scaling,
    UnitAttr:$selection_bias,
    Sigma_OptionalF64:$bias_update_rate,
    Sigma_OptionalI64:$groups,
    Sigma_OptionalI64:$top_groups,
    UnitAttr:$router_bias,
    UnitAttr:$weigh_input,
    DefaultValuedAttr<Sigma_ActivationAttr, "::mlir::sigma::Activation::SwiGlu">:$activation,
    Sigma_OptionalF64:$limit,
    UnitAttr:$bias,
    Sigma_DefaultI64<"0">:$shared_experts,
    Sigma_DefaultI64<"0">:$shared_width,
    UnitAttr:$shared_gate,
    Sigma_DefaultF64<"0.0">:$balance_loss,
    Sigma_DefaultF64<"0.0">:$z_loss
  );
  let assemblyFormat = [{
    `experts` $experts `top_k` $top_k `width` $width `router` custom<Enum>($router)
    oilist(`normalize` $normalize_weights | `scaling` $scaling | `selection_bias` $selection_bias
           | `bias_update_rate` $bias_update_rate | `groups` $groups | `top_groups` $top_groups
           | `router_bias` $router_bias | `weigh_input` $weigh_input
           | `activation` custom<Enum>($activation) | `limit` $limit | `bias` $bias
           | `shared` $shared_experts | `shared_width` $shared_width | `shared_gate` $shared_gate
           | `balance_loss` $balance_loss | `z_loss` $z_loss)
    attr-dict
  }];
  let extraClassDeclaration = [{
    /// Whether the chosen scores are divided by their sum.
    bool isNormalized() { return getNormalizeWeights(); }
  }];
}

#endif // SIGMA_LAYER_OPS
