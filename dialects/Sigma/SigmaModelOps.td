//===- SigmaModelOps.td - ops that state a model -----------*- tablegen -*-===//

#ifndef SIGMA_MODEL_OPS
#define SIGMA_MODEL_OPS

include "dialects/Sigma/SigmaLayerOps.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Sigma_ModelOp : Sigma_Op<"model", [
    Symbol, NoTerminator, SingleBlock, NoRegionArguments, IsolatedFromAbove]> {
  let summary = "a decoder-only transformer";
  let description = [{
    An embedding, layers, and an output head. `sequence` is the training length in tokens; `norm` is the kind of
    every norm of the residual stream and `norm_placement` where a block has them; `norm_epsilon` is the epsilon
    of every norm; `init_std` is the standard deviation of the normal distribution that all weight matrices start
    from (norm weights start at one, biases at zero). `residual_scale` multiplies what each block adds to the
    residual stream (Granite).

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
    - `residual_scale` is positive and finite.
    - The body holds nothing but `sigma.embedding`, `sigma.repeat`, `sigma.mtp` and `sigma.head`.
    - The first op is the only `sigma.embedding`.
    - The last op is the only `sigma.head`.
    - Between them stands at least one `sigma.repeat`.
    - A `sigma.mtp` is the only one and stands before the `sigma.head`.
    - The layers of all `sigma.repeat` together are at most 4096.
    - Learned positions of the embedding are at least `sequence`.
  }];
  let arguments = (ins
    SymbolNameAttr:$sym_name,
    Sigma_I64:$sequence,
    DefaultValuedAttr<Sigma_NormAttr, "::mlir::sigma::Norm::Rms">:$norm,
    DefaultValuedAttr<Sigma_NormPlacementAttr, "::mlir::sigma::NormPlacement::Pre">:$norm_placement,
    Sigma_DefaultF64<"1.0e-6">:$norm_epsilon,
    Sigma_DefaultF64<"0.02">:$init_std,
    Sigma_OptionalF64:$residual_scale
  );
  let regions = (region SizedRegion<1>:$bodyRegion);
  let assemblyFormat = [{
    $sym_name `sequence` $sequence
    oilist(`norm` custom<Enum>($norm) | `norm_placement` custom<Enum>($norm_placement)
           | `norm_epsilon` $norm_epsilon | `init_std` $init_std | `residual_scale` $residual_scale)
    attr-dict-with-keyword $bodyRegion
  }];
  let extraClassDeclaration = [{
    /// The number of layers, every `sigma.repeat` counted as often as it repeats.
    int64_t getNumLayers();
    /// One entry per layer, in order.
    ::llvm::SmallVector<::mlir::sigma::Layer, 4> getLayers();
    ::mlir::sigma::Layer getLayer(int64_t index);
    ::mlir::sigma::EmbeddingOp getEmbedding();
    ::mlir::sigma::HeadOp getHead();
    /// Null when the model predicts the next token only.
    ::mlir::sigma::MtpOp getMtp();
    /// The greatest common divisor of the expert counts of all MoE layers; 0 without MoE layers.
    int64_t getExpertsDivisor();
    /// What can be split over ranks in every block.
    ::mlir::sigma::Splits getSplits();
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

class Sigma_ModelBlock<string mnemonic> : Sigma_Op<mnemonic, [
    HasParent<"::mlir::sigma::ModelOp">, DeclareOpInterfaceMethods<Sigma_BlockOpInterface>]> {
  let hasVerifier = 1;
}

def Sigma_EmbeddingOp : Sigma_ModelBlock<"embedding"> {
  let summary = "token embedding";
  let description = [{
    A table of `vocabulary` rows of `width` numbers. `width` is the model's hidden width. `positions` adds a
    second table, of learned positions (GPT-2); `scale` multiplies the sum.

    **Constraints:**
    - `vocabulary` is from 1 to 16777216.
    - `width` is from 1 to 16777216.
    - `positions` is from 1 to 16777216.
    - `scale` is positive and finite.
  }];
  let arguments = (ins Sigma_I64:$vocabulary, Sigma_I64:$width, Sigma_OptionalI64:$positions,
                       Sigma_OptionalF64:$scale);
  let assemblyFormat = [{
    `vocabulary` $vocabulary `width` $width
    oilist(`positions` $positions | `scale` $scale)
    attr-dict
  }];
}

class Sigma_LayersOp<string mnemonic> : Sigma_Op<mnemonic, [
    HasParent<"::mlir::sigma::ModelOp">, NoTerminator, SingleBlock, NoRegionArguments,
    IsolatedFromAbove]> {
  let regions = (region SizedRegion<1>:$bodyRegion);
  let extraClassDeclaration = [{
    /// The layers of the body, in order.
    ::llvm::SmallVector<::mlir::sigma::Layer, 4> getLayers();
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Sigma_RepeatOp : Sigma_LayersOp<"repeat"> {
  let summary = "layers that repeat";
  let description = [{
    The layers of the body, `count` times in a row, with separate weights each time. A layer is an attention op
    (`sigma.attention`, `sigma.latent_attention`) followed by a feed-forward op (`sigma.mlp`, `sigma.moe`).
    Layers of alternating kinds are one body of several layers:

    ```mlir
    sigma.repeat 12 {
      sigma.attention heads 64 kv_heads 8 head_width 64 rope 1.5e+05 window 128
      sigma.moe experts 32 top_k 4 width 2880 router softmax normalize
      sigma.attention heads 64 kv_heads 8 head_width 64 rope 1.5e+05
      sigma.moe experts 32 top_k 4 width 2880 router softmax normalize
    }
    ```

    **Constraints:**
    - `count` is positive.
    - The body is layers, at least one: each an attention op followed by a feed-forward op.
  }];
  let arguments = (ins Sigma_I64:$count);
  let assemblyFormat = "$count attr-dict-with-keyword $bodyRegion";
}

def Sigma_MtpOp : Sigma_LayersOp<"mtp"> {
  let summary = "multi-token prediction";
  let description = [{
    `count` blocks after the last layer, each of which predicts one token further (DeepSeek-V3, 2.2): the norm of
    the stream and the norm of the next token's embedding are projected from twice the width to the width, go
    through the layer of the body, and through the model's head behind a norm of the block's own. Embedding and
    head are shared with the model. `loss_factor` is the weight of their mean loss.

    The blocks serve training only and are no part of the model's parameter count.

    **Constraints:**
    - `count` is from 1 to 64.
    - `loss_factor` is positive and finite.
    - The body is one layer: an attention op followed by a feed-forward op.
  }];
  let arguments = (ins Sigma_I64:$count, Sigma_DefaultF64<"0.3">:$loss_factor);
  let assemblyFormat = [{
    $count (`loss_factor` $loss_factor^)? attr-dict-with-keyword $bodyRegion
  }];
}

def Sigma_HeadOp : Sigma_ModelBlock<"head"> {
  let summary = "output head";
  let description = [{
    Final norm, of the model's kind, and projection to the embedding's vocabulary. With `norm_placement post`
    the last layer has normed already, and the head does not. `tied`: the projection is the embedding's table.

    - `bias` adds one to the logits.
    - `normalize` divides each token's row of the projection by its length (Ling).
    - `scale` multiplies the logits; `softcap` makes them softcap * tanh(logit / softcap).

    **Constraints:**
    - `scale` is positive and finite.
    - `softcap` is positive and finite.
  }];
  let arguments = (ins Sigma_HeadTyingAttr:$tying, UnitAttr:$bias, UnitAttr:$normalize,
                       Sigma_OptionalF64:$scale, Sigma_OptionalF64:$softcap);
  let assemblyFormat = [{
    custom<Enum>($tying)
    oilist(`bias` $bias | `normalize` $normalize | `scale` $scale | `softcap` $softcap)
    attr-dict
  }];
}

#endif // SIGMA_MODEL_OPS
