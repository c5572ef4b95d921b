// RUN: sigma-opt %s | FileCheck %s
// RUN: sigma-opt %s | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --mlir-print-op-generic | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --emit-bytecode | sigma-opt | FileCheck %s

// Launch, program, functions and schedule.

// CHECK:      rank.launch @launch mesh<pp = 2, dp = 4> experts<ep = 2> batch 8 micro_batch 1 sequence 4 vocabulary 16 precision f32 {beta1 = 9.000000e-01 : f64, beta2 = 0.94999999999999996 : f64, epsilon = 1.000000e-08 : f64, expert_capacity_ppm = 1500000 : i64, gradient_clip = 1.000000e+00 : f64, learning_rate = 1.000000e-03 : f64, predicted_step_ns = 7 : i64, warmup_steps = 20 : i64, weight_decay = 1.000000e-01 : f64}
// CHECK-NEXT: rank.program @stage1 stage 1 of @launch layers 2 to 4 remat ["none", "full"] attributes {arena_bytes = 4096 : i64, transient_offset = 2048 : i64} {
// CHECK-NEXT: rank.parameter @norm : tensor<8xf32> init ones(0.000000e+00)
// CHECK-NEXT: rank.parameter @bias : tensor<8xf32> init zeros(0.000000e+00) {first_moment_offset = 192 : i64, gradient_offset = 128 : i64, second_moment_offset = 256 : i64, value_offset = 64 : i64}
// CHECK-NEXT: rank.parameter @up : tensor<2x8x4xf32> init normal(2.000000e-02) decay expert
// CHECK-NEXT: rank.parameter @half : tensor<8x4xf32> init normal(2.000000e-02) decay split 1
// CHECK-NEXT: rank.parameter @halves : tensor<2x4x8xf32> init normal(2.000000e-02) decay expert split 1
// CHECK-NEXT: rank.parameter @table : tensor<8x4xf32> init normal(2.000000e-02) decay split 0 at_ends
// CHECK-NEXT: rank.func @forward(%arg0: tensor<4x8xf32>, %arg1: tensor<4xi32>) attributes {slot_bytes = 128 : i64, transient_bytes = 256 : i64} {
// CHECK-NEXT: %0 = rank.add %arg0, %arg0 {places = [#rank.place<slot, 0>], rank.layer = 2 : i64} : tensor<4x8xf32>
// CHECK-NEXT: %1 = rank.add %0, %arg0 {places = [#rank.place<transient, 64>]} : tensor<4x8xf32>
// CHECK-NEXT: rank.return saves(%0 : tensor<4x8xf32>)
// CHECK-NEXT: }
// CHECK-NEXT: rank.func @backward(%arg0: tensor<4x8xf32>, %arg1: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {captured = array<i64: 0>, num_saved = 1 : i64} {
// CHECK-NEXT: %0 = rank.add %arg0, %arg1 {places = [#rank.place<result, 0>]} : tensor<4x8xf32>
// CHECK-NEXT: rank.return %0 : tensor<4x8xf32>
// CHECK-NEXT: }
// CHECK-NEXT: rank.schedule {
// CHECK-NEXT: rank.zero_gradients
// CHECK-NEXT: %tokens, %targets = rank.load_batch 0 {places = [#rank.place<arena, 512>, #rank.place<arena, 576>]} : tensor<4xi32>, tensor<4xi32>
// CHECK-NEXT: %0 = rank.recv forward from 0 micro_batch 0 : tensor<4x8xf32>
// CHECK-NEXT: %1 = rank.call @forward(%0, %targets) micro_batch 0 : (tensor<4x8xf32>, tensor<4xi32>) -> !rank.residual
// CHECK-NEXT: %2 = rank.call @backward(%1, %0) micro_batch 0 : (!rank.residual, tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %3 = rank.send backward %2 to 0 micro_batch 0 : tensor<4x8xf32>
// CHECK-NEXT: rank.wait_send backward %3
// CHECK-NEXT: rank.all_reduce_gradients tp
// CHECK-NEXT: rank.all_reduce_gradients dp
// CHECK-NEXT: rank.all_reduce_gradients edp {elements = 16 : i64, offset = 64 : i64, workspace_bytes = 64 : i64}
// CHECK-NEXT: rank.gradient_norm dp
// CHECK-NEXT: rank.gradient_norm edp {elements = 16 : i64, offset = 64 : i64}
// CHECK-NEXT: rank.reduce_step
// CHECK-NEXT: rank.adamw @up
// CHECK-NEXT: rank.checkpoint_hook

