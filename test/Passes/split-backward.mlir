// RUN: sigma-opt %s --pass-pipeline="builtin.module(rank.program(sigma-autodiff,sigma-remat,sigma-split-backward))" -split-input-file | FileCheck %s

// Products for gradients of weights leave backward. What forward saved for them it holds now, as the activation between two
// products; what backward makes for them, gradients of both products, backward holds; the stage's own input they capture.
// The gradient of a norm's weights waits with them.

// CHECK-LABEL: rank.func @forward(
// CHECK-SAME:      %[[X:.*]]: tensor<4x8xf32>) -> tensor<4x8xf32> {
// CHECK:         %[[G:.*]] = rank.matmul %[[X]],
// CHECK:         %[[A:.*]] = rank.activation %[[G]]
// CHECK:         rank.return %{{.*}} : tensor<4x8xf32> saves(%{{.*}}, %{{.*}}, %[[G]] : tensor<4xf32>, tensor<4x8xf32>, tensor<4x8xf32>) holds(%[[A]] : tensor<4x8xf32>)
// CHECK-LABEL: rank.func @input_gradients(
// CHECK-SAME:      -> tensor<4x8xf32> attributes {captured = array<i64>, num_saved = 4 : i64} {
// CHECK-NOT:     into
// CHECK-NOT:     rank.accumulate
// CHECK:         rank.return %{{.*}} : tensor<4x8xf32> holds(%{{.*}}, %{{.*}}, %{{.*}} : tensor<4x8xf32>, tensor<8xf32>, tensor<4x8xf32>)
// CHECK-LABEL: rank.func @weight_gradients(
// CHECK-SAME:      %[[A:[a-z0-9]*]]: tensor<4x8xf32>, %[[DH:[a-z0-9]*]]: tensor<4x8xf32>, %[[DW:[a-z0-9]*]]: tensor<8xf32>, %[[DG:[a-z0-9]*]]: tensor<4x8xf32>, %[[X:[a-z0-9]*]]: tensor<4x8xf32>) attributes {captured = array<i64: 0>, captured_gradients = array<i64>, num_saved = 4 : i64} {
// CHECK-NEXT:    rank.accumulate @norm, %[[DW]]
// CHECK-NEXT:    rank.matmul %[[A]], %[[DH]] {into = @down, transpose_lhs}
// CHECK-NEXT:    rank.matmul %[[X]], %[[DG]] {into = @up, transpose_lhs}
// CHECK-NEXT:    rank.return
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 3, dp = 1> schedule "zb-h1" experts<ep = 1> batch 4 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage1 stage 1 of @launch layers 0 to 0 remat [] {
  rank.parameter @up : tensor<8x8xf32> init normal(0.1) decay
  rank.parameter @down : tensor<8x8xf32> init normal(0.1) decay
  rank.parameter @norm : tensor<8xf32> init ones(0.0)
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %up = rank.weight @up : tensor<8x8xf32>
    %g = rank.matmul %x, %up : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %a = rank.activation %g {kind = #rank<activation silu>} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %down = rank.weight @down : tensor<8x8xf32>
    %h = rank.matmul %a, %down : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %scale = rank.weight @norm : tensor<8xf32>
    %y, %rstd = rank.rms_norm %h, %scale {epsilon = 1.0e-6 : f64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    rank.return %y : tensor<4x8xf32>
  }
}

// -----

// dualpipev splits some backwards: @backward stays beside the two, and takes what forward saves and holds in the same order.

// CHECK-LABEL: rank.func @forward(
// CHECK:         %[[G:.*]] = rank.matmul
// CHECK:         %[[A:.*]] = rank.activation %[[G]]
// CHECK:         rank.return %{{.*}} saves(%[[G]] : tensor<4x8xf32>) holds(%[[A]] : tensor<4x8xf32>)
// CHECK-LABEL: rank.func @backward(
// CHECK-SAME:      %[[G:[a-z0-9]*]]: tensor<4x8xf32>, %[[A:[a-z0-9]*]]: tensor<4x8xf32>, %{{.*}}) -> tensor<4x8xf32>
// CHECK:         rank.matmul %[[A]], %{{.*}} {into = @down, transpose_lhs}
// CHECK:         rank.activation_grad {{.*}}%[[G]]
// CHECK-LABEL: rank.func @input_gradients(
// CHECK-NOT:     into
// CHECK-LABEL: rank.func @weight_gradients(
// CHECK:         rank.matmul %{{.*}} {into = @down, transpose_lhs}
// CHECK-LABEL: rank.func @forward1(
// CHECK-LABEL: rank.func @backward1(
// CHECK-LABEL: rank.func @input_gradients1(
// CHECK-LABEL: rank.func @weight_gradients1(

rank.launch @launch mesh<pp = 2, vpp = 2, dp = 1> schedule dualpipev experts<ep = 1> batch 4 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage1 stage 1 of @launch layers 0 to 0, 0 to 0 remat [] {
  rank.parameter @down : tensor<8x8xf32> init normal(0.1) decay
  rank.parameter @up : tensor<8x8xf32> init normal(0.1) decay
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %up = rank.weight @up : tensor<8x8xf32>
    %g = rank.matmul %x, %up : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %a = rank.activation %g {kind = #rank<activation silu>} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %down = rank.weight @down : tensor<8x8xf32>
    %y = rank.matmul %a, %down : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    rank.return %y : tensor<4x8xf32>
  }
  rank.func @forward1(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    rank.return %x : tensor<4x8xf32>
  }
}
