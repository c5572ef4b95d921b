// RUN: sigma-opt %s --pass-pipeline="builtin.module(rank.program(sigma-shard))" -split-input-file -verify-diagnostics | FileCheck %s

// Without expert parallelism, the rows are where they belong.

// CHECK-LABEL: rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
// CHECK-NEXT:  rank.parameter @up : tensor<4x8x6xf32> init normal(1.000000e-01) expert
// CHECK-NEXT:  rank.parameter @down : tensor<4x6x8xf32> init normal(1.000000e-01) expert
// CHECK-NEXT:  rank.parameter @dense : tensor<8x8xf32> init normal(1.000000e-01)
// CHECK:       rank.func @forward(%arg0: tensor<8x8xf32>, %arg1: tensor<4xi32>, %arg2: tensor<8xi32>, %arg3: tensor<4x2xf32>) -> tensor<4x8xf32> {
// CHECK-NEXT:  %0 = rank.weight @up : tensor<4x8x6xf32>
// CHECK-NEXT:  %1 = rank.grouped_matmul %arg0, %0, %arg1 {expected_rows = 8 : i64}
// CHECK-NEXT:  %2 = rank.activation %1 up %1 sizes %arg1 {expected_rows = 8 : i64}
// CHECK-NEXT:  %3 = rank.weight @down : tensor<4x6x8xf32>
// CHECK-NEXT:  %4 = rank.grouped_matmul %2, %3, %arg1 {expected_rows = 8 : i64}
// CHECK-NEXT:  %5 = rank.combine %4, %arg2, %arg3
// CHECK-NEXT:  rank.return %5 : tensor<4x8xf32>
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.parameter @up : tensor<4x8x6xf32> init normal(0.1) expert
  rank.parameter @down : tensor<4x6x8xf32> init normal(0.1) expert
  rank.parameter @dense : tensor<8x8xf32> init normal(0.1)
  rank.func @forward(%rows: tensor<8x8xf32>, %sizes: tensor<4xi32>, %position: tensor<8xi32>, %weights: tensor<4x2xf32>) -> tensor<4x8xf32> {
    %there = rank.dispatch %rows, %sizes {rank.layer = 3 : i64} : tensor<8x8xf32>, tensor<4xi32>
    %up = rank.weight @up : tensor<4x8x6xf32>
    %h = rank.grouped_matmul %there, %up, %sizes {expected_rows = 8 : i64} : (tensor<8x8xf32>, tensor<4x8x6xf32>, tensor<4xi32>) -> tensor<8x6xf32>
    %i = rank.activation %h up %h sizes %sizes {expected_rows = 8 : i64} : (tensor<8x6xf32>, tensor<8x6xf32>, tensor<4xi32>) -> tensor<8x6xf32>
    %down = rank.weight @down : tensor<4x6x8xf32>
    %o = rank.grouped_matmul %i, %down, %sizes {expected_rows = 8 : i64} : (tensor<8x6xf32>, tensor<4x6x8xf32>, tensor<4xi32>) -> tensor<8x8xf32>
    %here = rank.collect %o, %sizes {rank.layer = 3 : i64} : tensor<8x8xf32>, tensor<4xi32>
    %y = rank.combine %here, %position, %weights : (tensor<8x8xf32>, tensor<8xi32>, tensor<4x2xf32>) -> tensor<4x8xf32>
    rank.return %y : tensor<4x8xf32>
  }
}

// -----

// Two ranks have two experts each. Without a capacity, all 16 rows of both ranks may go to one of them.

