//===- Passes.td - the passes of sigma, in pipeline order -------*- tablegen -*-===//

#ifndef PASSES_PASSES_TD
#define PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

def PlanParallelism : Pass<"sigma-plan-parallelism", "::mlir::ModuleOp"> {
  let summary = "finds the best plan of each job that has none";
  let description = [{
    Fills the planner's tables from the op interfaces, searches, and writes the answer as `sigma.plan`. An infeasible job is an
    error whose notes name the conflicting limits and the smallest changes that make it fit.

    ```mlir
    sigma.job @run model @m on @c batch 8 precision f32 { sigma.adamw learning_rate 1.0e-3 }
    // becomes, beside it
    sigma.plan @run pp 1 dp 4 ep 1 micro_batch 2 schedule "1f1b" predicted {...} proof optimal {
      sigma.stage 0 layers 0 to 4 remat [none, none, none, none] peak_bytes 309123072
    }
    ```
  }];
  let options = [Option<"timeLimitS", "time-limit", "double", "60.0",
                        "seconds after which the best plan so far is returned, with its proven gap">];
  let dependentDialects = ["::mlir::sigma::SigmaDialect", "::mlir::rank::RankDialect"];
}

def ExpandBlocks : Pass<"sigma-expand-blocks", "::mlir::ModuleOp"> {
  let summary = "turns the plan into one rank.program per stage, blocks into primitive ops";
  let description = [{
    The module must hold one plan. Model, cluster, job and plan are replaced by a `rank.launch` and the programs, each with
    its parameters and a `forward` function on one micro-batch; experts are not sharded yet.

    ```mlir
    sigma.head untied
    // becomes
    %w = rank.weight @head.norm : tensor<256xf32>
    %y, %rstd = rank.rms_norm %x, %w {epsilon = 1.0e-06 : f64} : ...
    %o = rank.weight @head.output : tensor<256x256xf32>
    %logits = rank.matmul %y, %o : ...
    %loss, %lse = rank.cross_entropy %logits, %targets : ...
    rank.objective loss %loss scale 4.8828125E-4 : tensor<1xf32>
    ```
  }];
  let options = [Option<"precision", "precision", "std::string", "\"\"",
                        "f32 or f64 instead of the job's precision; f64 is for verification">];
  let dependentDialects = ["::mlir::rank::RankDialect"];
}

def Shard : Pass<"sigma-shard", "::mlir::rank::ProgramOp"> {
  let summary = "shards experts and makes exchanges of their rows explicit collectives";
  let description = [{
    ```mlir
    %1 = rank.dispatch %rows, %sizes : tensor<512x256xf32>, tensor<8xi32>
    // with ep = 1 is %rows; with ep = 4
    %table, %local = rank.exchange_sizes %sizes {capacity = 2048 : i64} : ...
    %1 = rank.all_to_all %rows, %sizes, %table {direction = dispatch, ...} : ...
    ```
    Where a capacity is planned that is less than all rows that may come, rows beyond it go in later rounds, of a quarter of it:
    ```mlir
    %routes, %rounds = rank.exchange_routes %sizes {capacity = 1024 : i64, later_capacity = 256 : i64} : ...
    %sent, %begins, %table, %local = rank.round %sizes, %routes {...} : ...
    %1 = rank.all_to_all %rows, %sent, %table, %begins {direction = dispatch, ...} : ...
    ...
    %8 = rank.collect_rounds %7, %sent, %table, %begins, %rounds, %sizes, %routes, %tokens, ... {...} : ... {
      // what stands above, from rank.round on, of 256 rows
    }
    ```
    With etp > 1, the ranks of each expert gather their rows before its products and scatter the sums after them.

    Runs before autodiff, so that the collectives of backward are derived like any other gradient
    (docs/decisions/0002-shard-before-autodiff.md).
  }];
}

def Autodiff : Pass<"sigma-autodiff", "::mlir::rank::ProgramOp"> {
  let summary = "derives backward from forward by the ops' rules";
  let description = [{
    ```mlir
    rank.func @forward(%x) { %w = rank.weight @w  %y = rank.matmul %x, %w  rank.return %y }
    // gets
    rank.func @backward(%x, %dy) { %w = rank.weight @w  %dx = rank.matmul %dy, %w {transpose_rhs}
      rank.matmul %x, %dy {into = @w, transpose_lhs}  rank.return %dx }
    ```
    Forward saves the values that backward names; its arguments are passed again.
  }];
}

