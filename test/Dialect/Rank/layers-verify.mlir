// RUN: sigma-opt %s -split-input-file -verify-diagnostics

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // expected-error @+1 {{'rank.add_bias' op 'sizes' and 'expected_rows' go together}}
    %y = rank.add_bias %x, %b {expected_rows = 4 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // expected-error @+1 {{'rank.add_bias' op 'expected_rows' is -1; it must not be negative}}
    %y = rank.add_bias %x, %x, %s {expected_rows = -1 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<2xi32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // expected-error @+1 {{'rank.add_bias' op 'bias' has shape 4x8; it must be 8}}
    %y = rank.add_bias %x, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // expected-error @+1 {{'rank.add_bias' op 'bias' has shape 4x8; it must be 2x8}}
    %y = rank.add_bias %x, %x, %s {expected_rows = 4 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<2xi32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // expected-error @+1 {{'rank.bias_grad' op 'sizes' and 'expected_rows' go together}}
    %y = rank.bias_grad %x {expected_rows = 4 : i64} : (tensor<4x8xf32>) -> tensor<8xf32>
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // rule: rank.bias_grad: the result, or the parameter `into`, is [columns], with sizes [groups, columns]
    // expected-error @+1 {{'rank.bias_grad' op 'result' has shape 9; it must be 8}}
    %y = rank.bias_grad %x : (tensor<4x8xf32>) -> tensor<9xf32>
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // expected-error @+1 {{'rank.join_heads' op 'heads' is 3; it must divide the columns of 'own', 8}}
    %y = rank.join_heads %x, %x {heads = 3 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x32xf32>
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // rule: rank.join_heads: the result has these and the columns of both, those of `shared` once for each head
    // expected-error @+1 {{'rank.join_heads' op 'result' has shape 4x16; it must be 4x24}}
    %y = rank.join_heads %x, %x {heads = 2 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x16xf32>
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // rule: rank.split_heads: shapes agree as in join_heads
    // expected-error @+1 {{'rank.split_heads' op 'input' has shape 4x8; it must be 4x12}}
    %a, %c = rank.split_heads %x {heads = 2 : i64} : (tensor<4x8xf32>) -> (tensor<4x2xf32>, tensor<4x8xf32>)
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // expected-error @+1 {{'rank.attention' op 'sinks' has shape 8; it must be 2}}
    %y, %l = rank.attention %x, %x, %x, %b {sequence = 4 : i64, heads = 2 : i64, kv_heads = 2 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4x2xf32>)
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // expected-error @+1 {{'rank.attention' op 'window' is 0.000000e+00; it must be positive}}
    %y, %l = rank.attention %x, %x, %x {sequence = 4 : i64, heads = 2 : i64, kv_heads = 2 : i64, window = 0 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x2xf32>)
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // rule: rank.attention: `window`, `chunk`, `scale` and `softcap` are positive
    // expected-error @+1 {{'rank.attention' op 'chunk' is -1.000000e+00; it must be positive}}
    %y, %l = rank.attention %x, %x, %x {sequence = 4 : i64, heads = 2 : i64, kv_heads = 2 : i64, chunk = -1 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x2xf32>)
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // expected-error @+1 {{'rank.attention' op 'scale' is 0.000000e+00; it must be positive}}
    %y, %l = rank.attention %x, %x, %x {sequence = 4 : i64, heads = 2 : i64, kv_heads = 2 : i64, scale = 0.0 : f64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x2xf32>)
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // expected-error @+1 {{'rank.attention' op 'softcap' is -2.000000e+00; it must be positive}}
    %y, %l = rank.attention %x, %x, %x {sequence = 4 : i64, heads = 2 : i64, kv_heads = 2 : i64, softcap = -2.0 : f64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x2xf32>)
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %v: tensor<4x4xf32>) {
    // expected-error @+1 {{'rank.attention' op 'result' has shape 4x8; it must be 4x4}}
    %y, %l = rank.attention %x, %x, %v {sequence = 4 : i64, heads = 2 : i64, kv_heads = 2 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x4xf32>) -> (tensor<4x8xf32>, tensor<4x2xf32>)
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %l: tensor<4x2xf32>) {
    // expected-error @+1 {{'rank.attention_grad' op 'sinks' and 'sinks_gradient' go together}}
    %q, %k, %v = rank.attention_grad %x, %x, %x, %x, %l, %x, %b {sequence = 4 : i64, heads = 2 : i64, kv_heads = 2 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x2xf32>, tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // expected-error @+1 {{'rank.activation' op 'limit' is 0.000000e+00; it must be positive}}
    %y = rank.activation %x {limit = 0.0 : f64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // expected-error @+1 {{'rank.activation_grad' op 'up' and 'up_gradient' go together}}
    %y = rank.activation_grad %x up %x gradient %x : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // expected-error @+1 {{'rank.positions' op 'sequence' is 4; it must divide the entries, 6}}
    %y = rank.positions {sequence = 4 : i64} : () -> tensor<6xi32>
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // rule: rank.next_targets: `sequence` divides the entries of `targets`
    // expected-error @+1 {{'rank.next_targets' op 'sequence' is 4; it must divide the entries, 6}}
    %y = rank.next_targets %t {sequence = 4 : i64} : (tensor<6xi32>) -> tensor<6xi32>
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // rule: rank.z_loss: `lse` has one entry for each row of `logits`
    // expected-error @+1 {{'rank.z_loss' op 'lse' has shape 3; it must be 4}}
    %y, %l = rank.z_loss %x : (tensor<4x8xf32>) -> (tensor<1xf32>, tensor<3xf32>)
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %l: tensor<4xf32>, %o: tensor<1xf32>) {
    // rule: rank.z_loss_grad: the result has the shape of `logits`
    // expected-error @+1 {{'rank.z_loss_grad' op 'result' has shape 4x9; it must be 4x8}}
    %y = rank.z_loss_grad %x, %l, %o : (tensor<4x8xf32>, tensor<4xf32>, tensor<1xf32>) -> tensor<4x9xf32>
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<7xf32>) {
    // expected-error @+1 {{'rank.top_k' op 'bias' has shape 7; it must be 8}}
    %w, %c = rank.top_k %x, %b : (tensor<4x8xf32>, tensor<7xf32>) -> (tensor<4x2xf32>, tensor<4x2xi32>)
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // expected-error @+1 {{'rank.top_k' op 'groups' is 3; it must divide the experts, 8}}
    %w, %c = rank.top_k %x {groups = 3 : i64} : (tensor<4x8xf32>) -> (tensor<4x2xf32>, tensor<4x2xi32>)
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // expected-error @+1 {{'rank.top_k' op 'top_groups' is 5; it must be from 1 to 4}}
    %w, %c = rank.top_k %x {groups = 4 : i64, top_groups = 5 : i64} : (tensor<4x8xf32>) -> (tensor<4x2xf32>, tensor<4x2xi32>)
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // expected-error @+1 {{'rank.top_k' op 'group_candidates' is 3; it must be from 1 to 2}}
    %w, %c = rank.top_k %x {groups = 4 : i64, top_groups = 2 : i64, group_candidates = 3 : i64} : (tensor<4x8xf32>) -> (tensor<4x2xf32>, tensor<4x2xi32>)
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %b: tensor<8xf32>, %s: tensor<2xi32>, %t: tensor<6xi32>) {
    // rule: rank.top_k: `top_groups` is from 1 to `groups` and leaves k experts to choose from
    // expected-error @+1 {{'rank.top_k' op chooses 2 of the 1 experts in 'top_groups'}}
    %w, %c = rank.top_k %x {groups = 8 : i64} : (tensor<4x8xf32>) -> (tensor<4x2xf32>, tensor<4x2xi32>)
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %p: tensor<4xi32>) {
    // expected-error @+1 {{'rank.gather_rows' op 'weights' has shape 4x8; it must be 4x1}}
    %y = rank.gather_rows %x, %p, %x : (tensor<4x8xf32>, tensor<4xi32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  // expected-note @+1 {{parameter is here}}
  rank.parameter @w : tensor<8xf32> init zeros(0.0)
  rank.func @f(%c: tensor<4x2xi32>) {
    // expected-error @+1 {{'rank.count_load' op 'parameter' names @w, which is no vector that is updated by load}}
    rank.count_load @w, %c : tensor<4x2xi32>
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  // expected-error @+1 {{'rank.parameter' op 'update_rate' is 0.000000e+00; it must be positive with 'update' load}}
  rank.parameter @w : tensor<8xf32> init zeros(0.0) {update = #rank<update load>}
}

// -----

rank.launch @l mesh<tp = 2, pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  // expected-error @+1 {{'rank.parameter' op 'split' is 2; it must be a dimension of 'tensor<8x4xf32>'}}
  rank.parameter @w : tensor<8x4xf32> init zeros(0.0) split 2
}

// -----

rank.launch @l mesh<tp = 2, pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  // expected-error @+1 {{'rank.parameter' op 'split' is 0; it must be a dimension of 'tensor<2x8x4xf32>', after that of the experts}}
  rank.parameter @w : tensor<2x8x4xf32> init zeros(0.0) expert split 0
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  // expected-note @+1 {{parameter is here}}
  rank.parameter @w : tensor<8xf32> init zeros(0.0)
  rank.schedule {
    // expected-error @+1 {{'rank.balance_bias' op 'parameter' names @w, which is no vector that is updated by load}}
    rank.balance_bias @w
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %s: tensor<2xi32>) {
    // expected-error @+1 {{'rank.bias_grad' op 'expected_rows' is -1; it must not be negative}}
    %y = rank.bias_grad %x, %s {expected_rows = -1 : i64} : (tensor<4x8xf32>, tensor<2xi32>) -> tensor<2x8xf32>
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  // expected-note @+1 {{parameter is here}}
  rank.parameter @w : tensor<9xf32> init zeros(0.0)
  rank.func @f(%x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.bias_grad' op 'into' names a parameter of shape 9; it must be 8}}
    rank.bias_grad %x {into = @w} : (tensor<4x8xf32>) -> ()
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %s: tensor<2xi32>) {
    // expected-error @+1 {{'rank.grouped_matmul_grad' op 'expected_rows' is -1; it must not be negative}}
    %y = rank.grouped_matmul_grad %x, %x, %s {expected_rows = -1 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<2xi32>) -> tensor<2x8x8xf32>
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xf32>, %l: tensor<3xf32>, %o: tensor<1xf32>) {
    // expected-error @+1 {{'rank.z_loss_grad' op 'lse' has shape 3; it must be 4}}
    %y = rank.z_loss_grad %x, %l, %o : (tensor<4x8xf32>, tensor<3xf32>, tensor<1xf32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @l mesh<pp = 3, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 1 of @l layers 0 to 0 remat [] {
  // rule: rank.parameter: `at_ends` is of a parameter of the first or the last of several stages
  // expected-error @+1 {{'rank.parameter' op is 'at_ends' on stage 1 of 3; it must be on the first or the last of several stages}}
  rank.parameter @w : tensor<2x8x4xf32> init zeros(0.0) at_ends
}

// -----

rank.launch @l mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  // expected-error @+1 {{'rank.parameter' op is 'at_ends' on stage 0 of 1; it must be on the first or the last of several stages}}
  rank.parameter @w : tensor<2x8x4xf32> init zeros(0.0) at_ends
}

// -----

rank.launch @l mesh<pp = 2, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 1 of @l layers 0 to 0 remat [] {
  // rule: rank.parameter: `at_ends` is neither of an `expert` nor of what is updated by load, and a tensor group holds its tensor in parts
  // expected-error @+1 {{'rank.parameter' op is 'at_ends' and 'expert', which do not go together}}
  rank.parameter @w : tensor<2x8x4xf32> init zeros(0.0) expert at_ends
}

// -----

rank.launch @l mesh<pp = 2, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 1 of @l layers 0 to 0 remat [] {
  // expected-error @+1 {{'rank.parameter' op is 'at_ends' and updated by load, which do not go together}}
  rank.parameter @w : tensor<2x8x4xf32> init zeros(0.0) at_ends {update = #rank<update load>, update_rate = 0.1 : f64}
}

// -----

rank.launch @l mesh<tp = 2, pp = 2, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 8 precision f32 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @l layers 0 to 0 remat [] {
  // expected-error @+1 {{'rank.parameter' op is 'at_ends' and held whole by each rank of a tensor group, which do not go together}}
  rank.parameter @w : tensor<2x8x4xf32> init zeros(0.0) at_ends
}
