// RUN: sigma-opt %s --pass-pipeline="builtin.module(rank.program(sigma-autodiff,sigma-zero,sigma-schedule,sigma-overlap-gradients,sigma-plan-memory))" | FileCheck %s
// RUN: sigma-opt %s --pass-pipeline="builtin.module(rank.program(sigma-autodiff,sigma-zero,sigma-schedule,sigma-overlap-gradients,sigma-plan-memory),sigma-rank-to-llvm)" | FileCheck %s --check-prefix=LLVM
// RUN: sed 's/dp = 2>/dp = 2, zero = 1>/' %s | sigma-opt --pass-pipeline="builtin.module(rank.program(sigma-autodiff,sigma-zero,sigma-schedule,sigma-overlap-gradients,sigma-plan-memory))" | FileCheck %s --check-prefix=ONE
// RUN: sed 's/dp = 2>/dp = 2, zero = 2>/' %s | sigma-opt --pass-pipeline="builtin.module(rank.program(sigma-autodiff,sigma-zero,sigma-schedule,sigma-overlap-gradients,sigma-plan-memory))" | FileCheck %s --check-prefix=TWO
// RUN: sed 's/dp = 2>/dp = 2, zero = 2>/' %s | sigma-opt --pass-pipeline="builtin.module(rank.program(sigma-autodiff,sigma-zero,sigma-schedule,sigma-overlap-gradients,sigma-plan-memory),sigma-rank-to-llvm)" | FileCheck %s --check-prefix=TWO-LLVM

// Sums start behind the last op that adds, piece by piece; the scratch memory of all of them has a place of its own. What no function
// adds to is started at the end.

// CHECK:      rank.parameter @table {{.*}} {first_moment_offset = {{[0-9]+}} : i64, gradient_offset = 768 : i64
// CHECK:      rank.func @forward
// CHECK-NOT:    rank.start_reduce
// CHECK:      rank.func @backward
// CHECK:        rank.accumulate @b
// CHECK-NEXT:   rank.start_reduce dp of [@b] {elements = 16 : i64, offset = 1344 : i64, part = 16 : i64, workspace_bytes = 640 : i64, workspace_offset = [[PLACE:[0-9]+]] : i64}
// CHECK:        rank.accumulate @a
// CHECK-NEXT:   rank.start_reduce dp of [@a] {elements = 16 : i64, offset = 1280 : i64, part = 16 : i64, workspace_bytes = 640 : i64, workspace_offset = [[PLACE]] : i64}
// CHECK:        rank.embedding_grad {{.*}} {into = @table}
// CHECK-NEXT:   rank.start_reduce dp of [@table] {elements = 128 : i64, offset = 768 : i64, part = 64 : i64
// CHECK:      rank.schedule
// CHECK:        rank.call @backward({{.*}}) micro_batch 1
// CHECK-NEXT:   rank.start_reduce edp of [@experts] {elements = 32 : i64
// CHECK-NEXT:   rank.wait_reduce
// CHECK-NEXT:   rank.gradient_norm dp
// CHECK-NEXT:   rank.gradient_norm edp

// What starts sums looks at them before each op, and does so in the last micro-batch only.

// LLVM-LABEL: llvm.func @f32.stage0.forward
// LLVM-NOT:     sigma_progress
// LLVM-LABEL: llvm.func @f32.stage0.backward
// LLVM:         llvm.call @sigma_progress(%arg0)
// LLVM:         llvm.call @sigma_rms_norm_grad
// LLVM:         llvm.call @sigma_progress(%arg0)
// LLVM:         llvm.call @sigma_accumulate
// LLVM:         llvm.call @sigma_start_reduce(%arg0
// LLVM:         llvm.call @sigma_progress(%arg0)
// LLVM-LABEL: llvm.func @f32.stage0.step
// LLVM:         llvm.call @f32.stage0.backward
// LLVM-NOT:     sigma_last_micro_batch
// LLVM:         llvm.call @sigma_last_micro_batch(%arg0
// LLVM-NEXT:    llvm.call @f32.stage0.backward
// LLVM-NEXT:    %[[NO:.*]] = llvm.mlir.constant(0 : i64)
// LLVM-NEXT:    llvm.call @sigma_last_micro_batch(%arg0, %[[NO]])
// LLVM:         llvm.call @sigma_start_reduce(%arg0
// LLVM:         llvm.call @sigma_wait_reduce(%arg0)
// LLVM:         llvm.call @sigma_square_sum