def Remat : Pass<"sigma-remat", "::mlir::rank::ProgramOp"> {
  let summary = "recomputes the values of rematerialized layers in backward";
  let description = [{
    For each layer whose mode is not `none`, the forward ops that make the values of the mode's modules again are cloned into
    backward, as late as can be, and forward keeps only what the clones start from; with `full` that is the layer's input.

    ```mlir
    // remat ["mlp_act"]
    rank.func @forward(%x) { ... %a = rank.activation %g {rank.module = "mlp.mlp_act"} ... rank.return %y saves(%n, %a, %g) }
    rank.func @backward(%n, %a, %g, %dy) { ... rank.matmul %a, %dy {into = @down, transpose_lhs} ... }
    // becomes
    rank.func @forward(%x) { ... rank.return %y saves(%n, %g) }
    rank.func @backward(%n, %g, %dy) { ... %a = rank.activation %g {rank.module = "mlp.mlp_act", rank.recomputed}
      rank.matmul %a, %dy {into = @down, transpose_lhs} ... }
    ```
  }];
}

def SplitBackward : Pass<"sigma-split-backward", "::mlir::rank::ProgramOp"> {
  let summary = "splits backward where the schedule puts off the gradients of weights";
  let description = [{
    With `zb-h1` (Qi et al. 2024) and `dualpipev` products that only add to a parameter's gradient leave backward for a function
    of their own. What they read is held until then: of what forward saved, and of what backward made. Without them, backward
    makes the gradients of inputs, for which the stage before waits. dualpipev splits few backwards, and keeps @backward, too.

    ```mlir
    rank.func @forward(%x) { ... rank.return %y saves(%a, %g) }
    rank.func @backward(%a, %g, %dy) { ... rank.matmul %a, %dh {into = @w, transpose_lhs} ... rank.return %dx }
    // becomes
    rank.func @forward(%x) { ... rank.return %y saves(%g) holds(%a) }
    rank.func @input_gradients(%g, %a, %dy) { ... rank.return %dx holds(%dh) }
    rank.func @weight_gradients(%a, %dh) { rank.matmul %a, %dh {into = @w, transpose_lhs} rank.return }
    ```
  }];
}

def PrintRematModes : Pass<"sigma-print-remat-modes", "::mlir::ModuleOp"> {
  let summary = "prints what each rematerialization mode of each kind of layer saves and costs";
  let description = [{
    Of one micro-batch of each job's model, the modes that the planner chooses among (docs/rematerialization.md).
  }];
  let options = [Option<"microBatch", "micro-batch", "int64_t", "1", "sequences">,
                 Option<"ep", "ep", "int64_t", "1", "expert-parallel ranks">];
  let dependentDialects = ["::mlir::rank::RankDialect"];
}

def Zero : Pass<"sigma-zero", "::mlir::rank::ProgramOp"> {
  let summary = "lays parameters side by side whose state the launch's ZeRO stages spread over their replicas";
  let description = [{
    With stage 1, all that share an axis make one `rank.flat`, which the schedule sums and gathers once a step; with `overlaps_gradients`
    those of a piece do. With later ones those of a piece do - a layer, the embedding, the head - and functions have all of its gradients, with stage 3 of its
    values, while the piece is at work. What is updated by load stays as it is.

    ```mlir
    // mesh<pp = 1, dp = 2, zero = 1>
    rank.parameter @a : tensor<100xf32> ...
    rank.parameter @b : tensor<8xf32> ...
    // becomes; tensors begin and parts end at multiples of 64 bytes
    rank.flat @dp over dp elements 128 part 64
    rank.parameter @a : tensor<100xf32> ... in @dp at 0
    rank.parameter @b : tensor<8xf32> ... in @dp at 112

    // in @backward, with zero = 3
    %w = rank.weight @b : tensor<8xf32>
    %dx, %dw = rank.rms_norm_grad %x, %w, ... {rank.layer = 0}
    rank.accumulate @b, %dw {rank.layer = 0}
    // becomes
    %v = rank.gather_values @layers.0.dp : tensor<128xf32>
    %w = rank.weight @b in %v(tensor<128xf32>) : tensor<8xf32>
    %dx, %dw = rank.rms_norm_grad %x, %w, ... {rank.layer = 0}
    %g = rank.flat_gradients @layers.0.dp : tensor<128xf32>
    rank.accumulate @b, %dw {rank.layer = 0}
    rank.reduce_gradients %g : tensor<128xf32>
    ```
  }];
}

def Schedule : Pass<"sigma-schedule", "::mlir::rank::ProgramOp"> {
  let summary = "writes the stage's step in the order of its schedule";
  let description = [{
    The order is the one that `sigma simulate` plays (planner/Schedule.h); what dualpipev does side by side, forward and
    backward of two micro-batches, comes one after the other. Then gradients are reduced, the norm is taken and the
    parameters are updated.
  }];
}

