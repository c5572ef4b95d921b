// RUN: sigma-opt %s --pass-pipeline="builtin.module(rank.program(sigma-autodiff,sigma-zero,sigma-schedule,sigma-plan-memory))" -split-input-file | FileCheck %s
// RUN: sigma-opt %s --pass-pipeline="builtin.module(rank.program(sigma-autodiff,sigma-zero,sigma-schedule,sigma-plan-memory),sigma-rank-to-llvm)" -split-input-file | FileCheck %s --check-prefix=LLVM

// Stage 3: a flat for each piece. A rank has no offsets of its tensors, only of its part of the flat; a piece gathers what it reads
// and reduces what it adds. Stage 2 of the experts: their values are all there, and gathered once a step. What no function
// reads belongs to no piece.

// CHECK:      rank.flat @embedding.dp over dp elements 128 part 64 {first_moment_offset = 1024 : i64, gradient_offset = 576 : i64, second_moment_offset = 1472 : i64, value_offset = 0 : i64}
// CHECK-NEXT: rank.flat @layers.0.dp over dp elements 16 part 16
// CHECK-NEXT: rank.flat @edp over edp elements 64 part 32
// CHECK-NEXT: rank.parameter @table : tensor<16x8xf32> init normal(1.000000e-01) in @embedding.dp at 0{{$}}
// CHECK-NEXT: rank.parameter @scale : tensor<8xf32> init ones(0.000000e+00) in @layers.0.dp at 0{{$}}
// CHECK-NEXT: rank.parameter @experts : {{.*}} expert in @edp at 0 {value_offset = 320 : i64}
// CHECK:      rank.func @forward
// CHECK-NEXT:   %[[TABLE:.*]] = rank.gather_values @embedding.dp {places = [#rank.place<transient, 0>]} : tensor<128xf32>
// CHECK-NEXT:   %[[READ:.*]] = rank.weight @table in %[[TABLE]]
// CHECK-NEXT:   rank.embedding %arg0, %[[READ]]
// CHECK-NEXT:   %[[SCALE:.*]] = rank.gather_values @layers.0.dp {places = [#rank.place<transient, 0>]}
// CHECK-NEXT:   rank.weight @scale in %[[SCALE]]
// CHECK-NEXT:   rank.rms_norm
// CHECK:      rank.func @backward
// CHECK:        rank.gather_values @layers.0.dp
// CHECK-NEXT:   rank.weight @scale in
// CHECK-NEXT:   rank.rms_norm_grad
// CHECK-NEXT:   %[[OFLAYER:.*]] = rank.flat_gradients @layers.0.dp
// CHECK-NEXT:   rank.accumulate @scale
// CHECK-NEXT:   rank.reduce_gradients %[[OFLAYER]] {workspace = #rank.place<transient, 0>}
// CHECK-NEXT:   %[[OFTABLE:.*]] = rank.flat_gradients @embedding.dp
// CHECK-NEXT:   rank.embedding_grad {{.*}} {into = @table}
// CHECK-NEXT:   rank.reduce_gradients %[[OFTABLE]]
// CHECK:      rank.schedule {
// CHECK-NEXT:   rank.zero_gradients {elements = 112 : i64, offset = 576 : i64}
// CHECK:        rank.call @backward
// CHECK-NEXT:   rank.gradient_norm dp of @embedding.dp {elements = 128 : i64, offset = 0 : i64}
// CHECK-NEXT:   rank.gradient_norm dp of @layers.0.dp
// CHECK-NEXT:   rank.gradient_norm edp of @edp
// CHECK-NEXT:   rank.reduce_step
// CHECK-NEXT:   rank.adamw @table
// CHECK-NEXT:   rank.adamw @scale
// CHECK-NEXT:   rank.adamw @experts
// CHECK-NEXT:   rank.all_gather_values @edp
// CHECK-NEXT:   rank.checkpoint_hook

// LLVM-LABEL: llvm.func @f32.stage0.forward
// LLVM:         llvm.call @sigma_gather_flat(%arg0
// LLVM:         llvm.call @sigma_embedding(%arg0
// LLVM-LABEL: llvm.func @f32.stage0.backward
// LLVM:         llvm.call @sigma_fill(%arg0
// LLVM:         llvm.call @sigma_reduce_flat(%arg0
// LLVM:         llvm.call @sigma_embedding_grad(%arg0
// LLVM:         llvm.call @sigma_reduce_flat(%arg0

