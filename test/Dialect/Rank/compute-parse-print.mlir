// RUN: sigma-opt %s | FileCheck %s
// RUN: sigma-opt %s | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --mlir-print-op-generic | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --emit-bytecode | sigma-opt | FileCheck %s

// Ops of dense layers, embedding and objective, with their gradients.

// CHECK:      rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32 {beta1 = 9.000000e-01 : f64, beta2 = 0.94999999999999996 : f64, epsilon = 1.000000e-08 : f64, gradient_clip = 0.000000e+00 : f64, learning_rate = 1.000000e-03 : f64, predicted_step_ns = 0 : i64, warmup_steps = 0 : i64, weight_decay = 0.000000e+00 : f64}
// CHECK-NEXT: rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
// CHECK-NEXT: rank.parameter @w : tensor<8x8xf32> init normal(2.000000e-02)
// CHECK-NEXT: rank.parameter @scale : tensor<8xf32> init ones(0.000000e+00)
// CHECK-NEXT: rank.parameter @table : tensor<16x8xf32> init normal(2.000000e-02)
// CHECK-NEXT: rank.func @forward(%arg0: tensor<4xi32>, %arg1: tensor<4xi32>, %arg2: tensor<1xf32>) {
// CHECK-NEXT: %0 = rank.weight @table : tensor<16x8xf32>
// CHECK-NEXT: %1 = rank.weight @w : tensor<8x8xf32>
// CHECK-NEXT: %2 = rank.weight @scale : tensor<8xf32>
// CHECK-NEXT: %3 = rank.embedding %arg0, %0 : (tensor<4xi32>, tensor<16x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %4 = rank.constant 1.500000e+00 : tensor<4x8xf32>
// CHECK-NEXT: %5 = rank.add %3, %4 : tensor<4x8xf32>
// CHECK-NEXT: %6 = rank.matmul %5, %1 : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %7 = rank.matmul %6, %6 {transpose_rhs} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
// CHECK-NEXT: rank.matmul %3, %6 {into = @w, transpose_lhs} : (tensor<4x8xf32>, tensor<4x8xf32>) -> ()
// CHECK-NEXT: %result, %rstd = rank.rms_norm %6, %2 {epsilon = 9.9999999999999995E-7 : f64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
// CHECK-NEXT: %input_gradient, %weight_gradient = rank.rms_norm_grad %6, %2, %rstd, %result : (tensor<4x8xf32>, tensor<8xf32>, tensor<4xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<8xf32>)
// CHECK-NEXT: rank.accumulate @scale, %weight_gradient : tensor<8xf32>
// CHECK-NEXT: %8 = rank.rotary %result {frequencies = array<f64: 1.000000e+00>, heads = 2 : i64, sequence = 4 : i64, transpose} : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %result_0, %lse = rank.attention %8, %result, %result {heads = 2 : i64, kv_heads = 2 : i64, sequence = 4 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x2xf32>)
// CHECK-NEXT: %query_gradient, %key_gradient, %value_gradient = rank.attention_grad %8, %result, %result, %result_0, %lse, %4 {heads = 2 : i64, kv_heads = 2 : i64, sequence = 4 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x2xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
// CHECK-NEXT: %9 = rank.activation %result_0 up %result : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %gate_gradient, %up_gradient = rank.activation_grad %result_0 up %result gradient %9 : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>)
// CHECK-NEXT: %loss, %lse_1 = rank.cross_entropy %9, %arg1 : (tensor<4x8xf32>, tensor<4xi32>) -> (tensor<1xf32>, tensor<4xf32>)
// CHECK-NEXT: %10 = rank.cross_entropy_grad %9, %arg1, %lse_1, %arg2 : (tensor<4x8xf32>, tensor<4xi32>, tensor<4xf32>, tensor<1xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %11 = rank.embedding_grad %arg0, %10 : (tensor<4xi32>, tensor<4x8xf32>) -> tensor<16x8xf32>
// CHECK-NEXT: rank.embedding_grad %arg0, %10 {into = @table} : (tensor<4xi32>, tensor<4x8xf32>) -> ()
// CHECK-NEXT: rank.objective loss %loss scale 2.500000e-01 : tensor<1xf32>
// CHECK-NEXT: rank.return

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32 {beta1 = 0.9 : f64, beta2 = 0.95 : f64, epsilon = 1.0e-8 : f64, gradient_clip = 0.0 : f64, learning_rate = 1.0e-3 : f64, predicted_step_ns = 0 : i64, warmup_steps = 0 : i64, weight_decay = 0.0 : f64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.parameter @w : tensor<8x8xf32> init normal(0.02)
  rank.parameter @scale : tensor<8xf32> init ones(0.0)
  rank.parameter @table : tensor<16x8xf32> init normal(0.02)
  rank.func @forward(%tokens: tensor<4xi32>, %targets: tensor<4xi32>, %one: tensor<1xf32>) {
    %table = rank.weight @table : tensor<16x8xf32>
    %w = rank.weight @w : tensor<8x8xf32>
    %scale = rank.weight @scale : tensor<8xf32>
    %x = rank.embedding %tokens, %table : (tensor<4xi32>, tensor<16x8xf32>) -> tensor<4x8xf32>
    %c = rank.constant 1.5 : tensor<4x8xf32>
    %sum = rank.add %x, %c : tensor<4x8xf32>
    %m = rank.matmul %sum, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %t = rank.matmul %m, %m {transpose_rhs} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    rank.matmul %x, %m {into = @w, transpose_lhs} : (tensor<4x8xf32>, tensor<4x8xf32>) -> ()
    %n, %rstd = rank.rms_norm %m, %scale {epsilon = 1.0e-6 : f64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    %dn, %dscale = rank.rms_norm_grad %m, %scale, %rstd, %n : (tensor<4x8xf32>, tensor<8xf32>, tensor<4xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<8xf32>)
    rank.accumulate @scale, %dscale : tensor<8xf32>
    %r = rank.rotary %n {frequencies = array<f64: 1.000000e+00>, heads = 2 : i64, sequence = 4 : i64, transpose} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %a, %lse = rank.attention %r, %n, %n {heads = 2 : i64, kv_heads = 2 : i64, sequence = 4 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x2xf32>)
    %dq, %dk, %dv = rank.attention_grad %r, %n, %n, %a, %lse, %c {heads = 2 : i64, kv_heads = 2 : i64, sequence = 4 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x2xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
    %s = rank.activation %a up %n : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %dg, %du = rank.activation_grad %a up %n gradient %s : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>)
    %loss, %l = rank.cross_entropy %s, %targets : (tensor<4x8xf32>, tensor<4xi32>) -> (tensor<1xf32>, tensor<4xf32>)
    %ds = rank.cross_entropy_grad %s, %targets, %l, %one : (tensor<4x8xf32>, tensor<4xi32>, tensor<4xf32>, tensor<1xf32>) -> tensor<4x8xf32>
    %dt = rank.embedding_grad %tokens, %ds : (tensor<4xi32>, tensor<4x8xf32>) -> tensor<16x8xf32>
    rank.embedding_grad %tokens, %ds {into = @table} : (tensor<4xi32>, tensor<4x8xf32>) -> ()
    rank.objective loss %loss scale 2.5e-1 : tensor<1xf32>
    rank.return
  }
}
