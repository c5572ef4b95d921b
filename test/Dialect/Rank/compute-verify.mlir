// RUN: sigma-opt %s -split-input-file -verify-diagnostics

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.constant' op result #0 must be static tensor of f32, f64 or bf16, but got 'tensor<0xf32>'}}
    %y = rank.constant 1.0 : tensor<0xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.constant' op result #0 must be static tensor of f32, f64 or bf16, but got 'tensor<?xf32>'}}
    %y = rank.constant 1.0 : tensor<?xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.constant' op result #0 must be static tensor of f32, f64 or bf16, but got 'tensor<4294967296x4294967296xf32>'}}
    %y = rank.constant 1.0 : tensor<4294967296x4294967296xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<8xf32>) {
    // expected-error @+1 {{'rank.matmul' op operand #0 must be static matrix of f32, f64 or bf16, but got 'tensor<8xf32>'}}
    %y = rank.matmul %x, %x : (tensor<8xf32>, tensor<8xf32>) -> tensor<1x1xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // rule: rank.matmul: both operands are matrices whose inner dimensions agree, transposed where the flags say so
    // expected-error @+1 {{'rank.matmul' op inner dimensions differ: 8 != 4}}
    %y = rank.matmul %x, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.matmul' op 'result' has shape 4x8; it must be 4x4}}
    %y = rank.matmul %x, %x {transpose_rhs} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.matmul' op has either a result or 'into'}}
    rank.matmul %x, %x {transpose_rhs} : (tensor<4x8xf32>, tensor<4x8xf32>) -> ()
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.matmul' op has either a result or 'into'}}
    %y = rank.matmul %x, %x {into = @w, transpose_rhs} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.matmul' op 'into' names @w, which is no rank.parameter of this program}}
    rank.matmul %x, %x {into = @w, transpose_rhs} : (tensor<4x8xf32>, tensor<4x8xf32>) -> ()
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // expected-note @+1 {{parameter is here}}
  rank.parameter @w : tensor<4x8xf32> init ones(0.0)
  rank.func @forward(%x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.matmul' op 'into' names a parameter of shape 4x8; it must be 4x4}}
    rank.matmul %x, %x {into = @w, transpose_rhs} : (tensor<4x8xf32>, tensor<4x8xf32>) -> ()
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %w: tensor<3xf32>) {
    // expected-error @+1 {{'rank.rms_norm' op 'weight' is 3; it must divide the row of 'input', 8}}
    %y, %r = rank.rms_norm %x, %w {epsilon = 0.1 : f64} : (tensor<4x8xf32>, tensor<3xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %w: tensor<4xf32>) {
    // expected-error @+1 {{'rank.rms_norm' op 'rstd' has shape 4; it must be 8}}
    %y, %r = rank.rms_norm %x, %w {epsilon = 0.1 : f64} : (tensor<4x8xf32>, tensor<4xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %w: tensor<8xf32>) {
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
  rank.func @forward(%x: tensor<4x8xf32>, %w: tensor<8xf32>, %r: tensor<4xf32>) {
    // rule: rank.rms_norm_grad: gradients have the shape of what they belong to
    // expected-error @+1 {{'rank.rms_norm_grad' op 'weight_gradient' has shape 4; it must be 8}}
    %dx, %dw = rank.rms_norm_grad %x, %w, %r, %x : (tensor<4x8xf32>, tensor<8xf32>, tensor<4xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // rule: rank.rotary: `sequence` divides the rows and `heads` the columns
    // expected-error @+1 {{'rank.rotary' op 'sequence' is 3; it must divide the rows, 4}}
    %y = rank.rotary %x {sequence = 3 : i64, heads = 2 : i64, frequencies = array<f64: 1.000000e+00>} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.rotary' op 'heads' is 0; it must divide the columns, 8}}
    %y = rank.rotary %x {sequence = 4 : i64, heads = 0 : i64, frequencies = array<f64: 1.000000e+00>} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.rotary' op 'frequencies' has 1 entries; it must have from 1 to half the width of a head, 0}}
    %y = rank.rotary %x {sequence = 4 : i64, heads = 8 : i64, frequencies = array<f64: 1.000000e+00>} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.attention' op 'sequence' is 0; it must divide the rows, 4}}
    %y, %l = rank.attention %x, %x, %x {sequence = 0 : i64, heads = 2 : i64, kv_heads = 2 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x2xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // rule: rank.attention: the widths are whole numbers of heads
    // expected-error @+1 {{'rank.attention' op 'heads' is 3; it must divide the columns, 8}}
    %y, %l = rank.attention %x, %x, %x {sequence = 4 : i64, heads = 3 : i64, kv_heads = 2 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x2xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.attention' op 'kv_heads' is 3; it must divide the heads, 4}}
    %y, %l = rank.attention %x, %x, %x {sequence = 4 : i64, heads = 4 : i64, kv_heads = 3 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x2xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.attention' op 'key' has shape 4x8; it must be 4x4}}
    %y, %l = rank.attention %x, %x, %x {sequence = 4 : i64, heads = 4 : i64, kv_heads = 2 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x4xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.attention' op 'lse' has shape 4x1; it must be 4x2}}
    %y, %l = rank.attention %x, %x, %x {sequence = 4 : i64, heads = 2 : i64, kv_heads = 2 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x1xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // rule: rank.attention: all have the rows of `query`
    // expected-error @+1 {{'rank.attention' op 'result' has shape 2x8; it must be 4x8}}
    %y, %l = rank.attention %x, %x, %x {sequence = 4 : i64, heads = 2 : i64, kv_heads = 2 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<2x8xf32>, tensor<4x2xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %l: tensor<4x2xf32>) {
    // rule: rank.attention_grad: gradients have the shape of what they belong to
    // expected-error @+1 {{'rank.attention_grad' op 'value_gradient' has shape 4x4; it must be 4x8}}
    %q, %k, %v = rank.attention_grad %x, %x, %x, %x, %l, %x {sequence = 4 : i64, heads = 2 : i64, kv_heads = 2 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x2xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x4xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.activation' op 'sizes' and 'expected_rows' go together}}
    %y = rank.activation %x up %x {expected_rows = 4 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %s: tensor<2xi32>) {
    // expected-error @+1 {{'rank.activation' op 'expected_rows' is -1; it must not be negative}}
    %y = rank.activation %x up %x sizes %s {expected_rows = -1 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<2xi32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // rule: rank.activation: all matrices have one shape
    // expected-error @+1 {{'rank.activation' op 'result' has shape 4x9; it must be 4x8}}
    %y = rank.activation %x up %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x9xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // rule: rank.activation_grad: as in activation
    // expected-error @+1 {{'rank.activation_grad' op 'up_gradient' has shape 8x8; it must be 4x8}}
    %a, %b = rank.activation_grad %x up %x gradient %x : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<8x8xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%i: tensor<4xi32>, %t: tensor<16x8xf32>) {
    // rule: rank.embedding: the result has one row for each token, of the width of `table`
    // expected-error @+1 {{'rank.embedding' op 'result' has shape 5x8; it must be 4x8}}
    %y = rank.embedding %i, %t : (tensor<4xi32>, tensor<16x8xf32>) -> tensor<5x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%i: tensor<4xi32>, %x: tensor<3x8xf32>) {
    // expected-error @+1 {{'rank.embedding_grad' op 'gradient' has shape 3x8; it must be 4x8}}
    %y = rank.embedding_grad %i, %x : (tensor<4xi32>, tensor<3x8xf32>) -> tensor<16x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%i: tensor<4xi32>, %x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.embedding_grad' op 'result' has shape 16x4; it must be 16x8}}
    %y = rank.embedding_grad %i, %x : (tensor<4xi32>, tensor<4x8xf32>) -> tensor<16x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%i: tensor<4xi32>, %x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.embedding_grad' op has either a result or 'into'}}
    rank.embedding_grad %i, %x : (tensor<4xi32>, tensor<4x8xf32>) -> ()
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%i: tensor<4xi32>, %x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.embedding_grad' op 'into' names @w, which is no rank.parameter of this program}}
    rank.embedding_grad %i, %x {into = @w} : (tensor<4xi32>, tensor<4x8xf32>) -> ()
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // expected-note @+1 {{parameter is here}}
  rank.parameter @w : tensor<16xf32> init ones(0.0)
  rank.func @forward(%i: tensor<4xi32>, %x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.embedding_grad' op 'into' names a parameter of shape 16; it must be 16x8}}
    rank.embedding_grad %i, %x {into = @w} : (tensor<4xi32>, tensor<4x8xf32>) -> ()
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%i: tensor<3xi32>, %x: tensor<4x8xf32>) {
    // rule: rank.cross_entropy: `targets` and `lse` have one entry for each row of `logits`
    // expected-error @+1 {{'rank.cross_entropy' op 'targets' has shape 3; it must be 4}}
    %l, %e = rank.cross_entropy %x, %i : (tensor<4x8xf32>, tensor<3xi32>) -> (tensor<1xf32>, tensor<4xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%i: tensor<4xi32>, %x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.cross_entropy' op 'loss' has shape 4; it must be 1}}
    %l, %e = rank.cross_entropy %x, %i : (tensor<4x8xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%i: tensor<4xi32>, %x: tensor<4x8xf32>, %e: tensor<4xf32>, %g: tensor<1xf32>) {
    // rule: rank.cross_entropy_grad: the result has the shape of `logits`
    // expected-error @+1 {{'rank.cross_entropy_grad' op 'result' has shape 4x4; it must be 4x8}}
    %d = rank.cross_entropy_grad %x, %i, %e, %g : (tensor<4x8xf32>, tensor<4xi32>, tensor<4xf32>, tensor<1xf32>) -> tensor<4x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4xf32>) {
    // expected-error @+1 {{'rank.objective' op 'value' has shape 4; it must be 1}}
    rank.objective loss %x scale 1.0 : tensor<4xf32>
    rank.return
  }
}
