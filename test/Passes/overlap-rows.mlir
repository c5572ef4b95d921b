// RUN: sigma-opt %s --pass-pipeline="builtin.module(rank.program(sigma-autodiff,sigma-overlap-rows))" | FileCheck %s
// RUN: sed 's/, overlaps_tensor//' %s | sigma-opt --pass-pipeline="builtin.module(rank.program(sigma-autodiff,sigma-overlap-rows))" | FileCheck %s --check-prefix=PLAIN
// RUN: sigma-opt %s --pass-pipeline="builtin.module(rank.program(sigma-autodiff,sigma-overlap-rows,sigma-schedule,sigma-plan-memory),sigma-rank-to-llvm)" | FileCheck %s --check-prefix=LLVM

// Forward has nothing to do meanwhile, and is as it was.

// CHECK-LABEL: rank.func @forward
// CHECK-NOT:     started

// In backward, what the next collective needs comes first: gradients of weights are left for when rows are on their way. Of two
// layers, none does the work of the other.

// CHECK-LABEL: rank.func @backward
// CHECK:         rank.cross_entropy_grad
// CHECK:         %[[DY:.*]] = rank.all_gather %{{.*}} over tensor {rank.layer = 1 : i64, started}
// CHECK-NEXT:    %[[X:.*]] = rank.all_gather %arg{{[0-9]+}} over tensor {rank.layer = 1 : i64, started}
// CHECK-NEXT:    rank.wait %[[DY]]
// CHECK-NEXT:    %[[DH:.*]] = rank.matmul %[[DY]], %{{.*}} {rank.layer = 1 : i64, transpose_rhs}
// CHECK-NEXT:    %[[DX:.*]] = rank.matmul %[[DH]], %{{.*}} {rank.layer = 1 : i64, transpose_rhs}
// CHECK-NEXT:    %[[OUT:.*]] = rank.reduce_scatter %[[DX]] over tensor {rank.layer = 1 : i64, started}
// CHECK-NEXT:    rank.matmul %{{.*}}, %[[DY]] {into = @down1
// CHECK-NEXT:    rank.wait %[[X]]
// CHECK-NEXT:    rank.matmul %[[X]], %[[DH]] {into = @up1
// CHECK-NEXT:    rank.wait %[[OUT]]
// CHECK-NEXT:    rank.all_gather %[[OUT]] over tensor {rank.layer = 0 : i64, started}

// PLAIN-NOT:   started
// PLAIN-NOT:   rank.wait

// What is started is looked at before each op, and has its memory until the wait.

// LLVM-LABEL: llvm.func @f32.stage0.backward
// LLVM:         llvm.call @sigma_start_all_gather
// LLVM:         llvm.call @sigma_start_all_gather
// LLVM-NOT:     llvm.call
// LLVM:         llvm.call @sigma_wait_rows
// LLVM-NOT:     llvm.call
// LLVM:         llvm.call @sigma_progress
// LLVM-NOT:     llvm.call
// LLVM:         llvm.call @sigma_matmul
// LLVM:         llvm.call @sigma_start_reduce_scatter
// LLVM:         llvm.call @sigma_matmul
// LLVM:         llvm.call @sigma_wait_rows

rank.launch @launch mesh<tp = 2, pp = 1, dp = 1> experts<ep = 1> batch 2 micro_batch 2 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64, overlaps_tensor}
rank.program @stage0 stage 0 of @launch layers 0 to 2 remat ["none", "none"] {
  rank.parameter @table : tensor<16x8xf32> init normal(0.1)
  rank.parameter @up0 : tensor<8x4xf32> init normal(0.1)
  rank.parameter @down0 : tensor<4x8xf32> init normal(0.1)
  rank.parameter @up1 : tensor<8x4xf32> init normal(0.1)
  rank.parameter @down1 : tensor<4x8xf32> init normal(0.1)
  rank.func @forward(%tokens: tensor<8xi32>, %targets: tensor<8xi32>) {
    %table = rank.weight @table : tensor<16x8xf32>
    %whole = rank.embedding %tokens, %table : (tensor<8xi32>, tensor<16x8xf32>) -> tensor<8x8xf32>
    %x = rank.reduce_scatter %whole over tensor : tensor<8x8xf32> -> tensor<4x8xf32>
    %x0 = rank.all_gather %x over tensor {rank.layer = 0 : i64} : tensor<4x8xf32> -> tensor<8x8xf32>
    %u0 = rank.weight @up0 : tensor<8x4xf32>
    %h0 = rank.matmul %x0, %u0 {rank.layer = 0 : i64} : (tensor<8x8xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
    %d0 = rank.weight @down0 : tensor<4x8xf32>
    %y0 = rank.matmul %h0, %d0 {rank.layer = 0 : i64} : (tensor<8x4xf32>, tensor<4x8xf32>) -> tensor<8x8xf32>
    %z0 = rank.reduce_scatter %y0 over tensor {rank.layer = 0 : i64} : tensor<8x8xf32> -> tensor<4x8xf32>
    %x1 = rank.all_gather %z0 over tensor {rank.layer = 1 : i64} : tensor<4x8xf32> -> tensor<8x8xf32>
    %u1 = rank.weight @up1 : tensor<8x4xf32>
    %h1 = rank.matmul %x1, %u1 {rank.layer = 1 : i64} : (tensor<8x8xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
    %d1 = rank.weight @down1 : tensor<4x8xf32>
    %y1 = rank.matmul %h1, %d1 {rank.layer = 1 : i64} : (tensor<8x4xf32>, tensor<4x8xf32>) -> tensor<8x8xf32>
    %z1 = rank.reduce_scatter %y1 over tensor {rank.layer = 1 : i64} : tensor<8x8xf32> -> tensor<4x8xf32>
    %logits = rank.all_gather %z1 over tensor : tensor<4x8xf32> -> tensor<8x8xf32>
    %loss, %l = rank.cross_entropy %logits, %targets {shards = 2 : i64} : (tensor<8x8xf32>, tensor<8xi32>) -> (tensor<1xf32>, tensor<8xf32>)
    rank.objective loss %loss scale 1.0 : tensor<1xf32>
    rank.return
  }
}
