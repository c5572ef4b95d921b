//===- SigmaPlanOps.td - jobs and the plans made for them --*- tablegen -*-===//

#ifndef SIGMA_PLAN_OPS
#define SIGMA_PLAN_OPS

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
    ZeRO stage) bound its choice, `pin` fixes one, `forbid` excludes values of one: of the sizes `tp`,
    `pp`, `vpp`, `dp`, `ep`, `etp`, `cp`, `zero` and `micro_batch`, and of `remat`.
    `expert_capacity_ppm` bounds the rows that the experts of one rank may receive, in parts per
    million of the even share; without it, room is kept for the worst case and nothing can overflow.

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
    - Each pinned size is positive; `zero` is from 0 to 3.
    - Nothing else is pinned but a rematerialization mode.
    - Each forbidden size is positive; `zero` is from 0 to 3.
    - Nothing else is forbidden but rematerialization modes.
    - Each choice that is forbidden names a value.
    - One rematerialization mode is left.
    - No value is both pinned and forbidden.
    - A pinned `zero` is at most `max_zero`.
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
    OptionalAttr<DictionaryAttr>:$pin,
    OptionalAttr<DictionaryAttr>:$forbid
  );
  let regions = (region SizedRegion<1>:$bodyRegion);
  let assemblyFormat = [{
    $sym_name `model` $model `on` $cluster `batch` $batch `precision` custom<Enum>($precision)
    oilist(`sequence` $sequence | `quantile_ppm` $quantile_ppm
           | `time_margin_ppm` $time_margin_ppm | `memory_margin_ppm` $memory_margin_ppm
           | `max_micro_batch` $max_micro_batch | `max_zero` $max_zero
           | `expert_capacity_ppm` $expert_capacity_ppm)
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
    std::optional<::mlir::sigma::RematMode> getPinnedRemat();
    void setPinned(::llvm::StringRef choice, ::mlir::Attribute value);
    ::llvm::ArrayRef<int64_t> getForbidden(::llvm::StringRef size);
    bool forbidsRemat(::mlir::sigma::RematMode mode);
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

def Sigma_PlanOp : Sigma_Op<"plan", [
    DeclareOpInterfaceMethods<SymbolUserOpInterface>, NoTerminator, SingleBlock, NoRegionArguments,
    IsolatedFromAbove]> {
  let summary = "how a job is split over the cluster";
  let description = [{
    The world is `pp` x `dp` ranks. Each group of `dp` ranks is folded once more into `ep` x (`dp`
    / `ep`) for the experts. `micro_batch` is in sequences per rank. The prediction is left out of
    a plan that nobody has costed.

    ```mlir
    sigma.plan @run pp 2 dp 2 ep 2 micro_batch 1 schedule "1f1b"
        predicted {p50_ns = 101000000, p95_ns = 110000000, mean_ns = 102000000} proof optimal {
      sigma.stage 0 layers 0 to 2 remat [none, full] peak_bytes 123456789
      sigma.stage 1 layers 2 to 4 remat [none, none] peak_bytes 123456789
    }
    ```

    **Constraints:**
    - `pp` is positive.
    - `dp` is positive.
    - `ep` is positive.
    - `micro_batch` is positive.
    - `ep` divides `dp`.
    - Predicted times are not negative.
    - Predicted times are all positive or all absent.
    - `predicted_p95_ns` is at least `predicted_p50_ns`.
    - The body holds nothing but `sigma.stage`.
    - There are `pp` stages.
    - The index of each stage is its position.
    - Each stage begins where the one before ends; the first begins at layer 0.
    - `job` names a `sigma.job`.
    - The last stage ends at the model's number of layers.
    - `pp` x `dp` is the cluster's number of devices.
    - `ep` divides the number of experts of every MoE layer, and is 1 for a model without MoE
      layers.
    - `dp` x `micro_batch` divides the job's batch.
    - Each choice that the job pins is the pinned one.
    - No choice is one that the job forbids.
  }];
  let arguments = (ins
    FlatSymbolRefAttr:$job,
    Sigma_I64:$pp,
    Sigma_I64:$dp,
    Sigma_I64:$ep,
    Sigma_I64:$micro_batch,
    Sigma_ScheduleAttr:$schedule,
    Sigma_DefaultI64<"0">:$predicted_p50_ns,
    Sigma_DefaultI64<"0">:$predicted_p95_ns,
    Sigma_DefaultI64<"0">:$predicted_mean_ns,
    Sigma_ProofStatusAttr:$proof
  );
  let regions = (region SizedRegion<1>:$bodyRegion);
  let assemblyFormat = [{
    $job `pp` $pp `dp` $dp `ep` $ep `micro_batch` $micro_batch `schedule` custom<Enum>($schedule)
    (`predicted` ` ` `{` `p50_ns` `=` $predicted_p50_ns^ `,` `p95_ns` `=` $predicted_p95_ns `,`
     `mean_ns` `=` $predicted_mean_ns `}`)?
    `proof` custom<Enum>($proof) attr-dict-with-keyword $bodyRegion
  }];
  let extraClassDeclaration = [{
    /// In order.
    ::llvm::SmallVector<::mlir::sigma::StageOp, 4> getStages();
    /// Null if there is no such job.
    ::mlir::sigma::JobOp lookupJob();
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Sigma_StageOp : Sigma_Op<"stage", [HasParent<"::mlir::sigma::PlanOp">]> {
  let summary = "one pipeline stage of a plan";
  let description = [{
    The layers from `first_layer` up to, and without, `end_layer`, with one rematerialization mode
    per layer. The first stage also holds the embedding, the last one the head. `peak_bytes` is
    the predicted peak of a rank of this stage, 0 when nobody has costed it.

    **Constraints:**
    - `index` is not negative.
    - `first_layer` is not negative.
    - `end_layer` is greater than `first_layer`.
    - `remat` has one mode per layer.
    - `peak_bytes` is not negative.
  }];
  let arguments = (ins
    Sigma_I64:$index,
    Sigma_I64:$first_layer,
    Sigma_I64:$end_layer,
    Sigma_RematListAttr:$remat,
    Sigma_DefaultI64<"0">:$peak_bytes
  );
  let assemblyFormat = [{
    $index `layers` $first_layer `to` $end_layer `remat` custom<RematList>($remat)
    (`peak_bytes` $peak_bytes^)? attr-dict
  }];
  let extraClassDeclaration = [{
    int64_t getNumLayers() { return getEndLayer() - getFirstLayer(); }
    /// The mode of the stage's `i`-th layer.
    ::mlir::sigma::RematMode getRematMode(int64_t i);
  }];
  let hasVerifier = 1;
}

#endif // SIGMA_PLAN_OPS
