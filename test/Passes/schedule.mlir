// RUN: sigma-opt %s --pass-pipeline="builtin.module(rank.program(sigma-autodiff,sigma-split-backward,sigma-schedule))" -split-input-file -verify-diagnostics | FileCheck %s

// One stage: forward and backward in turn; expert gradients have an axis of their own.

// CHECK:       rank.schedule {
// CHECK-NEXT:  rank.zero_gradients
// CHECK-NEXT:  %tokens, %targets = rank.load_batch 0
// CHECK-NEXT:  %0 = rank.call @forward(%tokens, %targets) micro_batch 0
// CHECK-NEXT:  rank.call @backward(%0, %targets, %tokens) micro_batch 0 : (!rank.residual, tensor<4xi32>, tensor<4xi32>) -> ()
// CHECK-NEXT:  %tokens_0, %targets_1 = rank.load_batch 1
// CHECK-NEXT:  %1 = rank.call @forward(%tokens_0, %targets_1) micro_batch 1
// CHECK-NEXT:  rank.call @backward(%1, %targets_1, %tokens_0) micro_batch 1 : (!rank.residual, tensor<4xi32>, tensor<4xi32>) -> ()
// CHECK-NEXT:  rank.all_reduce_gradients dp
// CHECK-NEXT:  rank.all_reduce_gradients edp
// CHECK-NEXT:  rank.gradient_norm dp
// CHECK-NEXT:  rank.gradient_norm edp
// CHECK-NEXT:  rank.reduce_step
// CHECK-NEXT:  rank.adamw @w
// CHECK-NEXT:  rank.adamw @up
// CHECK-NEXT:  rank.checkpoint_hook
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.parameter @w : tensor<16x8xf32> init normal(0.1) decay
  rank.parameter @up : tensor<4x8x8xf32> init normal(0.1) expert
  rank.func @forward(%tokens: tensor<4xi32>, %targets: tensor<4xi32>) {
    %w = rank.weight @w : tensor<16x8xf32>
    %y = rank.embedding %tokens, %w : (tensor<4xi32>, tensor<16x8xf32>) -> tensor<4x8xf32>
    %loss, %lse = rank.cross_entropy %y, %targets : (tensor<4x8xf32>, tensor<4xi32>) -> (tensor<1xf32>, tensor<4xf32>)
    rank.objective loss %loss scale 1.0 : tensor<1xf32>
    rank.return
  }
}

// -----

// First of three stages: two forwards to warm up, then one forward and one backward in turn, then the backwards that are left. A
// send is waited for before the next of its direction.

// CHECK:       rank.schedule {
// CHECK-NEXT:  rank.zero_gradients
// CHECK-NEXT:  %tokens, %targets = rank.load_batch 0
// CHECK-NEXT:  %0:2 = rank.call @forward(%tokens) micro_batch 0
// CHECK-NEXT:  %1 = rank.send forward %0#0 to 1 micro_batch 0
// CHECK-NEXT:  %tokens_0, %targets_1 = rank.load_batch 1
// CHECK-NEXT:  %2:2 = rank.call @forward(%tokens_0) micro_batch 1
// CHECK-NEXT:  rank.wait_send forward %1
// CHECK-NEXT:  %3 = rank.send forward %2#0 to 1 micro_batch 1
// CHECK-NEXT:  %tokens_2, %targets_3 = rank.load_batch 2
// CHECK-NEXT:  %4:2 = rank.call @forward(%tokens_2) micro_batch 2
// CHECK-NEXT:  rank.wait_send forward %3
// CHECK-NEXT:  %5 = rank.send forward %4#0 to 1 micro_batch 2
// CHECK-NEXT:  %6 = rank.recv backward from 1 micro_batch 0
// CHECK-NEXT:  rank.call @backward(%0#1, %tokens, %6) micro_batch 0 : (!rank.residual, tensor<4xi32>, tensor<4x8xf32>) -> ()
// CHECK-NEXT:  %tokens_4, %targets_5 = rank.load_batch 3
// CHECK-NEXT:  %7:2 = rank.call @forward(%tokens_4) micro_batch 3
// CHECK-NEXT:  rank.wait_send forward %5
// CHECK-NEXT:  %8 = rank.send forward %7#0 to 1 micro_batch 3
// CHECK-NEXT:  %9 = rank.recv backward from 1 micro_batch 1
// CHECK-NEXT:  rank.call @backward(%2#1, %tokens_0, %9) micro_batch 1 : (!rank.residual, tensor<4xi32>, tensor<4x8xf32>) -> ()
// CHECK-NEXT:  %10 = rank.recv backward from 1 micro_batch 2
// CHECK-NEXT:  rank.call @backward(%4#1, %tokens_2, %10) micro_batch 2 : (!rank.residual, tensor<4xi32>, tensor<4x8xf32>) -> ()
// CHECK-NEXT:  %11 = rank.recv backward from 1 micro_batch 3
// CHECK-NEXT:  rank.call @backward(%7#1, %tokens_4, %11) micro_batch 3 : (!rank.residual, tensor<4xi32>, tensor<4x8xf32>) -> ()
// CHECK-NEXT:  rank.wait_send forward %8
// CHECK-NEXT:  rank.all_reduce_gradients dp
// CHECK-NEXT:  rank.gradient_norm dp
// CHECK-NEXT:  rank.reduce_step
// CHECK-NEXT:  rank.adamw @w
// CHECK-NEXT:  rank.checkpoint_hook
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 3, dp = 1> experts<ep = 1> batch 4 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.parameter @w : tensor<16x8xf32> init normal(0.1) decay
  rank.func @forward(%tokens: tensor<4xi32>) -> tensor<4x8xf32> {
    %w = rank.weight @w : tensor<16x8xf32>
    %y = rank.embedding %tokens, %w : (tensor<4xi32>, tensor<16x8xf32>) -> tensor<4x8xf32>
    rank.return %y : tensor<4x8xf32>
  }
}

