// RUN: sigma-opt %s | FileCheck %s
// RUN: sigma-opt %s | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --mlir-print-op-generic | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --emit-bytecode | sigma-opt | FileCheck %s

// Exchanges of more rows than a rank's experts have room for.

// CHECK:      rank.func @forward(%arg0: tensor<8x8xf32>, %arg1: tensor<4xi32>) {
// CHECK-NEXT:   %routes, %rounds = rank.exchange_routes %arg1 {capacity = 4 : i64, later_capacity = 1 : i64} : (tensor<4xi32>) -> (tensor<2x3xi32>, tensor<1xi32>)
// CHECK-NEXT:   %sent, %begins, %table, %local_sizes = rank.round %arg1, %routes {capacity = 4 : i64, later_capacity = 1 : i64} : (tensor<4xi32>, tensor<2x3xi32>) -> (tensor<4xi32>, tensor<2xi32>, tensor<2x2xi32>, tensor<2xi32>)
// CHECK-NEXT:   %0 = rank.all_to_all %arg0, %sent, %table, %begins {direction = #rank<direction dispatch>, expected_rows = 8 : i64} : (tensor<8x8xf32>, tensor<4xi32>, tensor<2x2xi32>, tensor<2xi32>) -> tensor<4x8xf32>
// CHECK-NEXT:   %table_0, %all_sizes, %most_rounds = rank.gather_sizes %local_sizes, %rounds : (tensor<2xi32>, tensor<1xi32>) -> (tensor<2x2xi32>, tensor<2xi32>, tensor<1xi32>)
// CHECK-NEXT:   %1 = rank.collect_rounds %0, %sent, %table, %begins, %most_rounds, %arg0 {expected_rows = 8 : i64} : (tensor<4x8xf32>, tensor<4xi32>, tensor<2x2xi32>, tensor<2xi32>, tensor<1xi32>, tensor<8x8xf32>) -> tensor<8x8xf32> {
// CHECK-NEXT:   ^bb0(%arg2: tensor<8x8xf32>):
// CHECK-NEXT:     %2 = rank.scale %arg2 by 2.000000e+00 : tensor<8x8xf32>
// CHECK-NEXT:     rank.yield %2 : tensor<8x8xf32>
// CHECK-NEXT:   }
// CHECK-NEXT:   rank.return

rank.launch @launch mesh<pp = 1, dp = 4> experts<etp = 2, ep = 2> batch 4 micro_batch 1 sequence 4 vocabulary 16 precision f32 {beta1 = 0.9 : f64, beta2 = 0.95 : f64, epsilon = 1.0e-8 : f64, gradient_clip = 0.0 : f64, learning_rate = 1.0e-3 : f64, predicted_step_ns = 0 : i64, warmup_steps = 0 : i64, weight_decay = 0.0 : f64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%rows: tensor<8x8xf32>, %sizes: tensor<4xi32>) {
    %routes, %rounds = rank.exchange_routes %sizes {capacity = 4 : i64, later_capacity = 1 : i64} : (tensor<4xi32>) -> (tensor<2x3xi32>, tensor<1xi32>)
    %sent, %begins, %table, %local = rank.round %sizes, %routes {capacity = 4 : i64, later_capacity = 1 : i64} : (tensor<4xi32>, tensor<2x3xi32>) -> (tensor<4xi32>, tensor<2xi32>, tensor<2x2xi32>, tensor<2xi32>)
    %here = rank.all_to_all %rows, %sent, %table, %begins {direction = #rank<direction dispatch>, expected_rows = 8 : i64} : (tensor<8x8xf32>, tensor<4xi32>, tensor<2x2xi32>, tensor<2xi32>) -> tensor<4x8xf32>
    %t, %all, %most = rank.gather_sizes %local, %rounds : (tensor<2xi32>, tensor<1xi32>) -> (tensor<2x2xi32>, tensor<2xi32>, tensor<1xi32>)
    %back = rank.collect_rounds %here, %sent, %table, %begins, %most, %rows {expected_rows = 8 : i64} : (tensor<4x8xf32>, tensor<4xi32>, tensor<2x2xi32>, tensor<2xi32>, tensor<1xi32>, tensor<8x8xf32>) -> tensor<8x8xf32> {
    ^bb0(%x: tensor<8x8xf32>):
      %y = rank.scale %x by 2.0 : tensor<8x8xf32>
      rank.yield %y : tensor<8x8xf32>
    }
    rank.return
  }
}
