// The architectures of published models at their full size. The counts that they must have are in
// test/unit/models/CountTest.cpp.

sigma.model @mixtral_8x7b sequence 4096 norm_epsilon 1.0e-5 {
  sigma.embedding vocabulary 32000 width 4096
  sigma.repeat 32 {
    sigma.attention heads 32 kv_heads 8 head_width 128 rope 1.0e6
    sigma.moe experts 8 top_k 2 width 14336 router softmax normalize balance_loss 0.02
  }
  sigma.head untied
}

sigma.model @deepseek_v2_lite sequence 4096 {
  sigma.embedding vocabulary 102400 width 2048
  sigma.repeat 1 {
    sigma.latent_attention heads 16 kv_rank 512 nope_width 128 rope_width 64 value_width 128 rope <base = 1.0e4, yarn = {factor = 40.0, original_positions = 4096, mscale = 0.707, mscale_all_dim = 0.707}>
    sigma.mlp width 10944
  }
  sigma.repeat 26 {
    sigma.latent_attention heads 16 kv_rank 512 nope_width 128 rope_width 64 value_width 128 rope <base = 1.0e4, yarn = {factor = 40.0, original_positions = 4096, mscale = 0.707, mscale_all_dim = 0.707}>
    sigma.moe experts 64 top_k 6 width 1408 router softmax shared 2 shared_width 1408 balance_loss 1.0e-3
  }
  sigma.head untied
}

sigma.model @deepseek_v3 sequence 4096 {
  sigma.embedding vocabulary 129280 width 7168
  sigma.repeat 3 {
    sigma.latent_attention heads 128 q_rank 1536 kv_rank 512 nope_width 128 rope_width 64 value_width 128 rope <base = 1.0e4, yarn = {factor = 40.0, original_positions = 4096, mscale = 1.0, mscale_all_dim = 1.0}>
    sigma.mlp width 18432
  }
  sigma.repeat 58 {
    sigma.latent_attention heads 128 q_rank 1536 kv_rank 512 nope_width 128 rope_width 64 value_width 128 rope <base = 1.0e4, yarn = {factor = 40.0, original_positions = 4096, mscale = 1.0, mscale_all_dim = 1.0}>
    sigma.moe experts 256 top_k 8 width 2048 router sigmoid normalize scaling 2.5 selection_bias groups 8 top_groups 4 shared 1 shared_width 2048
  }
  sigma.mtp 1 {
    sigma.latent_attention heads 128 q_rank 1536 kv_rank 512 nope_width 128 rope_width 64 value_width 128 rope <base = 1.0e4, yarn = {factor = 40.0, original_positions = 4096, mscale = 1.0, mscale_all_dim = 1.0}>
    sigma.moe experts 256 top_k 8 width 2048 router sigmoid normalize scaling 2.5 selection_bias groups 8 top_groups 4 shared 1 shared_width 2048
  }
  sigma.head untied
}

sigma.model @qwen1_5_moe sequence 4096 {
  sigma.embedding vocabulary 151936 width 2048
  sigma.repeat 24 {
    sigma.attention heads 16 kv_heads 16 head_width 128 rope 1.0e6 bias [query, key, value]
    sigma.moe experts 60 top_k 4 width 1408 router softmax shared 1 shared_width 5632 shared_gate balance_loss 1.0e-3
  }
  sigma.head untied
}

sigma.model @qwen2_57b sequence 4096 {
  sigma.embedding vocabulary 151936 width 3584
  sigma.repeat 28 {
    sigma.attention heads 28 kv_heads 4 head_width 128 rope 1.0e6 bias [query, key, value]
    sigma.moe experts 64 top_k 8 width 2560 router softmax shared 1 shared_width 20480 shared_gate balance_loss 1.0e-3
  }
  sigma.head untied
}