// -----

// The middle one: one forward to warm up.

// CHECK:       rank.schedule {
// CHECK-NEXT:  rank.zero_gradients
// CHECK-NEXT:  %0 = rank.recv forward from 0 micro_batch 0
// CHECK-NEXT:  %1:2 = rank.call @forward(%0) micro_batch 0
// CHECK-NEXT:  %2 = rank.send forward %1#0 to 2 micro_batch 0
// CHECK-NEXT:  %3 = rank.recv forward from 0 micro_batch 1
// CHECK-NEXT:  %4:2 = rank.call @forward(%3) micro_batch 1
// CHECK-NEXT:  rank.wait_send forward %2
// CHECK-NEXT:  %5 = rank.send forward %4#0 to 2 micro_batch 1
// CHECK-NEXT:  %6 = rank.recv backward from 2 micro_batch 0
// CHECK-NEXT:  %7 = rank.call @backward(%1#1, %0, %6) micro_batch 0
// CHECK-NEXT:  %8 = rank.send backward %7 to 0 micro_batch 0
// CHECK-NEXT:  %9 = rank.recv forward from 0 micro_batch 2
// CHECK-NEXT:  %10:2 = rank.call @forward(%9) micro_batch 2
// CHECK-NEXT:  rank.wait_send forward %5
// CHECK-NEXT:  %11 = rank.send forward %10#0 to 2 micro_batch 2
// CHECK-NEXT:  %12 = rank.recv backward from 2 micro_batch 1
// CHECK-NEXT:  %13 = rank.call @backward(%4#1, %3, %12) micro_batch 1
// CHECK-NEXT:  rank.wait_send backward %8
// CHECK-NEXT:  %14 = rank.send backward %13 to 0 micro_batch 1
// CHECK-NEXT:  %15 = rank.recv forward from 0 micro_batch 3
// CHECK-NEXT:  %16:2 = rank.call @forward(%15) micro_batch 3
// CHECK-NEXT:  rank.wait_send forward %11
// CHECK-NEXT:  %17 = rank.send forward %16#0 to 2 micro_batch 3
// CHECK-NEXT:  %18 = rank.recv backward from 2 micro_batch 2
// CHECK-NEXT:  %19 = rank.call @backward(%10#1, %9, %18) micro_batch 2
// CHECK-NEXT:  rank.wait_send backward %14
// CHECK-NEXT:  %20 = rank.send backward %19 to 0 micro_batch 2
// CHECK-NEXT:  %21 = rank.recv backward from 2 micro_batch 3
// CHECK-NEXT:  %22 = rank.call @backward(%16#1, %15, %21) micro_batch 3
// CHECK-NEXT:  rank.wait_send backward %20
// CHECK-NEXT:  %23 = rank.send backward %22 to 0 micro_batch 3
// CHECK-NEXT:  rank.wait_send forward %17
// CHECK-NEXT:  rank.wait_send backward %23
// CHECK-NEXT:  rank.all_reduce_gradients dp
// CHECK-NEXT:  rank.gradient_norm dp
// CHECK-NEXT:  rank.reduce_step
// CHECK-NEXT:  rank.adamw @w
// CHECK-NEXT:  rank.checkpoint_hook
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 3, dp = 1> experts<ep = 1> batch 4 micro_batch 1 sequence 4 vocabulary 16 precision f32
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

