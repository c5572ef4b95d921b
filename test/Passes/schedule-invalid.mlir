// RUN: sigma-opt %s --pass-pipeline="builtin.module(rank.program(sigma-schedule))" -split-input-file -verify-diagnostics

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
// expected-error @+1 {{'rank.program' op has no @backward; run sigma-autodiff first}}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward() {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
// expected-error @+1 {{'rank.program' op has a schedule already}}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward() {
    rank.return
  }
  rank.func @backward() attributes {captured = array<i64>, num_saved = 0 : i64} {
    rank.return
  }
  rank.schedule {
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // expected-error @+1 {{'rank.func' op does not fit stage 0 of 1: it must take token ids and target ids, and return nothing; ids are 'tensor<4xi32>'}}
  rank.func @forward() {
    rank.return
  }
  rank.func @backward() attributes {captured = array<i64>, num_saved = 0 : i64} {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 3, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage1 stage 1 of @launch layers 0 to 0 remat [] {
  // expected-error @+1 {{'rank.func' op does not fit stage 1 of 3: it must take the previous stage's activation, and return one activation; ids are 'tensor<4xi32>'}}
  rank.func @forward(%x: tensor<4x8xf32>, %t: tensor<4xi32>) {
    rank.return
  }
  rank.func @backward() -> tensor<4x8xf32> attributes {captured = array<i64>, num_saved = 0 : i64} {
    %0 = rank.constant 0.0 : tensor<4x8xf32>
    rank.return %0 : tensor<4x8xf32>
  }
}

// -----

rank.launch @launch mesh<pp = 2, vpp = 2, dp = 1> schedule interleaved experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage1 stage 1 of @launch layers 0 to 0, 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    rank.return %x : tensor<4x8xf32>
  }
  rank.func @backward(%g: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {captured = array<i64>, num_saved = 0 : i64} {
    rank.return %g : tensor<4x8xf32>
  }
  // expected-error @+1 {{'rank.func' op does not fit stage 1 of 2, chunk 1 of 2: it must take the previous stage's activation and target ids, and return nothing; ids are 'tensor<4xi32>'}}
  rank.func @forward1(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    rank.return %x : tensor<4x8xf32>
  }
  rank.func @backward1(%g: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {captured = array<i64>, num_saved = 0 : i64} {
    rank.return %g : tensor<4x8xf32>
  }
}

// -----

rank.launch @launch mesh<pp = 2, vpp = 2, dp = 1> schedule interleaved experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
// expected-error @+1 {{'rank.program' op has no @backward1; run sigma-autodiff first}}
rank.program @stage1 stage 1 of @launch layers 0 to 0, 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    rank.return %x : tensor<4x8xf32>
  }
  rank.func @backward(%g: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {captured = array<i64>, num_saved = 0 : i64} {
    rank.return %g : tensor<4x8xf32>
  }
}

// -----

rank.launch @launch mesh<pp = 2, dp = 1> schedule "zb-h1" experts<ep = 1> batch 3 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
// expected-error @+1 {{'rank.program' op has no @input_gradients; run sigma-split-backward first}}
rank.program @stage1 stage 1 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %targets: tensor<4xi32>) {
    rank.return
  }
  rank.func @backward() -> tensor<4x8xf32> attributes {captured = array<i64>, num_saved = 0 : i64} {
    %0 = rank.constant 0.0 : tensor<4x8xf32>
    rank.return %0 : tensor<4x8xf32>
  }
}
