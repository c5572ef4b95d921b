// RUN: sigma-opt %s -split-input-file -verify-diagnostics

// rule: rank.launch: `etp` * `ep` divides `tp` * `cp` * `dp`
// expected-error @+1 {{'rank.launch' op 'etp' * 'ep' is 2 * 4; it must divide tp * cp * dp, 2 * 1 * 2}}
rank.launch @launch mesh<tp = 2, pp = 1, dp = 2> experts<etp = 2, ep = 4> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// -----

// rule: rank.launch: 2 * `cp` does where a `cp` above 1 is a ring
// expected-error @+1 {{'rank.launch' op 'cp' is a ring of 2; 2 * cp must divide sequence, 18}}
rank.launch @launch mesh<cp = 2, pp = 1, dp = 1> experts<ep = 1> batch 2 micro_batch 2 sequence 18 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// -----

// rule: rank.launch: `tp` * `cp` divides `sequence`
// expected-error @+1 {{'rank.launch' op 'tp' * 'cp' is 3 * 2; it must divide sequence, 16}}
rank.launch @launch mesh<tp = 3, cp = 2, pp = 1, dp = 1> experts<ep = 1> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>) {
    // rule: rank.all_gather: the result has as many times the rows of `input` as `group` has ranks, and its columns
    // expected-error @+1 {{'rank.all_gather' op 'result' has shape 8x4; it must be 16x4}}
    %0 = rank.all_gather %x over tensor : tensor<8x4xf32> -> tensor<8x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>) {
    // rule: rank.all_gather: `blocks` divides the rows of `input`
    // expected-error @+1 {{'rank.all_gather' op 'blocks' is 3; it must divide the rows of a rank, 8}}
    %0 = rank.all_gather %x over tensor {blocks = 3} : tensor<8x4xf32> -> tensor<16x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>) {
    // rule: rank.reduce_scatter: `input` has as many times the rows of the result as `group` has ranks, and its columns
    // expected-error @+1 {{'rank.reduce_scatter' op 'input' has shape 8x4; it must be 4x4}}
    %0 = rank.reduce_scatter %x over context : tensor<8x4xf32> -> tensor<2x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>) {
    // rule: rank.reduce_scatter: `blocks` divides the rows of the result
    // expected-error @+1 {{'rank.reduce_scatter' op 'blocks' is 0; it must divide the rows of a rank, 4}}
    %0 = rank.reduce_scatter %x over tensor {blocks = 0} : tensor<8x4xf32> -> tensor<4x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>) {
    // expected-error @+1 {{'rank.gather_sequence' op 'result' has shape 16x4; it must be 16x2}}
    %0 = rank.gather_sequence %x : (tensor<8x4xf32>) -> tensor<16x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x3xf32>) {
    // rule: rank.gather_sequence: the result has cp times the rows of `input` and a cp-th of its columns, which cp divides
    // expected-error @+1 {{'rank.gather_sequence' op 'cp' is 2; it must divide the columns of 'input', 3}}
    %0 = rank.gather_sequence %x : (tensor<8x3xf32>) -> tensor<16x1xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>) {
    // rule: rank.gather_sequence: `blocks` divides the rows of `input`
    // expected-error @+1 {{'rank.gather_sequence' op 'blocks' is 5; it must divide the rows of a share, 8}}
    %0 = rank.gather_sequence %x {blocks = 5 : i64} : (tensor<8x4xf32>) -> tensor<16x2xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>) {
    // expected-error @+1 {{'rank.split_sequence' op 'result' has shape 4x4; it must be 4x8}}
    %0 = rank.split_sequence %x : (tensor<8x4xf32>) -> tensor<4x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<7x4xf32>) {
    // rule: rank.split_sequence: the result has a cp-th of the rows of `input`, which cp divides, and cp times its columns
    // expected-error @+1 {{'rank.split_sequence' op 'cp' is 2; it must divide the rows of 'input', 7}}
    %0 = rank.split_sequence %x : (tensor<7x4xf32>) -> tensor<3x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>) {
    // rule: rank.split_sequence: `blocks` divides the rows of the result
    // expected-error @+1 {{'rank.split_sequence' op 'blocks' is 3; it must divide the rows of a share, 4}}
    %0 = rank.split_sequence %x {blocks = 3 : i64} : (tensor<8x4xf32>) -> tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%s: tensor<3xi32>) {
    // expected-error @+1 {{'rank.gather_sizes' op 'table' has shape 1x3; it must be 2x3}}
    %t, %a = rank.gather_sizes %s : (tensor<3xi32>) -> (tensor<1x3xi32>, tensor<3xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%s: tensor<3xi32>) {
    // rule: rank.gather_sizes: `sizes` and `all_sizes` have the local experts
    // expected-error @+1 {{'rank.gather_sizes' op 'all_sizes' has shape 6; it must be 3}}
    %t, %a = rank.gather_sizes %s : (tensor<3xi32>) -> (tensor<2x3xi32>, tensor<6xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%s: tensor<3xi32>) {
    // rule: rank.gather_sizes: `rounds` and `most_rounds` go together, and are one number each
    // expected-error @+1 {{'rank.gather_sizes' op 'rounds' and 'most_rounds' go together}}
    %t, %a = rank.gather_sizes %s, %s : (tensor<3xi32>, tensor<3xi32>) -> (tensor<2x3xi32>, tensor<3xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%s: tensor<3xi32>) {
    // expected-error @+1 {{'rank.gather_sizes' op 'rounds' has shape 3; it must be 1}}
    %t, %a, %m = rank.gather_sizes %s, %s : (tensor<3xi32>, tensor<3xi32>) -> (tensor<2x3xi32>, tensor<3xi32>, tensor<1xi32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>, %t: tensor<2x3xi32>, %u: tensor<4x3xi32>) {
    // expected-error @+1 {{'rank.gather_expert_rows' op 'table' has shape 4x3; it must be 2x3}}
    %0 = rank.gather_expert_rows %x, %u {expected_rows = 8 : i64} : (tensor<8x4xf32>, tensor<4x3xi32>) -> tensor<16x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>, %t: tensor<2x3xi32>, %u: tensor<4x3xi32>) {
    // rule: rank.gather_expert_rows: the result has etp times the rows of `rows`, and its columns
    // expected-error @+1 {{'rank.gather_expert_rows' op 'result' has shape 8x4; it must be 16x4}}
    %0 = rank.gather_expert_rows %x, %t {expected_rows = 8 : i64} : (tensor<8x4xf32>, tensor<2x3xi32>) -> tensor<8x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>, %t: tensor<2x3xi32>, %u: tensor<4x3xi32>) {
    // expected-error @+1 {{'rank.gather_expert_rows' op 'expected_rows' is -8; it must not be negative}}
    %0 = rank.gather_expert_rows %x, %t {expected_rows = -8 : i64} : (tensor<8x4xf32>, tensor<2x3xi32>) -> tensor<16x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>, %t: tensor<2x3xi32>, %u: tensor<4x3xi32>) {
    // expected-error @+1 {{'rank.scatter_expert_rows' op 'table' has shape 4x3; it must be 2x3}}
    %0 = rank.scatter_expert_rows %x, %u {expected_rows = 8 : i64} : (tensor<8x4xf32>, tensor<4x3xi32>) -> tensor<4x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>, %t: tensor<2x3xi32>, %u: tensor<4x3xi32>) {
    // rule: rank.scatter_expert_rows: `rows` has etp times the rows of the result, and its columns
    // expected-error @+1 {{'rank.scatter_expert_rows' op 'rows' has shape 8x4; it must be 16x4}}
    %0 = rank.scatter_expert_rows %x, %t {expected_rows = 8 : i64} : (tensor<8x4xf32>, tensor<2x3xi32>) -> tensor<8x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>, %t: tensor<2x3xi32>, %u: tensor<4x3xi32>) {
    // expected-error @+1 {{'rank.scatter_expert_rows' op 'expected_rows' is -8; it must not be negative}}
    %0 = rank.scatter_expert_rows %x, %t {expected_rows = -8 : i64} : (tensor<8x4xf32>, tensor<2x3xi32>) -> tensor<4x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>) {
    // expected-error @+1 {{'rank.add' op 'expected_rows' is -1; it must not be negative}}
    %0 = rank.add %x, %x {expected_rows = -1 : i64} : tensor<8x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>) {
    // expected-error @+1 {{'rank.rotary' op 'shares' is 4; it must be 1 or the cp of the launch, 2}}
    %0 = rank.rotary %x {frequencies = array<f64: 1.0>, heads = 1 : i64, sequence = 8 : i64, shares = 4 : i64} : (tensor<8x4xf32>) -> tensor<8x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>) {
    // rule: rank.attention: `ring` is 1 or the launch's cp
    // expected-error @+1 {{'rank.attention' op 'ring' is 3; it must be 1 or the cp of the launch, 2}}
    %0, %l = rank.attention %x, %x, %x {heads = 1 : i64, kv_heads = 1 : i64, sequence = 8 : i64, ring = 3 : i64} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<8x1xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>) {
    // expected-error @+1 {{'rank.attention' op 'ring' is 2; it goes with no 'window', 'chunk' or 'sinks'}}
    %0, %l = rank.attention %x, %x, %x {heads = 1 : i64, kv_heads = 1 : i64, sequence = 8 : i64, ring = 2 : i64, window = 4 : i64} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<8x1xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>, %l: tensor<8x1xf32>) {
    // rule: rank.attention_grad: `ring` is as in attention
    // expected-error @+1 {{'rank.attention_grad' op 'ring' is 5; it must be 1 or the cp of the launch, 2}}
    %q, %k, %v = rank.attention_grad %x, %x, %x, %x, %l, %x {heads = 1 : i64, kv_heads = 1 : i64, sequence = 8 : i64, ring = 5 : i64} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x1xf32>, tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%i: tensor<8xi32>, %t: tensor<8x4xf32>) {
    // rule: rank.embedding: `shards` is 1 or the launch's tp
    // expected-error @+1 {{'rank.embedding' op 'shards' is 4; it must be 1 or the tp of the launch, 2}}
    %0 = rank.embedding %i, %t {shards = 4 : i64} : (tensor<8xi32>, tensor<8x4xf32>) -> tensor<8x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%i: tensor<8xi32>, %g: tensor<8x4xf32>) {
    // rule: rank.embedding_grad: `shards` is 1 or the launch's tp
    // expected-error @+1 {{'rank.embedding_grad' op 'shards' is 4; it must be 1 or the tp of the launch, 2}}
    %0 = rank.embedding_grad %i, %g {shards = 4 : i64} : (tensor<8xi32>, tensor<8x4xf32>) -> tensor<16x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f() {
    // rule: rank.positions: `shares` is 1 or the launch's tp * cp
    // expected-error @+1 {{'rank.positions' op 'shares' is 2; it must be 1 or the tp * cp of the launch, 4}}
    %0 = rank.positions {sequence = 4 : i64, shares = 2 : i64} : () -> tensor<8xi32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%l: tensor<8x4xf32>, %i: tensor<8xi32>) {
    // rule: rank.cross_entropy: `shards` is 1 or the launch's tp
    // expected-error @+1 {{'rank.cross_entropy' op 'shards' is 4; it must be 1 or the tp of the launch, 2}}
    %0, %1 = rank.cross_entropy %l, %i {shards = 4 : i64} : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<1xf32>, tensor<8xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%l: tensor<8x4xf32>, %i: tensor<8xi32>, %s: tensor<8xf32>, %g: tensor<1xf32>) {
    // rule: rank.cross_entropy_grad: `shards` is 1 or the launch's tp
    // expected-error @+1 {{'rank.cross_entropy_grad' op 'shards' is 4; it must be 1 or the tp of the launch, 2}}
    %0 = rank.cross_entropy_grad %l, %i, %s, %g {shards = 4 : i64} : (tensor<8x4xf32>, tensor<8xi32>, tensor<8xf32>, tensor<1xf32>) -> tensor<8x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%l: tensor<8x4xf32>, %c: tensor<8x2xi32>) {
    // rule: rank.balance_loss: `shares` is 1 or the launch's tp * cp
    // expected-error @+1 {{'rank.balance_loss' op 'shares' is 2; it must be 1 or the tp * cp of the launch, 4}}
    %0 = rank.balance_loss %l, %c {sequence = 4 : i64, shares = 2 : i64} : (tensor<8x4xf32>, tensor<8x2xi32>) -> tensor<1xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%l: tensor<8x4xf32>, %c: tensor<8x2xi32>, %g: tensor<1xf32>) {
    // rule: rank.balance_loss_grad: `shares` is 1 or the launch's tp * cp
    // expected-error @+1 {{'rank.balance_loss_grad' op 'shares' is 2; it must be 1 or the tp * cp of the launch, 4}}
    %0 = rank.balance_loss_grad %l, %c, %g {sequence = 4 : i64, shares = 2 : i64} : (tensor<8x4xf32>, tensor<8x2xi32>, tensor<1xf32>) -> tensor<8x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>) {
    // rule: rank.all_gather: if it is `started`, the result has one rank.wait
    // expected-error @+1 {{'rank.all_gather' op is 'started', and its result has 0 rank.wait; it must have one}}
    %0 = rank.all_gather %x over tensor {started} : tensor<8x4xf32> -> tensor<16x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<16x4xf32>) {
    // rule: rank.reduce_scatter: if it is `started`, the result has one rank.wait
    // expected-error @+1 {{'rank.reduce_scatter' op is 'started', and its result has 0 rank.wait; it must have one}}
    %0 = rank.reduce_scatter %x over tensor {started} : tensor<16x4xf32> -> tensor<8x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x8xf32>, %s: tensor<4xi32>, %t: tensor<2x2xi32>) {
    // rule: rank.all_to_all: if it is `started`, the result has one rank.wait
    // expected-error @+1 {{'rank.all_to_all' op is 'started', and its result has 0 rank.wait; it must have one}}
    %0 = rank.all_to_all %x, %s, %t {direction = #rank<direction collect>, expected_rows = 8 : i64, started} : (tensor<8x8xf32>, tensor<4xi32>, tensor<2x2xi32>) -> tensor<8x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>, %t: tensor<2x4xi32>) {
    // rule: rank.gather_expert_rows: if it is `started`, the result has one rank.wait
    // expected-error @+1 {{'rank.gather_expert_rows' op is 'started', and its result has 0 rank.wait; it must have one}}
    %0 = rank.gather_expert_rows %x, %t {expected_rows = 8 : i64, started} : (tensor<8x4xf32>, tensor<2x4xi32>) -> tensor<16x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<16x4xf32>, %t: tensor<2x4xi32>) {
    // rule: rank.scatter_expert_rows: if it is `started`, the result has one rank.wait
    // expected-error @+1 {{'rank.scatter_expert_rows' op is 'started', and its result has 0 rank.wait; it must have one}}
    %0 = rank.scatter_expert_rows %x, %t {expected_rows = 8 : i64, started} : (tensor<16x4xf32>, tensor<2x4xi32>) -> tensor<8x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>) {
    %0 = rank.all_gather %x over tensor : tensor<8x4xf32> -> tensor<16x4xf32>
    // rule: rank.wait: `rows` come from a collective that is `started`
    // expected-error @+1 {{'rank.wait' op 'rows' must come from a collective that is 'started'}}
    rank.wait %0 : tensor<16x4xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<8x4xf32>) {
    %0 = rank.all_gather %x over tensor {started} : tensor<8x4xf32> -> tensor<16x4xf32>
    // expected-note @+1 {{here}}
    %1 = rank.add %0, %0 : tensor<16x4xf32>
    // rule: rank.wait: nothing reads `rows` before
    // expected-error @+1 {{'rank.wait' op 'rows' are read before}}
    rank.wait %0 : tensor<16x4xf32>
    rank.return
  }
}