sigma.model @qwen3_30b sequence 4096 {
  sigma.embedding vocabulary 151936 width 2048
  sigma.repeat 48 {
    sigma.attention heads 32 kv_heads 4 head_width 128 rope 1.0e6 qk_norm
    sigma.moe experts 128 top_k 8 width 768 router softmax normalize balance_loss 1.0e-3
  }
  sigma.head untied
}

sigma.model @qwen3_235b sequence 4096 {
  sigma.embedding vocabulary 151936 width 4096
  sigma.repeat 94 {
    sigma.attention heads 64 kv_heads 4 head_width 128 rope 1.0e6 qk_norm
    sigma.moe experts 128 top_k 8 width 1536 router softmax normalize balance_loss 1.0e-3
  }
  sigma.head untied
}

sigma.model @olmoe sequence 4096 norm_epsilon 1.0e-5 {
  sigma.embedding vocabulary 50304 width 2048
  sigma.repeat 16 {
    sigma.attention heads 16 kv_heads 16 head_width 128 rope 1.0e4 qk_norm full_width
    sigma.moe experts 64 top_k 8 width 1024 router softmax balance_loss 0.01 z_loss 1.0e-3
  }
  sigma.head untied
}

sigma.model @dbrx sequence 4096 norm layer_no_bias norm_epsilon 1.0e-5 {
  sigma.embedding vocabulary 100352 width 6144
  sigma.repeat 40 {
    sigma.attention heads 48 kv_heads 8 head_width 128 rope 5.0e5 clip 8.0
    sigma.moe experts 16 top_k 4 width 10752 router softmax normalize balance_loss 0.05
  }
  sigma.head untied
}

sigma.model @grok_1 sequence 8192 norm_placement sandwich norm_epsilon 1.0e-5 {
  sigma.embedding vocabulary 131072 width 6144 scale 78.38367176906169
  sigma.repeat 64 {
    sigma.attention heads 48 kv_heads 8 head_width 128 rope 1.0e4 scale 0.08838834764831845 softcap 30.0
    sigma.moe experts 8 top_k 2 width 32768 router softmax activation geglu_tanh balance_loss 1.0e-3
  }
  sigma.head tied scale 0.5773502691896257
}

sigma.model @glm_4_5_air sequence 4096 norm_epsilon 1.0e-5 {
  sigma.embedding vocabulary 151552 width 4096
  sigma.repeat 1 {
    sigma.attention heads 96 kv_heads 8 head_width 128 rope <base = 1.0e6, width = 64> bias [query, key, value]
    sigma.mlp width 10944
  }
  sigma.repeat 45 {
    sigma.attention heads 96 kv_heads 8 head_width 128 rope <base = 1.0e6, width = 64> bias [query, key, value]
    sigma.moe experts 128 top_k 8 width 1408 router sigmoid normalize selection_bias shared 1 shared_width 1408
  }
  sigma.head untied
}

sigma.model @gpt_oss_20b sequence 4096 norm_epsilon 1.0e-5 {
  sigma.embedding vocabulary 201088 width 2880
  sigma.repeat 12 {
    sigma.attention heads 64 kv_heads 8 head_width 64 rope <base = 1.5e5, yarn = {factor = 32.0, original_positions = 4096, beta_fast = 32.0, beta_slow = 1.0, truncate = 0}> bias [query, key, value, output] sinks window 128
    sigma.moe experts 32 top_k 4 width 2880 router softmax normalize router_bias activation clamped_swiglu limit 7.0 bias balance_loss 0.9
    sigma.attention heads 64 kv_heads 8 head_width 64 rope <base = 1.5e5, yarn = {factor = 32.0, original_positions = 4096, beta_fast = 32.0, beta_slow = 1.0, truncate = 0}> bias [query, key, value, output] sinks
    sigma.moe experts 32 top_k 4 width 2880 router softmax normalize router_bias activation clamped_swiglu limit 7.0 bias balance_loss 0.9
  }
  sigma.head untied
}