rank.launch @launch mesh<pp = 2, dp = 4> experts<ep = 2> batch 8 micro_batch 1 sequence 4 vocabulary 16 precision f32 {beta1 = 0.9 : f64, beta2 = 0.95 : f64, epsilon = 1.0e-8 : f64, expert_capacity_ppm = 1500000 : i64, gradient_clip = 1.0 : f64, learning_rate = 1.0e-3 : f64, predicted_step_ns = 7 : i64, warmup_steps = 20 : i64, weight_decay = 0.1 : f64}
rank.program @stage1 stage 1 of @launch layers 2 to 4 remat ["none", "full"] attributes {arena_bytes = 4096 : i64, transient_offset = 2048 : i64} {
  rank.parameter @norm : tensor<8xf32> init ones(0.0)
  rank.parameter @bias : tensor<8xf32> init zeros(0.0) {value_offset = 64 : i64, gradient_offset = 128 : i64, first_moment_offset = 192 : i64, second_moment_offset = 256 : i64}
  rank.parameter @up : tensor<2x8x4xf32> init normal(0.02) decay expert
  rank.parameter @half : tensor<8x4xf32> init normal(0.02) decay split 1
  rank.parameter @halves : tensor<2x4x8xf32> init normal(0.02) decay expert split 1
  rank.parameter @table : tensor<8x4xf32> init normal(0.02) decay split 0 at_ends
  rank.func @forward(%x: tensor<4x8xf32>, %targets: tensor<4xi32>) attributes {slot_bytes = 128 : i64, transient_bytes = 256 : i64} {
    %0 = rank.add %x, %x {places = [#rank.place<slot, 0>], rank.layer = 2 : i64} : tensor<4x8xf32>
    %1 = rank.add %0, %x {places = [#rank.place<transient, 64>]} : tensor<4x8xf32>
    rank.return saves(%0 : tensor<4x8xf32>)
  }
  rank.func @backward(%0: tensor<4x8xf32>, %x: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {captured = array<i64: 0>, num_saved = 1 : i64} {
    %1 = rank.add %0, %x {places = [#rank.place<result, 0>]} : tensor<4x8xf32>
    rank.return %1 : tensor<4x8xf32>
  }
  rank.schedule {
    rank.zero_gradients
    %tokens, %targets = rank.load_batch 0 {places = [#rank.place<arena, 512>, #rank.place<arena, 576>]} : tensor<4xi32>, tensor<4xi32>
    %x = rank.recv forward from 0 micro_batch 0 : tensor<4x8xf32>
    %kept = rank.call @forward(%x, %targets) micro_batch 0 : (tensor<4x8xf32>, tensor<4xi32>) -> !rank.residual
    %dx = rank.call @backward(%kept, %x) micro_batch 0 : (!rank.residual, tensor<4x8xf32>) -> tensor<4x8xf32>
    %sent = rank.send backward %dx to 0 micro_batch 0 : tensor<4x8xf32>
    rank.wait_send backward %sent
    rank.all_reduce_gradients tp
    rank.all_reduce_gradients dp
    rank.all_reduce_gradients edp {elements = 16 : i64, offset = 64 : i64, workspace_bytes = 64 : i64}
    rank.gradient_norm dp
    rank.gradient_norm edp {elements = 16 : i64, offset = 64 : i64}
    rank.reduce_step
    rank.adamw @up
    rank.checkpoint_hook
  }
}
