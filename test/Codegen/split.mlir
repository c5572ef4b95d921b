// RUN: sigma-opt %s --sigma-rank-to-llvm | FileCheck %s

// What ranks do together: groups, parts and sizes are constants; which part is the rank's, the runtime knows.

// CHECK-LABEL: llvm.func @f32.stage0.forward(
// CHECK:       llvm.call @sigma_embedding(
// CHECK:       llvm.call @sigma_reduce_scatter(
// CHECK:       llvm.call @sigma_all_gather(
// CHECK:       llvm.call @sigma_gather_sequence(
// CHECK:       llvm.call @sigma_split_sequence(
// CHECK:       llvm.call @sigma_rotary(
// CHECK:       llvm.call @sigma_positions(
// CHECK:       llvm.call @sigma_gather_sizes(
// CHECK:       llvm.call @sigma_gather_expert_rows(
// CHECK:       llvm.call @sigma_scatter_expert_rows(
// CHECK:       %[[SHARDS:.*]] = llvm.mlir.constant(2 : i64) : i64
// CHECK-NEXT:  %[[ZERO:.*]] = llvm.mlir.constant(2048 : i64) : i64
// CHECK-NEXT:  %[[WORK:.*]] = llvm.getelementptr %arg2[%[[ZERO]]]
// CHECK-NEXT:  %[[BYTES:.*]] = llvm.mlir.constant(64 : i64) : i64
// CHECK-NEXT:  llvm.call @sigma_cross_entropy({{.*}}, %[[SHARDS]], %[[WORK]], %[[BYTES]])

// pp, tp, cp, dp, etp, ep, and heads for shares of the sequence. A dense tensor is split along dimension 0.

// CHECK-LABEL: llvm.func @sigma_describe_f32
// CHECK:       llvm.call @sigma_describe_program(
// CHECK-NEXT:  %[[PP:.*]] = llvm.mlir.constant(1 : i64)
// CHECK-NEXT:  %[[TP:.*]] = llvm.mlir.constant(2 : i64)
// CHECK-NEXT:  %[[CP:.*]] = llvm.mlir.constant(2 : i64)
// CHECK-NEXT:  %[[DP:.*]] = llvm.mlir.constant(1 : i64)
// CHECK-NEXT:  %[[ETP:.*]] = llvm.mlir.constant(2 : i64)
// CHECK-NEXT:  %[[EP:.*]] = llvm.mlir.constant(1 : i64)
// CHECK-NEXT:  %[[CONTEXT:.*]] = llvm.mlir.constant(1 : i64)
// CHECK-NEXT:  %[[PLACEMENT:.*]] = llvm.mlir.constant(0 : i64)
// CHECK-NEXT:  llvm.call @sigma_describe_mesh(%arg0, %[[PP]], %[[TP]], %[[CP]], %[[DP]], %[[ETP]], %[[EP]], %[[CONTEXT]], %[[PLACEMENT]])
// CHECK:       llvm.mlir.constant(8 : i64)
// CHECK-NEXT:  llvm.mlir.constant(8 : i64)
// CHECK-NEXT:  llvm.mlir.constant(1 : i64)
// CHECK-NEXT:  llvm.mlir.constant(1 : i64)
// CHECK-NEXT:  %[[EXPERT:.*]] = llvm.mlir.constant(0 : i64)
// CHECK-NEXT:  %[[ENDS:.*]] = llvm.mlir.constant(0 : i64)
// CHECK-NEXT:  %[[SPLIT:.*]] = llvm.mlir.constant(0 : i64)
// CHECK-NEXT:  %[[INIT:.*]] = llvm.mlir.constant(2 : i64)
// CHECK:       llvm.call @sigma_describe_tensor({{.*}}, %[[EXPERT]], %[[ENDS]], %[[SPLIT]], %[[INIT]],

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> context all_to_all experts<etp = 2, ep = 1> batch 1 micro_batch 1 sequence 16 vocabulary 16 precision f32 {beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, gradient_clip = 0.0 : f64, learning_rate = 0.1 : f64, predicted_step_ns = 0 : i64, warmup_steps = 0 : i64, weight_decay = 0.0 : f64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] attributes {arena_bytes = 8192 : i64, transient_offset = 4096 : i64} {
  rank.parameter @table : tensor<8x8xf32> init normal(0.02) decay split 0 {first_moment_offset = 512 : i64, gradient_offset = 256 : i64, second_moment_offset = 768 : i64, value_offset = 0 : i64}
  rank.func @forward(%tokens: tensor<8xi32>, %targets: tensor<8xi32>) attributes {slot_bytes = 0 : i64, transient_bytes = 4096 : i64} {
    %table = rank.weight @table : tensor<8x8xf32>
    %x = rank.embedding %tokens, %table {shards = 2 : i64, places = [#rank.place<transient, 0>]} : (tensor<8xi32>, tensor<8x8xf32>) -> tensor<8x8xf32>
    %own = rank.reduce_scatter %x over tensor {places = [#rank.place<transient, 256>], workspace = #rank.place<transient, 512>} : tensor<8x8xf32> -> tensor<4x8xf32>
    %all = rank.all_gather %own over tensor {places = [#rank.place<transient, 0>]} : tensor<4x8xf32> -> tensor<8x8xf32>
    %heads = rank.gather_sequence %all {places = [#rank.place<transient, 512>]} : (tensor<8x8xf32>) -> tensor<16x4xf32>
    %share = rank.split_sequence %heads {places = [#rank.place<transient, 768>]} : (tensor<16x4xf32>) -> tensor<8x8xf32>
    %turned = rank.rotary %share {frequencies = array<f64: 1.0>, heads = 2 : i64, sequence = 8 : i64, shares = 2 : i64, places = [#rank.place<transient, 1024>]} : (tensor<8x8xf32>) -> tensor<8x8xf32>
    %p = rank.positions {sequence = 4 : i64, shares = 4 : i64, places = [#rank.place<transient, 1280>]} : () -> tensor<4xi32>
    %sizes = rank.positions {sequence = 3 : i64, places = [#rank.place<transient, 1344>]} : () -> tensor<3xi32>
    %counts, %sums = rank.gather_sizes %sizes {places = [#rank.place<transient, 1408>, #rank.place<transient, 1472>]} : (tensor<3xi32>) -> (tensor<2x3xi32>, tensor<3xi32>)
    %rows = rank.gather_expert_rows %own, %counts {expected_rows = 8 : i64, places = [#rank.place<transient, 1536>]} : (tensor<4x8xf32>, tensor<2x3xi32>) -> tensor<8x8xf32>
    %back = rank.scatter_expert_rows %rows, %counts {expected_rows = 8 : i64, places = [#rank.place<transient, 1792>], workspace = #rank.place<transient, 2048>} : (tensor<8x8xf32>, tensor<2x3xi32>) -> tensor<4x8xf32>
    %loss, %lse = rank.cross_entropy %turned, %targets {shards = 2 : i64, places = [#rank.place<transient, 2304>, #rank.place<transient, 2368>], workspace = #rank.place<transient, 2048>} : (tensor<8x8xf32>, tensor<8xi32>) -> (tensor<1xf32>, tensor<8xf32>)
    rank.return
  }
  rank.schedule {
    rank.zero_gradients {elements = 64 : i64, offset = 256 : i64}
  }
}
