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
  I32EnumAttrCase<"F64", 2, "f64">
]>;
def Sigma_PrecisionAttr : EnumAttr<Sigma_Dialect, Sigma_Precision, "precision"> {
  let description = [{
    `f32`: everything in f32. `bf16`: bf16 compute, f32 master weights, gradients and optimizer
    state. `f64`: everything in f64, for verification.
  }];
}

def Sigma_RematMode : Sigma_Enum<"RematMode", "what a layer computes again in its backward", [
  I32EnumAttrCase<"None", 0, "none">,
  I32EnumAttrCase<"Full", 1, "full">
]>;
def Sigma_RematModeAttr : EnumAttr<Sigma_Dialect, Sigma_RematMode, "remat_mode"> {
  let description = [{
    `none`: the layer keeps all values its backward needs. `full`: it keeps its input only and
    computes the rest again.
  }];
}

def Sigma_Schedule : Sigma_Enum<"Schedule", "pipeline schedule", [
  I32EnumAttrCase<"OneFOneB", 0, "1f1b">
]>;
def Sigma_ScheduleAttr : EnumAttr<Sigma_Dialect, Sigma_Schedule, "schedule"> {
  let description = [{
    `"1f1b"`: warm-up, then one forward and one backward in turn, then drain. Printed as a string,
    because the field's name for it is no MLIR identifier.
  }];
  let parameters = (ins AttrParameter<"::mlir::sigma::Schedule", "pipeline schedule">:$value);
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