// The last one, which has the targets: none.

// CHECK:       rank.schedule {
// CHECK-NEXT:  rank.zero_gradients
// CHECK-NEXT:  %tokens, %targets = rank.load_batch 0
// CHECK-NEXT:  %0 = rank.recv forward from 1 micro_batch 0
// CHECK-NEXT:  %1 = rank.call @forward(%0, %targets) micro_batch 0
// CHECK-NEXT:  %2 = rank.call @backward(%1, %targets, %0) micro_batch 0
// CHECK-NEXT:  %3 = rank.send backward %2 to 1 micro_batch 0
// CHECK-NEXT:  %tokens_0, %targets_1 = rank.load_batch 1
// CHECK-NEXT:  %4 = rank.recv forward from 1 micro_batch 1
// CHECK-NEXT:  %5 = rank.call @forward(%4, %targets_1) micro_batch 1
// CHECK-NEXT:  %6 = rank.call @backward(%5, %targets_1, %4) micro_batch 1
// CHECK-NEXT:  rank.wait_send backward %3
// CHECK-NEXT:  %7 = rank.send backward %6 to 1 micro_batch 1
// CHECK-NEXT:  %tokens_2, %targets_3 = rank.load_batch 2
// CHECK-NEXT:  %8 = rank.recv forward from 1 micro_batch 2
// CHECK-NEXT:  %9 = rank.call @forward(%8, %targets_3) micro_batch 2
// CHECK-NEXT:  %10 = rank.call @backward(%9, %targets_3, %8) micro_batch 2
// CHECK-NEXT:  rank.wait_send backward %7
// CHECK-NEXT:  %11 = rank.send backward %10 to 1 micro_batch 2
// CHECK-NEXT:  %tokens_4, %targets_5 = rank.load_batch 3
// CHECK-NEXT:  %12 = rank.recv forward from 1 micro_batch 3
// CHECK-NEXT:  %13 = rank.call @forward(%12, %targets_5) micro_batch 3
// CHECK-NEXT:  %14 = rank.call @backward(%13, %targets_5, %12) micro_batch 3
// CHECK-NEXT:  rank.wait_send backward %11
// CHECK-NEXT:  %15 = rank.send backward %14 to 1 micro_batch 3
// CHECK-NEXT:  rank.wait_send backward %15
// CHECK-NEXT:  rank.all_reduce_gradients dp
// CHECK-NEXT:  rank.gradient_norm dp
// CHECK-NEXT:  rank.reduce_step
// CHECK-NEXT:  rank.adamw @w
// CHECK-NEXT:  rank.checkpoint_hook
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 3, dp = 1> experts<ep = 1> batch 4 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage2 stage 2 of @launch layers 0 to 0 remat [] {
  rank.parameter @w : tensor<8x8xf32> init normal(0.1) decay
  rank.func @forward(%x: tensor<4x8xf32>, %targets: tensor<4xi32>) {
    %w = rank.weight @w : tensor<8x8xf32>
    %y = rank.matmul %x, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %loss, %lse = rank.cross_entropy %y, %targets : (tensor<4x8xf32>, tensor<4xi32>) -> (tensor<1xf32>, tensor<4xf32>)
    rank.objective loss %loss scale 1.0 : tensor<1xf32>
    rank.return
  }
}

// -----

// Fewer micro-batches than stages: forwards, then backwards.

