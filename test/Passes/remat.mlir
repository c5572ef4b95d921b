// RUN: sigma-opt %s --pass-pipeline="builtin.module(rank.program(sigma-autodiff,sigma-remat))" -split-input-file -verify-diagnostics | FileCheck %s

// Layer 0 is recomputed from its input; its output, which layer 1 keeps, is kept, not made again.

// CHECK:       rank.func @forward(%arg0: tensor<4x8xf32>) -> tensor<4x8xf32> {
// CHECK-NEXT:  %0 = rank.weight @norm0 {rank.layer = 0 : i64}
// CHECK-NEXT:  %result, %rstd = rank.rms_norm %arg0, %0 {epsilon = 1.000000e-01 : f64, rank.layer = 0 : i64}
// CHECK-NEXT:  %1 = rank.weight @w0 {rank.layer = 0 : i64}
// CHECK-NEXT:  %2 = rank.matmul %result, %1 {rank.layer = 0 : i64}
// CHECK-NEXT:  %3 = rank.add %arg0, %2 {rank.layer = 0 : i64}
// CHECK-NEXT:  %4 = rank.weight @norm1 {rank.layer = 1 : i64}
// CHECK-NEXT:  %result_0, %rstd_1 = rank.rms_norm %3, %4 {epsilon = 1.000000e-01 : f64, rank.layer = 1 : i64}
// CHECK-NEXT:  %5 = rank.weight @w1 {rank.layer = 1 : i64}
// CHECK-NEXT:  %6 = rank.matmul %result_0, %5 {rank.layer = 1 : i64}
// CHECK-NEXT:  %7 = rank.add %3, %6 {rank.layer = 1 : i64}
// CHECK-NEXT:  rank.return %7 : tensor<4x8xf32> saves(%result_0, %rstd_1, %3 : tensor<4x8xf32>, tensor<4xf32>, tensor<4x8xf32>)
// CHECK-NEXT:  }
// CHECK:       rank.func @backward(%arg0: tensor<4x8xf32>, %arg1: tensor<4xf32>, %arg2: tensor<4x8xf32>, %arg3: tensor<4x8xf32>, %arg4: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {captured = array<i64: 0>, num_saved = 3 : i64} {
// CHECK-NEXT:  %0 = rank.weight @norm0 {rank.layer = 0 : i64}
// CHECK-NEXT:  %1 = rank.weight @w0 {rank.layer = 0 : i64}
// CHECK-NEXT:  %2 = rank.weight @norm1 {rank.layer = 1 : i64}
// CHECK-NEXT:  %3 = rank.weight @w1 {rank.layer = 1 : i64}
// CHECK-NEXT:  %4 = rank.matmul %arg4, %3 {rank.layer = 1 : i64, transpose_rhs}
// CHECK-NEXT:  rank.matmul %arg0, %arg4 {into = @w1, rank.layer = 1 : i64, transpose_lhs}
// CHECK-NEXT:  %input_gradient, %weight_gradient = rank.rms_norm_grad %arg2, %2, %arg1, %4 {rank.layer = 1 : i64}
// CHECK-NEXT:  %5 = rank.add %arg4, %input_gradient {rank.layer = 1 : i64}
// CHECK-NEXT:  rank.accumulate @norm1, %weight_gradient {rank.layer = 1 : i64} : tensor<8xf32>
// CHECK-NEXT:  %6 = rank.matmul %5, %1 {rank.layer = 0 : i64, transpose_rhs}
// CHECK-NEXT:  %7 = rank.weight @norm0 {rank.layer = 0 : i64, rank.recomputed}
// CHECK-NEXT:  %result, %rstd = rank.rms_norm %arg3, %7 {epsilon = 1.000000e-01 : f64, rank.layer = 0 : i64, rank.recomputed}
// CHECK-NEXT:  rank.matmul %result, %5 {into = @w0, rank.layer = 0 : i64, transpose_lhs}
// CHECK-NEXT:  %input_gradient_0, %weight_gradient_1 = rank.rms_norm_grad %arg3, %0, %rstd, %6 {rank.layer = 0 : i64}
// CHECK-NEXT:  %8 = rank.add %5, %input_gradient_0 {rank.layer = 0 : i64}
// CHECK-NEXT:  rank.accumulate @norm0, %weight_gradient_1 {rank.layer = 0 : i64} : tensor<8xf32>
// CHECK-NEXT:  rank.return %8 : tensor<4x8xf32>
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 2 remat ["full", "none"] {
  rank.parameter @norm0 : tensor<8xf32> init ones(0.0)
  rank.parameter @w0 : tensor<8x8xf32> init normal(0.1)
  rank.parameter @norm1 : tensor<8xf32> init ones(0.0)
  rank.parameter @w1 : tensor<8x8xf32> init normal(0.1)
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %norm0 = rank.weight @norm0 {rank.layer = 0 : i64} : tensor<8xf32>
    %n0, %r0 = rank.rms_norm %x, %norm0 {epsilon = 0.1 : f64, rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    %w0 = rank.weight @w0 {rank.layer = 0 : i64} : tensor<8x8xf32>
    %m0 = rank.matmul %n0, %w0 {rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %y0 = rank.add %x, %m0 {rank.layer = 0 : i64} : tensor<4x8xf32>
    %norm1 = rank.weight @norm1 {rank.layer = 1 : i64} : tensor<8xf32>
    %n1, %r1 = rank.rms_norm %y0, %norm1 {epsilon = 0.1 : f64, rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    %w1 = rank.weight @w1 {rank.layer = 1 : i64} : tensor<8x8xf32>
    %m1 = rank.matmul %n1, %w1 {rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %y1 = rank.add %y0, %m1 {rank.layer = 1 : i64} : tensor<4x8xf32>
    rank.return %y1 : tensor<4x8xf32>
  }
}

// -----

// Layer 1 is recomputed from layer 0's output.

// CHECK:       rank.func @forward(%arg0: tensor<4x8xf32>) -> tensor<4x8xf32> {
// CHECK-NEXT:  %0 = rank.weight @norm0 {rank.layer = 0 : i64}
// CHECK-NEXT:  %result, %rstd = rank.rms_norm %arg0, %0 {epsilon = 1.000000e-01 : f64, rank.layer = 0 : i64}
// CHECK-NEXT:  %1 = rank.weight @w0 {rank.layer = 0 : i64}
// CHECK-NEXT:  %2 = rank.matmul %result, %1 {rank.layer = 0 : i64}
// CHECK-NEXT:  %3 = rank.add %arg0, %2 {rank.layer = 0 : i64}
// CHECK-NEXT:  %4 = rank.weight @norm1 {rank.layer = 1 : i64}
// CHECK-NEXT:  %result_0, %rstd_1 = rank.rms_norm %3, %4 {epsilon = 1.000000e-01 : f64, rank.layer = 1 : i64}
// CHECK-NEXT:  %5 = rank.weight @w1 {rank.layer = 1 : i64}
// CHECK-NEXT:  %6 = rank.matmul %result_0, %5 {rank.layer = 1 : i64}
// CHECK-NEXT:  %7 = rank.add %3, %6 {rank.layer = 1 : i64}
// CHECK-NEXT:  rank.return %7 : tensor<4x8xf32> saves(%3, %result, %rstd : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4xf32>)
// CHECK-NEXT:  }
// CHECK:       rank.func @backward(%arg0: tensor<4x8xf32>, %arg1: tensor<4x8xf32>, %arg2: tensor<4xf32>, %arg3: tensor<4x8xf32>, %arg4: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {captured = array<i64: 0>, num_saved = 3 : i64} {
// CHECK-NEXT:  %0 = rank.weight @norm0 {rank.layer = 0 : i64}
// CHECK-NEXT:  %1 = rank.weight @w0 {rank.layer = 0 : i64}
// CHECK-NEXT:  %2 = rank.weight @norm1 {rank.layer = 1 : i64}
// CHECK-NEXT:  %3 = rank.weight @w1 {rank.layer = 1 : i64}
// CHECK-NEXT:  %4 = rank.matmul %arg4, %3 {rank.layer = 1 : i64, transpose_rhs}
// CHECK-NEXT:  %5 = rank.weight @norm1 {rank.layer = 1 : i64, rank.recomputed}
// CHECK-NEXT:  %result, %rstd = rank.rms_norm %arg0, %5 {epsilon = 1.000000e-01 : f64, rank.layer = 1 : i64, rank.recomputed}
// CHECK-NEXT:  rank.matmul %result, %arg4 {into = @w1, rank.layer = 1 : i64, transpose_lhs}
// CHECK-NEXT:  %input_gradient, %weight_gradient = rank.rms_norm_grad %arg0, %2, %rstd, %4 {rank.layer = 1 : i64}
// CHECK-NEXT:  %6 = rank.add %arg4, %input_gradient {rank.layer = 1 : i64}
// CHECK-NEXT:  rank.accumulate @norm1, %weight_gradient {rank.layer = 1 : i64} : tensor<8xf32>
// CHECK-NEXT:  %7 = rank.matmul %6, %1 {rank.layer = 0 : i64, transpose_rhs}
// CHECK-NEXT:  rank.matmul %arg1, %6 {into = @w0, rank.layer = 0 : i64, transpose_lhs}
// CHECK-NEXT:  %input_gradient_0, %weight_gradient_1 = rank.rms_norm_grad %arg3, %0, %arg2, %7 {rank.layer = 0 : i64}
// CHECK-NEXT:  %8 = rank.add %6, %input_gradient_0 {rank.layer = 0 : i64}
// CHECK-NEXT:  rank.accumulate @norm0, %weight_gradient_1 {rank.layer = 0 : i64} : tensor<8xf32>
// CHECK-NEXT:  rank.return %8 : tensor<4x8xf32>
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 2 remat ["none", "full"] {
  rank.parameter @norm0 : tensor<8xf32> init ones(0.0)
  rank.parameter @w0 : tensor<8x8xf32> init normal(0.1)
  rank.parameter @norm1 : tensor<8xf32> init ones(0.0)
  rank.parameter @w1 : tensor<8x8xf32> init normal(0.1)
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %norm0 = rank.weight @norm0 {rank.layer = 0 : i64} : tensor<8xf32>
    %n0, %r0 = rank.rms_norm %x, %norm0 {epsilon = 0.1 : f64, rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    %w0 = rank.weight @w0 {rank.layer = 0 : i64} : tensor<8x8xf32>
    %m0 = rank.matmul %n0, %w0 {rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %y0 = rank.add %x, %m0 {rank.layer = 0 : i64} : tensor<4x8xf32>
    %norm1 = rank.weight @norm1 {rank.layer = 1 : i64} : tensor<8xf32>
    %n1, %r1 = rank.rms_norm %y0, %norm1 {epsilon = 0.1 : f64, rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    %w1 = rank.weight @w1 {rank.layer = 1 : i64} : tensor<8x8xf32>
    %m1 = rank.matmul %n1, %w1 {rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %y1 = rank.add %y0, %m1 {rank.layer = 1 : i64} : tensor<4x8xf32>
    rank.return %y1 : tensor<4x8xf32>
  }
}

// -----

// The recomputed exchange sends the rows once more. Backward is given rows and sizes, not what came in.

// CHECK:       rank.func @forward(%arg0: tensor<8x8xf32>, %arg1: tensor<4xi32>) -> tensor<16x6xf32> {
// CHECK-NEXT:  %table, %local_sizes = rank.exchange_sizes %arg1 {capacity = 16 : i64, rank.layer = 0 : i64}
// CHECK-NEXT:  %0 = rank.all_to_all %arg0, %arg1, %table {direction = #rank<direction dispatch>, expected_rows = 8 : i64, rank.layer = 0 : i64}
// CHECK-NEXT:  %1 = rank.weight @up {rank.layer = 0 : i64}
// CHECK-NEXT:  %2 = rank.grouped_matmul %0, %1, %local_sizes {expected_rows = 8 : i64, rank.layer = 0 : i64}
// CHECK-NEXT:  rank.return %2 : tensor<16x6xf32>
// CHECK-NEXT:  }
// CHECK:       rank.func @backward(%arg0: tensor<4xi32>, %arg1: tensor<8x8xf32>, %arg2: tensor<16x6xf32>) -> tensor<8x8xf32> attributes {captured = array<i64: 1, 0>, num_saved = 0 : i64} {
// CHECK-NEXT:  %0 = rank.weight @up {rank.layer = 0 : i64}
// CHECK-NEXT:  %table, %local_sizes = rank.exchange_sizes %arg0 {capacity = 16 : i64, rank.layer = 0 : i64, rank.recomputed}
// CHECK-NEXT:  %1 = rank.grouped_matmul %arg2, %0, %local_sizes {expected_rows = 8 : i64, rank.layer = 0 : i64, transpose_weights}
// CHECK-NEXT:  %2 = rank.all_to_all %arg1, %arg0, %table {direction = #rank<direction dispatch>, expected_rows = 8 : i64, rank.layer = 0 : i64, rank.recomputed}
// CHECK-NEXT:  rank.grouped_matmul_grad %2, %arg2, %local_sizes {expected_rows = 8 : i64, into = @up, rank.layer = 0 : i64}
// CHECK-NEXT:  %3 = rank.all_to_all %1, %arg0, %table {direction = #rank<direction collect>, expected_rows = 8 : i64, rank.layer = 0 : i64}
// CHECK-NEXT:  rank.return %3 : tensor<8x8xf32>
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 1 remat ["full"] {
  rank.parameter @up : tensor<2x8x6xf32> init normal(0.1) expert
  rank.func @forward(%rows: tensor<8x8xf32>, %sizes: tensor<4xi32>) -> tensor<16x6xf32> {
    %table, %local = rank.exchange_sizes %sizes {capacity = 16 : i64, rank.layer = 0 : i64} : (tensor<4xi32>) -> (tensor<2x2xi32>, tensor<2xi32>)
    %there = rank.all_to_all %rows, %sizes, %table {direction = #rank<direction dispatch>, expected_rows = 8 : i64, rank.layer = 0 : i64} : (tensor<8x8xf32>, tensor<4xi32>, tensor<2x2xi32>) -> tensor<16x8xf32>
    %up = rank.weight @up {rank.layer = 0 : i64} : tensor<2x8x6xf32>
    %h = rank.grouped_matmul %there, %up, %local {expected_rows = 8 : i64, rank.layer = 0 : i64} : (tensor<16x8xf32>, tensor<2x8x6xf32>, tensor<2xi32>) -> tensor<16x6xf32>
    rank.return %h : tensor<16x6xf32>
  }
}

// -----

// Only the activation is made again, from what it was made from, which is kept.

// CHECK:       rank.return %6 : tensor<4x8xf32> saves(%2, %result, %rstd : tensor<4x6xf32>, tensor<4x8xf32>, tensor<4xf32>)
// CHECK:       rank.func @backward(%arg0: tensor<4x6xf32>, %arg1: tensor<4x8xf32>, %arg2: tensor<4xf32>, %arg3: tensor<4x8xf32>, %arg4: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {captured = array<i64: 0>, num_saved = 3 : i64} {
// CHECK-NEXT:  %0 = rank.weight @norm {rank.layer = 0 : i64}
// CHECK-NEXT:  %1 = rank.weight @gate {rank.layer = 0 : i64}
// CHECK-NEXT:  %2 = rank.weight @down {rank.layer = 0 : i64}
// CHECK-NEXT:  %3 = rank.matmul %arg4, %2 {rank.layer = 0 : i64, transpose_rhs}
// CHECK-NEXT:  %4 = rank.activation %arg0 {rank.layer = 0 : i64, rank.module = "mlp.mlp_act", rank.recomputed}
// CHECK-NEXT:  rank.matmul %4, %arg4 {into = @down, rank.layer = 0 : i64, transpose_lhs}
// CHECK-NEXT:  %gate_gradient = rank.activation_grad %arg0 gradient %3 {rank.layer = 0 : i64}
// CHECK-NEXT:  %5 = rank.matmul %gate_gradient, %1 {rank.layer = 0 : i64, transpose_rhs}
// CHECK-NEXT:  rank.matmul %arg1, %gate_gradient {into = @gate, rank.layer = 0 : i64, transpose_lhs}
// CHECK-NEXT:  %input_gradient, %weight_gradient = rank.rms_norm_grad %arg3, %0, %arg2, %5 {rank.layer = 0 : i64}
// CHECK-NEXT:  %6 = rank.add %arg4, %input_gradient {rank.layer = 0 : i64}
// CHECK-NEXT:  rank.accumulate @norm, %weight_gradient {rank.layer = 0 : i64}
// CHECK-NEXT:  rank.return %6 : tensor<4x8xf32>
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 1 remat ["mlp_act"] {
  rank.parameter @norm : tensor<8xf32> init ones(0.0)
  rank.parameter @gate : tensor<8x6xf32> init normal(0.1)
  rank.parameter @down : tensor<6x8xf32> init normal(0.1)
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %norm = rank.weight @norm {rank.layer = 0 : i64} : tensor<8xf32>
    %n, %r = rank.rms_norm %x, %norm {epsilon = 0.1 : f64, rank.layer = 0 : i64, rank.module = "layernorm"} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    %w0 = rank.weight @gate {rank.layer = 0 : i64} : tensor<8x6xf32>
    %g = rank.matmul %n, %w0 {rank.layer = 0 : i64, rank.module = "mlp"} : (tensor<4x8xf32>, tensor<8x6xf32>) -> tensor<4x6xf32>
    %a = rank.activation %g {rank.layer = 0 : i64, rank.module = "mlp.mlp_act"} : (tensor<4x6xf32>) -> tensor<4x6xf32>
    %w1 = rank.weight @down {rank.layer = 0 : i64} : tensor<6x8xf32>
    %m = rank.matmul %a, %w1 {rank.layer = 0 : i64, rank.module = "mlp"} : (tensor<4x6xf32>, tensor<6x8xf32>) -> tensor<4x8xf32>
    %y = rank.add %x, %m {rank.layer = 0 : i64} : tensor<4x8xf32>
    rank.return %y : tensor<4x8xf32>
  }
}

// -----

// A module with those inside it: what the activation needs is made again too, from the layer's input. The last product is not
// needed.

// CHECK:       rank.return %6 : tensor<4x8xf32>
// CHECK:       rank.func @backward(%arg0: tensor<4x8xf32>, %arg1: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {captured = array<i64: 0>, num_saved = 0 : i64} {
// CHECK-NEXT:  %0 = rank.weight @norm {rank.layer = 0 : i64}
// CHECK-NEXT:  %1 = rank.weight @gate {rank.layer = 0 : i64}
// CHECK-NEXT:  %2 = rank.weight @down {rank.layer = 0 : i64}
// CHECK-NEXT:  %3 = rank.matmul %arg1, %2 {rank.layer = 0 : i64, transpose_rhs}
// CHECK-NEXT:  %4 = rank.weight @gate {rank.layer = 0 : i64, rank.recomputed}
// CHECK-NEXT:  %5 = rank.weight @norm {rank.layer = 0 : i64, rank.recomputed}
// CHECK-NEXT:  %result, %rstd = rank.rms_norm %arg0, %5 {epsilon = 1.000000e-01 : f64, rank.layer = 0 : i64, rank.module = "layernorm", rank.recomputed}
// CHECK-NEXT:  %6 = rank.matmul %result, %4 {rank.layer = 0 : i64, rank.module = "mlp", rank.recomputed}
// CHECK-NEXT:  %7 = rank.activation %6 {rank.layer = 0 : i64, rank.module = "mlp.mlp_act", rank.recomputed}
// CHECK-NEXT:  rank.matmul %7, %arg1 {into = @down, rank.layer = 0 : i64, transpose_lhs}
// CHECK-NEXT:  %gate_gradient = rank.activation_grad %6 gradient %3 {rank.layer = 0 : i64}
// CHECK-NEXT:  %8 = rank.matmul %gate_gradient, %1 {rank.layer = 0 : i64, transpose_rhs}
// CHECK-NEXT:  rank.matmul %result, %gate_gradient {into = @gate, rank.layer = 0 : i64, transpose_lhs}
// CHECK-NEXT:  %input_gradient, %weight_gradient = rank.rms_norm_grad %arg0, %0, %rstd, %8 {rank.layer = 0 : i64}
// CHECK-NEXT:  %9 = rank.add %arg1, %input_gradient {rank.layer = 0 : i64}
// CHECK-NEXT:  rank.accumulate @norm, %weight_gradient {rank.layer = 0 : i64}
// CHECK-NEXT:  rank.return %9 : tensor<4x8xf32>
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 1 remat ["layernorm+mlp"] {
  rank.parameter @norm : tensor<8xf32> init ones(0.0)
  rank.parameter @gate : tensor<8x6xf32> init normal(0.1)
  rank.parameter @down : tensor<6x8xf32> init normal(0.1)
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %norm = rank.weight @norm {rank.layer = 0 : i64} : tensor<8xf32>
    %n, %r = rank.rms_norm %x, %norm {epsilon = 0.1 : f64, rank.layer = 0 : i64, rank.module = "layernorm"} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    %w0 = rank.weight @gate {rank.layer = 0 : i64} : tensor<8x6xf32>
    %g = rank.matmul %n, %w0 {rank.layer = 0 : i64, rank.module = "mlp"} : (tensor<4x8xf32>, tensor<8x6xf32>) -> tensor<4x6xf32>
    %a = rank.activation %g {rank.layer = 0 : i64, rank.module = "mlp.mlp_act"} : (tensor<4x6xf32>) -> tensor<4x6xf32>
    %w1 = rank.weight @down {rank.layer = 0 : i64} : tensor<6x8xf32>
    %m = rank.matmul %a, %w1 {rank.layer = 0 : i64, rank.module = "mlp"} : (tensor<4x6xf32>, tensor<6x8xf32>) -> tensor<4x8xf32>
    %y = rank.add %x, %m {rank.layer = 0 : i64} : tensor<4x8xf32>
    rank.return %y : tensor<4x8xf32>
  }
}