sigma.model @llama_4_scout sequence 8192 norm_epsilon 1.0e-5 {
  sigma.embedding vocabulary 202048 width 5120
  sigma.repeat 12 {
    sigma.attention heads 40 kv_heads 8 head_width 128 rope <base = 5.0e5, llama3 = {factor = 16.0, original_positions = 8192, low_freq_factor = 1.0, high_freq_factor = 1.0}> qk_norm l2 chunk 8192
    sigma.moe experts 16 top_k 1 width 8192 router sigmoid weigh_input shared 1 shared_width 8192
    sigma.attention heads 40 kv_heads 8 head_width 128 rope <base = 5.0e5, llama3 = {factor = 16.0, original_positions = 8192, low_freq_factor = 1.0, high_freq_factor = 1.0}> qk_norm l2 chunk 8192
    sigma.moe experts 16 top_k 1 width 8192 router sigmoid weigh_input shared 1 shared_width 8192
    sigma.attention heads 40 kv_heads 8 head_width 128 rope <base = 5.0e5, llama3 = {factor = 16.0, original_positions = 8192, low_freq_factor = 1.0, high_freq_factor = 1.0}> qk_norm l2 chunk 8192
    sigma.moe experts 16 top_k 1 width 8192 router sigmoid weigh_input shared 1 shared_width 8192
    sigma.attention heads 40 kv_heads 8 head_width 128 
    sigma.moe experts 16 top_k 1 width 8192 router sigmoid weigh_input shared 1 shared_width 8192
  }
  sigma.head untied
}

sigma.model @ling_lite sequence 4096 init_std 0.006 {
  sigma.embedding vocabulary 126464 width 2048
  sigma.repeat 28 {
    sigma.attention heads 16 kv_heads 4 head_width 128 rope 6.0e5
    sigma.moe experts 64 top_k 6 width 1408 router softmax normalize shared 2 shared_width 1408
  }
  sigma.head untied normalize
}

sigma.model @llama_3_1_8b sequence 4096 norm_epsilon 1.0e-5 {
  sigma.embedding vocabulary 128256 width 4096
  sigma.repeat 32 {
    sigma.attention heads 32 kv_heads 8 head_width 128 rope <base = 5.0e5, llama3 = {factor = 8.0, original_positions = 8192, low_freq_factor = 1.0, high_freq_factor = 4.0}>
    sigma.mlp width 14336
  }
  sigma.head untied
}

sigma.model @llama_3_1_70b sequence 4096 norm_epsilon 1.0e-5 {
  sigma.embedding vocabulary 128256 width 8192
  sigma.repeat 80 {
    sigma.attention heads 64 kv_heads 8 head_width 128 rope <base = 5.0e5, llama3 = {factor = 8.0, original_positions = 8192, low_freq_factor = 1.0, high_freq_factor = 4.0}>
    sigma.mlp width 28672
  }
  sigma.head untied
}

sigma.model @gpt2 sequence 1024 norm layer norm_epsilon 1.0e-5 {
  sigma.embedding vocabulary 50257 width 768 positions 1024
  sigma.repeat 12 {
    sigma.attention heads 12 kv_heads 12 head_width 64 bias [query, key, value, output]
    sigma.mlp width 3072 activation gelu_tanh bias
  }
  sigma.head tied
}

// Devices so large that a plan without tensor parallelism exists for each.
sigma.cluster @large devices 1024 {
  sigma.accelerator @h100
      memory_bytes 640000000000
      memory_bandwidth_bytes_per_s 3350000000000
      peak_f32_flops_per_s 67000000000000
      peak_bf16_flops_per_s 989000000000000
      launch_ns 4000
      matmul_efficiency_ppm 700000
      grouped_matmul_efficiency_ppm 600000
      attention_efficiency_ppm 500000
      memory_efficiency_ppm 850000
  sigma.tier @node devices 8
      bandwidth_bytes_per_s 400000000000
      latency_ns 3000
      jitter_ppm 10000
  sigma.tier @network devices 1024
      bandwidth_bytes_per_s 50000000000
      latency_ns 8000
      jitter_ppm 50000
  sigma.noise compute_jitter_ppm 10000 routing_jitter_ppm 100000
      spikes_per_million_steps 10 spike_ns 200000000
  sigma.failures
      device_mtbf_hours 20000
      restart_ns 600000000000
}


