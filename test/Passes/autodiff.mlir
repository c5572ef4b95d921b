// RUN: sigma-opt %s --pass-pipeline="builtin.module(rank.program(sigma-autodiff))" -split-input-file -verify-diagnostics | FileCheck %s

// A matrix product is added to its gradient in place, under the layer of the forward op; a value used twice has a sum.

// CHECK:       rank.func @forward(%arg0: tensor<4x8xf32>) -> tensor<4x8xf32> {
// CHECK-NEXT:  %0 = rank.weight @w
// CHECK-NEXT:  %1 = rank.matmul %arg0, %0 {rank.layer = 0 : i64}
// CHECK-NEXT:  %2 = rank.add %arg0, %1
// CHECK-NEXT:  rank.return %2 : tensor<4x8xf32>
// CHECK-NEXT:  }
// CHECK:       rank.func @backward(%arg0: tensor<4x8xf32>, %arg1: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {captured = array<i64: 0>, num_saved = 0 : i64} {
// CHECK-NEXT:  %0 = rank.weight @w {rank.layer = 0 : i64}
// CHECK-NEXT:  %1 = rank.matmul %arg1, %0 {rank.layer = 0 : i64, transpose_rhs}
// CHECK-NEXT:  %2 = rank.add %arg1, %1 {rank.layer = 0 : i64}
// CHECK-NEXT:  rank.matmul %arg0, %arg1 {into = @w, rank.layer = 0 : i64, transpose_lhs}
// CHECK-NEXT:  rank.return %2 : tensor<4x8xf32>
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.parameter @w : tensor<8x8xf32> init normal(0.1)
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %w = rank.weight @w : tensor<8x8xf32>
    %y = rank.matmul %x, %w {rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %z = rank.add %x, %y : tensor<4x8xf32>
    rank.return %z : tensor<4x8xf32>
  }
}

// -----

// Grouped-query attention with a norm of each head: backward gets q, k, v, the output and the log-sum-exp.

// CHECK:       rank.func @forward(%arg0: tensor<4x8xf32>, %arg1: tensor<4x4xf32>, %arg2: tensor<4x4xf32>) -> tensor<4x8xf32> {
// CHECK-NEXT:  %0 = rank.weight @norm
// CHECK-NEXT:  %result, %rstd = rank.rms_norm %arg0, %0 {epsilon = 1.000000e-01 : f64}
// CHECK-NEXT:  %1 = rank.rotary %result {frequencies = array<f64: 1.000000e+00>, heads = 4 : i64, sequence = 4 : i64}
// CHECK-NEXT:  %result_0, %lse = rank.attention %1, %arg1, %arg2 {heads = 4 : i64, kv_heads = 2 : i64, sequence = 4 : i64}
// CHECK-NEXT:  rank.return %result_0 : tensor<4x8xf32> saves(%1, %result_0, %lse, %rstd : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x4xf32>, tensor<16xf32>)
// CHECK-NEXT:  }
// CHECK:       rank.func @backward(%arg0: tensor<4x8xf32>, %arg1: tensor<4x8xf32>, %arg2: tensor<4x4xf32>, %arg3: tensor<16xf32>, %arg4: tensor<4x4xf32>, %arg5: tensor<4x4xf32>, %arg6: tensor<4x8xf32>, %arg7: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x4xf32>, tensor<4x4xf32>) attributes {captured = array<i64: 1, 2, 0>, num_saved = 4 : i64} {
// CHECK-NEXT:  %0 = rank.weight @norm
// CHECK-NEXT:  %query_gradient, %key_gradient, %value_gradient = rank.attention_grad %arg0, %arg4, %arg5, %arg1, %arg2, %arg7 {heads = 4 : i64, kv_heads = 2 : i64, sequence = 4 : i64}
// CHECK-NEXT:  %1 = rank.rotary %query_gradient {frequencies = array<f64: 1.000000e+00>, heads = 4 : i64, sequence = 4 : i64, transpose}
// CHECK-NEXT:  %input_gradient, %weight_gradient = rank.rms_norm_grad %arg6, %0, %arg3, %1
// CHECK-NEXT:  rank.accumulate @norm, %weight_gradient : tensor<2xf32>
// CHECK-NEXT:  rank.return %input_gradient, %key_gradient, %value_gradient : tensor<4x8xf32>, tensor<4x4xf32>, tensor<4x4xf32>
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.parameter @norm : tensor<2xf32> init ones(0.0)
  rank.func @forward(%q: tensor<4x8xf32>, %k: tensor<4x4xf32>, %v: tensor<4x4xf32>) -> tensor<4x8xf32> {
    %norm = rank.weight @norm : tensor<2xf32>
    %n, %rstd = rank.rms_norm %q, %norm {epsilon = 0.1 : f64} : (tensor<4x8xf32>, tensor<2xf32>) -> (tensor<4x8xf32>, tensor<16xf32>)
    %r = rank.rotary %n {frequencies = array<f64: 1.000000e+00>, heads = 4 : i64, sequence = 4 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %o, %lse = rank.attention %r, %k, %v {heads = 4 : i64, kv_heads = 2 : i64, sequence = 4 : i64} : (tensor<4x8xf32>, tensor<4x4xf32>, tensor<4x4xf32>) -> (tensor<4x8xf32>, tensor<4x4xf32>)
    rank.return %o : tensor<4x8xf32>
  }
}

