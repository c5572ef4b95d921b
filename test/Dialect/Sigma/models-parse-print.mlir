// RUN: sigma-opt %s | FileCheck %s
// RUN: sigma-opt %s | sigma-opt | FileCheck %s
// RUN: sigma-opt --mlir-print-op-generic %s | sigma-opt | FileCheck %s
// RUN: sigma-opt --emit-bytecode %s | sigma-opt | FileCheck %s

// CHECK-LABEL: sigma.model @gpt_oss
sigma.model @gpt_oss sequence 4096 norm_epsilon 1.0e-5 {
  sigma.embedding vocabulary 201088 width 2880
  // CHECK: sigma.repeat 12 {
  sigma.repeat 12 {
    // CHECK-NEXT: sigma.attention heads 64 kv_heads 8 head_width 64 rope <base = 1.500000e+05, yarn = {beta_fast = 3.200000e+01 : f64, beta_slow = 1.000000e+00 : f64, factor = 3.200000e+01 : f64, original_positions = 4096 : i64, truncate = 0 : i64}> bias [query, key, value, output] window 128 sinks{{$}}
    sigma.attention heads 64 kv_heads 8 head_width 64 bias [query, key, value, output] window 128 sinks
        rope <base = 1.5e5, yarn = {factor = 32.0, original_positions = 4096, beta_fast = 32.0, beta_slow = 1.0, truncate = 0}>
    // CHECK-NEXT: sigma.moe experts 32 top_k 4 width 2880 router softmax normalize router_bias activation clamped_swiglu limit 7.000000e+00 bias balance_loss 9.000000e-01
    sigma.moe experts 32 top_k 4 width 2880 router softmax normalize router_bias bias
        activation clamped_swiglu limit 7.0 balance_loss 0.9
    // CHECK-NEXT: sigma.attention heads 64 kv_heads 8 head_width 64 rope 1.500000e+05 bias [query, key, value, output] sinks
    sigma.attention heads 64 kv_heads 8 head_width 64 bias [query, key, value, output] sinks rope 1.5e5
    sigma.mlp width 2880 activation clamped_swiglu limit 7.0 bias
  }
  sigma.head untied
}

// CHECK-LABEL: sigma.model @deepseek_v3
sigma.model @deepseek_v3 sequence 4096 {
  sigma.embedding vocabulary 129280 width 7168
  sigma.repeat 3 {
    // CHECK: sigma.latent_attention heads 128 q_rank 1536 kv_rank 512 nope_width 128 rope_width 64 value_width 128 rope <base = 1.000000e+04, yarn = {factor = 4.000000e+01 : f64, mscale = 1.000000e+00 : f64, mscale_all_dim = 1.000000e+00 : f64, original_positions = 4096 : i64}>
    sigma.latent_attention heads 128 q_rank 1536 kv_rank 512 nope_width 128 rope_width 64 value_width 128
        rope <base = 1.0e4, yarn = {factor = 40.0, original_positions = 4096, mscale = 1.0, mscale_all_dim = 1.0}>
    sigma.mlp width 18432
  }
  sigma.repeat 58 {
    // CHECK: sigma.latent_attention heads 128 kv_rank 512 nope_width 128 rope_width 64 value_width 128 rope 1.000000e+04 scale 1.250000e-01
    sigma.latent_attention heads 128 kv_rank 512 nope_width 128 rope_width 64 value_width 128 rope 1.0e4 scale 0.125
    // CHECK-NEXT: sigma.moe experts 256 top_k 8 width 2048 router sigmoid normalize scaling 2.500000e+00 selection_bias bias_update_rate 1.000000e-03 groups 8 top_groups 4 shared 1 shared_width 2048 z_loss 1.000000e-03
    sigma.moe experts 256 top_k 8 width 2048 router sigmoid normalize scaling 2.5 selection_bias
        bias_update_rate 1.0e-3 groups 8 top_groups 4 shared 1 shared_width 2048 z_loss 1.0e-3
  }
  // CHECK: sigma.mtp 1 loss_factor 1.000000e-01 {
  sigma.mtp 1 loss_factor 0.1 {
    sigma.latent_attention heads 128 kv_rank 512 nope_width 128 rope_width 64 value_width 128 rope 1.0e4
    sigma.moe experts 256 top_k 8 width 2048 router sigmoid
  }
  sigma.head untied
}