// CHECK:       rank.schedule {
// CHECK-NEXT:  rank.zero_gradients
// CHECK-NEXT:  %tokens, %targets = rank.load_batch 0
// CHECK-NEXT:  %0:2 = rank.call @forward(%tokens) micro_batch 0
// CHECK-NEXT:  %1 = rank.send forward %0#0 to 1 micro_batch 0
// CHECK-NEXT:  %2 = rank.recv backward from 1 micro_batch 0
// CHECK-NEXT:  rank.call @backward(%0#1, %tokens, %2) micro_batch 0 : (!rank.residual, tensor<4xi32>, tensor<4x8xf32>) -> ()
// CHECK-NEXT:  rank.wait_send forward %1
// CHECK-NEXT:  rank.all_reduce_gradients dp
// CHECK-NEXT:  rank.gradient_norm dp
// CHECK-NEXT:  rank.reduce_step
// CHECK-NEXT:  rank.adamw @w
// CHECK-NEXT:  rank.checkpoint_hook
// CHECK-NEXT:  }

rank.launch @launch mesh<pp = 3, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.parameter @w : tensor<16x8xf32> init normal(0.1) decay
  rank.func @forward(%tokens: tensor<4xi32>) -> tensor<4x8xf32> {
    %w = rank.weight @w : tensor<16x8xf32>
    %y = rank.embedding %tokens, %w : (tensor<4xi32>, tensor<16x8xf32>) -> tensor<4x8xf32>
    rank.return %y : tensor<4x8xf32>
  }
}

// -----

// The ranks of a tensor group hold norms and the loads of experts in copy, and each has a summand of their gradients: these are
// summed over the group, and then, with all others, over the ranks that work on other tokens.

// CHECK:       rank.all_reduce_gradients tp
// CHECK-NEXT:  rank.all_reduce_gradients dp
// CHECK-NEXT:  rank.all_reduce_gradients edp
// CHECK-NEXT:  rank.all_reduce_gradients tp loads
// CHECK-NEXT:  rank.all_reduce_gradients dp loads
// CHECK-NEXT:  rank.gradient_norm tp
// CHECK-NEXT:  rank.gradient_norm dp
// CHECK-NEXT:  rank.gradient_norm edp
// CHECK-NEXT:  rank.reduce_step

rank.launch @launch mesh<tp = 2, pp = 1, dp = 2> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.parameter @w : tensor<8x8xf32> init normal(0.1) decay split 0
  rank.parameter @norm : tensor<8xf32> init ones(0.0)
  rank.parameter @up : tensor<4x8x8xf32> init normal(0.1) expert
  rank.parameter @bias : tensor<4xf32> init zeros(0.0) {update = #rank<update load>, update_rate = 1.0e-3 : f64}
  rank.func @forward(%tokens: tensor<4xi32>, %targets: tensor<4xi32>) {
    %w = rank.weight @w : tensor<8x8xf32>
    %y = rank.embedding %tokens, %w {shards = 2 : i64} : (tensor<4xi32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %loss, %lse = rank.cross_entropy %y, %targets {shards = 2 : i64} : (tensor<4x8xf32>, tensor<4xi32>) -> (tensor<1xf32>, tensor<4xf32>)
    rank.objective loss %loss scale 1.0 : tensor<1xf32>
    rank.return
  }
}

// -----

// Two chunks on the last of two stages: Megatron-LM's interleaved order. Chunk 0 gets activations from stage 0 and hands them
// to chunk 1 of stage 0; micro-batches go two by two.

// CHECK:       rank.program @stage1
// CHECK:       rank.schedule {
// CHECK-NEXT:  rank.zero_gradients
// CHECK-NEXT:  %[[X0:.*]] = rank.recv forward from 0 micro_batch 0
// CHECK-NEXT:  %[[Y0:.*]]:2 = rank.call @forward(%[[X0]]) micro_batch 0
// CHECK-NEXT:  %[[S0:.*]] = rank.send forward %[[Y0]]#0 to 0 for chunk 1 micro_batch 0
// CHECK-NEXT:  %[[X1:.*]] = rank.recv forward from 0 micro_batch 1
// CHECK-NEXT:  %[[Y1:.*]]:2 = rank.call @forward(%[[X1]]) micro_batch 1
// CHECK-NEXT:  rank.wait_send forward %[[S0]]
// CHECK-NEXT:  %[[S1:.*]] = rank.send forward %[[Y1]]#0 to 0 for chunk 1 micro_batch 1
// CHECK-NEXT:  %{{.*}}, %[[T0:.*]] = rank.load_batch 0
// CHECK-NEXT:  %[[Z0:.*]] = rank.recv forward from 0 for chunk 1 micro_batch 0
// CHECK-NEXT:  %[[R0:.*]] = rank.call @forward1(%[[Z0]], %[[T0]]) micro_batch 0
// CHECK-NEXT:  %[[G0:.*]] = rank.call @backward1(%[[R0]]{{.*}}) micro_batch 0
// CHECK-NEXT:  %[[B0:.*]] = rank.send backward %[[G0]] to 0 for chunk 1 micro_batch 0
// CHECK:       rank.call @forward1({{.*}}) micro_batch 1
// CHECK-NEXT:  %[[G1:.*]] = rank.call @backward1({{.*}}) micro_batch 1
// CHECK-NEXT:  rank.wait_send backward %[[B0]]
// CHECK-NEXT:  %[[B1:.*]] = rank.send backward %[[G1]] to 0 for chunk 1 micro_batch 1
// CHECK-NEXT:  %[[D0:.*]] = rank.recv backward from 0 micro_batch 0
// CHECK-NEXT:  %[[H0:.*]] = rank.call @backward(%[[Y0]]#1, %[[D0]]) micro_batch 0
// CHECK-NEXT:  rank.wait_send backward %[[B1]]
// CHECK-NEXT:  rank.send backward %[[H0]] to 0 micro_batch 0

rank.launch @launch mesh<pp = 2, vpp = 2, dp = 1> schedule interleaved experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage1 stage 1 of @launch layers 0 to 0, 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    rank.return %x : tensor<4x8xf32>
  }
  rank.func @forward1(%x: tensor<4x8xf32>, %targets: tensor<4xi32>) {
    %loss, %lse = rank.cross_entropy %x, %targets : (tensor<4x8xf32>, tensor<4xi32>) -> (tensor<1xf32>, tensor<4xf32>)
    rank.objective loss %loss scale 1.0 : tensor<1xf32>
    rank.return
  }
}

