// RUN: sigma-opt %s --pass-pipeline="builtin.module(rank.program(sigma-autodiff,sigma-schedule,sigma-plan-memory))" -split-input-file -verify-diagnostics | FileCheck %s

// Saved values lie in the slot, those of no layer and what the last layer hands to the head in its other part, others in transient memory, which values share whose lives do not meet. Each buffer starts at a
// multiple of 64 bytes. Gradients of replicated parameters come before those of experts.

// CHECK-LABEL: rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] attributes {arena_bytes = 6080 : i64, transient_offset = 3520 : i64} {
// CHECK-NEXT:  rank.parameter @a : tensor<16x8xf32> init normal(1.000000e-01) {first_moment_offset = 1280 : i64, gradient_offset = 640 : i64, second_moment_offset = 1920 : i64, value_offset = 0 : i64}
// CHECK-NEXT:  rank.parameter @experts : tensor<2x4x2xf32> init normal(1.000000e-01) expert {first_moment_offset = 1792 : i64, gradient_offset = 1216 : i64, second_moment_offset = 2432 : i64, value_offset = 512 : i64}
// CHECK-NEXT:  rank.parameter @b : tensor<8xf32> init ones(0.000000e+00) {first_moment_offset = 1856 : i64, gradient_offset = 1152 : i64, second_moment_offset = 2496 : i64, value_offset = 576 : i64}
// CHECK:       rank.func @forward(%arg0: tensor<4xi32>, %arg1: tensor<4xi32>) attributes {ends_bytes = 320 : i64, slot_bytes = 512 : i64, transient_bytes = 1024 : i64} {
// CHECK-NEXT:  %0 = rank.weight @a
// CHECK-NEXT:  %1 = rank.embedding %arg0, %0 {places = [#rank.place<ends, 192>]}
// CHECK-NEXT:  %2 = rank.weight @b
// CHECK-NEXT:  %result, %rstd = rank.rms_norm %1, %2 {epsilon = 1.000000e-01 : f64, places = [#rank.place<slot, 256>, #rank.place<slot, 448>], rank.layer = 0 : i64}
// CHECK-NEXT:  %3 = rank.add %result, %result {places = [#rank.place<slot, 128>], rank.layer = 0 : i64}
// CHECK-NEXT:  %4 = rank.add %3, %result {places = [#rank.place<slot, 0>], rank.layer = 0 : i64}
// CHECK-NEXT:  %result_0, %lse = rank.attention %4, %3, %result {heads = 4 : i64, kv_heads = 4 : i64, places = [#rank.place<ends, 64>, #rank.place<slot, 384>], rank.layer = 0 : i64, sequence = 4 : i64, workspace = #rank.place<transient, 0>}
// CHECK-NEXT:  %loss, %lse_1 = rank.cross_entropy %result_0, %arg1 {places = [#rank.place<transient, 0>, #rank.place<ends, 0>]}
// CHECK-NEXT:  rank.objective loss %loss scale 1.000000e+00 : tensor<1xf32>
// CHECK-NEXT:  rank.return saves(%lse_1, %result_0, %4, %3, %result, %lse, %rstd, %1 : tensor<4xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4x8xf32>)
// CHECK-NEXT:  }
// CHECK:       rank.func @backward(%arg0: tensor<4xf32>, %arg1: tensor<4x8xf32>, %arg2: tensor<4x8xf32>, %arg3: tensor<4x8xf32>, %arg4: tensor<4x8xf32>, %arg5: tensor<4x4xf32>, %arg6: tensor<4xf32>, %arg7: tensor<4x8xf32>, %arg8: tensor<4xi32>, %arg9: tensor<4xi32>) attributes {captured = array<i64: 1, 0>, num_saved = 8 : i64, slot_bytes = 0 : i64, transient_bytes = 2560 : i64} {
// CHECK-NEXT:  %0 = rank.weight @b
// CHECK-NEXT:  %1 = rank.constant 1.000000e+00 {places = [#rank.place<transient, 0>]}
// CHECK-NEXT:  %2 = rank.cross_entropy_grad %arg1, %arg8, %arg0, %1 {places = [#rank.place<transient, 2048>]}
// CHECK-NEXT:  %query_gradient, %key_gradient, %value_gradient = rank.attention_grad %arg2, %arg3, %arg4, %arg1, %arg5, %2 {heads = 4 : i64, kv_heads = 4 : i64, places = [#rank.place<transient, 2176>, #rank.place<transient, 2304>, #rank.place<transient, 2432>], rank.layer = 0 : i64, sequence = 4 : i64, workspace = #rank.place<transient, 0>}
// CHECK-NEXT:  %3 = rank.add %key_gradient, %query_gradient {places = [#rank.place<transient, 0>], rank.layer = 0 : i64}
// CHECK-NEXT:  %4 = rank.add %value_gradient, %query_gradient {places = [#rank.place<transient, 128>], rank.layer = 0 : i64}
// CHECK-NEXT:  %5 = rank.add %4, %3 {places = [#rank.place<transient, 256>], rank.layer = 0 : i64}
// CHECK-NEXT:  %6 = rank.add %5, %3 {places = [#rank.place<transient, 128>], rank.layer = 0 : i64}
// CHECK-NEXT:  %input_gradient, %weight_gradient = rank.rms_norm_grad %arg7, %0, %arg6, %6 {places = [#rank.place<transient, 0>, #rank.place<transient, 256>], rank.layer = 0 : i64}
// CHECK-NEXT:  rank.accumulate @b, %weight_gradient {rank.layer = 0 : i64} : tensor<8xf32>
// CHECK-NEXT:  rank.embedding_grad %arg9, %input_gradient {into = @a} : (tensor<4xi32>, tensor<4x8xf32>) -> ()
// CHECK-NEXT:  rank.return
// CHECK-NEXT:  }
// CHECK:       rank.schedule {
// CHECK-NEXT:  rank.zero_gradients {elements = 160 : i64, offset = 640 : i64}
// CHECK-NEXT:  %tokens, %targets = rank.load_batch 0 {places = [#rank.place<arena, 3392>, #rank.place<arena, 3456>]}
// CHECK-NEXT:  %0 = rank.call @forward(%tokens, %targets) micro_batch 0 {ends = #rank.place<arena, 3072>, places = [#rank.place<arena, 2560>]}
// CHECK-NEXT:  rank.call @backward(%0, %targets, %tokens) micro_batch 0 : (!rank.residual, tensor<4xi32>, tensor<4xi32>) -> ()
// CHECK-NEXT:  rank.all_reduce_gradients dp {elements = 144 : i64, offset = 640 : i64, workspace_bytes = 0 : i64}
// CHECK-NEXT:  rank.all_reduce_gradients edp {elements = 16 : i64, offset = 1216 : i64, workspace_bytes = 0 : i64}
// CHECK-NEXT:  rank.gradient_norm dp {elements = 144 : i64, offset = 640 : i64}
// CHECK-NEXT:  rank.gradient_norm edp {elements = 16 : i64, offset = 1216 : i64}
// CHECK-NEXT:  rank.reduce_step
// CHECK-NEXT:  rank.adamw @a
// CHECK-NEXT:  rank.adamw @experts
// CHECK-NEXT:  rank.adamw @b
// CHECK-NEXT:  rank.checkpoint_hook
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.parameter @a : tensor<16x8xf32> init normal(0.1)
  rank.parameter @experts : tensor<2x4x2xf32> init normal(0.1) expert
  rank.parameter @b : tensor<8xf32> init ones(0.0)
  rank.func @forward(%tokens: tensor<4xi32>, %targets: tensor<4xi32>) {
    %table = rank.weight @a : tensor<16x8xf32>
    %x = rank.embedding %tokens, %table : (tensor<4xi32>, tensor<16x8xf32>) -> tensor<4x8xf32>
    %b = rank.weight @b : tensor<8xf32>
    %n, %r = rank.rms_norm %x, %b {epsilon = 0.1 : f64, rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    %s = rank.add %n, %n {rank.layer = 0 : i64} : tensor<4x8xf32>
    %t = rank.add %s, %n {rank.layer = 0 : i64} : tensor<4x8xf32>
    %o, %lse = rank.attention %t, %s, %n {heads = 4 : i64, kv_heads = 4 : i64, rank.layer = 0 : i64, sequence = 4 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x4xf32>)
    %loss, %l = rank.cross_entropy %o, %targets : (tensor<4x8xf32>, tensor<4xi32>) -> (tensor<1xf32>, tensor<4xf32>)
    rank.objective loss %loss scale 1.0 : tensor<1xf32>
    rank.return
  }
}

