// RUN: sigma-opt %s --sigma-rank-to-llvm -split-input-file -verify-diagnostics

// expected-error @+1 {{'rank.launch' op has 2 stages, but the module has 0 programs}}
rank.launch @launch mesh<pp = 2, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
// expected-error @+1 {{'rank.program' op has no memory plan; run sigma-plan-memory first}}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.parameter @table : tensor<16x8xf32> init normal(0.02) decay
  rank.parameter @scale : tensor<8xf32> init ones(0.0)
  rank.func @forward(%tokens: tensor<4xi32>, %targets: tensor<4xi32>) {
    %table = rank.weight @table : tensor<16x8xf32>
    %x = rank.embedding %tokens, %table : (tensor<4xi32>, tensor<16x8xf32>) -> tensor<4x8xf32>
    %scale = rank.weight @scale : tensor<8xf32>
    %n, %rstd = rank.rms_norm %x, %scale {epsilon = 0.1 : f64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    %loss, %lse = rank.cross_entropy %n, %targets : (tensor<4x8xf32>, tensor<4xi32>) -> (tensor<1xf32>, tensor<4xf32>)
    rank.objective loss %loss scale 2.5e-1 : tensor<1xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
// expected-error @+1 {{'rank.program' op has no memory plan; run sigma-plan-memory first}}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] attributes {arena_bytes = 64 : i64, transient_offset = 0 : i64} {
  rank.func @forward() {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] attributes {arena_bytes = 64 : i64, transient_offset = 0 : i64} {
  // expected-error @+1 {{'rank.parameter' op has no place in memory; run sigma-plan-memory first}}
  rank.parameter @w : tensor<4xf32> init ones(0.0)
  rank.func @forward() {
    rank.return
  }
  rank.schedule {
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] attributes {arena_bytes = 64 : i64, transient_offset = 0 : i64} {
  rank.func @forward() {
    // expected-error @+1 {{'rank.constant' op has no place in memory; run sigma-plan-memory first}}
    %0 = rank.constant 1.0 : tensor<4xf32>
    rank.return
  }
  rank.schedule {
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] attributes {arena_bytes = 64 : i64, transient_offset = 0 : i64} {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.attention' op has no place in memory; run sigma-plan-memory first}}
    %0, %1 = rank.attention %x, %x, %x {places = [#rank.place<transient, 0>, #rank.place<transient, 128>], sequence = 4 : i64, heads = 2 : i64, kv_heads = 2 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x2xf32>)
    rank.return
  }
  rank.schedule {
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] attributes {arena_bytes = 64 : i64, transient_offset = 0 : i64} {
  rank.func @forward(%x: tensor<8x8xf32>, %s: tensor<4xi32>) {
    // expected-error @+1 {{'rank.dispatch' op has no lowering; run sigma-shard first}}
    %0 = rank.dispatch %x, %s {places = [#rank.place<transient, 0>]} : tensor<8x8xf32>, tensor<4xi32>
    rank.return
  }
  rank.schedule {
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] attributes {arena_bytes = 64 : i64, transient_offset = 0 : i64} {
  rank.func @forward() {
    rank.return
  }
  rank.schedule {
    // expected-error @+1 {{'rank.zero_gradients' op has no place in memory; run sigma-plan-memory first}}
    rank.zero_gradients
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] attributes {arena_bytes = 64 : i64, transient_offset = 0 : i64} {
  rank.func @forward() {
    rank.return
  }
  rank.schedule {
    // expected-error @+1 {{'rank.all_reduce_gradients' op has no place in memory; run sigma-plan-memory first}}
    rank.all_reduce_gradients dp {offset = 0 : i64, elements = 4 : i64}
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] attributes {arena_bytes = 64 : i64, transient_offset = 0 : i64} {
  rank.func @forward() {
    rank.return
  }
  rank.schedule {
    // expected-error @+1 {{'rank.gradient_norm' op has no place in memory; run sigma-plan-memory first}}
    rank.gradient_norm dp
  }
}