// CHECK-LABEL: rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
// CHECK-NEXT:  rank.parameter @up : tensor<2x8x6xf32> init normal(1.000000e-01) expert
// CHECK-NEXT:  rank.parameter @down : tensor<2x6x8xf32> init normal(1.000000e-01) expert
// CHECK-NEXT:  rank.parameter @dense : tensor<8x8xf32> init normal(1.000000e-01)
// CHECK:       rank.func @forward(%arg0: tensor<8x8xf32>, %arg1: tensor<4xi32>, %arg2: tensor<8xi32>, %arg3: tensor<4x2xf32>) -> tensor<4x8xf32> {
// CHECK-NEXT:  %table, %local_sizes = rank.exchange_sizes %arg1 {capacity = 16 : i64, rank.layer = 3 : i64}
// CHECK-NEXT:  %0 = rank.all_to_all %arg0, %arg1, %table {direction = #rank<direction dispatch>, expected_rows = 8 : i64, rank.layer = 3 : i64}
// CHECK-NEXT:  %1 = rank.weight @up : tensor<2x8x6xf32>
// CHECK-NEXT:  %2 = rank.grouped_matmul %0, %1, %local_sizes {expected_rows = 8 : i64}
// CHECK-NEXT:  %3 = rank.activation %2 up %2 sizes %local_sizes {expected_rows = 8 : i64}
// CHECK-NEXT:  %4 = rank.weight @down : tensor<2x6x8xf32>
// CHECK-NEXT:  %5 = rank.grouped_matmul %3, %4, %local_sizes {expected_rows = 8 : i64}
// CHECK-NEXT:  %6 = rank.all_to_all %5, %arg1, %table {direction = #rank<direction collect>, expected_rows = 8 : i64, rank.layer = 3 : i64}
// CHECK-NEXT:  %7 = rank.combine %6, %arg2, %arg3
// CHECK-NEXT:  rank.return %7 : tensor<4x8xf32>
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.parameter @up : tensor<4x8x6xf32> init normal(0.1) expert
  rank.parameter @down : tensor<4x6x8xf32> init normal(0.1) expert
  rank.parameter @dense : tensor<8x8xf32> init normal(0.1)
  rank.func @forward(%rows: tensor<8x8xf32>, %sizes: tensor<4xi32>, %position: tensor<8xi32>, %weights: tensor<4x2xf32>) -> tensor<4x8xf32> {
    %there = rank.dispatch %rows, %sizes {rank.layer = 3 : i64} : tensor<8x8xf32>, tensor<4xi32>
    %up = rank.weight @up : tensor<4x8x6xf32>
    %h = rank.grouped_matmul %there, %up, %sizes {expected_rows = 8 : i64} : (tensor<8x8xf32>, tensor<4x8x6xf32>, tensor<4xi32>) -> tensor<8x6xf32>
    %i = rank.activation %h up %h sizes %sizes {expected_rows = 8 : i64} : (tensor<8x6xf32>, tensor<8x6xf32>, tensor<4xi32>) -> tensor<8x6xf32>
    %down = rank.weight @down : tensor<4x6x8xf32>
    %o = rank.grouped_matmul %i, %down, %sizes {expected_rows = 8 : i64} : (tensor<8x6xf32>, tensor<4x6x8xf32>, tensor<4xi32>) -> tensor<8x8xf32>
    %here = rank.collect %o, %sizes {rank.layer = 3 : i64} : tensor<8x8xf32>, tensor<4xi32>
    %y = rank.combine %here, %position, %weights : (tensor<8x8xf32>, tensor<8xi32>, tensor<4x2xf32>) -> tensor<4x8xf32>
    rank.return %y : tensor<4x8xf32>
  }
}

// -----

// A planned capacity of 1.25 times an even load is 10 rows. What comes beyond it goes in rounds of a quarter of that, in which
// the experts do the same as in the first.

