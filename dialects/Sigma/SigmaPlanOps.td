//===- SigmaPlanOps.td - how jobs are split over clusters --*- tablegen -*-===//

#ifndef SIGMA_PLAN_OPS
#define SIGMA_PLAN_OPS

include "dialects/Sigma/SigmaAttrs.td"
include "mlir/IR/SymbolInterfaces.td"

def Sigma_PlanOp : Sigma_Op<"plan", [
    DeclareOpInterfaceMethods<SymbolUserOpInterface>, NoTerminator, SingleBlock, NoRegionArguments,
    IsolatedFromAbove]> {
  let summary = "how a job is split over the cluster";
  let description = [{
    The world is `tp` x `cp` x `dp` x `pp` ranks. The ranks of a stage, `tp` x `cp` x `dp`, are
    folded once more into `etp` x `ep` x edp for the experts. `micro_batch` is in sequences per rank.
    A stage holds `vpp` chunks of layers. What is not stated is 1, the ZeRO stages `zero` and
    `expert_zero` 0, the context kind `ring` and the placement `"tp-cp-dp-pp"`. The prediction is
    left out of a plan that nobody has costed.

    ```mlir
    sigma.plan @run pp 2 dp 2 ep 2 micro_batch 1 schedule "1f1b"
        predicted {p50_ns = 101000000, p95_ns = 110000000, mean_ns = 102000000} proof optimal {
      sigma.stage 0 layers 0 to 2 remat [none, full] peak_bytes 123456789
      sigma.stage 1 layers 2 to 4 remat [none, none] peak_bytes 123456789
    }
    sigma.plan @run tp 2 cp 2 context "all-to-all" pp 2 vpp 2 dp 2 etp 2 ep 4 zero 1 micro_batch 1
        schedule dualpipev placement "tp-cp-pp-dp" proof unproven {
      sigma.stage 0 layers 0 to 1, 3 to 4 remat [none, full]
      sigma.stage 1 layers 1 to 2, 2 to 3 remat [none, none]
    }
    ```

    **Constraints:**
    - `tp` is positive.
    - `cp` is positive.
    - `pp` is positive.
    - `vpp` is positive.
    - `dp` is positive.
    - `etp` is positive.
    - `ep` is positive.
    - `micro_batch` is positive.
    - `zero` is from 0 to 3.
    - `expert_zero` is from 0 to 3.
    - `context` is ring where `cp` is 1.
    - `etp` x `ep` divides `tp` x `cp` x `dp`.
    - `zero` is 0 where `cp` x `dp` is 1.
    - `expert_zero` is 0 where `edp` is 1.
    - `vpp` is 1 with `schedule` 1f1b and zb-h1.
    - `vpp` is at least 2 with `schedule` interleaved.
    - `vpp` is 2 with `schedule` dualpipev.
    - `pp` is at least 2 with every `schedule` but 1f1b.
    - `placement` tp-cp-pp-dp needs `pp` and `dp` above 1.
    - With `placement` tp-cp-pp-dp, `etp` and `tp` x `cp` divide each other.
    - With `placement` tp-cp-pp-dp, `etp` x `ep` and `tp` x `cp` divide each other.
    - Predicted times are not negative.
    - Predicted times are all positive or all absent.
    - `predicted_p95_ns` is at least `predicted_p50_ns`.
    - The body holds nothing but `sigma.stage`.
    - There are `pp` stages.
    - The index of each stage is its position.
    - Each stage has `vpp` chunks.
    - Each chunk begins where the one before in the schedule's order ends; the first begins at layer 0.
    - `job` names a `sigma.job`.
    - The last chunk ends at the model's number of layers.
    - `tp` x `cp` x `dp` x `pp` is the cluster's number of devices.
    - `ep` divides the number of experts of every MoE layer, and is 1 for a model without MoE layers.
    - `etp` divides what can be split of experts, and is 1 for a model without MoE layers.
    - `tp` divides what can be split of everything else.
    - `cp` is 1 where attention allows no other.
    - `tp` x `cp`, and with ring also 2 x `cp`, divides the job's sequence.
    - With all-to-all `context`, `tp` x `cp` divides the heads.
    - `dp` x `micro_batch` divides the job's batch.
    - With `schedule` interleaved, `pp` divides the number of micro-batches.
    - With `schedule` dualpipev, the micro-batches are at least 2 x `pp`.
    - `zero` is at most the job's `max_zero`; `expert_zero` is at most the job's `max_zero`.
    - Each choice that the job pins is the pinned one.
    - No choice is one that the job forbids.
  }];
  let arguments = (ins
    FlatSymbolRefAttr:$job,
    Sigma_DefaultI64<"1">:$tp,
    Sigma_DefaultI64<"1">:$cp,
    DefaultValuedAttr<Sigma_ContextKindAttr, "::mlir::sigma::ContextKind::Ring">:$context_kind,
    Sigma_I64:$pp,
    Sigma_DefaultI64<"1">:$vpp,
    Sigma_I64:$dp,
    Sigma_DefaultI64<"1">:$etp,
    Sigma_I64:$ep,
    Sigma_DefaultI64<"0">:$zero,
    Sigma_DefaultI64<"0">:$expert_zero,
    Sigma_I64:$micro_batch,
    Sigma_ScheduleAttr:$schedule,
    DefaultValuedAttr<Sigma_PlacementAttr, "::mlir::sigma::Placement::StagesOutside">:$placement,
    Sigma_DefaultI64<"0">:$predicted_p50_ns,
    Sigma_DefaultI64<"0">:$predicted_p95_ns,
    Sigma_DefaultI64<"0">:$predicted_mean_ns,
    Sigma_ProofStatusAttr:$proof
  );
  let regions = (region SizedRegion<1>:$bodyRegion);
  let assemblyFormat = [{
    $job (`tp` $tp^)? (`cp` $cp^)? (`context` custom<Enum>($context_kind)^)? `pp` $pp (`vpp` $vpp^)?
    `dp` $dp (`etp` $etp^)? `ep` $ep (`zero` $zero^)? (`expert_zero` $expert_zero^)?
    `micro_batch` $micro_batch `schedule` custom<Enum>($schedule)
    (`placement` custom<Enum>($placement)^)?
    (`predicted` ` ` `{` `p50_ns` `=` $predicted_p50_ns^ `,` `p95_ns` `=` $predicted_p95_ns `,`
     `mean_ns` `=` $predicted_mean_ns `}`)?
    `proof` custom<Enum>($proof) attr-dict-with-keyword $bodyRegion
  }];
  let extraClassDeclaration = [{
    /// In order.
    ::llvm::SmallVector<::mlir::sigma::StageOp, 4> getStages();
    /// Null if there is no such job.
    ::mlir::sigma::JobOp lookupJob();
    /// Where the chunks stand, as (stage, chunk), in the order in which a micro-batch goes through them.
    ::llvm::SmallVector<std::pair<int64_t, int64_t>> getChunkOrder();
    /// A size by the name that pins use.
    int64_t getSize(::llvm::StringRef name);
    int64_t getRanksPerStage() { return getTp() * getCp() * getDp(); }
    /// Replicas of an expert's parameters.
    int64_t getEdp() { return getRanksPerStage() / (getEtp() * getEp()); }
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Sigma_StageOp : Sigma_Op<"stage", [HasParent<"::mlir::sigma::PlanOp">]> {
  let summary = "one pipeline stage of a plan";
  let description = [{
    Chunks of layers, each from `first_layers` up to, and without, `end_layers`, with the name of a
    rematerialization mode for each layer: `none`, `full`, or one of the modes that the planner finds.
    The first chunk of all also holds the embedding, the last one the head. `peak_bytes` is the
    predicted peak of a rank of this stage, 0 when nobody has costed it.

    **Constraints:**
    - `index` is not negative.
    - There is a chunk, and `first_layers` and `end_layers` are of one length.
    - `first_layers` are not negative.
    - `end_layers` are greater than `first_layers`.
    - `remat` has one mode per layer.
    - `remat` modes have names.
    - `peak_bytes` is not negative.
  }];
  let arguments = (ins
    Sigma_I64:$index,
    DenseI64ArrayAttr:$first_layers,
    DenseI64ArrayAttr:$end_layers,
    StrArrayAttr:$remat,
    Sigma_DefaultI64<"0">:$peak_bytes
  );
  let assemblyFormat = [{
    $index `layers` custom<Chunks>($first_layers, $end_layers) `remat` custom<RematList>($remat)
    (`peak_bytes` $peak_bytes^)? attr-dict
  }];
  let extraClassDeclaration = [{
    /// Layers from `first` up to, and without, `end`.
    struct Chunk {
      int64_t first, end;
    };
    /// In the order of the model.
    ::llvm::SmallVector<Chunk, 2> getChunks();
    /// The layers of all chunks, in order.
    ::llvm::SmallVector<int64_t> getLayers();
    /// The mode of the stage's `i`-th layer.
    ::llvm::StringRef getRematMode(int64_t i);
  }];
  let hasVerifier = 1;
}

#endif // SIGMA_PLAN_OPS