// CHECK-LABEL: sigma.model @grok sequence 64 norm_placement sandwich norm_epsilon 1.000000e-05 init_std 1.000000e-02 {
sigma.model @grok sequence 64 norm_placement sandwich norm_epsilon 1.0e-5 init_std 1.0e-2 {
  // CHECK-NEXT: sigma.embedding vocabulary 64 width 32 scale 78.379999999999995
  sigma.embedding vocabulary 64 width 32 scale 78.38
  sigma.repeat 2 {
    // CHECK: sigma.attention heads 4 kv_heads 2 head_width 8 rope 1.000000e+04 scale 8.000000e-02 softcap 3.000000e+01
    sigma.attention heads 4 kv_heads 2 head_width 8 rope 1.0e4 scale 0.08 softcap 30.0
    // CHECK-NEXT: sigma.moe experts 8 top_k 2 width 16 router softmax activation geglu
    sigma.moe experts 8 top_k 2 width 16 router softmax activation geglu
  }
  // CHECK: sigma.head tied scale 5.000000e-01
  sigma.head tied scale 0.5
}

// CHECK-LABEL: sigma.model @olmo2 sequence 64 norm_placement output residual_scale 2.200000e-01 {
sigma.model @olmo2 sequence 64 residual_scale 0.22 norm_placement output {
  sigma.embedding vocabulary 64 width 32
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 4 head_width 8 rope 1.0e4 qk_norm full_width
    sigma.mlp width 128
  }
  sigma.head untied
}

// CHECK-LABEL: sigma.model @gpt2 sequence 64 norm layer norm_epsilon 1.000000e-05 {
sigma.model @gpt2 sequence 64 norm layer norm_epsilon 1.0e-5 norm_placement pre {
  // CHECK-NEXT: sigma.embedding vocabulary 64 width 32 positions 64
  sigma.embedding vocabulary 64 width 32 positions 64
  sigma.repeat 2 {
    // CHECK: sigma.attention heads 4 kv_heads 4 head_width 8 bias [query, key, value, output]
    sigma.attention heads 4 kv_heads 4 head_width 8 bias [query, key, value, output]
    // CHECK-NEXT: sigma.mlp width 128 activation gelu_tanh bias
    sigma.mlp width 128 activation gelu_tanh bias
  }
  sigma.head tied
}

// CHECK-LABEL: sigma.model @others sequence 64 norm layer_no_bias norm_placement post {
sigma.model @others sequence 64 norm layer_no_bias norm_placement post {
  sigma.embedding vocabulary 64 width 32
  sigma.repeat 1 {
    // CHECK: sigma.attention heads 4 kv_heads 4 head_width 8 qk_norm full_width clip 8.000000e+00
    sigma.attention heads 4 kv_heads 4 head_width 8 qk_norm full_width clip 8.0
    // CHECK-NEXT: sigma.moe experts 4 top_k 1 width 16 router sigmoid weigh_input shared 1 shared_width 16 shared_gate
    sigma.moe experts 4 top_k 1 width 16 router sigmoid weigh_input shared 1 shared_width 16 shared_gate
    // CHECK-NEXT: sigma.attention heads 4 kv_heads 4 head_width 8 rope <base = 1.000000e+04, width = 4> qk_norm l2 chunk 8
    sigma.attention heads 4 kv_heads 4 head_width 8 rope #sigma.rope<base = 1.0e4, width = 4> qk_norm l2 chunk 8
    sigma.mlp width 8 activation relu_squared
    // CHECK: sigma.attention heads 4 kv_heads 4 head_width 8 rope <base = 1.000000e+04, width = 4, longrope = {long_factor = [1.000000e+00, 2.000000e+00], original_positions = 32 : i64, short_factor = [1.000000e+00, 1.000000e+00]}> qk_norm window 9
    sigma.attention heads 4 kv_heads 4 head_width 8 window 9 qk_norm
        rope <base = 1.0e4, width = 4, longrope = {short_factor = [1.0, 1.0], long_factor = [1.0, 2.0], original_positions = 32}>
    sigma.mlp width 8 activation silu
  }
  // CHECK: sigma.head untied bias normalize softcap 3.000000e+01
  sigma.head untied bias normalize softcap 30.0
}
