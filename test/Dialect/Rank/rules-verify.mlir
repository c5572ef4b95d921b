// RUN: sigma-opt %s -split-input-file -verify-diagnostics

// Rules that the other files of this folder do not break.

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %w: tensor<8xf32>) {
    // rule: rank.rms_norm: the result has the shape of `input`
    // expected-error @+1 {{'rank.rms_norm' op 'result' has shape 4x4; it must be 4x8}}
    %y, %r = rank.rms_norm %x, %w {epsilon = 0.1 : f64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x4xf32>, tensor<4xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %w: tensor<8xf32>, %r: tensor<3xf32>) {
    // rule: rank.rms_norm_grad: shapes agree as in rms_norm
    // expected-error @+1 {{'rank.rms_norm_grad' op 'rstd' has shape 3; it must be 4}}
    %dx, %dw = rank.rms_norm_grad %x, %w, %r, %x : (tensor<4x8xf32>, tensor<8xf32>, tensor<3xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<8xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %l: tensor<4x1xf32>) {
    // rule: rank.attention_grad: shapes agree as in attention
    // expected-error @+1 {{'rank.attention_grad' op 'lse' has shape 4x1; it must be 4x2}}
    %q, %k, %v = rank.attention_grad %x, %x, %x, %x, %l, %x {sequence = 4 : i64, heads = 2 : i64, kv_heads = 2 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x1xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %i: tensor<3xi32>, %e: tensor<4xf32>, %g: tensor<1xf32>) {
    // rule: rank.cross_entropy_grad: shapes agree as in cross_entropy
    // expected-error @+1 {{'rank.cross_entropy_grad' op 'targets' has shape 3; it must be 4}}
    %d = rank.cross_entropy_grad %x, %i, %e, %g : (tensor<4x8xf32>, tensor<3xi32>, tensor<4xf32>, tensor<1xf32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // rule: rank.z_loss: `loss` is one number
    // expected-error @+1 {{'rank.z_loss' op 'loss' has shape 2; it must be 1}}
    %l, %e = rank.z_loss %x : (tensor<4x8xf32>) -> (tensor<2xf32>, tensor<4xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %e: tensor<4xf32>, %g: tensor<2xf32>) {
    // rule: rank.z_loss_grad: shapes agree as in z_loss
    // expected-error @+1 {{'rank.z_loss_grad' op 'gradient' has shape 2; it must be 1}}
    %d = rank.z_loss_grad %x, %e, %g : (tensor<4x8xf32>, tensor<4xf32>, tensor<2xf32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %s: tensor<3x8xf32>) {
    // rule: rank.join_heads: `shared` has the rows of `own`
    // expected-error @+1 {{'rank.join_heads' op 'shared' has shape 3x8; it must be 4x8}}
    %y = rank.join_heads %s, %x {heads = 2 : i64} : (tensor<3x8xf32>, tensor<4x8xf32>) -> tensor<4x24xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %b: tensor<8xf32>) {
    // rule: rank.add_bias: the result has the shape of `input`
    // expected-error @+1 {{'rank.add_bias' op 'result' has shape 4x9; it must be 4x8}}
    %y = rank.add_bias %x, %b : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x9xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4x4xf32>, %c: tensor<4x2xi32>, %g: tensor<4x2xf32>) {
    // rule: rank.top_k_grad: the result has the shape of `scores`
    // expected-error @+1 {{'rank.top_k_grad' op 'result' has shape 4x3; it must be 4x4}}
    %d = rank.top_k_grad %s, %c, %g : (tensor<4x4xf32>, tensor<4x2xi32>, tensor<4x2xf32>) -> tensor<4x3xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4x4xf32>, %c: tensor<3x2xi32>) {
    // rule: rank.balance_loss: `chosen` has as many rows and at most as many columns
    // expected-error @+1 {{'rank.balance_loss' op 'chosen' has shape 3x2; it must be 4x2}}
    %l = rank.balance_loss %s, %c {sequence = 4 : i64} : (tensor<4x4xf32>, tensor<3x2xi32>) -> tensor<1xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4x4xf32>, %c: tensor<4x2xi32>, %g: tensor<2xf32>) {
    // rule: rank.balance_loss_grad: shapes agree as in balance_loss
    // expected-error @+1 {{'rank.balance_loss_grad' op 'gradient' has shape 2; it must be 1}}
    %d = rank.balance_loss_grad %s, %c, %g {sequence = 4 : i64} : (tensor<4x4xf32>, tensor<4x2xi32>, tensor<2xf32>) -> tensor<4x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<8x8xf32>, %p: tensor<7xi32>, %w: tensor<4x2xf32>, %g: tensor<4x8xf32>) {
    // rule: rank.combine_grad: shapes agree as in combine
    // expected-error @+1 {{'rank.combine_grad' op 'position' has shape 7; it must be 8}}
    %a, %b = rank.combine_grad %r, %p, %w, %g : (tensor<8x8xf32>, tensor<7xi32>, tensor<4x2xf32>, tensor<4x8xf32>) -> (tensor<8x8xf32>, tensor<4x2xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<8x8xf32>, %h: tensor<8x3xf32>, %s: tensor<2xi32>) {
    // rule: rank.grouped_matmul_grad: `expected_rows` is not negative
    // expected-error @+1 {{'rank.grouped_matmul_grad' op 'expected_rows' is -8; it must not be negative}}
    %d = rank.grouped_matmul_grad %r, %h, %s {expected_rows = -8 : i64} : (tensor<8x8xf32>, tensor<8x3xf32>, tensor<2xi32>) -> tensor<2x8x3xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<8x8xf32>, %s: tensor<4xi32>, %t: tensor<2x2xi32>) {
    // rule: rank.all_to_all: `expected_rows` is not negative
    // expected-error @+1 {{'rank.all_to_all' op 'expected_rows' is -8; it must not be negative}}
    %y = rank.all_to_all %r, %s, %t {direction = #rank<direction collect>, expected_rows = -8 : i64} : (tensor<8x8xf32>, tensor<4xi32>, tensor<2x2xi32>) -> tensor<8x8xf32>
    rank.return
  }
}
