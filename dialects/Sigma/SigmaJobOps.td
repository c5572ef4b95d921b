//===- SigmaJobOps.td - what is to be trained, and how -----*- tablegen -*-===//

#ifndef SIGMA_JOB_OPS
#define SIGMA_JOB_OPS

include "dialects/Sigma/SigmaAttrs.td"
include "mlir/IR/SymbolInterfaces.td"

def Sigma_JobOp : Sigma_Op<"job", [
    Symbol, DeclareOpInterfaceMethods<SymbolUserOpInterface>, NoTerminator, SingleBlock,
    NoRegionArguments, IsolatedFromAbove]> {
  let summary = "one training run";
  let description = [{
    Trains `model` on `cluster` with `batch` sequences per step, summed over all ranks, of the
    model's length or of `sequence` tokens. The planner minimizes the step time at `quantile_ppm`,
    takes every op and transfer to be longer than the cluster says by `time_margin_ppm`, and leaves
    `memory_margin_ppm` of each device's memory free. `max_micro_batch` and `max_zero` (the highest
    ZeRO stage, 3 if nothing is said) bound its choice, `pin` fixes one, `forbid` excludes values of
    one: of the sizes `tp`, `pp`, `vpp`, `dp`, `ep`, `etp`, `cp`, `zero`, `expert_zero` and
    `micro_batch`, of `schedule`, and of `remat`. `overlap` says how much communication may hide
    behind arithmetic (`#sigma.overlap`).
    `expert_capacity_ppm` bounds the rows that the experts of one rank have room for, in parts per
    million of the even share; what comes beyond that goes there in later rounds. Without it, room
    is kept for the worst case.

    Of a run that another framework makes: `dispatch` says how tokens are sent to their experts; `reduce` is the format
    in which replicas exchange gradients, that of their sum if nothing is said; `step_ns` is a fixed time of each step;
    `scratch_gradients` keeps one more gradient of each matrix of a layer, and of the head, beside all others, in the
    format of values (Transformer Engine from 2.8 on); `f32_logits` takes the loss of an f32 copy of 16-bit logits and
    keeps their log-softmax, as PyTorch's `cross_entropy(logits.float(), …)` does; `eager_experts` runs what experts do
    beside a product and a plain activation in steps of their own, each of which reads and writes all rows: the limit of
    `clamped_swiglu`, and the bias behind the last product (Megatron-LM of 2025).

    `precision` is a whole recipe (`#sigma.precision`).

    ```mlir
    sigma.job @run model @byte_moe on @workstation batch 8 precision f32
        pin {pp = 1, remat = none} forbid {ep = [4, 8]} {
      sigma.adamw learning_rate 1.0e-03 warmup 20
    }
    ```

    **Constraints:**
    - `batch` is positive.
    - `sequence` is from 1 to 16777216.
    - `quantile_ppm` is from 1 to 999999.
    - `time_margin_ppm` is from 0 to 1000000.
    - `memory_margin_ppm` is from 0 to 999999.
    - `max_micro_batch` is positive.
    - `max_zero` is from 0 to 3.
    - `expert_capacity_ppm`, when present, is at least 1000000.
    - `reduce` is f32 or bf16.
    - `step_ns` is not negative.
    - Each pinned size is positive; `zero` is from 0 to 3; `expert_zero` is from 0 to 3.
    - Nothing else is pinned but a schedule and a rematerialization mode.
    - Each forbidden size is positive; `zero` is from 0 to 3.
    - Nothing else is forbidden but schedules and rematerialization modes.
    - Each choice that is forbidden names a value.
    - One schedule and one rematerialization mode are left.
    - No value is both pinned and forbidden.
    - A pinned `zero` is at most `max_zero`; a pinned `expert_zero` is at most `max_zero`.
    - The body is one `sigma.adamw` and nothing else.
    - `model` names a `sigma.model`.
    - `cluster` names a `sigma.cluster`.
    - Learned positions of the model are at least `sequence`.
    - Each accelerator of the cluster states the peaks that `precision` needs.
  }];
  let arguments = (ins
    SymbolNameAttr:$sym_name,
    FlatSymbolRefAttr:$model,
    FlatSymbolRefAttr:$cluster,
    Sigma_I64:$batch,
    Sigma_PrecisionAttr:$precision,
    Sigma_OptionalI64:$sequence,
    Sigma_DefaultI64<"950000">:$quantile_ppm,
    Sigma_DefaultI64<"0">:$time_margin_ppm,
    Sigma_DefaultI64<"60000">:$memory_margin_ppm,
    Sigma_DefaultI64<"16">:$max_micro_batch,
    Sigma_OptionalI64:$max_zero,
    Sigma_OptionalI64:$expert_capacity_ppm,
    OptionalAttr<Sigma_PrecisionAttr>:$reduce,
    DefaultValuedAttr<Sigma_DispatchAttr, "::mlir::sigma::Dispatch::PerChoice">:$dispatch,
    Sigma_DefaultI64<"0">:$step_ns,
    UnitAttr:$scratch_gradients,
    UnitAttr:$f32_logits,
    UnitAttr:$eager_experts,
    OptionalAttr<Sigma_OverlapAttr>:$overlap,
    OptionalAttr<DictionaryAttr>:$pin,
    OptionalAttr<DictionaryAttr>:$forbid
  );
  let regions = (region SizedRegion<1>:$bodyRegion);
  let assemblyFormat = [{
    $sym_name `model` $model `on` $cluster `batch` $batch `precision` custom<Enum>($precision)
    oilist(`sequence` $sequence | `quantile_ppm` $quantile_ppm
           | `time_margin_ppm` $time_margin_ppm | `memory_margin_ppm` $memory_margin_ppm
           | `max_micro_batch` $max_micro_batch | `max_zero` $max_zero
           | `expert_capacity_ppm` $expert_capacity_ppm | `reduce` custom<Enum>($reduce)
           | `dispatch` custom<Enum>($dispatch) | `step_ns` $step_ns | `scratch_gradients` $scratch_gradients
           | `f32_logits` $f32_logits | `eager_experts` $eager_experts | `overlap` custom<Overlap>($overlap))
    (`pin` custom<Pins>($pin)^)?
    (`forbid` custom<Forbids>($forbid)^)?
    attr-dict-with-keyword $bodyRegion
  }];
  let extraClassDeclaration = [{
    ::mlir::sigma::AdamWOp getOptimizer();
    /// Null if there is no such model.
    ::mlir::sigma::ModelOp lookupModel();
    /// Null if there is no such cluster.
    ::mlir::sigma::ClusterOp lookupCluster();
    /// The job's own, or else the model's.
    int64_t getTrainedSequence();
    /// What is pinned, if it is.
    std::optional<int64_t> getPinned(::llvm::StringRef size);
    std::optional<::mlir::sigma::Schedule> getPinnedSchedule();
    std::optional<::mlir::sigma::RematMode> getPinnedRemat();
    void setPinned(::llvm::StringRef choice, ::mlir::Attribute value);
    ::llvm::ArrayRef<int64_t> getForbidden(::llvm::StringRef size);
    bool forbids(::mlir::sigma::Schedule schedule);
    bool forbids(::mlir::sigma::RematMode mode);
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Sigma_AdamWOp : Sigma_Op<"adamw", [HasParent<"::mlir::sigma::JobOp">]> {
  let summary = "AdamW with linear warm-up and clipping by the global norm";
  let description = [{
    `learning_rate` is reached after `warmup` steps of linear increase and stays. `clip` bounds
    the norm of all gradients together; 0 turns clipping off. `moments` is the format in which the
    two moments are kept, that of the master copy if nothing is said.

    **Constraints:**
    - `learning_rate` is positive and finite.
    - `warmup` is not negative.
    - `beta1` is at least 0 and below 1.
    - `beta2` is at least 0 and below 1.
    - `epsilon` is positive and finite.
    - `weight_decay` is not negative and finite.
    - `clip` is not negative and finite.
    - `moments` is f32 or bf16.
  }];
  let arguments = (ins
    Sigma_F64:$learning_rate,
    Sigma_DefaultI64<"0">:$warmup,
    Sigma_DefaultF64<"0.9">:$beta1,
    Sigma_DefaultF64<"0.95">:$beta2,
    Sigma_DefaultF64<"1.0e-8">:$epsilon,
    Sigma_DefaultF64<"0.1">:$weight_decay,
    Sigma_DefaultF64<"1.0">:$clip,
    OptionalAttr<Sigma_PrecisionAttr>:$moments
  );
  let assemblyFormat = [{
    `learning_rate` $learning_rate
    oilist(`warmup` $warmup | `beta1` $beta1 | `beta2` $beta2 | `epsilon` $epsilon
           | `weight_decay` $weight_decay | `clip` $clip | `moments` custom<Enum>($moments))
    attr-dict
  }];
  let hasVerifier = 1;
}

#endif // SIGMA_JOB_OPS
