// RUN: sigma-opt %s -split-input-file -verify-diagnostics

// rule: rank.launch: sizes are from 1 to 2147483647
// expected-error @+1 {{'rank.launch' op 'pp' is 0; it must be from 1 to 2147483647}}
rank.launch @launch mesh<pp = 0, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// -----

// expected-error @+1 {{'rank.launch' op 'dp' is 4294967296; it must be from 1 to 2147483647}}
rank.launch @launch mesh<pp = 1, dp = 4294967296> experts<ep = 1> batch 4294967296 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// -----

// expected-error @+1 {{'rank.launch' op 'etp' * 'ep' is 1 * 2; it must divide tp * cp * dp, 1 * 1 * 3}}
rank.launch @launch mesh<pp = 1, dp = 3> experts<ep = 2> batch 3 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// -----

// rule: rank.launch: `global_batch` = `dp` * `micro_batch` * number of micro-batches
// expected-error @+1 {{'rank.launch' op 'batch' is 3; it must be a multiple of dp * micro_batch, 2 * 1}}
rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 1> batch 3 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// -----

// rule: rank.launch: `element_type` is f32, f64 or bf16
// expected-error @+1 {{'rank.launch' op 'precision' is 'f16'; it must be f32, f64 or bf16}}
rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f16
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
// expected-error @+1 {{'rank.program' op 'launch' names @other, which is no rank.launch of this module}}
rank.program @p stage 0 of @other layers 0 to 0 remat [] {
}

// -----

