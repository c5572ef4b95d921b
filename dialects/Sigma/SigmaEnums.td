//===- SigmaEnums.td - enumerations of the sigma dialect ---*- tablegen -*-===//

#ifndef SIGMA_ENUMS
#define SIGMA_ENUMS

include "dialects/Sigma/SigmaDialect.td"
include "mlir/IR/EnumAttr.td"

class Sigma_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::mlir::sigma";
  let genSpecializedAttr = 0;
}

def Sigma_Norm : Sigma_Enum<"Norm", "kind of a norm", [
  I32EnumAttrCase<"Rms", 0, "rms">,
  I32EnumAttrCase<"Layer", 1, "layer">,
  I32EnumAttrCase<"LayerNoBias", 2, "layer_no_bias">
]>;
def Sigma_NormAttr : EnumAttr<Sigma_Dialect, Sigma_Norm, "norm"> {
  let description = [{
    `rms`: divided by the root mean square, times a weight (Zhang and Sennrich 2019). `layer`: the mean is taken
    off first and a bias added last (Ba et al. 2016). `layer_no_bias`: the same without the bias.
  }];
}

def Sigma_NormPlacement : Sigma_Enum<"NormPlacement", "where the norms of a block stand", [
  I32EnumAttrCase<"Pre", 0, "pre">,
  I32EnumAttrCase<"Post", 1, "post">,
  I32EnumAttrCase<"Sandwich", 2, "sandwich">,
  I32EnumAttrCase<"Output", 3, "output">
]>;
def Sigma_NormPlacementAttr : EnumAttr<Sigma_Dialect, Sigma_NormPlacement, "norm_placement"> {
  let description = [{
    Of a block f on the residual stream x: `pre` is x + f(norm(x)), `post` is norm(x + f(x)) (Vaswani et al.
    2017), `sandwich` is x + norm(f(norm(x))), as in Gemma 2 and Grok-1, `output` is x + norm(f(x)), as in OLMo 2.
  }];
}

def Sigma_QkNorm : Sigma_Enum<"QkNorm", "norm of queries and keys", [
  I32EnumAttrCase<"PerHead", 0, "per_head">,
  I32EnumAttrCase<"FullWidth", 1, "full_width">,
  I32EnumAttrCase<"L2", 2, "l2">
]>;
def Sigma_QkNormAttr : EnumAttr<Sigma_Dialect, Sigma_QkNorm, "qk_norm"> {
  let description = [{
    RMS norm of queries and keys before the rotation. `per_head`: over each head, one weight for all heads
    (Qwen3). `full_width`: over all heads together (OLMoE). `l2`: over each head, without a weight (Llama 4).
  }];
}

def Sigma_Projection : Sigma_Enum<"Projection", "projection of an attention", [
  I32EnumAttrCase<"Query", 0, "query">,
  I32EnumAttrCase<"Key", 1, "key">,
  I32EnumAttrCase<"Value", 2, "value">,
  I32EnumAttrCase<"Output", 3, "output">
]>;
def Sigma_ProjectionAttr : EnumAttr<Sigma_Dialect, Sigma_Projection, "projection"> {
  let description = "One of the four projections of an attention.";
}

def Sigma_Activation : Sigma_Enum<"Activation", "activation of a feed-forward network", [
  I32EnumAttrCase<"SwiGlu", 0, "swiglu">,
  I32EnumAttrCase<"GeGlu", 1, "geglu">,
  I32EnumAttrCase<"GeGluTanh", 2, "geglu_tanh">,
  I32EnumAttrCase<"ReGlu", 3, "reglu">,
  I32EnumAttrCase<"ClampedSwiGlu", 4, "clamped_swiglu">,
  I32EnumAttrCase<"Silu", 5, "silu">,
  I32EnumAttrCase<"Gelu", 6, "gelu">,
  I32EnumAttrCase<"GeluTanh", 7, "gelu_tanh">,
  I32EnumAttrCase<"Relu", 8, "relu">,
  I32EnumAttrCase<"ReluSquared", 9, "relu_squared">
]>;
def Sigma_ActivationAttr : EnumAttr<Sigma_Dialect, Sigma_Activation, "activation"> {
  let description = [{
    Gated, down(act(gate(x)) * up(x)), after Shazeer 2020: `swiglu`, `geglu` (exact GELU), `geglu_tanh` (its
    approximation by tanh), `reglu`, and `clamped_swiglu` of gpt-oss: with g = min(gate, limit) and
    u = clamp(up, -limit, limit), g * sigmoid(1.702 g) * (u + 1). Not gated, down(act(up(x))): `silu`, `gelu`,
    `gelu_tanh`, `relu`, `relu_squared`.
  }];
}

def Sigma_RopeScaling : Sigma_Enum<"RopeScaling", "how rotary frequencies are stretched", [
  I32EnumAttrCase<"None", 0, "none">,
  I32EnumAttrCase<"Linear", 1, "linear">,
  I32EnumAttrCase<"Ntk", 2, "ntk">,
  I32EnumAttrCase<"Dynamic", 3, "dynamic">,
  I32EnumAttrCase<"Yarn", 4, "yarn">,
  I32EnumAttrCase<"LongRope", 5, "longrope">,
  I32EnumAttrCase<"Llama3", 6, "llama3">
]>;

def Sigma_RouterScore : Sigma_Enum<"RouterScore", "score function of a router", [
  I32EnumAttrCase<"Softmax", 0, "softmax">,
  I32EnumAttrCase<"Sigmoid", 1, "sigmoid">
]>;
def Sigma_RouterScoreAttr : EnumAttr<Sigma_Dialect, Sigma_RouterScore, "router_score"> {
  let description = [{
    How router logits become scores: `softmax` over all experts of the layer, or an independent
    `sigmoid` per expert.
  }];
}