// -----

// A result is computed in the caller's memory; a buffer that is sent is free after the wait.

// CHECK:       rank.func @forward(%arg0: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {slot_bytes = 0 : i64, transient_bytes = 0 : i64} {
// CHECK-NEXT:  %0 = rank.weight @w
// CHECK-NEXT:  %1 = rank.matmul %arg0, %0 {places = [#rank.place<result, 0>]}
// CHECK-NEXT:  rank.return %1 : tensor<4x8xf32>
// CHECK-NEXT:  }
// CHECK:       rank.func @backward(%arg0: tensor<4x8xf32>, %arg1: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {captured = array<i64: 0>, num_saved = 0 : i64, slot_bytes = 0 : i64, transient_bytes = 0 : i64} {
// CHECK-NEXT:  %0 = rank.weight @w
// CHECK-NEXT:  %1 = rank.matmul %arg1, %0 {places = [#rank.place<result, 0>], transpose_rhs}
// CHECK-NEXT:  rank.matmul %arg0, %arg1 {into = @w, transpose_lhs} : (tensor<4x8xf32>, tensor<4x8xf32>) -> ()
// CHECK-NEXT:  rank.return %1 : tensor<4x8xf32>
// CHECK-NEXT:  }
// CHECK:       rank.schedule {
// CHECK-NEXT:  rank.zero_gradients {elements = 64 : i64, offset = 256 : i64}
// CHECK-NEXT:  %0 = rank.recv forward from 0 micro_batch 0 {places = [#rank.place<arena, 1024>]}
// CHECK-NEXT:  %1:2 = rank.call @forward(%0) micro_batch 0 {places = [#rank.place<arena, 1152>, #rank.place<arena, 1024>]}
// CHECK-NEXT:  %2 = rank.send forward %1#0 to 2 micro_batch 0
// CHECK-NEXT:  %3 = rank.recv forward from 0 micro_batch 1 {places = [#rank.place<arena, 1280>]}
// CHECK-NEXT:  %4:2 = rank.call @forward(%3) micro_batch 1 {places = [#rank.place<arena, 1408>, #rank.place<arena, 1024>]}
// CHECK-NEXT:  rank.wait_send forward %2
// CHECK-NEXT:  %5 = rank.send forward %4#0 to 2 micro_batch 1
// CHECK-NEXT:  %6 = rank.recv backward from 2 micro_batch 0 {places = [#rank.place<arena, 1152>]}
// CHECK-NEXT:  %7 = rank.call @backward(%1#1, %0, %6) micro_batch 0 {places = [#rank.place<arena, 1536>]}
// CHECK-NEXT:  %8 = rank.send backward %7 to 0 micro_batch 0
// CHECK-NEXT:  %9 = rank.recv backward from 2 micro_batch 1 {places = [#rank.place<arena, 1024>]}
// CHECK-NEXT:  %10 = rank.call @backward(%4#1, %3, %9) micro_batch 1 {places = [#rank.place<arena, 1152>]}
// CHECK-NEXT:  rank.wait_send backward %8
// CHECK-NEXT:  %11 = rank.send backward %10 to 0 micro_batch 1
// CHECK-NEXT:  rank.wait_send forward %5
// CHECK-NEXT:  rank.wait_send backward %11
// CHECK-NEXT:  rank.all_reduce_gradients dp {elements = 64 : i64, offset = 256 : i64, workspace_bytes = 0 : i64}
// CHECK-NEXT:  rank.gradient_norm dp {elements = 64 : i64, offset = 256 : i64}
// CHECK-NEXT:  rank.reduce_step
// CHECK-NEXT:  rank.adamw @w
// CHECK-NEXT:  rank.checkpoint_hook
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 3, dp = 1> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage1 stage 1 of @launch layers 0 to 0 remat [] {
  rank.parameter @w : tensor<8x8xf32> init normal(0.1) decay
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %w = rank.weight @w : tensor<8x8xf32>
    %y = rank.matmul %x, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    rank.return %y : tensor<4x8xf32>
  }
}