// expected-note @+1 {{the launch has 2 stages}}
rank.launch @launch mesh<pp = 2, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
// rule: rank.program: `stage` is below its `pp`
// expected-error @+1 {{'rank.program' op 'stage' is 2; it must be from 0 to 1}}
rank.program @p stage 2 of @launch layers 0 to 0 remat [] {
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
// expected-error @+1 {{'rank.program' op 'remat' has 1 entries; it must have one for each of the 2 layers}}
rank.program @p stage 0 of @launch layers 0 to 2 remat ["none"] {
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
// rule: rank.program: `first_layers` and `end_layers` have an entry for each chunk, not negative, none ending before it begins
// expected-error @+1 {{'rank.program' op has layers -1 to 0; they must not be negative, nor end before they begin}}
rank.program @p stage 0 of @launch layers -1 to 0 remat ["none"] {
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
// expected-error @+1 {{'rank.program' op has layers 2 to 1; they must not be negative, nor end before they begin}}
rank.program @p stage 0 of @launch layers 2 to 1 remat [] {
}

// -----

rank.launch @launch mesh<pp = 2, vpp = 2, dp = 1> schedule interleaved experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
// expected-error @+1 {{'rank.program' op has layers of 1 chunks; the launch has 2}}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
}

// -----

// rule: rank.launch: with `schedule` interleaved, the micro-batches are a multiple of `pp`
// expected-error @+1 {{'rank.launch' op has 3 micro-batches; they must be a multiple of 'pp', 2, with 'schedule' interleaved}}
rank.launch @launch mesh<pp = 2, vpp = 2, dp = 1> schedule interleaved experts<ep = 1> batch 3 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// -----

rank.launch @launch mesh<pp = 2, vpp = 2, dp = 1> schedule interleaved experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0, 0 to 0 remat [] {
  // expected-error @+1 {{'rank.func' op has no @forward beside it}}
  rank.func @backward1() attributes {captured = array<i64>, num_saved = 0 : i64} {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 2, vpp = 2, dp = 1> schedule interleaved experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0, 0 to 0 remat [] {
  // expected-error @+1 {{'rank.func' op has 'num_saved', which only functions of backward have}}
  rank.func @backward2() attributes {captured = array<i64>, num_saved = 0 : i64} {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // expected-error @+1 {{'rank.parameter' op has type 'f32'; it must be a static float tensor with 1 to 4 dimensions, none of them 0}}
  rank.parameter @w : f32 init ones(0.0)
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // expected-error @+1 {{'rank.parameter' op has type 'tensor<0x4xf32>'; it must be a static float tensor with 1 to 4 dimensions, none of them 0}}
  rank.parameter @w : tensor<0x4xf32> init ones(0.0)
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // expected-error @+1 {{'rank.parameter' op has type 'tensor<4xi32>'; it must be a static float tensor with 1 to 4 dimensions, none of them 0}}
  rank.parameter @w : tensor<4xi32> init ones(0.0)
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // expected-error @+1 {{'rank.parameter' op has type 'tensor<1x1x1x1x4xf32>'; it must be a static float tensor with 1 to 4 dimensions, none of them 0}}
  rank.parameter @w : tensor<1x1x1x1x4xf32> init ones(0.0)
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // rule: rank.parameter: `init_scale` is not negative
  // expected-error @+1 {{'rank.parameter' op 'init' scale is negative}}
  rank.parameter @w : tensor<4xf32> init normal(-1.0)
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // expected-error @+1 {{'rank.parameter' op has a tensor of 'f64'; the launch's precision is 'f32'}}
  rank.parameter @w : tensor<4xf64> init ones(0.0)
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // rule: rank.program: float tensors and parameters have the launch's precision, or are f32 where that is bf16
  // expected-error @+1 {{'rank.func' op has a tensor of 'bf16'; the launch's precision is 'f32'}}
  rank.func @f(%x: tensor<4xbf16>) {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision bf16
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xbf16>, %w: tensor<8xbf16>) {
    // rule: rank.program: statistics, losses, weights of choices and what is added to gradients are f32 where that is bf16
    // expected-error @+1 {{'rank.rms_norm' op result #1 has elements of 'bf16'; they must be 'f32'}}
    %y, %rstd = rank.rms_norm %x, %w {epsilon = 1.0e-5 : f64} : (tensor<4x8xbf16>, tensor<8xbf16>) -> (tensor<4x8xbf16>, tensor<4xbf16>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision bf16
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4x8xbf16>, %w: tensor<8xf32>) {
    // rule: rank.program: other tensors of an op have one type, but those of a product and a bias
    // expected-error @+1 {{'rank.rms_norm' op operand #1 has elements of 'f32'; they must be 'bf16'}}
    %y, %rstd = rank.rms_norm %x, %w {epsilon = 1.0e-5 : f64} : (tensor<4x8xbf16>, tensor<8xf32>) -> (tensor<4x8xbf16>, tensor<4xf32>)
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision bf16
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%logits: tensor<4x8xbf16>) {
    // expected-error @+1 {{'rank.router_scores' op operand #0 has elements of 'bf16'; they must be 'f32'}}
    %y = rank.router_scores %logits {score = #rank<score softmax>} : (tensor<4x8xbf16>) -> tensor<4x8xbf16>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // rule: rank.func: it has a body, which ends with rank.return
  // expected-error @+1 {{'rank.func' op has no body}}
  rank.func private @f(tensor<4xf32>)
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // expected-error @+1 {{'rank.func' op must end with rank.return}}
  rank.func @f() {
    llvm.unreachable
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // rule: rank.func: arguments and results are static tensors
  // expected-error @+1 {{'rank.func' op takes or returns 'index'; it must be a static tensor of floats or i32}}
  rank.func @f(%x: index) {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // expected-error @+1 {{'rank.func' op takes or returns 'tensor<?xf32>'; it must be a static tensor of floats or i32}}
  rank.func @f(%x: tensor<?xf32>) {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // expected-error @+1 {{'rank.func' op has 'num_saved', which only functions of backward have}}
  rank.func @f() attributes {num_saved = 0 : i64} {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
    // rule: rank.return: the results have the types of the function's results
    // expected-error @+1 {{'rank.return' op returns 0 results that do not have the types of @f's 1 results}}
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @f(%x: tensor<4xf32>) {
    // rule: rank.return: each saved or held value is computed in the function: arguments and weights are read again
    // expected-error @+1 {{'rank.return' op saves an argument or a weight; only values that are computed here can be saved}}
    rank.return saves(%x : tensor<4xf32>)
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // expected-error @+1 {{'rank.func' op has no @forward beside it}}
  rank.func @backward() attributes {num_saved = 0 : i64, captured = array<i64>} {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %i: tensor<4xi32>) -> tensor<4x8xf32> {
    %0 = rank.add %x, %x : tensor<4x8xf32>
    rank.return %0 : tensor<4x8xf32> saves(%0 : tensor<4x8xf32>)
  }
  // expected-error @+1 {{'rank.func' op has no 'num_saved' or no 'captured'}}
  rank.func @backward() attributes {} {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %i: tensor<4xi32>) -> tensor<4x8xf32> {
    %0 = rank.add %x, %x : tensor<4x8xf32>
    rank.return %0 : tensor<4x8xf32> saves(%0 : tensor<4x8xf32>)
  }
  // expected-error @+1 {{'rank.func' op 'num_saved' is 0; 1 values are kept for it}}
  rank.func @backward() attributes {num_saved = 0 : i64, captured = array<i64>} {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %i: tensor<4xi32>) -> tensor<4x8xf32> {
    %0 = rank.add %x, %x : tensor<4x8xf32>
    rank.return %0 : tensor<4x8xf32> saves(%0 : tensor<4x8xf32>)
  }
  // expected-error @+1 {{'rank.func' op 'captured' names argument 2 of @forward, which has 2}}
  rank.func @backward() attributes {num_saved = 1 : i64, captured = array<i64: 2>} {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %i: tensor<4xi32>) -> tensor<4x8xf32> {
    %0 = rank.add %x, %x : tensor<4x8xf32>
    rank.return %0 : tensor<4x8xf32> saves(%0 : tensor<4x8xf32>)
  }
  // rule: rank.program: @backward takes what @forward saves and holds, the arguments that it names as `captured` and the
  //   gradients of @forward's results, and returns the gradients of its float arguments
  // expected-error @+1 {{'rank.func' op must take what @forward saves, the captured arguments and the gradients of @forward's results}}
  rank.func @backward(%s: tensor<4x8xf32>, %x: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {num_saved = 1 : i64, captured = array<i64: 0>} {
    rank.return %x : tensor<4x8xf32>
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %i: tensor<4xi32>) -> tensor<4x8xf32> {
    %0 = rank.add %x, %x : tensor<4x8xf32>
    rank.return %0 : tensor<4x8xf32> saves(%0 : tensor<4x8xf32>)
  }
  // expected-error @+1 {{'rank.func' op must return the gradients of @forward's float arguments}}
  rank.func @backward(%s: tensor<4x8xf32>, %x: tensor<4x8xf32>, %dy: tensor<4x8xf32>) attributes {num_saved = 1 : i64, captured = array<i64: 0>} {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward() {
    // expected-error @+1 {{'rank.weight' op 'parameter' names @w, which is no rank.parameter of this program}}
    %w = rank.weight @w : tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // expected-note @+1 {{parameter is here}}
  rank.parameter @w : tensor<4x4xf32> init ones(0.0)
  rank.func @forward() {
    // expected-error @+1 {{'rank.weight' op has type 'tensor<4x8xf32>' but the parameter is 'tensor<4x4xf32>'}}
    %w = rank.weight @w : tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) {
    // expected-error @+1 {{'rank.accumulate' op 'parameter' names @w, which is no rank.parameter of this program}}
    rank.accumulate @w, %x : tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // expected-note @+1 {{parameter is here}}
  rank.parameter @w : tensor<4x4xf32> init ones(0.0)
  rank.func @forward(%x: tensor<4x8xf32>) {
    // rule: rank.accumulate: `parameter` names a parameter of the program, of the type of `value`, or with a gradient of it
    // expected-error @+1 {{'rank.accumulate' op has type 'tensor<4x8xf32>' but the parameter is 'tensor<4x4xf32>'}}
    rank.accumulate @w, %x : tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.schedule {
    // rule: rank.load_batch: `tokens` and `targets` have one entry for each token of a micro-batch
    // expected-error @+1 {{'rank.load_batch' op 'targets' has shape 5; it must be 4}}
    %t, %u = rank.load_batch 0 : tensor<4xi32>, tensor<5xi32>
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.schedule {
    // expected-error @+1 {{'rank.adamw' op 'parameter' names @w, which is no rank.parameter of this program}}
    rank.adamw @w
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.schedule {
    // expected-error @+1 {{'rank.call' op names @forward, which is no rank.func of this program}}
    %r = rank.call @forward() micro_batch 0 : () -> !rank.residual
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %i: tensor<4xi32>) -> tensor<4x8xf32> {
    %0 = rank.add %x, %x : tensor<4x8xf32>
    rank.return %0 : tensor<4x8xf32> saves(%0 : tensor<4x8xf32>)
  }
  rank.schedule {
    %x = rank.recv forward from 0 micro_batch 0 : tensor<4x8xf32>
    // rule: rank.call: `callee` names a function of the program whose tensors agree with operands and results
    // expected-error @+1 {{'rank.call' op has operands that differ from what @forward takes, ('tensor<4x8xf32>', 'tensor<4xi32>')}}
    %r = rank.call @forward(%x) micro_batch 0 : (tensor<4x8xf32>) -> !rank.residual
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %i: tensor<4xi32>) -> tensor<4x8xf32> {
    %0 = rank.add %x, %x : tensor<4x8xf32>
    rank.return %0 : tensor<4x8xf32> saves(%0 : tensor<4x8xf32>)
  }
  rank.schedule {
    %x = rank.recv forward from 0 micro_batch 0 : tensor<4x8xf32>
    %t, %u = rank.load_batch 0 : tensor<4xi32>, tensor<4xi32>
    // rule: rank.call: any function gives a residual, but those of backward, which take one
    // expected-error @+1 {{'rank.call' op has results that differ from what @forward gives, ('tensor<4x8xf32>', '!rank.residual')}}
    %y = rank.call @forward(%x, %t) micro_batch 0 : (tensor<4x8xf32>, tensor<4xi32>) -> tensor<4x8xf32>
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>, %i: tensor<4xi32>) -> tensor<4x8xf32> {
    %0 = rank.add %x, %x : tensor<4x8xf32>
    rank.return %0 : tensor<4x8xf32> saves(%0 : tensor<4x8xf32>)
  }
  rank.schedule {
    // expected-error @+1 {{'rank.call' op result #0 must be variadic of static tensor of f32, f64, bf16 or i32 or values that a call keeps for later ones, and that die together, but got 'index'}}
    %y = rank.call @forward() micro_batch 0 : () -> index
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
// rule: rank.program: `remat` of a layer is `none`, `full`, or modules of the layer's ops in @forward, joined by `+`
// expected-error @+1 {{'rank.program' op 'remat' of layer 2 is 'mlp+some'; it must be 'none', 'full' or some of 'moe', 'moe_act', 'mlp', joined by '+'}}
rank.program @stage0 stage 0 of @launch layers 2 to 3 remat ["mlp+some"] {
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %0 = rank.scale %x by 2.0 {rank.layer = 2 : i64, rank.module = "moe.moe_act"} : tensor<4x8xf32>
    %1 = rank.scale %0 by 2.0 {rank.layer = 2 : i64, rank.module = "mlp"} : tensor<4x8xf32>
    rank.return %1 : tensor<4x8xf32>
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
// expected-error @+1 {{'rank.program' op 'remat' of layer 2 is 'moe+'; it must be 'none', 'full' or some of 'moe', 'moe_act', 'mlp', joined by '+'}}
rank.program @stage0 stage 0 of @launch layers 2 to 3 remat ["moe+"] {
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %0 = rank.scale %x by 2.0 {rank.layer = 2 : i64, rank.module = "moe.moe_act"} : tensor<4x8xf32>
    %1 = rank.scale %0 by 2.0 {rank.layer = 2 : i64, rank.module = "mlp"} : tensor<4x8xf32>
    rank.return %1 : tensor<4x8xf32>
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
// expected-error @+1 {{'rank.program' op 'remat' of layer 3 is 'mlp'; it must be 'none' or 'full'}}
rank.program @stage0 stage 0 of @launch layers 2 to 4 remat ["none", "mlp"] {
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %0 = rank.scale %x by 2.0 {rank.layer = 2 : i64, rank.module = "moe.moe_act"} : tensor<4x8xf32>
    %1 = rank.scale %0 by 2.0 {rank.layer = 2 : i64, rank.module = "mlp"} : tensor<4x8xf32>
    rank.return %1 : tensor<4x8xf32>
  }
}

// -----

// rule: rank.launch: `vpp` is 1 with `schedule` 1f1b and zb-h1, 2 with dualpipev
// expected-error @+1 {{'rank.launch' op 'vpp' is 2; it must be 1 with 'schedule' 1f1b}}
rank.launch @launch mesh<pp = 2, vpp = 2, dp = 1> schedule "1f1b" experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// -----

// expected-error @+1 {{'rank.launch' op 'vpp' is 2; it must be 1 with 'schedule' zb-h1}}
rank.launch @launch mesh<pp = 2, vpp = 2, dp = 1> schedule "zb-h1" experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// -----

// expected-error @+1 {{'rank.launch' op 'vpp' is 1; it must be 2 with 'schedule' dualpipev}}
rank.launch @launch mesh<pp = 2, dp = 1> schedule dualpipev experts<ep = 1> batch 4 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// -----

// expected-error @+1 {{'rank.launch' op has 3 micro-batches; they must be at least 'vpp' * 'pp', 4, with 'schedule' dualpipev}}
rank.launch @launch mesh<pp = 2, vpp = 2, dp = 1> schedule dualpipev experts<ep = 1> batch 3 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// -----

// rule: rank.launch: `vpp` and `pp` are above 1 with `schedule` interleaved
// expected-error @+1 {{'rank.launch' op 'pp' is 2 and 'vpp' 1; both must be above 1 with 'schedule' interleaved}}
rank.launch @launch mesh<pp = 2, dp = 1> schedule interleaved experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// -----

// rule: rank.launch: `pp` is above 1 with `schedule` zb-h1 and dualpipev
// expected-error @+1 {{'rank.launch' op 'pp' is 1; it must be above 1 with 'schedule' zb-h1}}
rank.launch @launch mesh<pp = 1, dp = 1> schedule "zb-h1" experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// -----

// rule: rank.launch: with `schedule` zb-h1 and dualpipev, the micro-batches are at least `vpp` * `pp`
// expected-error @+1 {{'rank.launch' op has 2 micro-batches; they must be at least 'vpp' * 'pp', 3, with 'schedule' zb-h1}}
rank.launch @launch mesh<pp = 3, dp = 1> schedule "zb-h1" experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// -----

// A backward that is split.

rank.launch @launch mesh<pp = 2, dp = 1> schedule "zb-h1" experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %0 = rank.add %x, %x : tensor<4x8xf32>
    %1 = rank.add %0, %x : tensor<4x8xf32>
    rank.return %1 : tensor<4x8xf32> saves(%0 : tensor<4x8xf32>) holds(%1 : tensor<4x8xf32>)
  }
  rank.func @input_gradients(%s: tensor<4x8xf32>, %h: tensor<4x8xf32>, %dy: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {num_saved = 2 : i64, captured = array<i64>} {
    %0 = rank.add %s, %dy : tensor<4x8xf32>
    rank.return %dy : tensor<4x8xf32> holds(%0 : tensor<4x8xf32>)
  }
  rank.func @weight_gradients(%h: tensor<4x8xf32>, %g: tensor<4x8xf32>, %dy: tensor<4x8xf32>) attributes {num_saved = 2 : i64, captured = array<i64>, captured_gradients = array<i64: 0>} {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 2, dp = 1> schedule "zb-h1" experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %0 = rank.add %x, %x : tensor<4x8xf32>
    %1 = rank.add %0, %x : tensor<4x8xf32>
    rank.return %1 : tensor<4x8xf32> saves(%0 : tensor<4x8xf32>) holds(%1 : tensor<4x8xf32>)
  }
  // rule: rank.program: @input_gradients takes and returns what @backward does
  // expected-error @+1 {{'rank.func' op must take what @forward saves, the captured arguments and the gradients of @forward's results}}
  rank.func @input_gradients(%s: tensor<4x8xf32>, %h: tensor<4x8xf32>, %dy: tensor<8xf32>) -> tensor<4x8xf32> attributes {num_saved = 2 : i64, captured = array<i64>} {
    %0 = rank.add %s, %h : tensor<4x8xf32>
    rank.return %0 : tensor<4x8xf32> holds(%0 : tensor<4x8xf32>)
  }
  rank.func @weight_gradients(%h: tensor<4x8xf32>, %g: tensor<4x8xf32>, %dy: tensor<4x8xf32>) attributes {num_saved = 2 : i64, captured = array<i64>, captured_gradients = array<i64: 0>} {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 2, dp = 1> schedule "zb-h1" experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %0 = rank.add %x, %x : tensor<4x8xf32>
    %1 = rank.add %0, %x : tensor<4x8xf32>
    rank.return %1 : tensor<4x8xf32> saves(%0 : tensor<4x8xf32>) holds(%1 : tensor<4x8xf32>)
  }
  // expected-error @+1 {{'rank.func' op 'num_saved' is 1; 2 values are kept for it}}
  rank.func @input_gradients(%s: tensor<4x8xf32>, %h: tensor<4x8xf32>, %dy: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {num_saved = 1 : i64, captured = array<i64>} {
    %0 = rank.add %s, %dy : tensor<4x8xf32>
    rank.return %dy : tensor<4x8xf32> holds(%0 : tensor<4x8xf32>)
  }
  rank.func @weight_gradients(%h: tensor<4x8xf32>, %g: tensor<4x8xf32>, %dy: tensor<4x8xf32>) attributes {num_saved = 2 : i64, captured = array<i64>, captured_gradients = array<i64: 0>} {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 2, dp = 1> schedule "zb-h1" experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %0 = rank.add %x, %x : tensor<4x8xf32>
    %1 = rank.add %0, %x : tensor<4x8xf32>
    rank.return %1 : tensor<4x8xf32> saves(%0 : tensor<4x8xf32>) holds(%1 : tensor<4x8xf32>)
  }
  rank.func @input_gradients(%s: tensor<4x8xf32>, %h: tensor<4x8xf32>, %dy: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {num_saved = 2 : i64, captured = array<i64>} {
    %0 = rank.add %s, %dy : tensor<4x8xf32>
    rank.return %dy : tensor<4x8xf32> holds(%0 : tensor<4x8xf32>)
  }
  // rule: rank.program: @weight_gradients takes what @forward and @input_gradients hold, the arguments of @forward that it
  //   names as `captured` and the gradients of its results that it names as `captured_gradients`, and returns nothing
  // expected-error @+1 {{'rank.func' op must take what @forward and @input_gradients hold, and the captured arguments and gradients}}
  rank.func @weight_gradients(%h: tensor<4x8xf32>, %g: tensor<4x8xf32>, %dy: tensor<4x8xf32>) attributes {num_saved = 2 : i64, captured = array<i64>, captured_gradients = array<i64>} {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 2, dp = 1> schedule "zb-h1" experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %0 = rank.add %x, %x : tensor<4x8xf32>
    %1 = rank.add %0, %x : tensor<4x8xf32>
    rank.return %1 : tensor<4x8xf32> saves(%0 : tensor<4x8xf32>) holds(%1 : tensor<4x8xf32>)
  }
  rank.func @input_gradients(%s: tensor<4x8xf32>, %h: tensor<4x8xf32>, %dy: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {num_saved = 2 : i64, captured = array<i64>} {
    %0 = rank.add %s, %dy : tensor<4x8xf32>
    rank.return %dy : tensor<4x8xf32> holds(%0 : tensor<4x8xf32>)
  }
  // expected-error @+1 {{'rank.func' op has no 'captured_gradients'}}
  rank.func @weight_gradients(%h: tensor<4x8xf32>, %g: tensor<4x8xf32>, %dy: tensor<4x8xf32>) attributes {num_saved = 2 : i64, captured = array<i64>} {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 2, dp = 1> schedule "zb-h1" experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %0 = rank.add %x, %x : tensor<4x8xf32>
    %1 = rank.add %0, %x : tensor<4x8xf32>
    rank.return %1 : tensor<4x8xf32> saves(%0 : tensor<4x8xf32>) holds(%1 : tensor<4x8xf32>)
  }
  rank.func @input_gradients(%s: tensor<4x8xf32>, %h: tensor<4x8xf32>, %dy: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {num_saved = 2 : i64, captured = array<i64>} {
    %0 = rank.add %s, %dy : tensor<4x8xf32>
    rank.return %dy : tensor<4x8xf32> holds(%0 : tensor<4x8xf32>)
  }
  // expected-error @+1 {{'rank.func' op 'captured_gradients' names result 1 of @forward, which has 1}}
  rank.func @weight_gradients(%h: tensor<4x8xf32>, %g: tensor<4x8xf32>, %dy: tensor<4x8xf32>) attributes {num_saved = 2 : i64, captured = array<i64>, captured_gradients = array<i64: 1>} {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 2, dp = 1> schedule "zb-h1" experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %0 = rank.add %x, %x : tensor<4x8xf32>
    %1 = rank.add %0, %x : tensor<4x8xf32>
    rank.return %1 : tensor<4x8xf32> saves(%0 : tensor<4x8xf32>) holds(%1 : tensor<4x8xf32>)
  }
  rank.func @input_gradients(%s: tensor<4x8xf32>, %h: tensor<4x8xf32>, %dy: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {num_saved = 2 : i64, captured = array<i64>} {
    %0 = rank.add %s, %dy : tensor<4x8xf32>
    rank.return %dy : tensor<4x8xf32> holds(%0 : tensor<4x8xf32>)
  }
  // expected-error @+1 {{'rank.func' op must return nothing}}
  rank.func @weight_gradients(%h: tensor<4x8xf32>, %g: tensor<4x8xf32>, %dy: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {num_saved = 2 : i64, captured = array<i64>, captured_gradients = array<i64: 0>} {
    rank.return %h : tensor<4x8xf32>
  }
}

// -----

rank.launch @launch mesh<pp = 2, dp = 1> schedule "zb-h1" experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %0 = rank.add %x, %x : tensor<4x8xf32>
    %1 = rank.add %0, %x : tensor<4x8xf32>
    rank.return %1 : tensor<4x8xf32> saves(%0 : tensor<4x8xf32>) holds(%1 : tensor<4x8xf32>)
  }
  // rule: rank.program: @input_gradients and @weight_gradients are there together, and only @forward and @input_gradients
  //   beside them hold values
  // expected-error @+1 {{'rank.func' op has no @weight_gradients beside it}}
  rank.func @input_gradients(%s: tensor<4x8xf32>, %h: tensor<4x8xf32>, %dy: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {num_saved = 2 : i64, captured = array<i64>} {
    %0 = rank.add %s, %dy : tensor<4x8xf32>
    rank.return %dy : tensor<4x8xf32> holds(%0 : tensor<4x8xf32>)
  }
}

// -----

rank.launch @launch mesh<pp = 2, dp = 1> schedule "zb-h1" experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %0 = rank.add %x, %x : tensor<4x8xf32>
    %1 = rank.add %0, %x : tensor<4x8xf32>
    rank.return %1 : tensor<4x8xf32> saves(%0 : tensor<4x8xf32>) holds(%1 : tensor<4x8xf32>)
  }
  // expected-error @+1 {{'rank.func' op has no @input_gradients beside it}}
  rank.func @weight_gradients(%h: tensor<4x8xf32>, %g: tensor<4x8xf32>, %dy: tensor<4x8xf32>) attributes {num_saved = 2 : i64, captured = array<i64>, captured_gradients = array<i64: 0>} {
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 2, dp = 1> schedule "zb-h1" experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // expected-error @+1 {{'rank.func' op holds values; only @forward and @input_gradients can, beside @weight_gradients}}
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %0 = rank.add %x, %x : tensor<4x8xf32>
    %1 = rank.add %0, %x : tensor<4x8xf32>
    rank.return %1 : tensor<4x8xf32> saves(%0 : tensor<4x8xf32>) holds(%1 : tensor<4x8xf32>)
  }
}

// -----

rank.launch @launch mesh<pp = 2, dp = 1> schedule "zb-h1" experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %0 = rank.add %x, %x : tensor<4x8xf32>
    %1 = rank.add %0, %x : tensor<4x8xf32>
    rank.return %1 : tensor<4x8xf32> saves(%0 : tensor<4x8xf32>) holds(%1 : tensor<4x8xf32>)
  }
  rank.func @input_gradients(%s: tensor<4x8xf32>, %h: tensor<4x8xf32>, %dy: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {num_saved = 2 : i64, captured = array<i64>} {
    %0 = rank.add %s, %dy : tensor<4x8xf32>
    rank.return %dy : tensor<4x8xf32> holds(%0 : tensor<4x8xf32>)
  }
  rank.func @weight_gradients(%h: tensor<4x8xf32>, %g: tensor<4x8xf32>, %dy: tensor<4x8xf32>) attributes {num_saved = 2 : i64, captured = array<i64>, captured_gradients = array<i64: 0>} {
    rank.return
  }
  rank.schedule {
    %x = rank.recv forward from 1 micro_batch 0 : tensor<4x8xf32>
    %y, %s, %h = rank.call @forward(%x) micro_batch 0 : (tensor<4x8xf32>) -> (tensor<4x8xf32>, !rank.residual, !rank.residual)
    %dx, %g = rank.call @input_gradients(%s, %h, %x) micro_batch 0 : (!rank.residual, !rank.residual, tensor<4x8xf32>) -> (tensor<4x8xf32>, !rank.residual)
    // expected-error @+1 {{'rank.call' op has operands that differ from what @weight_gradients takes, ('!rank.residual', '!rank.residual', 'tensor<4x8xf32>')}}
    rank.call @weight_gradients(%h, %x) micro_batch 0 : (!rank.residual, tensor<4x8xf32>) -> ()
  }
}
