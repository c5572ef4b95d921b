//===- RankProgramOps.td - structure of a program and its schedule -*- tablegen -*-===//

#ifndef DIALECTS_RANK_RANKPROGRAMOPS_TD
#define DIALECTS_RANK_RANKPROGRAMOPS_TD

include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/Rank/RankAttrs.td"
include "dialects/Rank/RankInterfaces.td"

class Rank_Op<string mnemonic, list<Trait> traits = []> : Op<Rank_Dialect, mnemonic, traits>;

// Shapes are static and bounded, so that no byte count overflows and no dimension is zero.
class Rank_BoundedTensor<list<Type> elements, string summary>
    : ConfinedType<StaticShapeTensorOf<elements>, [CPred<"::mlir::rank::isBounded($_self)">], summary>;
class Rank_Ranked<Type tensor, int rank, string summary>
    : ConfinedType<tensor, [CPred<"::llvm::cast<::mlir::ShapedType>($_self).getRank() == " # rank>], summary>;

def Rank_FloatTensor : Rank_BoundedTensor<[F32, F64, BF16], "static tensor of f32, f64 or bf16">;
def Rank_IndexTensor : Rank_BoundedTensor<[I32], "static tensor of i32">;
def Rank_Tensor : Rank_BoundedTensor<[F32, F64, BF16, I32], "static tensor of f32, f64, bf16 or i32">;
def Rank_FloatVector : Rank_Ranked<Rank_FloatTensor, 1, "static vector of f32, f64 or bf16">;
def Rank_FloatMatrix : Rank_Ranked<Rank_FloatTensor, 2, "static matrix of f32, f64 or bf16">;
def Rank_FloatStack : Rank_Ranked<Rank_FloatTensor, 3, "static stack of matrices of f32, f64 or bf16">;
def Rank_IndexVector : Rank_Ranked<Rank_IndexTensor, 1, "static vector of i32">;
def Rank_IndexMatrix : Rank_Ranked<Rank_IndexTensor, 2, "static matrix of i32">;

def Rank_LaunchOp : Rank_Op<"launch", [Symbol, HasParent<"::mlir::ModuleOp">]> {
  let summary = "facts that all stages of one job share";
  let description = [{
    **Constraints:**
    - sizes are from 1 to 2147483647; `global_batch` = `dp` * `micro_batch` * number of micro-batches.
    - `etp` * `ep` divides `tp` * `cp` * `dp`.
    - `tp` * `cp` divides `sequence`; 2 * `cp` does where a `cp` above 1 is a ring.
    - `vpp` is 1 with `schedule` 1f1b and zb-h1, 2 with dualpipev.
    - `vpp` and `pp` are above 1 with `schedule` interleaved.
    - `pp` is above 1 with `schedule` zb-h1 and dualpipev.
    - with `schedule` interleaved, the micro-batches are a multiple of `pp`.
    - with `schedule` zb-h1 and dualpipev, the micro-batches are at least `vpp` * `pp`.
    - `zero` and `expert_zero` are from 0 to 3, and 0 where one rank holds the parameters.
    - `element_type` is f32, f64 or bf16.

    With `overlaps_gradients`, gradients are summed over their replicas while backward of other layers goes on; with
    `overlaps_parameters`, parameters of ZeRO stage 3 are gathered while the layer before is at work, those of stages 1 and 2 while the
    next step's first forward is; with `overlaps_tensor` and
    `overlaps_exchanges`, rows of a tensor group, or of experts, go between ranks while what does not need them computes. `expert_capacity_ppm` is the number of rows that a rank's experts have room for, in parts per million of the rows under
    even routing; without it, every row of the group fits.

    `tp` * `cp` ranks share each sequence. A rank of a context group has one of `cp` shares: in ring order, r of 2 `cp`
    equal parts and part 2 `cp` - 1 - r, so that causal work is even (zigzag); with all-to-all, the r-th of `cp` parts.
    Between blocks, a rank of a tensor group has one of `tp` equal parts of that. Rank q of a stage counts tp, then cp, then
    dp; the experts' mesh counts the same ranks etp, then ep, then their replicas, edp. The ranks of a stage follow each other in
    the world; with `stages_inside`, only `tp` * `cp` of them do, the same of the next stages come then, and a pipeline is one block.

    `zero` and, of experts, `expert_zero` are the stages of ZeRO (Rajbhandari et al. 2020): ranks that hold the same parameters
    keep each a part of their moments (1), of the gradients, too (2), of the values, too (3). See rank.flat.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, DefaultValuedAttr<Rank_I64, "1">:$tp, DefaultValuedAttr<Rank_I64, "1">:$cp,
      DefaultValuedAttr<Rank_ContextKindAttr, "::mlir::rank::ContextKind::Ring">:$context_kind, Rank_I64:$pp,
      DefaultValuedAttr<Rank_I64, "1">:$vpp,
      DefaultValuedAttr<Rank_ScheduleKindAttr, "::mlir::rank::ScheduleKind::OneFOneB">:$schedule, Rank_I64:$dp,
      DefaultValuedAttr<Rank_I64, "0">:$zero, UnitAttr:$stages_inside,
      DefaultValuedAttr<Rank_I64, "1">:$etp, Rank_I64:$ep, DefaultValuedAttr<Rank_I64, "0">:$expert_zero, Rank_I64:$global_batch,
      Rank_I64:$micro_batch, Rank_I64:$sequence, Rank_I64:$vocabulary, TypeAttr:$element_type,
      Rank_F64:$learning_rate, Rank_I64:$warmup_steps, Rank_F64:$beta1, Rank_F64:$beta2, Rank_F64:$epsilon,
      Rank_F64:$weight_decay, Rank_F64:$gradient_clip, Rank_I64:$predicted_step_ns,
      OptionalAttr<Rank_I64>:$expert_capacity_ppm, UnitAttr:$overlaps_gradients,
      UnitAttr:$overlaps_parameters, UnitAttr:$overlaps_tensor, UnitAttr:$overlaps_exchanges);
  let assemblyFormat = [{
    $sym_name `mesh` `<` `` (`tp` `=` $tp^ `,` ` `)? `` (`cp` `=` $cp^ `,` ` `)? `` `pp` `=` $pp `,` (`vpp` `=` $vpp^ `,`)? `dp` `=` $dp (`,` `zero` `=` $zero^)? `>` (`stages_inside` $stages_inside^)?
    (`schedule` $schedule^)? (`context` $context_kind^)?
    `experts` `<` `` (`etp` `=` $etp^ `,` ` `)? `` `ep` `=` $ep (`,` `zero` `=` $expert_zero^)? `>`
    `batch` $global_batch `micro_batch` $micro_batch `sequence` $sequence `vocabulary` $vocabulary
    `precision` $element_type attr-dict
  }];
  let extraClassDeclaration = [{
    int64_t getNumMicroBatches() { return getGlobalBatch() / (getDp() * getMicroBatch()); }
    /// Whose ids a rank loads.
    int64_t getTokens() { return getMicroBatch() * getSequence() / getCp(); }
    /// Rows of the residual stream.
    int64_t getStreamTokens() { return getTokens() / getTp(); }
    int64_t getElementBytes() { return getElementType().getIntOrFloatBitWidth() / 8; }
    /// Of gradients, moments and what is updated.
    ::mlir::FloatType getWideType() { return wideType(::llvm::cast<::mlir::FloatType>(getElementType())); }
    int64_t getWideBytes() { return getWideType().getWidth() / 8; }
    /// Whether parameters have masters.
    bool hasMasters() { return getWideType() != getElementType(); }
    int64_t getRanksPerStage() { return getTp() * getCp() * getDp(); }
    /// Whether backward is split, gradients of inputs first, those of weights later: of some micro-batches, of all.
    bool splitsBackward() { return splitsEachBackward() || getSchedule() == ::mlir::rank::ScheduleKind::DualPipeV; }
    bool splitsEachBackward() { return getSchedule() == ::mlir::rank::ScheduleKind::ZeroBubbleH1; }
    /// How many ranks sum gradients over `axis`.
    int64_t getReplicas(Axis axis);
    /// The ZeRO stage of the parameters whose gradients are summed over `axis`, dp or edp.
    int64_t getZeroOf(Axis axis) { return axis == Axis::Edp ? getExpertZero() : getZero(); }
    int64_t getGroupSize(Group group);
  }];
  let hasVerifier = 1;
}

def Rank_ProgramOp : Rank_Op<"program", [Symbol, SymbolTable, IsolatedFromAbove, SingleBlock, NoTerminator,
                                         NoRegionArguments, HasParent<"::mlir::ModuleOp">]> {
  let summary = "what every rank of one pipeline stage runs";
  let description = [{
    Holds `vpp` chunks of the model, chunk c as virtual stage c * `pp` + `stage`: its layers are `first_layers`[c] (included)
    to `end_layers`[c] (not included), its functions @forward and @backward, of later chunks @forward1 and so on. Where
    backward is split, @input_gradients and @weight_gradients stand for @backward. `remat` names the mode of each layer.
    `arena_bytes`, once set by sigma-plan-memory, is all the memory the program touches.

    **Constraints:**
    - `launch` names a rank.launch; `stage` is below its `pp`.
    - `first_layers` and `end_layers` have an entry for each chunk, not negative, none ending before it begins.
    - `remat` has one entry for each layer.
    - `remat` of a layer is `none`, `full`, or modules of the layer's ops in @forward, joined by `+`.
    - float tensors and parameters have the launch's precision, or are f32 where that is bf16.
    - statistics, losses, weights of choices and what is added to gradients are f32 where that is bf16; other tensors of an op have
      one type, but those of a product and a bias.
    - @backward takes what @forward saves and holds, the arguments that it names as `captured` and the gradients of @forward's
      results, and returns the gradients of its float arguments.
    - @input_gradients takes and returns what @backward does.
    - @weight_gradients takes what @forward and @input_gradients hold, the arguments of @forward that it names as `captured`
      and the gradients of its results that it names as `captured_gradients`, and returns nothing.
    - @input_gradients and @weight_gradients are there together, and only @forward and @input_gradients beside them hold values.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Rank_I64:$stage, FlatSymbolRefAttr:$launch,
      DenseI64ArrayAttr:$first_layers, DenseI64ArrayAttr:$end_layers, StrArrayAttr:$remat, OptionalAttr<Rank_I64>:$arena_bytes,
      OptionalAttr<Rank_I64>:$transient_offset);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `stage` $stage `of` $launch `layers` custom<Chunks>($first_layers, $end_layers) `remat` $remat
    attr-dict-with-keyword $body
  }];
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "int64_t":$stage, "::llvm::StringRef":$launch,
      "::llvm::ArrayRef<int64_t>":$firstLayers, "::llvm::ArrayRef<int64_t>":$endLayers,
      "::llvm::ArrayRef<::llvm::StringRef>":$remat)>];
  let extraClassDeclaration = [{
    LaunchOp getLaunchOp();
    int64_t getNumChunks() { return getFirstLayers().size(); }
    FuncOp getForward(int64_t chunk = 0);
    FuncOp getBackward(int64_t chunk = 0);
    FuncOp getInputGradients(int64_t chunk = 0);
    FuncOp getWeightGradients(int64_t chunk = 0);
    /// The forward functions that are there, by chunk.
    ::llvm::SmallVector<FuncOp> getForwards();
    ScheduleOp getSchedule();
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Rank_ParameterOp : Rank_Op<"parameter", [Symbol, HasParent<"ProgramOp">]> {
  let summary = "a trained tensor, its gradient and its optimizer state";
  let description = [{
    The name is the logical name of the tensor, the same under every plan. `type` is what a rank holds of it: of an `expert`
    tensor, a part of the experts, which are dimension 0; and of dimension `split`, where it has one, the part that is the
    rank's in its tensor group, of an `expert` tensor in its expert tensor group. The ranks of the expert replicas (edp), or
    of dp * cp, hold the same part. Offsets are bytes in the arena, where it has them for itself: what `flat` says of a part of
    the ranks is there. Gradient and moments of a bf16 tensor are f32, and so is its master, which is updated, and of which the
    value is the rounded copy; it is part of the optimizer's state.

    With `at_ends`, the first stage and the last hold the tensor: where tokens enter, and where the next ones are predicted.
    The ranks in one place of both stages have the same part. Both begin with the same values and update them by the sum of
    their gradients, so that they stay the same.

    With `update` load, the parameter is no function of the gradient: the place of its gradient counts the load of
    each expert, and it moves by `update_rate` towards an even load.

    **Constraints:**
    - `type` is a static tensor of f32, f64 or bf16 with 1 to 4 dimensions.
    - `init_scale` is not negative.
    - `update_rate` is positive with `update` load.
    - `split` is a dimension of the tensor, after that of the experts.
    - `flat` names a rank.flat of the program, in which the tensor fits from element `begin`.
    - `flat` is over edp with `expert`, over dp without.
    - `at_ends` is of a parameter of the first or the last of several stages.
    - `at_ends` is neither of an `expert` nor of what is updated by load, and a tensor group holds its tensor in parts.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type, Rank_InitAttr:$init, Rank_F64:$init_scale,
      UnitAttr:$decay, UnitAttr:$expert, OptionalAttr<Rank_I64>:$split, UnitAttr:$at_ends,
      OptionalAttr<FlatSymbolRefAttr>:$flat, OptionalAttr<Rank_I64>:$begin,
      DefaultValuedAttr<Rank_UpdateAttr, "::mlir::rank::Update::Gradient">:$update,
      DefaultValuedAttr<Rank_F64, "0.0">:$update_rate, OptionalAttr<Rank_I64>:$value_offset, OptionalAttr<Rank_I64>:$gradient_offset,
      OptionalAttr<Rank_I64>:$master_offset, OptionalAttr<Rank_I64>:$first_moment_offset,
      OptionalAttr<Rank_I64>:$second_moment_offset);
  let assemblyFormat = "$sym_name `:` $type `init` $init `(` $init_scale `)` (`decay` $decay^)? (`expert` $expert^)? (`split` $split^)? (`at_ends` $at_ends^)? (`in` $flat^ `at` $begin)? attr-dict";
  let extraClassDeclaration = [{
    /// Null without `flat`.
    FlatOp getFlatOp();
    ::mlir::RankedTensorType getTensorType() { return ::llvm::cast<::mlir::RankedTensorType>(getType()); }
    /// What its gradient, its moments and what is updated are.
    ::mlir::RankedTensorType getWideType() { return wideType(getTensorType()); }
    /// Whether what is updated is not its value, which is rounded.
    bool hasMaster() { return getWideType() != getTensorType(); }
    bool isUpdatedByLoad() { return getUpdate() == ::mlir::rank::Update::Load; }
    /// Whether all ranks of a tensor group hold it, each with the gradient of its own tokens or heads.
    bool isHeldInCopy();
  }];
  let hasVerifier = 1;
}

def Rank_FlatOp : Rank_Op<"flat", [Symbol, HasParent<"ProgramOp">]> {
  let summary = "parameters side by side, of which each rank that holds them keeps an equal part of the state";
  let description = [{
    `elements` numbers in a row, those of the parameters that are `in` it and zeros between them. Of the ranks that sum
    gradients over `axis`, the r-th keeps the r-th part of `part` elements, and updates it: of masters and moments from ZeRO stage 1
    on, of gradients from 2, of values from 3. Parts may cut through a tensor. The last ranks may have less, or nothing. Offsets are
    bytes in the arena, of the part where a rank keeps no more.

    **Constraints:**
    - `axis` is dp or edp, and the launch has a ZeRO stage for it.
    - the parameters in it are all `at_ends`, or none is.
    - `part` is positive, and the replicas' parts hold all `elements`.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Rank_AxisAttr:$axis, Rank_I64:$elements, Rank_I64:$part,
      OptionalAttr<Rank_I64>:$value_offset, OptionalAttr<Rank_I64>:$gradient_offset, OptionalAttr<Rank_I64>:$master_offset,
      OptionalAttr<Rank_I64>:$first_moment_offset, OptionalAttr<Rank_I64>:$second_moment_offset);
  let assemblyFormat = "$sym_name `over` $axis `elements` $elements `part` $part attr-dict";
  let extraClassDeclaration = [{
    int64_t getZero();
    /// Scratch memory for sums over its replicas.
    int64_t getWorkspaceBytes();
    bool holdsGradients() { return getZero() < 2; }
    bool holdsValues() { return getZero() < 3; }
    /// Where those end that all ranks of a tensor group hold; they are the first.
    int64_t getCopiesEnd();
    /// Whether the first and the last stage have it; then their ranks keep the same parts.
    bool isAtEnds();
  }];
  let hasVerifier = 1;
}

def Rank_FuncOp : Rank_Op<"func", [FunctionOpInterface, IsolatedFromAbove, SingleBlock, HasParent<"ProgramOp">]> {
  let summary = "a tensor-level function of a stage";
  let description = [{
    A function of backward takes the `num_saved` values that functions before it keep for it, in order, then forward's
    arguments `captured`, then gradients of forward's results: all, or those that `captured_gradients` names. `slot_bytes`,
    `ends_bytes` and `transient_bytes`, set by sigma-plan-memory, are the memory of the values of layers and of others that it
    saves, and of those that die inside it; `held_bytes` and `held_ends_bytes` of those that it holds.

    **Constraints:**
    - it has a body, which ends with rank.return; arguments and results are static tensors.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
      OptionalAttr<DictArrayAttr>:$arg_attrs, OptionalAttr<DictArrayAttr>:$res_attrs,
      OptionalAttr<Rank_I64>:$num_saved, OptionalAttr<DenseI64ArrayAttr>:$captured,
      OptionalAttr<DenseI64ArrayAttr>:$captured_gradients,
      OptionalAttr<Rank_I64>:$slot_bytes, OptionalAttr<Rank_I64>:$ends_bytes, OptionalAttr<Rank_I64>:$held_bytes,
      OptionalAttr<Rank_I64>:$held_ends_bytes, OptionalAttr<Rank_I64>:$transient_bytes);
  let regions = (region AnyRegion:$body);
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::FunctionType":$type)>];
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    ReturnOp getReturn();
    /// Of a function of backward, the forward function of its chunk.
    FuncOp getForward();
    /// Where the values lie that it is given by the functions before it, and those that it keeps.
    ::llvm::SmallVector<Residual, 2> getTakenResiduals();
    ::llvm::SmallVector<Residual, 2> getGivenResiduals();
  }];
  let hasVerifier = 1;
}

def Rank_ReturnOp : Rank_Op<"return", [Pure, Terminator, HasParent<"FuncOp">, AttrSizedOperandSegments]> {
  let summary = "results of a function, and the values it keeps for backward";
  let description = [{
    What it `saves` lives until backward, or until the gradients of inputs where backward is split; what it `holds`, until the
    gradients of weights.

    **Constraints:**
    - the results have the types of the function's results.
    - each saved or held value is computed in the function: arguments and weights are read again.
  }];
  let arguments = (ins Variadic<Rank_Tensor>:$results, Variadic<Rank_Tensor>:$saves, Variadic<Rank_Tensor>:$holds);
  let assemblyFormat = [{
    ($results^ `:` type($results))? (`saves` `(` $saves^ `:` type($saves) `)`)? (`holds` `(` $holds^ `:` type($holds) `)`)? attr-dict
  }];
  let builders = [OpBuilder<(ins "::mlir::ValueRange":$results, "::mlir::ValueRange":$saves), [{
    build($_builder, $_state, results, saves, ::mlir::ValueRange());
  }]>];
  let hasVerifier = 1;
}

def Rank_ScheduleOp : Rank_Op<"schedule", [IsolatedFromAbove, SingleBlock, NoTerminator, NoRegionArguments,
                                           HasParent<"ProgramOp">]> {
  let summary = "one training step of the stage, in order";
  let regions = (region SizedRegion<1>:$body);
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins)>];
  let assemblyFormat = "attr-dict-with-keyword $body";
}

class Rank_ScheduleStep<string mnemonic, list<Trait> traits = []>
    : Rank_Op<mnemonic, !listconcat([HasParent<"ScheduleOp">], traits)>;

def Rank_LoadBatchOp : Rank_ScheduleStep<"load_batch"> {
  let summary = "token and target ids of one micro-batch";
  let description = [{
    **Constraints:**
    - `tokens` and `targets` have one entry for each token of a micro-batch.
  }];
  let arguments = (ins Rank_I64:$micro_batch);
  let results = (outs Rank_IndexVector:$tokens, Rank_IndexVector:$targets);
  let assemblyFormat = "$micro_batch attr-dict `:` type($tokens) `,` type($targets)";
  let hasVerifier = 1;
}

def Rank_CallValue : AnyTypeOf<[Rank_Tensor, Rank_ResidualType]>;
def Rank_CallOp : Rank_ScheduleStep<"call"> {
  let summary = "runs a function of the stage on one micro-batch";
  let description = [{
    Behind its results, a call gives a residual of what the function saves and one of what it holds; before other operands,
    a call of a function of backward takes those that hold its first arguments. Checked by the program.

    **Constraints:**
    - `callee` names a function of the program whose tensors agree with operands and results.
    - any function gives a residual, but those of backward, which take one.
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Rank_I64:$micro_batch, Variadic<Rank_CallValue>:$inputs);
  let results = (outs Variadic<Rank_CallValue>:$outputs);
  let assemblyFormat = "$callee `(` $inputs `)` `micro_batch` $micro_batch attr-dict `:` functional-type($inputs, $outputs)";
  let extraClassDeclaration = [{
    FuncOp getFunction();
    /// What the call's result, a residual, holds.
    Residual getResidual(::mlir::OpResult result);
  }];
}

def Rank_RecvOp : Rank_ScheduleStep<"recv"> {
  let summary = "receives a tensor for a chunk from another stage, and waits for it";
  let arguments = (ins Rank_I64:$stage, Rank_ChannelAttr:$channel, DefaultValuedAttr<Rank_I64, "0">:$chunk, Rank_I64:$micro_batch);
  let results = (outs Rank_FloatTensor:$result);
  let assemblyFormat = "$channel `from` $stage (`for` `chunk` $chunk^)? `micro_batch` $micro_batch attr-dict `:` type($result)";
}

def Rank_SendOp : Rank_ScheduleStep<"send"> {
  let summary = "starts to send a tensor to a chunk of another stage";
  let description = "The tensor's memory is in use until the `rank.wait_send` of the result.";
  let arguments = (ins Rank_FloatTensor:$value, Rank_I64:$stage, Rank_ChannelAttr:$channel,
      DefaultValuedAttr<Rank_I64, "0">:$chunk, Rank_I64:$micro_batch);
  let results = (outs Rank_PendingType:$pending);
  let assemblyFormat = "$channel $value `to` $stage (`for` `chunk` $chunk^)? `micro_batch` $micro_batch attr-dict `:` type($value)";
}

def Rank_WaitSendOp : Rank_ScheduleStep<"wait_send"> {
  let summary = "waits until a send has left its buffer";
  let arguments = (ins Rank_PendingType:$pending, Rank_ChannelAttr:$channel);
  let assemblyFormat = "$channel $pending attr-dict";
}

def Rank_ZeroGradientsOp : Rank_ScheduleStep<"zero_gradients"> {
  let summary = "clears the stage's gradients";
  let arguments = (ins OptionalAttr<Rank_I64>:$offset, OptionalAttr<Rank_I64>:$elements);
  let assemblyFormat = "attr-dict";
}

def Rank_AllReduceGradientsOp : Rank_ScheduleStep<"all_reduce_gradients"> {
  let summary = "sums gradients over their replicas, in the order of the axis' slots";
  let description = [{
    Axis tp: of what all ranks of a tensor group hold. dp: of that and of all else but experts, over the dp * cp ranks that
    work on other tokens. edp: of experts. ends: of what the first and the last stage hold, over the two ranks in one place of
    them. With `loads`, tp and dp reduce the loads that are counted in the place of gradients. With `flat`, of those in it, each
    rank of its own part, and `offset` counts from its begin. Where the launch `overlaps_gradients`, dp is no more than what is
    summed over tp or ends, too: the others have been started.

    **Constraints:**
    - `flat` names a rank.flat of the program, and goes with axis tp or ends, without `loads`.
  }];
  let arguments = (ins Rank_AxisAttr:$axis, UnitAttr:$loads, OptionalAttr<FlatSymbolRefAttr>:$flat, OptionalAttr<Rank_I64>:$offset, OptionalAttr<Rank_I64>:$elements,
      OptionalAttr<Rank_I64>:$workspace_bytes);
  let assemblyFormat = "$axis (`loads` $loads^)? (`of` $flat^)? attr-dict";
  let hasVerifier = 1;
}

def Rank_StartReduceOp : Rank_Op<"start_reduce", [ParentOneOf<["FuncOp", "ScheduleOp"]>]> {
  let summary = "starts to sum gradients over their replicas, in the order of the axis' slots, and waits for nobody";
  let description = [{
    The gradients are those of parameters that follow each other, or of one rank.flat, of which each rank then has the sum of
    its part. Until rank.wait_reduce they are in use. In a function, it stands behind the last op that adds to them, and does so in
    the call of the step's last micro-batch: the calls before have more to add. `workspace` is shared by all that have been started.

    **Constraints:**
    - `of` names parameters of the program, or one rank.flat of which a rank holds all gradients.
    - the gradients of what it names are summed over `axis`, dp or edp.
    - the launch `overlaps_gradients`.
  }];
  let arguments = (ins Rank_AxisAttr:$axis, FlatSymbolRefArrayAttr:$of, OptionalAttr<Rank_I64>:$offset,
      OptionalAttr<Rank_I64>:$elements, OptionalAttr<Rank_I64>:$part, OptionalAttr<Rank_I64>:$workspace_offset,
      OptionalAttr<Rank_I64>:$workspace_bytes);
  let assemblyFormat = "$axis `of` $of attr-dict";
  let builders = [OpBuilder<(ins "Axis":$axis, "::mlir::ArrayAttr":$of)>];
  let extraClassDeclaration = [{
    /// Null where it names parameters.
    FlatOp getFlatOp();
    ::llvm::SmallVector<ParameterOp> getParameters();
  }];
  let hasVerifier = 1;
}
def Rank_WaitReduceOp : Rank_ScheduleStep<"wait_reduce"> {
  let summary = "waits until all sums of gradients that have been started are there";
  let assemblyFormat = "attr-dict";
}

class Rank_FlatStep<string mnemonic> : Rank_ScheduleStep<mnemonic> {
  let hasVerifier = 1;
}
def Rank_ReduceScatterGradientsOp : Rank_FlatStep<"reduce_scatter_gradients"> {
  let summary = "sums a flat's gradients over their replicas, in the order of the axis' slots; each rank has the sum of its part";
  let description = [{
    **Constraints:**
    - `flat` names a rank.flat of the program, of which a rank holds all gradients.
  }];
  let arguments = (ins FlatSymbolRefAttr:$flat, OptionalAttr<Rank_I64>:$workspace_bytes);
  let assemblyFormat = "$flat attr-dict";
}
def Rank_AllGatherValuesOp : Rank_FlatStep<"all_gather_values"> {
  let summary = "gives all replicas the values of a flat, each part from the rank that has updated it";
  let description = [{
    If it is `started`, nothing reads the values before a rank.wait_values.

    **Constraints:**
    - `flat` names a rank.flat of the program, of which a rank holds all values.
  }];
  let arguments = (ins FlatSymbolRefAttr:$flat, UnitAttr:$started);
  let assemblyFormat = "$flat attr-dict";
}

def Rank_GradientNormOp : Rank_ScheduleStep<"gradient_norm"> {
  let summary = "adds the gradients' sum of squares to the step's global norm, each gradient once";
  let description = [{
    Axis tp: of what all ranks of a tensor group hold. dp: of what they have parts of; edp: of experts; ends: of what the first
    and the last stage hold. With `flat`, of those in it, each rank of its own part, and `offset` counts from its begin.

    **Constraints:**
    - `flat` names a rank.flat of the program.
  }];
  let arguments = (ins Rank_AxisAttr:$axis, OptionalAttr<FlatSymbolRefAttr>:$flat, OptionalAttr<Rank_I64>:$offset,
      OptionalAttr<Rank_I64>:$elements);
  let assemblyFormat = "$axis (`of` $flat^)? attr-dict";
  let hasVerifier = 1;
}

def Rank_ReduceStepOp : Rank_ScheduleStep<"reduce_step"> {
  let summary = "the step's one exchange of scalars: objective, gradient norm, guards, checkpoint flags";
  let assemblyFormat = "attr-dict";
}

def Rank_AdamWOp : Rank_ScheduleStep<"adamw"> {
  let summary = "updates one parameter; of one in a rank.flat, what lies in the rank's part";
  let description = [{
    **Constraints:**
    - `parameter` names a parameter of the program.
  }];
  let arguments = (ins FlatSymbolRefAttr:$parameter);
  let assemblyFormat = "$parameter attr-dict";
  let hasVerifier = 1;
}

def Rank_BalanceBiasOp : Rank_ScheduleStep<"balance_bias"> {
  let summary = "moves a parameter that is updated by load one step towards an even load";
  let description = [{
    **Constraints:**
    - `parameter` names a parameter of the program that is updated by load.
  }];
  let arguments = (ins FlatSymbolRefAttr:$parameter);
  let assemblyFormat = "$parameter attr-dict";
  let hasVerifier = 1;
}

def Rank_CheckpointHookOp : Rank_ScheduleStep<"checkpoint_hook"> {
  let summary = "where a snapshot of parameters and optimizer state may be taken";
  let assemblyFormat = "attr-dict";
}

#endif
