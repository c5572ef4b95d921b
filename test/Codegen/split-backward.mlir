// RUN: sigma-opt %s --pass-pipeline="builtin.module(rank.program(sigma-autodiff,sigma-split-backward,sigma-schedule,sigma-plan-memory))" -o %t.mlir
// RUN: FileCheck %s --input-file=%t.mlir
// RUN: sigma-opt %t.mlir --sigma-rank-to-llvm | FileCheck %s --check-prefix=LLVM

// The first stage saves values for the gradients of inputs and holds others for those of weights, in parts for layers and for
// what is no layer; each part has a place of its own.

// CHECK:       rank.program @stage0
// CHECK:         rank.func @forward({{.*}} attributes {ends_bytes = 128 : i64, held_bytes = 128 : i64, held_ends_bytes = 128 : i64, slot_bytes = 128 : i64,
// CHECK:           rank.embedding {{.*}}places = [#rank.place<ends, 0>]
// CHECK:           rank.activation {{.*}}places = [#rank.place<held_ends, 0>]
// CHECK:           rank.activation {{.*}}places = [#rank.place<held, 0>]
// CHECK:         rank.func @input_gradients({{.*}} held_bytes = 128 : i64, {{.*}}slot_bytes = 0 : i64
// CHECK:           rank.activation_grad {{.*}}places = [#rank.place<held, 0>]
// CHECK:         rank.schedule {
// CHECK:           rank.call @forward(%tokens) micro_batch 0 {ends = #rank.place<arena, {{[0-9]+}}>, held_ends = #rank.place<arena, {{[0-9]+}}>, places = [#rank.place<arena, {{[0-9]+}}>, #rank.place<arena, {{[0-9]+}}>, #rank.place<arena, {{[0-9]+}}>]}

// Runtime, arena, transient memory, two residuals of two parts, tokens and result.

// LLVM:        llvm.func @f32.stage0.forward(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr, %arg3: !llvm.ptr, %arg4: !llvm.ptr, %arg5: !llvm.ptr, %arg6: !llvm.ptr, %arg7: !llvm.ptr, %arg8: !llvm.ptr) {
// LLVM:        llvm.func @f32.stage0.input_gradients(
// LLVM:        llvm.func @f32.stage0.weight_gradients(
// LLVM:          llvm.call @sigma_matmul(
// LLVM-NOT:      llvm.call @sigma_activation_grad(
// LLVM:        llvm.func @f32.stage0.step(
// LLVM:          llvm.call @f32.stage0.input_gradients(
// LLVM:          llvm.call @f32.stage0.weight_gradients(

rank.launch @launch mesh<pp = 2, dp = 1> schedule "zb-h1" experts<ep = 1> batch 3 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.parameter @table : tensor<16x8xf32> init normal(0.1) decay
  rank.parameter @up : tensor<8x8xf32> init normal(0.1) decay
  rank.parameter @down : tensor<8x8xf32> init normal(0.1) decay
  rank.func @forward(%tokens: tensor<4xi32>) -> tensor<4x8xf32> {
    %table = rank.weight @table : tensor<16x8xf32>
    %x = rank.embedding %tokens, %table : (tensor<4xi32>, tensor<16x8xf32>) -> tensor<4x8xf32>
    %up = rank.weight @up : tensor<8x8xf32>
    %s = rank.activation %x {kind = #rank<activation silu>} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %g = rank.matmul %s, %up {rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %a = rank.activation %g {kind = #rank<activation silu>, rank.layer = 0 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %down = rank.weight @down : tensor<8x8xf32>
    %y = rank.matmul %a, %down {rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    rank.return %y : tensor<4x8xf32>
  }
}
rank.program @stage1 stage 1 of @launch layers 0 to 0 remat [] {
  rank.parameter @w : tensor<8x16xf32> init normal(0.1) decay
  rank.func @forward(%x: tensor<4x8xf32>, %targets: tensor<4xi32>) {
    %w = rank.weight @w : tensor<8x16xf32>
    %y = rank.matmul %x, %w : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
    %loss, %lse = rank.cross_entropy %y, %targets : (tensor<4x16xf32>, tensor<4xi32>) -> (tensor<1xf32>, tensor<4xf32>)
    rank.objective loss %loss scale 1.0 : tensor<1xf32>
    rank.return
  }
}
