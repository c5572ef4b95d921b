// RUN: sigma-opt %s -split-input-file -verify-diagnostics

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4xf32>) {
    // expected-error @+1 {{'rank.router_scores' op operand #0 must be static matrix of f32, f64 or bf16, but got 'tensor<4xf32>'}}
    %y = rank.router_scores %x {score = #rank<score softmax>} : (tensor<4xf32>) -> tensor<4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4x2xf32>) {
    // rule: rank.top_k: `weights` and `chosen` are [tokens, k] with k at most the number of experts
    // expected-error @+1 {{'rank.top_k' op chooses 3 of 2 experts}}
    %w, %c = rank.top_k %s : (tensor<4x2xf32>) -> (tensor<4x3xf32>, tensor<4x3xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4x2xf32>) {
    // expected-error @+1 {{'rank.top_k' op 'chosen' has shape 3x2; it must be 4x2}}
    %w, %c = rank.top_k %s : (tensor<4x2xf32>) -> (tensor<4x2xf32>, tensor<3x2xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4x2xf32>) {
    // expected-error @+1 {{'rank.top_k' op 'weights' has shape 4x2; it must be 4x1}}
    %w, %c = rank.top_k %s : (tensor<4x2xf32>) -> (tensor<4x2xf32>, tensor<4x1xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4x4xf32>, %c: tensor<4x2xi32>, %g: tensor<4x3xf32>) {
    // rule: rank.top_k_grad: shapes agree as in top_k
    // expected-error @+1 {{'rank.top_k_grad' op 'gradient' has shape 4x3; it must be 4x2}}
    %d = rank.top_k_grad %s, %c, %g : (tensor<4x4xf32>, tensor<4x2xi32>, tensor<4x3xf32>) -> tensor<4x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4x4xf32>, %c: tensor<4x2xi32>) {
    // rule: rank.balance_loss: `sequence` divides the rows of `scores`
    // expected-error @+1 {{'rank.balance_loss' op 'sequence' is 3; it must divide the rows, 4}}
    %l = rank.balance_loss %s, %c {sequence = 3 : i64} : (tensor<4x4xf32>, tensor<4x2xi32>) -> tensor<1xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4x4xf32>, %c: tensor<4x2xi32>) {
    // expected-error @+1 {{'rank.balance_loss' op 'loss' has shape 4; it must be 1}}
    %l = rank.balance_loss %s, %c {sequence = 4 : i64} : (tensor<4x4xf32>, tensor<4x2xi32>) -> tensor<4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4x4xf32>, %c: tensor<4x2xi32>, %g: tensor<1xf32>) {
    // rule: rank.balance_loss_grad: the result has the shape of `scores`
    // expected-error @+1 {{'rank.balance_loss_grad' op 'result' has shape 4x2; it must be 4x4}}
    %d = rank.balance_loss_grad %s, %c, %g {sequence = 4 : i64} : (tensor<4x4xf32>, tensor<4x2xi32>, tensor<1xf32>) -> tensor<4x2xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%c: tensor<4x2xi32>) {
    // rule: rank.group_tokens: `position` has one entry for each slot of `chosen`
    // expected-error @+1 {{'rank.group_tokens' op 'position' has shape 4; it must be 8}}
    %p, %s = rank.group_tokens %c : (tensor<4x2xi32>) -> (tensor<4xi32>, tensor<4xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<3x8xf32>, %p: tensor<8xi32>) {
    // rule: rank.gather_rows: the result has one row for each entry of `position`, a whole number of them for each row
    //   of `input`
    // expected-error @+1 {{'rank.gather_rows' op 'tokens' is 3; it must divide the entries of 'position', 8}}
    %r = rank.gather_rows %x, %p : (tensor<3x8xf32>, tensor<8xi32>) -> tensor<8x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %p: tensor<8xi32>) {
    // expected-error @+1 {{'rank.gather_rows' op 'result' has shape 4x8; it must be 8x8}}
    %r = rank.gather_rows %x, %p : (tensor<4x8xf32>, tensor<8xi32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<8x8xf32>, %p: tensor<8xi32>) {
    // expected-error @+1 {{'rank.scatter_rows' op 'tokens' is 3; it must divide the entries of 'position', 8}}
    %x = rank.scatter_rows %r, %p : (tensor<8x8xf32>, tensor<8xi32>) -> tensor<3x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<7x8xf32>, %p: tensor<8xi32>) {
    // rule: rank.scatter_rows: `rows` has one row for each entry of `position`, a whole number of them for each row of
    //   the result
    // expected-error @+1 {{'rank.scatter_rows' op 'rows' has shape 7x8; it must be 8x8}}
    %x = rank.scatter_rows %r, %p : (tensor<7x8xf32>, tensor<8xi32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<8x8xf32>, %p: tensor<8xi32>, %w: tensor<4x3xf32>) {
    // rule: rank.combine: `weights` is [tokens, choices]
    // expected-error @+1 {{'rank.combine' op 'position' has shape 8; it must be 12}}
    %x = rank.combine %r, %p, %w : (tensor<8x8xf32>, tensor<8xi32>, tensor<4x3xf32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<8x8xf32>, %p: tensor<8xi32>, %w: tensor<4x2xf32>) {
    // rule: rank.combine: the result has one row for each token
    // expected-error @+1 {{'rank.combine' op 'result' has shape 8x8; it must be 4x8}}
    %x = rank.combine %r, %p, %w : (tensor<8x8xf32>, tensor<8xi32>, tensor<4x2xf32>) -> tensor<8x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<8x8xf32>, %p: tensor<8xi32>, %w: tensor<4x2xf32>) {
    // rule: rank.combine: `rows` and `position` have tokens * choices entries
    // expected-error @+1 {{'rank.combine' op 'rows' has shape 8x8; it must be 8x4}}
    %x = rank.combine %r, %p, %w : (tensor<8x8xf32>, tensor<8xi32>, tensor<4x2xf32>) -> tensor<4x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<8x8xf32>, %p: tensor<8xi32>, %w: tensor<4x2xf32>, %g: tensor<4x8xf32>) {
    // rule: rank.combine_grad: gradients have the shape of what they belong to
    // expected-error @+1 {{'rank.combine_grad' op 'weights_gradient' has shape 4x4; it must be 4x2}}
    %a, %b = rank.combine_grad %r, %p, %w, %g : (tensor<8x8xf32>, tensor<8xi32>, tensor<4x2xf32>, tensor<4x8xf32>) -> (tensor<8x8xf32>, tensor<4x4xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<8x8xf32>, %w: tensor<2x8x3xf32>, %s: tensor<3xi32>) {
    // rule: rank.grouped_matmul: `sizes` has one entry for each group
    // expected-error @+1 {{'rank.grouped_matmul' op 'weights' has shape 2x8x3; it must be 3x8x3}}
    %y = rank.grouped_matmul %r, %w, %s {expected_rows = 8 : i64} : (tensor<8x8xf32>, tensor<2x8x3xf32>, tensor<3xi32>) -> tensor<8x3xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<8x8xf32>, %w: tensor<2x8x3xf32>, %s: tensor<2xi32>) {
    // rule: rank.grouped_matmul: `weights` is [groups, inner, columns], or [groups, columns, inner] with
    //   `transpose_weights`
    // expected-error @+1 {{'rank.grouped_matmul' op 'weights' has shape 2x8x3; it must be 2x3x8}}
    %y = rank.grouped_matmul %r, %w, %s {expected_rows = 8 : i64, transpose_weights} : (tensor<8x8xf32>, tensor<2x8x3xf32>, tensor<2xi32>) -> tensor<8x3xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<8x8xf32>, %w: tensor<2x8x3xf32>, %s: tensor<2xi32>) {
    // rule: rank.grouped_matmul: `rows` is [rows, inner] and the result [rows, columns]
    // expected-error @+1 {{'rank.grouped_matmul' op 'result' has shape 4x3; it must be 8x3}}
    %y = rank.grouped_matmul %r, %w, %s {expected_rows = 8 : i64} : (tensor<8x8xf32>, tensor<2x8x3xf32>, tensor<2xi32>) -> tensor<4x3xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<8x8xf32>, %w: tensor<2x8x3xf32>, %s: tensor<2xi32>) {
    // expected-error @+1 {{'rank.grouped_matmul' op 'expected_rows' is -8; it must not be negative}}
    %y = rank.grouped_matmul %r, %w, %s {expected_rows = -8 : i64} : (tensor<8x8xf32>, tensor<2x8x3xf32>, tensor<2xi32>) -> tensor<8x3xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<8x8xf32>, %h: tensor<7x3xf32>, %s: tensor<2xi32>) {
    // rule: rank.grouped_matmul_grad: `lhs` and `rhs` have the same number of rows
    // expected-error @+1 {{'rank.grouped_matmul_grad' op 'rhs' has shape 7x3; it must be 8x3}}
    %d = rank.grouped_matmul_grad %r, %h, %s {expected_rows = 8 : i64} : (tensor<8x8xf32>, tensor<7x3xf32>, tensor<2xi32>) -> tensor<2x8x3xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<8x8xf32>, %h: tensor<8x3xf32>, %s: tensor<2xi32>) {
    // expected-error @+1 {{'rank.grouped_matmul_grad' op 'result' has shape 3x8x3; it must be 2x8x3}}
    %d = rank.grouped_matmul_grad %r, %h, %s {expected_rows = 8 : i64} : (tensor<8x8xf32>, tensor<8x3xf32>, tensor<2xi32>) -> tensor<3x8x3xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // expected-note @+1 {{parameter is here}}
  rank.parameter @w : tensor<2x8xf32> init ones(0.0)
  rank.func @forward(%r: tensor<8x8xf32>, %h: tensor<8x3xf32>, %s: tensor<2xi32>) {
    // expected-error @+1 {{'rank.grouped_matmul_grad' op 'into' names a parameter of shape 2x8; it must be 2x8x3}}
    rank.grouped_matmul_grad %r, %h, %s {expected_rows = 8 : i64, into = @w} : (tensor<8x8xf32>, tensor<8x3xf32>, tensor<2xi32>) -> ()
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<3xi32>) {
    // expected-error @+1 {{'rank.exchange_sizes' op 'ep' is 2; it must divide the entries of 'sizes', 3}}
    %t, %l = rank.exchange_sizes %s {capacity = 8 : i64} : (tensor<3xi32>) -> (tensor<2x1xi32>, tensor<1xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4xi32>) {
    // rule: rank.exchange_sizes: `table` is [ep, local experts] with the launch's ep, `local_sizes` has the local
    //   experts, `sizes` ep times as many
    // expected-error @+1 {{'rank.exchange_sizes' op 'table' has shape 4x1; it must be 2x2}}
    %t, %l = rank.exchange_sizes %s {capacity = 8 : i64} : (tensor<4xi32>) -> (tensor<4x1xi32>, tensor<1xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4xi32>) {
    // expected-error @+1 {{'rank.exchange_sizes' op 'local_sizes' has shape 4; it must be 2}}
    %t, %l = rank.exchange_sizes %s {capacity = 8 : i64} : (tensor<4xi32>) -> (tensor<2x2xi32>, tensor<4xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4xi32>) {
    // expected-error @+1 {{'rank.exchange_sizes' op 'capacity' is -1; it must not be negative}}
    %t, %l = rank.exchange_sizes %s {capacity = -1 : i64} : (tensor<4xi32>) -> (tensor<2x2xi32>, tensor<2xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<8x8xf32>, %s: tensor<4xi32>, %t: tensor<1x4xi32>) {
    // rule: rank.all_to_all: `table` is [ep, local experts] with the launch's ep, `sizes` has ep times the local
    //   experts
    // expected-error @+1 {{'rank.all_to_all' op 'table' has shape 1x4; it must be 2x2}}
    %y = rank.all_to_all %r, %s, %t {direction = #rank<direction collect>, expected_rows = 8 : i64} : (tensor<8x8xf32>, tensor<4xi32>, tensor<1x4xi32>) -> tensor<8x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<8x8xf32>, %s: tensor<4xi32>, %t: tensor<2x2xi32>) {
    // rule: rank.all_to_all: `rows` and the result have one width
    // expected-error @+1 {{'rank.all_to_all' op 'result' has shape 8x4; it must be 8x8}}
    %y = rank.all_to_all %r, %s, %t {direction = #rank<direction collect>, expected_rows = 8 : i64} : (tensor<8x8xf32>, tensor<4xi32>, tensor<2x2xi32>) -> tensor<8x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<8x8xf32>, %s: tensor<2x2xi32>) {
    // expected-error @+1 {{'rank.dispatch' op operand #1 must be static vector of i32, but got 'tensor<2x2xi32>'}}
    %y = rank.dispatch %r, %s : tensor<8x8xf32>, tensor<2x2xi32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4xi32>) {
    // rule: rank.exchange_routes: `routes` is [ep, local experts + 1] with the launch's ep, `sizes` has ep times the
    //   local experts
    // expected-error @+1 {{'rank.exchange_routes' op 'routes' has shape 2x2; it must be 2x3}}
    %r, %n = rank.exchange_routes %s {capacity = 4 : i64, later_capacity = 1 : i64} : (tensor<4xi32>) -> (tensor<2x2xi32>, tensor<1xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4xi32>) {
    // expected-error @+1 {{'rank.exchange_routes' op 'rounds' has shape 2; it must be 1}}
    %r, %n = rank.exchange_routes %s {capacity = 4 : i64, later_capacity = 1 : i64} : (tensor<4xi32>) -> (tensor<2x3xi32>, tensor<2xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<3xi32>) {
    // expected-error @+1 {{'rank.exchange_routes' op 'ep' is 2; it must divide the entries of 'sizes', 3}}
    %r, %n = rank.exchange_routes %s {capacity = 4 : i64, later_capacity = 1 : i64} : (tensor<3xi32>) -> (tensor<2x3xi32>, tensor<1xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4xi32>) {
    // rule: rank.exchange_routes: `capacity` and `later_capacity` are positive
    // expected-error @+1 {{'rank.exchange_routes' op 'capacity' is 0; it must be from 1 to 2147483647}}
    %r, %n = rank.exchange_routes %s {capacity = 0 : i64, later_capacity = 1 : i64} : (tensor<4xi32>) -> (tensor<2x3xi32>, tensor<1xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4xi32>) {
    // expected-error @+1 {{'rank.exchange_routes' op 'later_capacity' is 0; it must be from 1 to 2147483647}}
    %r, %n = rank.exchange_routes %s {capacity = 4 : i64, later_capacity = 0 : i64} : (tensor<4xi32>) -> (tensor<2x3xi32>, tensor<1xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4xi32>, %r: tensor<2x2xi32>) {
    // rule: rank.round: `routes`, `capacity` and `later_capacity` are as in exchange_routes
    // expected-error @+1 {{'rank.round' op 'routes' has shape 2x2; it must be 2x3}}
    %sent, %begins, %t, %l = rank.round %s, %r {capacity = 4 : i64, later_capacity = 1 : i64} : (tensor<4xi32>, tensor<2x2xi32>) -> (tensor<4xi32>, tensor<2xi32>, tensor<2x2xi32>, tensor<2xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4xi32>, %r: tensor<2x3xi32>) {
    // rule: rank.round: `sent` has the entries of `sizes`, `begins` one for each rank of the ep group, `table` is [ep, local
    //   experts] and `local_sizes` has the local experts
    // expected-error @+1 {{'rank.round' op 'begins' has shape 4; it must be 2}}
    %sent, %begins, %t, %l = rank.round %s, %r {capacity = 4 : i64, later_capacity = 1 : i64} : (tensor<4xi32>, tensor<2x3xi32>) -> (tensor<4xi32>, tensor<4xi32>, tensor<2x2xi32>, tensor<2xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%s: tensor<4xi32>, %r: tensor<2x3xi32>) {
    // expected-error @+1 {{'rank.round' op 'sent' has shape 2; it must be 4}}
    %sent, %begins, %t, %l = rank.round %s, %r {capacity = 4 : i64, later_capacity = 1 : i64} : (tensor<4xi32>, tensor<2x3xi32>) -> (tensor<2xi32>, tensor<2xi32>, tensor<2x2xi32>, tensor<2xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<8x8xf32>, %s: tensor<4xi32>, %t: tensor<2x2xi32>, %b: tensor<4xi32>) {
    // rule: rank.all_to_all: `begins` has one entry for each rank of the ep group
    // expected-error @+1 {{'rank.all_to_all' op 'begins' has shape 4; it must be 2}}
    %y = rank.all_to_all %r, %s, %t, %b {direction = #rank<direction collect>, expected_rows = 8 : i64} : (tensor<8x8xf32>, tensor<4xi32>, tensor<2x2xi32>, tensor<4xi32>) -> tensor<8x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<4x8xf32>, %s: tensor<4xi32>, %t: tensor<1x4xi32>, %b: tensor<2xi32>, %n: tensor<1xi32>, %x: tensor<8x8xf32>) {
    // rule: rank.collect_rounds: `table`, `sizes` and `begins` are as in all_to_all
    // expected-error @+1 {{'rank.collect_rounds' op 'table' has shape 1x4; it must be 2x2}}
    %y = rank.collect_rounds %r, %s, %t, %b, %n, %x {expected_rows = 8 : i64} : (tensor<4x8xf32>, tensor<4xi32>, tensor<1x4xi32>, tensor<2xi32>, tensor<1xi32>, tensor<8x8xf32>) -> tensor<8x8xf32> {
    ^bb0(%z: tensor<8x8xf32>):
      rank.yield %z : tensor<8x8xf32>
    }
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<4x8xf32>, %s: tensor<4xi32>, %t: tensor<2x2xi32>, %b: tensor<2xi32>, %n: tensor<2xi32>, %x: tensor<8x8xf32>) {
    // expected-error @+1 {{'rank.collect_rounds' op 'rounds' has shape 2; it must be 1}}
    %y = rank.collect_rounds %r, %s, %t, %b, %n, %x {expected_rows = 8 : i64} : (tensor<4x8xf32>, tensor<4xi32>, tensor<2x2xi32>, tensor<2xi32>, tensor<2xi32>, tensor<8x8xf32>) -> tensor<8x8xf32> {
    ^bb0(%z: tensor<8x8xf32>):
      rank.yield %z : tensor<8x8xf32>
    }
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<4x8xf32>, %s: tensor<4xi32>, %t: tensor<2x2xi32>, %b: tensor<2xi32>, %n: tensor<1xi32>, %x: tensor<8x8xf32>) {
    // expected-error @+1 {{'rank.collect_rounds' op 'expected_rows' is -1; it must not be negative}}
    %y = rank.collect_rounds %r, %s, %t, %b, %n, %x {expected_rows = -1 : i64} : (tensor<4x8xf32>, tensor<4xi32>, tensor<2x2xi32>, tensor<2xi32>, tensor<1xi32>, tensor<8x8xf32>) -> tensor<8x8xf32> {
    ^bb0(%z: tensor<8x8xf32>):
      rank.yield %z : tensor<8x8xf32>
    }
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<4x8xf32>, %s: tensor<4xi32>, %t: tensor<2x2xi32>, %b: tensor<2xi32>, %n: tensor<1xi32>, %x: tensor<8x8xf32>) {
    // rule: rank.collect_rounds: the body takes the `inputs` and yields the type of the result
    // expected-error @+1 {{'rank.collect_rounds' op the body must take what 'inputs' are}}
    %y = rank.collect_rounds %r, %s, %t, %b, %n, %x {expected_rows = 8 : i64} : (tensor<4x8xf32>, tensor<4xi32>, tensor<2x2xi32>, tensor<2xi32>, tensor<1xi32>, tensor<8x8xf32>) -> tensor<8x8xf32> {
    ^bb0(%z: tensor<8x8xf32>, %w: tensor<8x8xf32>):
      rank.yield %z : tensor<8x8xf32>
    }
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 2> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%r: tensor<4x8xf32>, %s: tensor<4xi32>, %t: tensor<2x2xi32>, %b: tensor<2xi32>, %n: tensor<1xi32>, %x: tensor<8x8xf32>) {
    // expected-error @+1 {{'rank.collect_rounds' op the body must end with rank.yield of 'tensor<6x8xf32>'}}
    %y = rank.collect_rounds %r, %s, %t, %b, %n, %x {expected_rows = 8 : i64} : (tensor<4x8xf32>, tensor<4xi32>, tensor<2x2xi32>, tensor<2xi32>, tensor<1xi32>, tensor<8x8xf32>) -> tensor<6x8xf32> {
    ^bb0(%z: tensor<8x8xf32>):
      rank.yield %z : tensor<8x8xf32>
    }
    rank.return
  }
}