def Sigma_HeadTying : Sigma_Enum<"HeadTying", "whether the output head owns its projection", [
  I32EnumAttrCase<"Untied", 0, "untied">,
  I32EnumAttrCase<"Tied", 1, "tied">
]>;
def Sigma_HeadTyingAttr : EnumAttr<Sigma_Dialect, Sigma_HeadTying, "head_tying"> {
  let description = [{
    `untied`: the head has a projection of its own. `tied`: it reads the embedding's table.
  }];
}

def Sigma_Precision : Sigma_Enum<"Precision", "number format of compute", [
  I32EnumAttrCase<"F32", 0, "f32">,
  I32EnumAttrCase<"BF16", 1, "bf16">,
  I32EnumAttrCase<"F64", 2, "f64">,
  I32EnumAttrCase<"FP8", 3, "fp8">
]>;
def Sigma_PrecisionAttr : EnumAttr<Sigma_Dialect, Sigma_Precision, "precision"> {
  let description = [{
    `f32`: everything in f32. `bf16`: bf16 compute, f32 master weights, gradients (also their
    reduction) and optimizer state. `f64`: everything in f64, for verification. `fp8`: as `bf16`,
    with dense and grouped matrix products at the fp8 peak, before which their rows are cast; a cost
    to plan with, not a program.
  }];
}

def Sigma_RematMode : Sigma_Enum<"RematMode", "what a layer computes again in its backward", [
  I32EnumAttrCase<"None", 0, "none">,
  I32EnumAttrCase<"Full", 1, "full">
]>;
def Sigma_Dispatch : Sigma_Enum<"Dispatch", "how tokens are sent to their experts", [
  I32EnumAttrCase<"PerChoice", 0, "per_choice">,
  I32EnumAttrCase<"PerNode", 1, "per_node">
]>;
def Sigma_DispatchAttr : EnumAttr<Sigma_Dialect, Sigma_Dispatch, "dispatch"> {
  let description = [{
    `per_choice`: a copy goes to each of a token's experts, in one all-to-all. `per_node`: one copy goes to each unit
    of a tier that has any of them, and is sent on inside (DeepEP, HybridEP).
  }];
}

def Sigma_RematModeAttr : EnumAttr<Sigma_Dialect, Sigma_RematMode, "remat_mode"> {
  let description = [{
    `none`: the layer keeps all values its backward needs. `full`: it keeps its input only and
    computes the rest again.
  }];
}

def Sigma_Schedule : Sigma_Enum<"Schedule", "pipeline schedule", [
  I32EnumAttrCase<"OneFOneB", 0, "1f1b">,
  I32EnumAttrCase<"Interleaved", 1, "interleaved">,
  I32EnumAttrCase<"ZeroBubbleH1", 2, "zb-h1">,
  I32EnumAttrCase<"DualPipeV", 3, "dualpipev">
]>;
def Sigma_ScheduleAttr : EnumAttr<Sigma_Dialect, Sigma_Schedule, "schedule"> {
  let description = [{
    `"1f1b"`: warm-up, then one forward and one backward in turn, then drain (Narayanan et al. 2021). `interleaved`:
    the same over several chunks of layers per stage. `"zb-h1"`: weight gradients fill the bubbles (Qi et al. 2024).
    `dualpipev`: two chunks per stage in V order, whose exchanges hide behind the other direction. Spellings that are
    no MLIR identifiers are strings.
  }];
  let parameters = (ins AttrParameter<"::mlir::sigma::Schedule", "pipeline schedule">:$value);
}

def Sigma_ContextKind : Sigma_Enum<"ContextKind", "how attention sees a sequence that ranks share", [
  I32EnumAttrCase<"Ring", 0, "ring">,
  I32EnumAttrCase<"AllToAll", 1, "all-to-all">
]>;
def Sigma_ContextKindAttr : EnumAttr<Sigma_Dialect, Sigma_ContextKind, "context_kind"> {
  let description = [{
    `ring`: keys and values go round the ranks (Liu et al. 2023). `"all-to-all"`: ranks exchange shares of the
    sequence for heads, and back (Jacobs et al. 2023).
  }];
  let parameters = (ins AttrParameter<"::mlir::sigma::ContextKind", "context kind">:$value);
}

def Sigma_Placement : Sigma_Enum<"Placement", "which ranks are neighbours", [
  I32EnumAttrCase<"StagesOutside", 0, "tp-cp-dp-pp">,
  I32EnumAttrCase<"StagesInside", 1, "tp-cp-pp-dp">
]>;
def Sigma_PlacementAttr : EnumAttr<Sigma_Dialect, Sigma_Placement, "placement"> {
  let description = [{
    The mesh from its innermost axis outwards. `"tp-cp-dp-pp"`: a stage is one block of devices. `"tp-cp-pp-dp"`: a
    pipeline is.
  }];
  let parameters = (ins AttrParameter<"::mlir::sigma::Placement", "placement">:$value);
}

def Sigma_ProofStatus : Sigma_Enum<"ProofStatus", "what is known about a plan's optimality", [
  I32EnumAttrCase<"Optimal", 0, "optimal">,
  I32EnumAttrCase<"Gap", 1, "gap">,
  I32EnumAttrCase<"Unproven", 2, "unproven">
]>;
def Sigma_ProofStatusAttr : EnumAttr<Sigma_Dialect, Sigma_ProofStatus, "proof_status"> {
  let description = [{
    `optimal`: nothing better exists within the cost model. `gap`: the search ended early with a
    proven bound. `unproven`: nothing is known, as for a plan made by hand.
  }];
}

#endif // SIGMA_ENUMS