// -----

// The last of two stages whose gradients of weights are put off by one micro-batch: their input, which the stage was given, and
// what the gradients of inputs hold for them stay until then.

// CHECK:       rank.schedule {
// CHECK-NEXT:  rank.zero_gradients
// CHECK-NEXT:  %tokens, %targets = rank.load_batch 0
// CHECK-NEXT:  %0 = rank.recv forward from 0 micro_batch 0
// CHECK-NEXT:  %1 = rank.call @forward(%0, %targets) micro_batch 0
// CHECK-NEXT:  %2:2 = rank.call @input_gradients(%1, %targets) micro_batch 0
// CHECK-NEXT:  %3 = rank.send backward %2#0 to 0 micro_batch 0
// CHECK-NEXT:  %tokens_0, %targets_1 = rank.load_batch 1
// CHECK-NEXT:  %4 = rank.recv forward from 0 micro_batch 1
// CHECK-NEXT:  %5 = rank.call @forward(%4, %targets_1) micro_batch 1
// CHECK-NEXT:  %6:2 = rank.call @input_gradients(%5, %targets_1) micro_batch 1
// CHECK-NEXT:  rank.wait_send backward %3
// CHECK-NEXT:  %7 = rank.send backward %6#0 to 0 micro_batch 1
// CHECK-NEXT:  rank.call @weight_gradients(%2#1, %0) micro_batch 0 : (!rank.residual, tensor<4x8xf32>) -> ()
// CHECK-NEXT:  %tokens_2, %targets_3 = rank.load_batch 2
// CHECK-NEXT:  %8 = rank.recv forward from 0 micro_batch 2
// CHECK-NEXT:  %9 = rank.call @forward(%8, %targets_3) micro_batch 2
// CHECK-NEXT:  %10:2 = rank.call @input_gradients(%9, %targets_3) micro_batch 2
// CHECK-NEXT:  rank.wait_send backward %7
// CHECK-NEXT:  %11 = rank.send backward %10#0 to 0 micro_batch 2
// CHECK-NEXT:  rank.call @weight_gradients(%6#1, %4) micro_batch 1 : (!rank.residual, tensor<4x8xf32>) -> ()
// CHECK-NEXT:  rank.call @weight_gradients(%10#1, %8) micro_batch 2 : (!rank.residual, tensor<4x8xf32>) -> ()
// CHECK-NEXT:  rank.wait_send backward %11
// CHECK-NEXT:  rank.all_reduce_gradients dp