// -----

// Sigmoid router, balance loss and a shared expert: the gradients of %x and of the scores are sums.

// CHECK:       rank.func @forward(%arg0: tensor<4x8xf32>) -> tensor<4x8xf32> {
// CHECK-NEXT:  %0 = rank.weight @router
// CHECK-NEXT:  %1 = rank.matmul %arg0, %0
// CHECK-NEXT:  %2 = rank.router_scores %1 {score = #rank<score sigmoid>}
// CHECK-NEXT:  %weights, %chosen = rank.top_k %2 {normalize}
// CHECK-NEXT:  %3 = rank.balance_loss %2, %chosen {sequence = 4 : i64}
// CHECK-NEXT:  rank.objective balance %3 scale 2.500000e-01 : tensor<1xf32>
// CHECK-NEXT:  %position, %sizes = rank.group_tokens %chosen
// CHECK-NEXT:  %4 = rank.gather_rows %arg0, %position
// CHECK-NEXT:  %5 = rank.weight @up
// CHECK-NEXT:  %6 = rank.grouped_matmul %4, %5, %sizes {expected_rows = 8 : i64}
// CHECK-NEXT:  %7 = rank.activation %6 up %6 sizes %sizes {expected_rows = 8 : i64}
// CHECK-NEXT:  %8 = rank.weight @down
// CHECK-NEXT:  %9 = rank.grouped_matmul %7, %8, %sizes {expected_rows = 8 : i64}
// CHECK-NEXT:  %10 = rank.combine %9, %position, %weights
// CHECK-NEXT:  %11 = rank.weight @shared
// CHECK-NEXT:  %12 = rank.matmul %arg0, %11
// CHECK-NEXT:  %13 = rank.add %10, %12
// CHECK-NEXT:  rank.return %13 : tensor<4x8xf32> saves(%weights, %position, %9, %sizes, %7, %6, %4, %chosen, %2 : tensor<4x2xf32>, tensor<8xi32>, tensor<8x8xf32>, tensor<4xi32>, tensor<8x6xf32>, tensor<8x6xf32>, tensor<8x8xf32>, tensor<4x2xi32>, tensor<4x4xf32>)
// CHECK-NEXT:  }
// CHECK:       rank.func @backward(%arg0: tensor<4x2xf32>, %arg1: tensor<8xi32>, %arg2: tensor<8x8xf32>, %arg3: tensor<4xi32>, %arg4: tensor<8x6xf32>, %arg5: tensor<8x6xf32>, %arg6: tensor<8x8xf32>, %arg7: tensor<4x2xi32>, %arg8: tensor<4x4xf32>, %arg9: tensor<4x8xf32>, %arg10: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {captured = array<i64: 0>, num_saved = 9 : i64} {
// CHECK-NEXT:  %0 = rank.weight @router
// CHECK-NEXT:  %1 = rank.weight @up
// CHECK-NEXT:  %2 = rank.weight @down
// CHECK-NEXT:  %3 = rank.weight @shared
// CHECK-NEXT:  %4 = rank.matmul %arg10, %3 {transpose_rhs}
// CHECK-NEXT:  rank.matmul %arg9, %arg10 {into = @shared, transpose_lhs} : (tensor<4x8xf32>, tensor<4x8xf32>) -> ()
// CHECK-NEXT:  %rows_gradient, %weights_gradient = rank.combine_grad %arg2, %arg1, %arg0, %arg10
// CHECK-NEXT:  %5 = rank.grouped_matmul %rows_gradient, %2, %arg3 {expected_rows = 8 : i64, transpose_weights}
// CHECK-NEXT:  rank.grouped_matmul_grad %arg4, %rows_gradient, %arg3 {expected_rows = 8 : i64, into = @down} : (tensor<8x6xf32>, tensor<8x8xf32>, tensor<4xi32>) -> ()
// CHECK-NEXT:  %gate_gradient, %up_gradient = rank.activation_grad %arg5 up %arg5 gradient %5 sizes %arg3 {expected_rows = 8 : i64}
// CHECK-NEXT:  %6 = rank.add %gate_gradient, %up_gradient
// CHECK-NEXT:  %7 = rank.grouped_matmul %6, %1, %arg3 {expected_rows = 8 : i64, transpose_weights}
// CHECK-NEXT:  rank.grouped_matmul_grad %arg6, %6, %arg3 {expected_rows = 8 : i64, into = @up} : (tensor<8x8xf32>, tensor<8x6xf32>, tensor<4xi32>) -> ()
// CHECK-NEXT:  %8 = rank.scatter_rows %7, %arg1
// CHECK-NEXT:  %9 = rank.add %4, %8
// CHECK-NEXT:  %10 = rank.constant 2.500000e-01
// CHECK-NEXT:  %11 = rank.balance_loss_grad %arg8, %arg7, %10 {sequence = 4 : i64}
// CHECK-NEXT:  %12 = rank.top_k_grad %arg8, %arg7, %weights_gradient {normalize}
// CHECK-NEXT:  %13 = rank.add %11, %12
// CHECK-NEXT:  %14 = rank.router_scores_grad %arg8, %13 {score = #rank<score sigmoid>}
// CHECK-NEXT:  %15 = rank.matmul %14, %0 {transpose_rhs}
// CHECK-NEXT:  %16 = rank.add %9, %15
// CHECK-NEXT:  rank.matmul %arg9, %14 {into = @router, transpose_lhs} : (tensor<4x8xf32>, tensor<4x4xf32>) -> ()
// CHECK-NEXT:  rank.return %16 : tensor<4x8xf32>
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.parameter @router : tensor<8x4xf32> init normal(0.1)
  rank.parameter @up : tensor<4x8x6xf32> init normal(0.1) expert
  rank.parameter @down : tensor<4x6x8xf32> init normal(0.1) expert
  rank.parameter @shared : tensor<8x8xf32> init normal(0.1)
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %router = rank.weight @router : tensor<8x4xf32>
    %logits = rank.matmul %x, %router : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
    %scores = rank.router_scores %logits {score = #rank<score sigmoid>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %weights, %chosen = rank.top_k %scores {normalize} : (tensor<4x4xf32>) -> (tensor<4x2xf32>, tensor<4x2xi32>)
    %balance = rank.balance_loss %scores, %chosen {sequence = 4 : i64} : (tensor<4x4xf32>, tensor<4x2xi32>) -> tensor<1xf32>
    rank.objective balance %balance scale 2.5e-1 : tensor<1xf32>
    %position, %sizes = rank.group_tokens %chosen : (tensor<4x2xi32>) -> (tensor<8xi32>, tensor<4xi32>)
    %rows = rank.gather_rows %x, %position : (tensor<4x8xf32>, tensor<8xi32>) -> tensor<8x8xf32>
    %up = rank.weight @up : tensor<4x8x6xf32>
    %h = rank.grouped_matmul %rows, %up, %sizes {expected_rows = 8 : i64} : (tensor<8x8xf32>, tensor<4x8x6xf32>, tensor<4xi32>) -> tensor<8x6xf32>
    %i = rank.activation %h up %h sizes %sizes {expected_rows = 8 : i64} : (tensor<8x6xf32>, tensor<8x6xf32>, tensor<4xi32>) -> tensor<8x6xf32>
    %down = rank.weight @down : tensor<4x6x8xf32>
    %o = rank.grouped_matmul %i, %down, %sizes {expected_rows = 8 : i64} : (tensor<8x6xf32>, tensor<4x6x8xf32>, tensor<4xi32>) -> tensor<8x8xf32>
    %mixed = rank.combine %o, %position, %weights : (tensor<8x8xf32>, tensor<8xi32>, tensor<4x2xf32>) -> tensor<4x8xf32>
    %shared = rank.weight @shared : tensor<8x8xf32>
    %s = rank.matmul %x, %shared : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %y = rank.add %mixed, %s : tensor<4x8xf32>
    rank.return %y : tensor<4x8xf32>
  }
}