// -----

// Gradients that a tensor group sums come first, so that all dense ones are one piece: 8 numbers in 64 bytes, then 64 in 256. The
// norm counts them apart. A sum over two ranks needs room for what arrives, and so does the log-sum-exp of two parts.

// CHECK:       rank.parameter @w : tensor<8x8xf32> {{.*}}gradient_offset = 384 : i64
// CHECK:       rank.parameter @norm : tensor<8xf32> {{.*}}gradient_offset = 320 : i64
// CHECK:       rank.reduce_scatter {{.*}}workspace = #rank.place<transient,
// CHECK:       rank.cross_entropy {{.*}}workspace = #rank.place<transient,
// CHECK:       rank.all_reduce_gradients tp {elements = 16 : i64, offset = 320 : i64, workspace_bytes = 64 : i64}
// CHECK-NEXT:  rank.all_reduce_gradients dp {elements = 80 : i64, offset = 320 : i64, workspace_bytes = 0 : i64}
// CHECK-NEXT:  rank.gradient_norm tp {elements = 16 : i64, offset = 320 : i64}
// CHECK-NEXT:  rank.gradient_norm dp {elements = 64 : i64, offset = 384 : i64}

rank.launch @launch mesh<tp = 2, pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.parameter @w : tensor<8x8xf32> init normal(0.1) decay split 0
  rank.parameter @norm : tensor<8xf32> init ones(0.0)
  rank.func @forward(%tokens: tensor<4xi32>, %targets: tensor<4xi32>) {
    %w = rank.weight @w : tensor<8x8xf32>
    %x = rank.embedding %tokens, %w {shards = 2 : i64} : (tensor<4xi32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %own = rank.reduce_scatter %x over tensor : tensor<4x8xf32> -> tensor<2x8xf32>
    %norm = rank.weight @norm : tensor<8xf32>
    %n, %r = rank.rms_norm %own, %norm {epsilon = 0.1 : f64} : (tensor<2x8xf32>, tensor<8xf32>) -> (tensor<2x8xf32>, tensor<2xf32>)
    %all = rank.all_gather %n over tensor : tensor<2x8xf32> -> tensor<4x8xf32>
    %loss, %lse = rank.cross_entropy %all, %targets {shards = 2 : i64} : (tensor<4x8xf32>, tensor<4xi32>) -> (tensor<1xf32>, tensor<4xf32>)
    rank.objective loss %loss scale 1.0 : tensor<1xf32>
    rank.return
  }
}