// With ZeRO-1 each piece has its flat, of which each rank gets the sum of its part.

// ONE:      rank.flat @embedding.dp over dp elements 128 part 64
// ONE-NEXT: rank.flat @layers.0.dp over dp elements 16 part 16
// ONE-NEXT: rank.flat @layers.1.dp over dp elements 16 part 16
// ONE:      rank.func @backward
// ONE:        rank.start_reduce dp of [@layers.1.dp] {elements = 16 : i64, offset = {{[0-9]+}} : i64, part = 16 : i64
// ONE:        rank.start_reduce dp of [@layers.0.dp]
// ONE:        rank.start_reduce dp of [@embedding.dp] {elements = 128 : i64, offset = {{[0-9]+}} : i64, part = 64 : i64
// ONE:      rank.schedule
// ONE-NOT:    rank.reduce_scatter_gradients
// ONE:        rank.start_reduce edp of [@experts]
// ONE-NEXT:   rank.wait_reduce
// ONE-NEXT:   rank.gradient_norm dp of @embedding.dp
// ONE:        rank.all_gather_values @layers.1.dp

// With stage 2, a piece's sum goes on until the next one's starts. Until then its gradients have their memory; the workspace is beside
// all values.

// TWO:      rank.func @backward
// TWO:        %[[B:.*]] = rank.flat_gradients @layers.1.dp
// TWO:        rank.accumulate @b
// TWO-NEXT:   rank.start_reduce_gradients %[[B]] {workspace_bytes = 640 : i64, workspace_offset = [[PLACE:[0-9]+]] : i64}
// TWO-NOT:    rank.wait_reduce_gradients
// TWO:        %[[A:.*]] = rank.flat_gradients @layers.0.dp
// TWO:        rank.accumulate @a
// TWO-NEXT:   rank.wait_reduce_gradients %[[B]]
// TWO-NEXT:   rank.start_reduce_gradients %[[A]] {workspace_bytes = 640 : i64, workspace_offset = [[PLACE]] : i64}
// TWO:        %[[T:.*]] = rank.flat_gradients @embedding.dp
// TWO:        rank.embedding_grad
// TWO-NEXT:   rank.wait_reduce_gradients %[[A]]
// TWO-NEXT:   rank.start_reduce_gradients %[[T]]
// TWO-NEXT:   rank.wait_reduce_gradients %[[T]]
// TWO-NEXT:   rank.return
// TWO:      rank.schedule
// TWO-NOT:    rank.reduce_scatter_gradients

// TWO-LLVM-LABEL: llvm.func @f32.stage0.backward
// TWO-LLVM:         llvm.call @sigma_progress
// TWO-LLVM:         llvm.call @sigma_start_reduce_flat
// TWO-LLVM:         llvm.call @sigma_progress
// TWO-LLVM:         llvm.call @sigma_wait_reduce_flat

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 1> batch 4 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64, overlaps_gradients}
rank.program @stage0 stage 0 of @launch layers 0 to 2 remat ["none", "none"] {
  rank.parameter @table : tensor<16x8xf32> init normal(0.1)
  rank.parameter @a : tensor<8xf32> init ones(0.0)
  rank.parameter @experts : tensor<1x4x8xf32> init normal(0.1) expert
  rank.parameter @b : tensor<8xf32> init ones(0.0)
  rank.func @forward(%tokens: tensor<4xi32>, %targets: tensor<4xi32>) {
    %table = rank.weight @table : tensor<16x8xf32>
    %x = rank.embedding %tokens, %table : (tensor<4xi32>, tensor<16x8xf32>) -> tensor<4x8xf32>
    %a = rank.weight @a : tensor<8xf32>
    %n, %r = rank.rms_norm %x, %a {epsilon = 0.1 : f64, rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    %b = rank.weight @b : tensor<8xf32>
    %m, %s = rank.rms_norm %n, %b {epsilon = 0.1 : f64, rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    %loss, %l = rank.cross_entropy %m, %targets : (tensor<4x8xf32>, tensor<4xi32>) -> (tensor<1xf32>, tensor<4xf32>)
    rank.objective loss %loss scale 1.0 : tensor<1xf32>
    rank.return
  }
}