// -----

// Token ids are captured, not saved; the objective starts backward; a weight that forward does not read has no gradient.

// CHECK:       rank.func @forward(%arg0: tensor<4xi32>, %arg1: tensor<4xi32>) {
// CHECK-NEXT:  %0 = rank.weight @table
// CHECK-NEXT:  %1 = rank.embedding %arg0, %0
// CHECK-NEXT:  %loss, %lse = rank.cross_entropy %1, %arg1
// CHECK-NEXT:  rank.objective loss %loss scale 2.500000e-01 : tensor<1xf32>
// CHECK-NEXT:  rank.return saves(%lse, %1 : tensor<4xf32>, tensor<4x8xf32>)
// CHECK-NEXT:  }
// CHECK:       rank.func @backward(%arg0: tensor<4xf32>, %arg1: tensor<4x8xf32>, %arg2: tensor<4xi32>, %arg3: tensor<4xi32>) attributes {captured = array<i64: 1, 0>, num_saved = 2 : i64} {
// CHECK-NEXT:  %0 = rank.constant 2.500000e-01
// CHECK-NEXT:  %1 = rank.cross_entropy_grad %arg1, %arg2, %arg0, %0
// CHECK-NEXT:  rank.embedding_grad %arg3, %1 {into = @table} : (tensor<4xi32>, tensor<4x8xf32>) -> ()
// CHECK-NEXT:  rank.return
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.parameter @table : tensor<16x8xf32> init normal(0.1)
  rank.parameter @unused : tensor<8x8xf32> init normal(0.1)
  rank.func @forward(%tokens: tensor<4xi32>, %targets: tensor<4xi32>) {
    %table = rank.weight @table : tensor<16x8xf32>
    %x = rank.embedding %tokens, %table : (tensor<4xi32>, tensor<16x8xf32>) -> tensor<4x8xf32>
    %loss, %lse = rank.cross_entropy %x, %targets : (tensor<4x8xf32>, tensor<4xi32>) -> (tensor<1xf32>, tensor<4xf32>)
    rank.objective loss %loss scale 2.5e-1 : tensor<1xf32>
    rank.return
  }
}

// -----

// An argument returned twice gets both gradients, one that is not used gets zeros.

// CHECK:       rank.func @backward(%arg0: tensor<4x8xf32>, %arg1: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) attributes {captured = array<i64>, num_saved = 0 : i64} {
// CHECK-NEXT:  %0 = rank.add %arg0, %arg1
// CHECK-NEXT:  %1 = rank.constant 0.000000e+00
// CHECK-NEXT:  rank.return %0, %1 : tensor<4x8xf32>, tensor<4x8xf32>
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
    rank.return %x, %x : tensor<4x8xf32>, tensor<4x8xf32>
  }
}