// Which part is the rank's is asked once for an axis.
// LLVM-LABEL: llvm.func @f32.stage0.step
// LLVM:         llvm.call @sigma_group_index(%arg0
// LLVM:         llvm.call @sigma_square_sum(%arg0
// LLVM:         llvm.call @sigma_group_index(%arg0
// LLVM-NOT:     llvm.call @sigma_group_index
// LLVM:         llvm.call @sigma_adamw(%arg0
// LLVM:         llvm.call @sigma_gather_flat(%arg0

rank.launch @launch mesh<pp = 1, dp = 2, zero = 3> experts<ep = 1, zero = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 1 remat ["none"] {
  rank.parameter @table : tensor<16x8xf32> init normal(0.1)
  rank.parameter @scale : tensor<8xf32> init ones(0.0)
  rank.parameter @experts : tensor<1x8x8xf32> init normal(0.1) expert
  rank.func @forward(%tokens: tensor<4xi32>, %targets: tensor<4xi32>) {
    %table = rank.weight @table : tensor<16x8xf32>
    %x = rank.embedding %tokens, %table : (tensor<4xi32>, tensor<16x8xf32>) -> tensor<4x8xf32>
    %scale = rank.weight @scale : tensor<8xf32>
    %n, %r = rank.rms_norm %x, %scale {epsilon = 0.1 : f64, rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    %loss, %l = rank.cross_entropy %n, %targets : (tensor<4x8xf32>, tensor<4xi32>) -> (tensor<1xf32>, tensor<4xf32>)
    rank.objective loss %loss scale 1.0 : tensor<1xf32>
    rank.return
  }
}

// -----

// Stage 1 with tensor parallelism: one flat, what the tensor group holds in copy first. It is summed over tp, then each rank has its
// part of the sum over dp.

// CHECK:      rank.flat @dp over dp elements 144 part 80 {first_moment_offset = 1152 : i64, gradient_offset = 576 : i64, second_moment_offset = 1472 : i64, value_offset = 0 : i64}
// CHECK-NEXT: rank.parameter @table : {{.*}} split 0 in @dp at 16 {gradient_offset = 640 : i64, value_offset = 64 : i64}
// CHECK-NEXT: rank.parameter @scale : {{.*}} in @dp at 0 {gradient_offset = 576 : i64, value_offset = 0 : i64}
// CHECK:      rank.schedule {
// CHECK-NEXT:   rank.zero_gradients {elements = 144 : i64, offset = 576 : i64}
// CHECK:        rank.all_reduce_gradients tp {elements = 8 : i64, offset = 576 : i64, workspace_bytes = 32 : i64}
// CHECK-NEXT:   rank.reduce_scatter_gradients @dp {workspace_bytes = 640 : i64}
// CHECK-NEXT:   rank.gradient_norm tp of @dp {elements = 8 : i64, offset = 0 : i64}
// CHECK-NEXT:   rank.gradient_norm dp of @dp {elements = 136 : i64, offset = 32 : i64}
// CHECK-NEXT:   rank.reduce_step
// CHECK-NEXT:   rank.adamw @table
// CHECK-NEXT:   rank.adamw @scale
// CHECK-NEXT:   rank.all_gather_values @dp
// CHECK-NEXT:   rank.checkpoint_hook

rank.launch @launch mesh<tp = 2, pp = 1, dp = 2, zero = 1> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 32 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.parameter @table : tensor<16x8xf32> init normal(0.1) split 0
  rank.parameter @scale : tensor<8xf32> init ones(0.0)
  rank.func @forward(%tokens: tensor<4xi32>, %targets: tensor<4xi32>) {
    %table = rank.weight @table : tensor<16x8xf32>
    %x = rank.embedding %tokens, %table : (tensor<4xi32>, tensor<16x8xf32>) -> tensor<4x8xf32>
    %scale = rank.weight @scale : tensor<8xf32>
    %n, %r = rank.rms_norm %x, %scale {epsilon = 0.1 : f64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    %loss, %l = rank.cross_entropy %n, %targets : (tensor<4x8xf32>, tensor<4xi32>) -> (tensor<1xf32>, tensor<4xf32>)
    rank.objective loss %loss scale 1.0 : tensor<1xf32>
    rank.return
  }
}
