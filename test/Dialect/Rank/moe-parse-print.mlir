// RUN: sigma-opt %s | FileCheck %s
// RUN: sigma-opt %s | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --mlir-print-op-generic | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --emit-bytecode | sigma-opt | FileCheck %s

// Ops of the mixture of experts, with their gradients and exchanges.

// CHECK:      rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32 {beta1 = 9.000000e-01 : f64, beta2 = 0.94999999999999996 : f64, epsilon = 1.000000e-08 : f64, gradient_clip = 0.000000e+00 : f64, learning_rate = 1.000000e-03 : f64, predicted_step_ns = 0 : i64, warmup_steps = 0 : i64, weight_decay = 0.000000e+00 : f64}
// CHECK-NEXT: rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
// CHECK-NEXT: rank.parameter @up : tensor<2x8x3xf32> init normal(2.000000e-02) expert
// CHECK-NEXT: rank.func @forward(%arg0: tensor<4x8xf32>, %arg1: tensor<4x4xf32>, %arg2: tensor<1xf32>) {
// CHECK-NEXT: %0 = rank.weight @up : tensor<2x8x3xf32>
// CHECK-NEXT: %1 = rank.router_scores %arg1 {score = #rank<score softmax>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
// CHECK-NEXT: %2 = rank.router_scores %arg1 {score = #rank<score sigmoid>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
// CHECK-NEXT: %3 = rank.router_scores_grad %1, %2 {score = #rank<score softmax>} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
// CHECK-NEXT: %weights, %chosen = rank.top_k %1 {normalize} : (tensor<4x4xf32>) -> (tensor<4x2xf32>, tensor<4x2xi32>)
// CHECK-NEXT: %4 = rank.top_k_grad %1, %chosen, %weights {normalize} : (tensor<4x4xf32>, tensor<4x2xi32>, tensor<4x2xf32>) -> tensor<4x4xf32>
// CHECK-NEXT: %5 = rank.balance_loss %1, %chosen {sequence = 4 : i64} : (tensor<4x4xf32>, tensor<4x2xi32>) -> tensor<1xf32>
// CHECK-NEXT: %6 = rank.balance_loss_grad %1, %chosen, %arg2 {sequence = 4 : i64} : (tensor<4x4xf32>, tensor<4x2xi32>, tensor<1xf32>) -> tensor<4x4xf32>
// CHECK-NEXT: rank.objective balance %5 scale 1.000000e-02 : tensor<1xf32>
// CHECK-NEXT: %position, %sizes = rank.group_tokens %chosen : (tensor<4x2xi32>) -> (tensor<8xi32>, tensor<4xi32>)
// CHECK-NEXT: %7 = rank.gather_rows %arg0, %position : (tensor<4x8xf32>, tensor<8xi32>) -> tensor<8x8xf32>
// CHECK-NEXT: %8 = rank.dispatch %7, %sizes : tensor<8x8xf32>, tensor<4xi32>
// CHECK-NEXT: %9 = rank.collect %8, %sizes : tensor<8x8xf32>, tensor<4xi32>
// CHECK-NEXT: %table, %local_sizes = rank.exchange_sizes %sizes {capacity = 16 : i64} : (tensor<4xi32>) -> (tensor<2x2xi32>, tensor<2xi32>)
// CHECK-NEXT: %10 = rank.all_to_all %7, %sizes, %table {direction = #rank<direction dispatch>, expected_rows = 8 : i64} : (tensor<8x8xf32>, tensor<4xi32>, tensor<2x2xi32>) -> tensor<16x8xf32>
// CHECK-NEXT: %11 = rank.grouped_matmul %10, %0, %local_sizes {expected_rows = 8 : i64} : (tensor<16x8xf32>, tensor<2x8x3xf32>, tensor<2xi32>) -> tensor<16x3xf32>
// CHECK-NEXT: %12 = rank.activation %11 up %11 sizes %local_sizes {expected_rows = 8 : i64} : (tensor<16x3xf32>, tensor<16x3xf32>, tensor<2xi32>) -> tensor<16x3xf32>
// CHECK-NEXT: %gate_gradient, %up_gradient = rank.activation_grad %11 up %11 gradient %12 sizes %local_sizes {expected_rows = 8 : i64} : (tensor<16x3xf32>, tensor<16x3xf32>, tensor<16x3xf32>, tensor<2xi32>) -> (tensor<16x3xf32>, tensor<16x3xf32>)
// CHECK-NEXT: %13 = rank.grouped_matmul %12, %0, %local_sizes {expected_rows = 8 : i64, transpose_weights} : (tensor<16x3xf32>, tensor<2x8x3xf32>, tensor<2xi32>) -> tensor<16x8xf32>
// CHECK-NEXT: rank.grouped_matmul_grad %13, %12, %local_sizes {expected_rows = 8 : i64, into = @up} : (tensor<16x8xf32>, tensor<16x3xf32>, tensor<2xi32>) -> ()
// CHECK-NEXT: %14 = rank.grouped_matmul_grad %13, %12, %local_sizes {expected_rows = 8 : i64} : (tensor<16x8xf32>, tensor<16x3xf32>, tensor<2xi32>) -> tensor<2x8x3xf32>
// CHECK-NEXT: %15 = rank.all_to_all %13, %sizes, %table {direction = #rank<direction collect>, expected_rows = 8 : i64} : (tensor<16x8xf32>, tensor<4xi32>, tensor<2x2xi32>) -> tensor<8x8xf32>
// CHECK-NEXT: %16 = rank.combine %15, %position, %weights : (tensor<8x8xf32>, tensor<8xi32>, tensor<4x2xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %rows_gradient, %weights_gradient = rank.combine_grad %15, %position, %weights, %16 : (tensor<8x8xf32>, tensor<8xi32>, tensor<4x2xf32>, tensor<4x8xf32>) -> (tensor<8x8xf32>, tensor<4x2xf32>)
// CHECK-NEXT: %17 = rank.scatter_rows %rows_gradient, %position : (tensor<8x8xf32>, tensor<8xi32>) -> tensor<4x8xf32>
// CHECK-NEXT: rank.return

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32 {beta1 = 0.9 : f64, beta2 = 0.95 : f64, epsilon = 1.0e-8 : f64, gradient_clip = 0.0 : f64, learning_rate = 1.0e-3 : f64, predicted_step_ns = 0 : i64, warmup_steps = 0 : i64, weight_decay = 0.0 : f64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.parameter @up : tensor<2x8x3xf32> init normal(0.02) expert
  rank.func @forward(%x: tensor<4x8xf32>, %logits: tensor<4x4xf32>, %one: tensor<1xf32>) {
    %up = rank.weight @up : tensor<2x8x3xf32>
    %s = rank.router_scores %logits {score = #rank<score softmax>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %g = rank.router_scores %logits {score = #rank<score sigmoid>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %ds = rank.router_scores_grad %s, %g {score = #rank<score softmax>} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
    %w, %chosen = rank.top_k %s {normalize} : (tensor<4x4xf32>) -> (tensor<4x2xf32>, tensor<4x2xi32>)
    %dk = rank.top_k_grad %s, %chosen, %w {normalize} : (tensor<4x4xf32>, tensor<4x2xi32>, tensor<4x2xf32>) -> tensor<4x4xf32>
    %b = rank.balance_loss %s, %chosen {sequence = 4 : i64} : (tensor<4x4xf32>, tensor<4x2xi32>) -> tensor<1xf32>
    %db = rank.balance_loss_grad %s, %chosen, %one {sequence = 4 : i64} : (tensor<4x4xf32>, tensor<4x2xi32>, tensor<1xf32>) -> tensor<4x4xf32>
    rank.objective balance %b scale 1.0e-2 : tensor<1xf32>
    %p, %sizes = rank.group_tokens %chosen : (tensor<4x2xi32>) -> (tensor<8xi32>, tensor<4xi32>)
    %rows = rank.gather_rows %x, %p : (tensor<4x8xf32>, tensor<8xi32>) -> tensor<8x8xf32>
    %logical = rank.dispatch %rows, %sizes : tensor<8x8xf32>, tensor<4xi32>
    %back = rank.collect %logical, %sizes : tensor<8x8xf32>, tensor<4xi32>
    %table, %local = rank.exchange_sizes %sizes {capacity = 16 : i64} : (tensor<4xi32>) -> (tensor<2x2xi32>, tensor<2xi32>)
    %there = rank.all_to_all %rows, %sizes, %table {direction = #rank<direction dispatch>, expected_rows = 8 : i64} : (tensor<8x8xf32>, tensor<4xi32>, tensor<2x2xi32>) -> tensor<16x8xf32>
    %h = rank.grouped_matmul %there, %up, %local {expected_rows = 8 : i64} : (tensor<16x8xf32>, tensor<2x8x3xf32>, tensor<2xi32>) -> tensor<16x3xf32>
    %i = rank.activation %h up %h sizes %local {expected_rows = 8 : i64} : (tensor<16x3xf32>, tensor<16x3xf32>, tensor<2xi32>) -> tensor<16x3xf32>
    %dg, %du = rank.activation_grad %h up %h gradient %i sizes %local {expected_rows = 8 : i64} : (tensor<16x3xf32>, tensor<16x3xf32>, tensor<16x3xf32>, tensor<2xi32>) -> (tensor<16x3xf32>, tensor<16x3xf32>)
    %o = rank.grouped_matmul %i, %up, %local {expected_rows = 8 : i64, transpose_weights} : (tensor<16x3xf32>, tensor<2x8x3xf32>, tensor<2xi32>) -> tensor<16x8xf32>
    rank.grouped_matmul_grad %o, %i, %local {expected_rows = 8 : i64, into = @up} : (tensor<16x8xf32>, tensor<16x3xf32>, tensor<2xi32>) -> ()
    %dup = rank.grouped_matmul_grad %o, %i, %local {expected_rows = 8 : i64} : (tensor<16x8xf32>, tensor<16x3xf32>, tensor<2xi32>) -> tensor<2x8x3xf32>
    %here = rank.all_to_all %o, %sizes, %table {direction = #rank<direction collect>, expected_rows = 8 : i64} : (tensor<16x8xf32>, tensor<4xi32>, tensor<2x2xi32>) -> tensor<8x8xf32>
    %y = rank.combine %here, %p, %w : (tensor<8x8xf32>, tensor<8xi32>, tensor<4x2xf32>) -> tensor<4x8xf32>
    %dr, %dw = rank.combine_grad %here, %p, %w, %y : (tensor<8x8xf32>, tensor<8xi32>, tensor<4x2xf32>, tensor<4x8xf32>) -> (tensor<8x8xf32>, tensor<4x2xf32>)
    %dx = rank.scatter_rows %dr, %p : (tensor<8x8xf32>, tensor<8xi32>) -> tensor<4x8xf32>
    rank.return
  }
}