sigma.job @mixtral_8x7b_job model @mixtral_8x7b on @large batch 1024 precision bf16 expert_capacity_ppm 2000000 {
  sigma.adamw learning_rate 1.0e-4
}
sigma.job @deepseek_v2_lite_job model @deepseek_v2_lite on @large batch 1024 precision bf16 expert_capacity_ppm 2000000 {
  sigma.adamw learning_rate 1.0e-4
}
sigma.job @deepseek_v3_job model @deepseek_v3 on @large batch 1024 precision bf16 expert_capacity_ppm 2000000 {
  sigma.adamw learning_rate 1.0e-4
}
sigma.job @qwen1_5_moe_job model @qwen1_5_moe on @large batch 1024 precision bf16 expert_capacity_ppm 2000000 {
  sigma.adamw learning_rate 1.0e-4
}
sigma.job @qwen2_57b_job model @qwen2_57b on @large batch 1024 precision bf16 expert_capacity_ppm 2000000 {
  sigma.adamw learning_rate 1.0e-4
}
sigma.job @qwen3_30b_job model @qwen3_30b on @large batch 1024 precision bf16 expert_capacity_ppm 2000000 {
  sigma.adamw learning_rate 1.0e-4
}
sigma.job @qwen3_235b_job model @qwen3_235b on @large batch 1024 precision bf16 expert_capacity_ppm 2000000 {
  sigma.adamw learning_rate 1.0e-4
}
sigma.job @olmoe_job model @olmoe on @large batch 1024 precision bf16 expert_capacity_ppm 2000000 {
  sigma.adamw learning_rate 1.0e-4
}
sigma.job @dbrx_job model @dbrx on @large batch 1024 precision bf16 expert_capacity_ppm 2000000 {
  sigma.adamw learning_rate 1.0e-4
}
sigma.job @grok_1_job model @grok_1 on @large batch 1024 precision bf16 expert_capacity_ppm 2000000 {
  sigma.adamw learning_rate 1.0e-4
}
sigma.job @glm_4_5_air_job model @glm_4_5_air on @large batch 1024 precision bf16 expert_capacity_ppm 2000000 {
  sigma.adamw learning_rate 1.0e-4
}
sigma.job @gpt_oss_20b_job model @gpt_oss_20b on @large batch 1024 precision bf16 expert_capacity_ppm 2000000 {
  sigma.adamw learning_rate 1.0e-4
}
sigma.job @llama_4_scout_job model @llama_4_scout on @large batch 1024 precision bf16 expert_capacity_ppm 2000000 {
  sigma.adamw learning_rate 1.0e-4
}
sigma.job @ling_lite_job model @ling_lite on @large batch 1024 precision bf16 expert_capacity_ppm 2000000 {
  sigma.adamw learning_rate 1.0e-4
}
sigma.job @llama_3_1_8b_job model @llama_3_1_8b on @large batch 1024 precision bf16 expert_capacity_ppm 2000000 {
  sigma.adamw learning_rate 1.0e-4
}
sigma.job @llama_3_1_70b_job model @llama_3_1_70b on @large batch 1024 precision bf16 expert_capacity_ppm 2000000 {
  sigma.adamw learning_rate 1.0e-4
}
sigma.job @gpt2_job model @gpt2 on @large batch 1024 precision bf16 expert_capacity_ppm 2000000 {
  sigma.adamw learning_rate 1.0e-4
}
