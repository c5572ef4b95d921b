// RUN: sigma-opt %s -split-input-file -verify-diagnostics

// rule: rank.launch: `zero` and `expert_zero` are from 0 to 3, and 0 where one rank holds the parameters
// expected-error @+1 {{'rank.launch' op 'zero' is 4; it must be from 0 to 3}}
rank.launch @launch mesh<pp = 1, dp = 2, zero = 4> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// -----

// expected-error @+1 {{'rank.launch' op 'expert_zero' is 1; it must be from 0 to 0 where one rank holds the parameters}}
rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1, zero = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 1> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  // rule: rank.flat: `axis` is dp or edp, and the launch has a ZeRO stage for it
  // expected-error @+1 {{'rank.flat' op 'axis' is edp; it must be dp or edp, with a ZeRO stage in the launch}}
  rank.flat @f over edp elements 32 part 16
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 1> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  // rule: rank.flat: `part` is positive, and the replicas' parts hold all `elements`
  // expected-error @+1 {{'rank.flat' op 'part' is 8; 2 of them must hold the elements, 32}}
  rank.flat @f over dp elements 32 part 8
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 1> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  // expected-note @+1 {{flat of 32 is here}}
  rank.flat @f over dp elements 32 part 16
  // rule: rank.parameter: `flat` names a rank.flat of the program, in which the tensor fits from element `begin`
  // expected-error @+1 {{'rank.parameter' op has 32 elements, which do not fit in 'flat' from element 16}}
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 16
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 1> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  // rule: rank.parameter: `flat` is over edp with `expert`, over dp without
  // expected-error @+1 {{'rank.parameter' op 'flat' names @f, over dp; it must be over edp}}
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) expert in @f at 0
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 1> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  // expected-error @+1 {{'rank.parameter' op 'flat' names @f, which is no rank.flat of this program}}
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 2> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.schedule {
    // rule: rank.reduce_scatter_gradients: `flat` names a rank.flat of the program, of which a rank holds all gradients
    // expected-error @+1 {{'rank.reduce_scatter_gradients' op 'flat' names @f, of whose gradients a rank keeps a part: its ZeRO stage is 2}}
    rank.reduce_scatter_gradients @f
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 3> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.schedule {
    // rule: rank.all_gather_values: `flat` names a rank.flat of the program, of which a rank holds all values
    // expected-error @+1 {{'rank.all_gather_values' op 'flat' names @f, of whose values a rank keeps a part: its ZeRO stage is 3}}
    rank.all_gather_values @f
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 1> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.schedule {
    // rule: rank.gradient_norm: `flat` names a rank.flat of the program
    // expected-error @+1 {{'rank.gradient_norm' op 'flat' names @w, which is no rank.flat of this program}}
    rank.gradient_norm dp of @w
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 2> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.schedule {
    // rule: rank.all_reduce_gradients: `flat` names a rank.flat of the program, and goes with axis tp or ends, without `loads`
    // expected-error @+1 {{'rank.all_reduce_gradients' op has a 'flat', which goes with axis tp or ends, without 'loads'}}
    rank.all_reduce_gradients dp of @f
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 1> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.func @f0() {
    // rule: rank.flat_gradients: `flat` names a rank.flat of the program, of whose gradients a rank keeps a part
    // expected-error @+1 {{'rank.flat_gradients' op 'flat' names @f, of whose gradients a rank keeps all: its ZeRO stage is 1}}
    %g = rank.flat_gradients @f : tensor<32xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 2> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.func @f0() {
    // rule: rank.flat_gradients: the result has its elements
    // expected-error @+1 {{'rank.flat_gradients' op 'result' has shape 16; it must be 32}}
    %g = rank.flat_gradients @f : tensor<16xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 2> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.func @f0() {
    %g = rank.constant 0.0 : tensor<32xf32>
    // rule: rank.reduce_gradients: `gradients` come from rank.flat_gradients
    // expected-error @+1 {{'rank.reduce_gradients' op 'gradients' must come from rank.flat_gradients}}
    rank.reduce_gradients %g : tensor<32xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 2> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.func @f0() {
    // rule: rank.gather_values: `flat` names a rank.flat of the program, of whose values a rank keeps a part
    // expected-error @+1 {{'rank.gather_values' op 'flat' names @f, of whose values a rank keeps all: its ZeRO stage is 2}}
    %v = rank.gather_values @f : tensor<32xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 3> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.func @f0() {
    // rule: rank.gather_values: the result has its elements
    // expected-error @+1 {{'rank.gather_values' op 'result' has shape 16; it must be 32}}
    %v = rank.gather_values @f : tensor<16xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 3> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.func @f0() {
    // rule: rank.weight: it is read in `values`, of rank.gather_values or rank.start_gather of its flat, where a rank keeps a part of the values, and only there
    // expected-error @+1 {{'rank.weight' op needs 'values' of rank.gather_values @f}}
    %w = rank.weight @w : tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 1> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.func @f0() {
    %v = rank.constant 0.0 : tensor<32xf32>
    // expected-error @+1 {{'rank.weight' op has 'values', but a rank keeps all of @w}}
    %w = rank.weight @w in %v(tensor<32xf32>) : tensor<4x8xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 2, dp = 2, zero = 1> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  // rule: rank.flat: the parameters in it are all `at_ends`, or none is
  // expected-error @+1 {{'rank.flat' op has parameters that are 'at_ends', and others}}
  rank.flat @f over dp elements 64 part 32
  rank.parameter @table : tensor<4x8xf32> init ones(0.0) at_ends in @f at 0
  // expected-note @+1 {{another is here}}
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 32
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 3> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64, overlaps_parameters}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.func @forward() {
    // rule: rank.wait_values: `flat` names a rank.flat of the program, of which a rank holds all values
    // expected-error @+1 {{'rank.wait_values' op 'flat' names @f, of whose values a rank keeps a part: its ZeRO stage is 3}}
    rank.wait_values @f
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 3> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.func @forward() {
    // rule: rank.start_gather: the launch `overlaps_parameters`
    // expected-error @+1 {{'rank.start_gather' op needs a launch that 'overlaps_parameters'}}
    %0 = rank.start_gather @f : tensor<32xf32>
    rank.wait_gather %0 : tensor<32xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64, overlaps_parameters}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward() {
    // rule: rank.start_gather: `flat` names a rank.flat of the program, of whose values a rank keeps a part
    // expected-error @+1 {{'rank.start_gather' op 'flat' names @f, which is no rank.flat of this program}}
    %0 = rank.start_gather @f : tensor<32xf32>
    rank.wait_gather %0 : tensor<32xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 3> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64, overlaps_parameters}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.func @forward() {
    // rule: rank.start_gather: the result has its elements
    // expected-error @+1 {{'rank.start_gather' op 'result' has shape 16; it must be 32}}
    %0 = rank.start_gather @f : tensor<16xf32>
    rank.wait_gather %0 : tensor<16xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 3> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64, overlaps_parameters}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.func @forward() {
    %0 = rank.gather_values @f : tensor<32xf32>
    // rule: rank.wait_gather: `values` come from rank.start_gather
    // expected-error @+1 {{'rank.wait_gather' op 'values' must come from rank.start_gather}}
    rank.wait_gather %0 : tensor<32xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 3> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64, overlaps_parameters}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.func @forward() {
    %0 = rank.start_gather @f : tensor<32xf32>
    // expected-note @+1 {{here}}
    %1 = rank.weight @w in %0(tensor<32xf32>) : tensor<4x8xf32>
    // rule: rank.wait_gather: no weight is read in `values` before
    // expected-error @+1 {{'rank.wait_gather' op 'values' are read before}}
    rank.wait_gather %0 : tensor<32xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.parameter @w : tensor<4x8xf32> init ones(0.0)
  rank.schedule {
    // rule: rank.start_reduce: the launch `overlaps_gradients`
    // expected-error @+1 {{'rank.start_reduce' op needs a launch that 'overlaps_gradients'}}
    rank.start_reduce dp of [@w]
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 1> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64, overlaps_gradients}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.parameter @e : tensor<1x8xf32> init ones(0.0) expert
  rank.schedule {
    // rule: rank.start_reduce: `of` names parameters of the program, or one rank.flat of which a rank holds all gradients
    // expected-error @+1 {{'rank.start_reduce' op 'of' is [@f, @e]; it must name parameters of the program, or one rank.flat of which a rank holds all gradients}}
    rank.start_reduce dp of [@f, @e]
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 1> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64, overlaps_gradients}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.parameter @e : tensor<1x8xf32> init ones(0.0) expert
  rank.schedule {
    // expected-error @+1 {{'rank.start_reduce' op 'of' is [@none]; it must name}}
    rank.start_reduce dp of [@none]
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 1> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64, overlaps_gradients}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.parameter @e : tensor<1x8xf32> init ones(0.0) expert
  rank.schedule {
    // rule: rank.start_reduce: the gradients of what it names are summed over `axis`, dp or edp
    // expected-error @+1 {{'rank.start_reduce' op 'of' is [@f], not all of whose gradients are summed over edp}}
    rank.start_reduce edp of [@f]
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 1> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64, overlaps_gradients}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.parameter @e : tensor<1x8xf32> init ones(0.0) expert
  rank.schedule {
    // expected-error @+1 {{'rank.start_reduce' op 'of' is [@e], not all of whose gradients are summed over ends}}
    rank.start_reduce ends of [@e]
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 3> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.func @forward() {
    %0 = rank.flat_gradients @f : tensor<32xf32>
    // rule: rank.start_reduce_gradients: the launch `overlaps_gradients`
    // expected-error @+1 {{'rank.start_reduce_gradients' op needs a launch that 'overlaps_gradients'}}
    rank.start_reduce_gradients %0 : tensor<32xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 3> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64, overlaps_gradients}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.func @forward() {
    %0 = rank.gather_values @f : tensor<32xf32>
    // rule: rank.start_reduce_gradients: `gradients` come from rank.flat_gradients
    // expected-error @+1 {{'rank.start_reduce_gradients' op 'gradients' must come from rank.flat_gradients}}
    rank.start_reduce_gradients %0 : tensor<32xf32>
    rank.return
  }
}

// -----

rank.launch @launch mesh<pp = 1, dp = 2, zero = 3> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64, overlaps_gradients}
rank.program @p stage 0 of @launch layers 0 to 0 remat [] {
  rank.flat @f over dp elements 32 part 16
  rank.parameter @w : tensor<4x8xf32> init ones(0.0) in @f at 0
  rank.func @forward() {
    %0 = rank.flat_gradients @f : tensor<32xf32>
    // rule: rank.wait_reduce_gradients: `gradients` are those of a rank.start_reduce_gradients before it
    // expected-error @+1 {{'rank.wait_reduce_gradients' op 'gradients' must be those of a rank.start_reduce_gradients before it}}
    rank.wait_reduce_gradients %0 : tensor<32xf32>
    rank.start_reduce_gradients %0 : tensor<32xf32>
    rank.return
  }
}