rank.launch @launch mesh<pp = 2, dp = 1> schedule "zb-h1" experts<ep = 1> batch 3 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
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

// -----

// The bottom of dualpipev's V: chunk 0 hands its result to chunk 1 of the same stage, which gives it the gradient, both without a
// message. Four micro-batches: two forward on both chunks, then a forward of one chunk and a backward of the other by turns,
// at last backwards, of which the last two are split. Each backward takes the activation that its chunk was given.

// CHECK:       rank.schedule {
// CHECK-NEXT:  rank.zero_gradients
// CHECK-NEXT:  %0 = rank.recv forward from 0 micro_batch 0
// CHECK-NEXT:  %1:2 = rank.call @forward(%0) micro_batch 0
// CHECK-NEXT:  %2:2 = rank.call @forward1(%1#0) micro_batch 0
// CHECK-NEXT:  %3 = rank.send forward %2#0 to 0 for chunk 1 micro_batch 0
// CHECK-NEXT:  %4 = rank.recv forward from 0 micro_batch 1
// CHECK-NEXT:  %5:2 = rank.call @forward(%4) micro_batch 1
// CHECK-NEXT:  %6:2 = rank.call @forward1(%5#0) micro_batch 1
// CHECK-NEXT:  rank.wait_send forward %3
// CHECK-NEXT:  %7 = rank.send forward %6#0 to 0 for chunk 1 micro_batch 1
// CHECK-NEXT:  %8 = rank.recv forward from 0 micro_batch 2
// CHECK-NEXT:  %9:2 = rank.call @forward(%8) micro_batch 2
// CHECK-NEXT:  %10 = rank.recv backward from 0 for chunk 1 micro_batch 0
// CHECK-NEXT:  %11 = rank.call @backward1(%2#1, %1#0, %10) micro_batch 0
// CHECK-NEXT:  %12:2 = rank.call @forward1(%9#0) micro_batch 2
// CHECK-NEXT:  rank.wait_send forward %7
// CHECK-NEXT:  %13 = rank.send forward %12#0 to 0 for chunk 1 micro_batch 2
// CHECK-NEXT:  %14 = rank.call @backward(%1#1, %0, %11) micro_batch 0
// CHECK-NEXT:  %15 = rank.send backward %14 to 0 micro_batch 0
// CHECK:       %26 = rank.call @backward({{.*}}) micro_batch 2
// CHECK-NEXT:  rank.wait_send backward %23
// CHECK-NEXT:  %27 = rank.send backward %26 to 0 micro_batch 2
// CHECK-NEXT:  %28 = rank.recv backward from 0 for chunk 1 micro_batch 3
// CHECK-NEXT:  %29 = rank.call @input_gradients1(%20#1, %28) micro_batch 3
// CHECK-NEXT:  %30 = rank.call @input_gradients(%17#1, %29) micro_batch 3
// CHECK-NEXT:  rank.wait_send backward %27
// CHECK-NEXT:  %31 = rank.send backward %30 to 0 micro_batch 3
// CHECK-NEXT:  rank.call @weight_gradients1(%17#0, %28) micro_batch 3
// CHECK-NEXT:  rank.call @weight_gradients(%16, %29) micro_batch 3
// CHECK-NEXT:  rank.wait_send forward %21
// CHECK-NEXT:  rank.wait_send backward %31
// CHECK-NEXT:  rank.all_reduce_gradients dp

rank.launch @launch mesh<pp = 2, vpp = 2, dp = 1> schedule dualpipev experts<ep = 1> batch 4 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage1 stage 1 of @launch layers 0 to 0, 0 to 0 remat [] {
  rank.parameter @down : tensor<8x8xf32> init normal(0.1) decay
  rank.parameter @up : tensor<8x8xf32> init normal(0.1) decay
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %w = rank.weight @down : tensor<8x8xf32>
    %y = rank.matmul %x, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    rank.return %y : tensor<4x8xf32>
  }
  rank.func @forward1(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %w = rank.weight @up : tensor<8x8xf32>
    %y = rank.matmul %x, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    rank.return %y : tensor<4x8xf32>
  }
}