def OverlapGradients : Pass<"sigma-overlap-gradients", "::mlir::rank::ProgramOp"> {
  let summary = "starts the sums of a piece's gradients behind the last op that adds to them";
  let description = [{
    Where the launch `overlaps_gradients`: gradients of one piece that lie side by side, or the piece's `rank.flat` of ZeRO stage 1,
    are summed while backward of the pieces before it goes on. What functions of several chunks add to is started at the end.
    What is summed over a tensor group first, or over the ends of the pipeline after, stays in the schedule.

    With ZeRO stages 2 and 3, which sum in every micro-batch, the sum of a piece goes on until that of the next piece of the same mesh
    starts, or the function ends: `rank.reduce_gradients` becomes `rank.start_reduce_gradients` and `rank.wait_reduce_gradients`.

    ```mlir
    // in @backward
    rank.matmul %x, %dy {into = @layers.1.w, transpose_lhs, rank.layer = 1}
    rank.matmul %z, %dx {into = @layers.0.w, transpose_lhs, rank.layer = 0}
    // in the schedule
    rank.all_reduce_gradients dp
    rank.gradient_norm dp
    // becomes
    rank.matmul %x, %dy {into = @layers.1.w, transpose_lhs, rank.layer = 1}
    rank.start_reduce dp of [@layers.1.w]
    rank.matmul %z, %dx {into = @layers.0.w, transpose_lhs, rank.layer = 0}
    rank.start_reduce dp of [@layers.0.w]
    // in the schedule
    rank.wait_reduce
    rank.gradient_norm dp
    ```
  }];
}

def OverlapRows : Pass<"sigma-overlap-rows", "::mlir::rank::ProgramOp"> {
  let summary = "starts collectives of rows before ops that do not need them";
  let description = [{
    Where the launch `overlaps_tensor`, of all_gather, reduce_scatter, gather_expert_rows and scatter_expert_rows; where it
    `overlaps_exchanges`, of all_to_all. Among the ops of a layer, the embedding or the head, what leads to a collective comes
    first; the rest, above all gradients of weights, is done while rows are on their way. A wait comes where nothing else can be done.

    ```mlir
    %dh = rank.matmul %dy, %w {transpose_rhs} : ...
    rank.matmul %h, %dy {into = @w, transpose_lhs} : ...
    %dx = rank.reduce_scatter %dh over tensor : ...
    // becomes
    %dh = rank.matmul %dy, %w {transpose_rhs} : ...
    %dx = rank.reduce_scatter %dh over tensor {started} : ...
    rank.matmul %h, %dy {into = @w, transpose_lhs} : ...
    rank.wait %dx : ...
    ```
    Collectives keep their order, and so do ops that add to the same gradients.
  }];
}

def OverlapParameters : Pass<"sigma-overlap-parameters", "::mlir::rank::ProgramOp"> {
  let summary = "gathers a piece's values while other pieces are at work";
  let description = [{
    Where the launch `overlaps_parameters`. With ZeRO stages 1 and 2, which gather what has been updated, the last ops of the schedule
    start that, and the next step's first forward waits for a piece's values where it needs them. Of ZeRO stage 3, which gathers the values of a layer, the embedding or the head when it
    needs them. The first piece of a function has nothing before it, and waits.

    ```mlir
    %0 = rank.gather_values @layers.0.dp : tensor<64xf32>
    %1 = rank.weight @layers.0.w in %0 : tensor<8x8xf32> from tensor<64xf32>
    %2 = rank.matmul %x, %1 {rank.layer = 0} : ...
    %3 = rank.gather_values @layers.1.dp : tensor<64xf32>
    // becomes
    %0 = rank.gather_values @layers.0.dp : tensor<64xf32>
    %3 = rank.start_gather @layers.1.dp : tensor<64xf32>
    %1 = rank.weight @layers.0.w in %0 : tensor<8x8xf32> from tensor<64xf32>
    %2 = rank.matmul %x, %1 {rank.layer = 0} : ...
    rank.wait_gather %3 : tensor<64xf32>
    // of stage 1, in forward and in the schedule
    %2 = rank.matmul %x, %1 {rank.layer = 0} : ...
    rank.all_gather_values @layers.0.dp
    // becomes
    rank.wait_values @layers.0.dp
    %2 = rank.matmul %x, %1 {rank.layer = 0} : ...
    rank.all_gather_values @layers.0.dp {started}
    ```
  }];
}

def PlanMemory : Pass<"sigma-plan-memory", "::mlir::rank::ProgramOp"> {
  let summary = "gives every value a place in one arena, by liveness";
  let description = [{
    Order of the arena: values, gradients (replicated, then expert, then those of flats), first moments, second moments, the
    schedule's buffers and residual slots, scratch memory of sums that go on beside backward, transient memory. Values whose lifetimes do not overlap share memory.
  }];
}

#endif
