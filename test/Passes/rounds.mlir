// RUN: sigma-opt %s --pass-pipeline="builtin.module(rank.program(sigma-shard,sigma-autodiff))" | FileCheck %s

// What goes to experts in rounds comes back in rounds. Forward keeps nothing of the later ones: the body in backward copies the
// tokens again, makes what the experts' gradients need, and adds to these at once.

// CHECK:       rank.func @forward(
// CHECK:         %[[BACK:.*]] = rank.collect_rounds %{{.*}}, %sent, %table, %begins, %rounds, %arg1, %routes, %arg0, %arg2, %2, %5 {
// CHECK:         rank.return %{{.*}} saves(%[[BACK]], %begins, %table, %sent, %local_sizes, %4, %3, %1, %routes, %rounds :

// CHECK:       rank.func @backward(
// CHECK:         %[[GRADIENT:.*]], %weights_gradient = rank.combine_grad
// CHECK:         rank.all_to_all %[[GRADIENT]], {{.*}}direction dispatch
// CHECK:         rank.grouped_matmul_grad {{.*}}into = @up
// CHECK-NEXT:    %[[ROWS:.*]] = rank.collect_rounds %{{.*}}, %[[GRADIENT]] {
// CHECK-NEXT:    ^bb0({{.*}}, %[[TOKENS:[^ ]*]]: tensor<4x8xf32>, %[[POSITION:[^ ]*]]: tensor<8xi32>, %[[UP:[^ ]*]]: tensor<2x8x6xf32>, %[[DOWN:[^ ]*]]: tensor<2x6x8xf32>, %[[BACK:[^ ]*]]: tensor<8x8xf32>):
// CHECK-NEXT:      %[[COPIES:.*]] = rank.gather_rows %[[TOKENS]], %[[POSITION]]
// CHECK-NEXT:      %[[SENT:.*]], %[[BEGINS:.*]], %[[TABLE:.*]], %[[LOCAL:.*]] = rank.round {{.*}} {capacity = 8 : i64, later_capacity = 2 : i64
// CHECK-NEXT:      %[[HERE:.*]] = rank.all_to_all %[[COPIES]], %[[SENT]], %[[TABLE]], %[[BEGINS]] {direction = #rank<direction dispatch>
// CHECK-NEXT:      %[[HIDDEN:.*]] = rank.grouped_matmul %[[HERE]], %[[UP]], %[[LOCAL]]
// CHECK-NEXT:      %[[ACTIVE:.*]] = rank.activation %[[HIDDEN]] sizes %[[LOCAL]]
// CHECK-NEXT:      %[[OUT:.*]] = rank.all_to_all %[[BACK]], %[[SENT]], %[[TABLE]], %[[BEGINS]] {direction = #rank<direction dispatch>
// CHECK-NEXT:      %[[INNER:.*]] = rank.grouped_matmul %[[OUT]], %[[DOWN]], %[[LOCAL]] {{.*}}transpose_weights
// CHECK-NEXT:      rank.grouped_matmul_grad %[[ACTIVE]], %[[OUT]], %[[LOCAL]] {{.*}}into = @down
// CHECK-NEXT:      %[[GATE:.*]] = rank.activation_grad %[[HIDDEN]] gradient %[[INNER]] sizes %[[LOCAL]]
// CHECK-NEXT:      %[[IN:.*]] = rank.grouped_matmul %[[GATE]], %[[UP]], %[[LOCAL]] {{.*}}transpose_weights
// CHECK-NEXT:      rank.grouped_matmul_grad %[[HERE]], %[[GATE]], %[[LOCAL]] {{.*}}into = @up
// CHECK-NEXT:      %[[YIELD:.*]] = rank.all_to_all %[[IN]], %[[SENT]], %[[TABLE]], %[[BEGINS]] {direction = #rank<direction collect>
// CHECK-NEXT:      rank.yield %[[YIELD]]
// CHECK-NEXT:    }
// CHECK-NEXT:    %{{.*}} = rank.scatter_rows %[[ROWS]]

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64, expert_capacity_ppm = 1000000 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 1 remat ["none"] {
  rank.parameter @up : tensor<4x8x6xf32> init normal(0.1) expert
  rank.parameter @down : tensor<4x6x8xf32> init normal(0.1) expert
  rank.func @forward(%x: tensor<4x8xf32>, %sizes: tensor<4xi32>, %position: tensor<8xi32>, %weights: tensor<4x2xf32>) -> tensor<4x8xf32> {
    %rows = rank.gather_rows %x, %position {rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8xi32>) -> tensor<8x8xf32>
    %there = rank.dispatch %rows, %sizes {rank.layer = 0 : i64} : tensor<8x8xf32>, tensor<4xi32>
    %up = rank.weight @up : tensor<4x8x6xf32>
    %h = rank.grouped_matmul %there, %up, %sizes {expected_rows = 8 : i64, rank.layer = 0 : i64} : (tensor<8x8xf32>, tensor<4x8x6xf32>, tensor<4xi32>) -> tensor<8x6xf32>
    %i = rank.activation %h sizes %sizes {expected_rows = 8 : i64, rank.layer = 0 : i64} : (tensor<8x6xf32>, tensor<4xi32>) -> tensor<8x6xf32>
    %down = rank.weight @down : tensor<4x6x8xf32>
    %o = rank.grouped_matmul %i, %down, %sizes {expected_rows = 8 : i64, rank.layer = 0 : i64} : (tensor<8x6xf32>, tensor<4x6x8xf32>, tensor<4xi32>) -> tensor<8x8xf32>
    %here = rank.collect %o, %sizes {rank.layer = 0 : i64} : tensor<8x8xf32>, tensor<4xi32>
    %y = rank.combine %here, %position, %weights {rank.layer = 0 : i64} : (tensor<8x8xf32>, tensor<8xi32>, tensor<4x2xf32>) -> tensor<4x8xf32>
    rank.return %y : tensor<4x8xf32>
  }
}
