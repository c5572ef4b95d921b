//===- RankAttrs.td - attributes, enums and types of the rank dialect -*- tablegen -*-===//

#ifndef DIALECTS_RANK_RANKATTRS_TD
#define DIALECTS_RANK_RANKATTRS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/EnumAttr.td"
include "dialects/Rank/RankDialect.td"

// Like I64Attr and F64Attr, with accessors of the C++ types that the numbers are computed in.
def Rank_I64 : TypedSignlessIntegerAttrBase<I64, "int64_t", "64-bit integer attribute">;
def Rank_F64 : FloatAttrBase<F64, "64-bit float attribute"> {
  let returnType = "double";
  let convertFromStorage = "$_self.getValueAsDouble()";
}

class Rank_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::mlir::rank";
  let genSpecializedAttr = 0;
}
class Rank_EnumAttr<I32EnumAttr info, string name> : EnumAttr<Rank_Dialect, info, name> {
  let assemblyFormat = "$value";
}

def Rank_SpaceEnum : Rank_Enum<"Space", "where a value lives", [
  I32EnumAttrCase<"Arena", 0, "arena">, I32EnumAttrCase<"Slot", 1, "slot">,
  I32EnumAttrCase<"Transient", 2, "transient">, I32EnumAttrCase<"Result", 3, "result">,
  I32EnumAttrCase<"Ends", 4, "ends">, I32EnumAttrCase<"Held", 5, "held">, I32EnumAttrCase<"HeldEnds", 6, "held_ends">]>;
def Rank_InitEnum : Rank_Enum<"Init", "initial values of a parameter", [
  I32EnumAttrCase<"Zeros", 0, "zeros">, I32EnumAttrCase<"Ones", 1, "ones">,
  I32EnumAttrCase<"Normal", 2, "normal">]>;
def Rank_ChannelEnum : Rank_Enum<"Channel", "direction between pipeline stages", [
  I32EnumAttrCase<"Forward", 0, "forward">, I32EnumAttrCase<"Backward", 1, "backward">]>;
def Rank_AxisEnum : Rank_Enum<"Axis", "ranks that hold the same parameters", [
  I32EnumAttrCase<"Tp", 0, "tp">, I32EnumAttrCase<"Dp", 1, "dp">, I32EnumAttrCase<"Edp", 2, "edp">,
  I32EnumAttrCase<"Ends", 3, "ends">]>;
def Rank_DirectionEnum : Rank_Enum<"Direction", "direction of a token exchange", [
  I32EnumAttrCase<"Dispatch", 0, "dispatch">, I32EnumAttrCase<"Collect", 1, "collect">]>;
def Rank_TermEnum : Rank_Enum<"Term", "term of the training objective", [
  I32EnumAttrCase<"Loss", 0, "loss">, I32EnumAttrCase<"Balance", 1, "balance">]>;
def Rank_ActivationEnum : Rank_Enum<"Activation", "element-wise function", [
  I32EnumAttrCase<"Silu", 0, "silu">, I32EnumAttrCase<"Gelu", 1, "gelu">, I32EnumAttrCase<"GeluTanh", 2, "gelu_tanh">,
  I32EnumAttrCase<"Relu", 3, "relu">, I32EnumAttrCase<"ReluSquared", 4, "relu_squared">,
  I32EnumAttrCase<"ClampedSilu", 5, "clamped_silu">, I32EnumAttrCase<"TanhCap", 6, "tanh_cap">,
  I32EnumAttrCase<"Clamp", 7, "clamp">]>;
def Rank_UpdateEnum : Rank_Enum<"Update", "what moves a parameter at the end of a step", [
  I32EnumAttrCase<"Gradient", 0, "gradient">, I32EnumAttrCase<"Load", 1, "load">]>;
def Rank_ScoreEnum : Rank_Enum<"Score", "router score function", [
  I32EnumAttrCase<"Softmax", 0, "softmax">, I32EnumAttrCase<"Sigmoid", 1, "sigmoid">]>;

def Rank_GroupEnum : Rank_Enum<"Group", "ranks of a stage that work on one micro-batch together", [
  I32EnumAttrCase<"Tensor", 0, "tensor">, I32EnumAttrCase<"Context", 1, "context">,
  I32EnumAttrCase<"ExpertTensor", 2, "expert_tensor">, I32EnumAttrCase<"Expert", 3, "expert">]>;

def Rank_ContextKindEnum : Rank_Enum<"ContextKind", "how attention sees a sequence that ranks share", [
  I32EnumAttrCase<"Ring", 0, "ring">, I32EnumAttrCase<"AllToAll", 1, "all_to_all">]>;

def Rank_ScheduleKindEnum : Rank_Enum<"ScheduleKind", "order in which a stage works on its micro-batches", [
  I32EnumAttrCase<"OneFOneB", 0, "1f1b">, I32EnumAttrCase<"Interleaved", 1, "interleaved">,
  I32EnumAttrCase<"ZeroBubbleH1", 2, "zb-h1">, I32EnumAttrCase<"DualPipeV", 3, "dualpipev">]>;

def Rank_InitAttr : Rank_EnumAttr<Rank_InitEnum, "init">;
def Rank_ChannelAttr : Rank_EnumAttr<Rank_ChannelEnum, "channel">;
def Rank_AxisAttr : Rank_EnumAttr<Rank_AxisEnum, "axis">;
def Rank_DirectionAttr : Rank_EnumAttr<Rank_DirectionEnum, "direction">;
def Rank_TermAttr : Rank_EnumAttr<Rank_TermEnum, "term">;
def Rank_ActivationAttr : Rank_EnumAttr<Rank_ActivationEnum, "activation">;
def Rank_UpdateAttr : Rank_EnumAttr<Rank_UpdateEnum, "update">;
def Rank_ContextKindAttr : Rank_EnumAttr<Rank_ContextKindEnum, "context_kind">;
def Rank_ScheduleKindAttr : Rank_EnumAttr<Rank_ScheduleKindEnum, "schedule_kind"> {
  // Spellings that are no identifiers are strings.
  let parameters = (ins AttrParameter<"::mlir::rank::ScheduleKind", "order of a stage's work">:$value);
}
def Rank_GroupAttr : Rank_EnumAttr<Rank_GroupEnum, "group">;
def Rank_ScoreAttr : Rank_EnumAttr<Rank_ScoreEnum, "score">;

def Rank_PlaceAttr : AttrDef<Rank_Dialect, "Place"> {
  let mnemonic = "place";
  let summary = "memory of one value, decided by sigma-plan-memory";
  let description = [{
    `arena`: bytes from the start of the rank's arena. `slot`: bytes from the start of the residual slot that the
    call was given, or of its part for `ends`: what the embedding and the head keep, so that slots of all chunks' layers
    are of one size; `held` and `held_ends`: the same of what is kept for the gradients of weights. `transient`: bytes from the start of the transient region. `result`: the memory of the
    function's result with this index.
  }];
  let parameters = (ins EnumParameter<Rank_SpaceEnum>:$space, "int64_t":$offset);
  let assemblyFormat = "`<` $space `,` $offset `>`";
}

class Rank_Type<string name, string typeMnemonic> : TypeDef<Rank_Dialect, name> {
  let mnemonic = typeMnemonic;
}
def Rank_ResidualType : Rank_Type<"Residual", "residual"> {
  let summary = "values that a call keeps for later ones, and that die together";
}
def Rank_PendingType : Rank_Type<"Pending", "pending"> {
  let summary = "a send that has been started";
}

#endif