// CHECK:       rank.func @forward(%arg0: tensor<8x8xf32>, %arg1: tensor<4xi32>, %arg2: tensor<8xi32>, %arg3: tensor<4x2xf32>) -> tensor<4x8xf32> {
// CHECK-NEXT:  %routes, %rounds = rank.exchange_routes %arg1 {capacity = 10 : i64, later_capacity = 3 : i64, rank.layer = 3 : i64} : (tensor<4xi32>) -> (tensor<2x3xi32>, tensor<1xi32>)
// CHECK-NEXT:  %sent, %begins, %table, %local_sizes = rank.round %arg1, %routes {capacity = 10 : i64, later_capacity = 3 : i64, rank.layer = 3 : i64}
// CHECK-NEXT:  %0 = rank.all_to_all %arg0, %sent, %table, %begins {direction = #rank<direction dispatch>, expected_rows = 8 : i64, rank.layer = 3 : i64} {{.*}} -> tensor<10x8xf32>
// CHECK-NEXT:  %1 = rank.weight @up
// CHECK-NEXT:  %2 = rank.grouped_matmul %0, %1, %local_sizes {expected_rows = 8 : i64}
// CHECK-NEXT:  %3 = rank.activation %2 up %2 sizes %local_sizes {expected_rows = 8 : i64}
// CHECK-NEXT:  %4 = rank.weight @down
// CHECK-NEXT:  %5 = rank.grouped_matmul %3, %4, %local_sizes {expected_rows = 8 : i64}
// CHECK-NEXT:  %6 = rank.collect_rounds %5, %sent, %table, %begins, %rounds, %arg1, %routes, %arg0, %1, %4 {expected_rows = 8 : i64, rank.layer = 3 : i64} {{.*}} -> tensor<8x8xf32> {
// CHECK-NEXT:  ^bb0(%arg4: tensor<4xi32>, %arg5: tensor<2x3xi32>, %arg6: tensor<8x8xf32>, %arg7: tensor<2x8x6xf32>, %arg8: tensor<2x6x8xf32>):
// CHECK-NEXT:    %sent_0, %begins_1, %table_2, %local_sizes_3 = rank.round %arg4, %arg5 {capacity = 10 : i64, later_capacity = 3 : i64, rank.layer = 3 : i64}
// CHECK-NEXT:    %8 = rank.all_to_all %arg6, %sent_0, %table_2, %begins_1 {direction = #rank<direction dispatch>, {{.*}} -> tensor<3x8xf32>
// CHECK-NEXT:    %9 = rank.grouped_matmul %8, %arg7, %local_sizes_3 {{.*}} -> tensor<3x6xf32>
// CHECK-NEXT:    %10 = rank.activation %9 up %9 sizes %local_sizes_3 {{.*}} -> tensor<3x6xf32>
// CHECK-NEXT:    %11 = rank.grouped_matmul %10, %arg8, %local_sizes_3 {{.*}} -> tensor<3x8xf32>
// CHECK-NEXT:    %12 = rank.all_to_all %11, %sent_0, %table_2, %begins_1 {direction = #rank<direction collect>, {{.*}} -> tensor<8x8xf32>
// CHECK-NEXT:    rank.yield %12 : tensor<8x8xf32>
// CHECK-NEXT:  }
// CHECK-NEXT:  %7 = rank.combine %6, %arg2, %arg3
// CHECK-NEXT:  rank.return %7 : tensor<4x8xf32>
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64, expert_capacity_ppm = 1250000 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.parameter @up : tensor<4x8x6xf32> init normal(0.1) expert
  rank.parameter @down : tensor<4x6x8xf32> init normal(0.1) expert
  rank.parameter @dense : tensor<8x8xf32> init normal(0.1)
  rank.func @forward(%rows: tensor<8x8xf32>, %sizes: tensor<4xi32>, %position: tensor<8xi32>, %weights: tensor<4x2xf32>) -> tensor<4x8xf32> {
    %there = rank.dispatch %rows, %sizes {rank.layer = 3 : i64} : tensor<8x8xf32>, tensor<4xi32>
    %up = rank.weight @up : tensor<4x8x6xf32>
    %h = rank.grouped_matmul %there, %up, %sizes {expected_rows = 8 : i64} : (tensor<8x8xf32>, tensor<4x8x6xf32>, tensor<4xi32>) -> tensor<8x6xf32>
    %i = rank.activation %h up %h sizes %sizes {expected_rows = 8 : i64} : (tensor<8x6xf32>, tensor<8x6xf32>, tensor<4xi32>) -> tensor<8x6xf32>
    %down = rank.weight @down : tensor<4x6x8xf32>
    %o = rank.grouped_matmul %i, %down, %sizes {expected_rows = 8 : i64} : (tensor<8x6xf32>, tensor<4x6x8xf32>, tensor<4xi32>) -> tensor<8x8xf32>
    %here = rank.collect %o, %sizes {rank.layer = 3 : i64} : tensor<8x8xf32>, tensor<4xi32>
    %y = rank.combine %here, %position, %weights : (tensor<8x8xf32>, tensor<8xi32>, tensor<4x2xf32>) -> tensor<4x8xf32>
    rank.return %y : tensor<4x8xf32>
  }
}
