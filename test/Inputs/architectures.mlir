// Published architectures, shrunk to two layers and a width of 16: what is particular to each is there. Every model
// has a job of its name on one core.

sigma.cluster @core devices 1 {
  sigma.accelerator @cpu
      memory_bytes 1073741824
      memory_bandwidth_bytes_per_s 8000000000
      peak_f32_flops_per_s 60000000000
      peak_f64_flops_per_s 30000000000
  sigma.tier @node devices 1 bandwidth_bytes_per_s 2000000000 latency_ns 20000
}

sigma.model @mixtral sequence 16 norm_epsilon 1.0e-5 {
  sigma.embedding vocabulary 256 width 16
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 2 head_width 8 rope 1.0e6
    sigma.moe experts 4 top_k 2 width 24 router softmax normalize balance_loss 0.02
  }
  sigma.head untied
}
sigma.job @mixtral_job model @mixtral on @core batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-2 warmup 2 clip 1.0
}

sigma.model @deepseek_v2_lite sequence 16 {
  sigma.embedding vocabulary 256 width 16
  sigma.repeat 1 {
    sigma.latent_attention heads 4 kv_rank 12 nope_width 8 rope_width 4 value_width 6 rope <base = 1.0e4, yarn = {factor = 40.0, original_positions = 8, mscale = 0.707, mscale_all_dim = 0.707}>
    sigma.mlp width 40
  }
  sigma.repeat 1 {
    sigma.latent_attention heads 4 kv_rank 12 nope_width 8 rope_width 4 value_width 6 rope <base = 1.0e4, yarn = {factor = 40.0, original_positions = 8, mscale = 0.707, mscale_all_dim = 0.707}>
    sigma.moe experts 8 top_k 3 width 12 router softmax shared 2 shared_width 12 balance_loss 1.0e-3
  }
  sigma.head untied
}
sigma.job @deepseek_v2_lite_job model @deepseek_v2_lite on @core batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-2 warmup 2 clip 1.0
}

sigma.model @deepseek_v3 sequence 16 {
  sigma.embedding vocabulary 256 width 16
  sigma.repeat 1 {
    sigma.latent_attention heads 4 q_rank 10 kv_rank 12 nope_width 8 rope_width 4 value_width 6 rope <base = 1.0e4, yarn = {factor = 40.0, original_positions = 8, mscale = 1.0, mscale_all_dim = 1.0}>
    sigma.mlp width 40
  }
  sigma.repeat 1 {
    sigma.latent_attention heads 4 q_rank 10 kv_rank 12 nope_width 8 rope_width 4 value_width 6 rope <base = 1.0e4, yarn = {factor = 40.0, original_positions = 8, mscale = 1.0, mscale_all_dim = 1.0}>
    sigma.moe experts 8 top_k 3 width 12 router sigmoid normalize scaling 2.5 selection_bias groups 4 top_groups 2 shared 1 shared_width 12
  }
  sigma.mtp 1 {
    sigma.latent_attention heads 4 q_rank 10 kv_rank 12 nope_width 8 rope_width 4 value_width 6 rope <base = 1.0e4, yarn = {factor = 40.0, original_positions = 8, mscale = 1.0, mscale_all_dim = 1.0}>
    sigma.moe experts 8 top_k 3 width 12 router sigmoid normalize scaling 2.5 selection_bias groups 4 top_groups 2 shared 1 shared_width 12
  }
  sigma.head untied
}
sigma.job @deepseek_v3_job model @deepseek_v3 on @core batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-2 warmup 2 clip 1.0
}

sigma.model @qwen1_5_moe sequence 16 {
  sigma.embedding vocabulary 256 width 16
  sigma.repeat 2 {
    sigma.attention heads 2 kv_heads 2 head_width 8 rope 1.0e6 bias [query, key, value]
    sigma.moe experts 6 top_k 3 width 12 router softmax shared 1 shared_width 20 shared_gate balance_loss 1.0e-3
  }
  sigma.head untied
}
sigma.job @qwen1_5_moe_job model @qwen1_5_moe on @core batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-2 warmup 2 clip 1.0
}

sigma.model @qwen3_moe sequence 16 {
  sigma.embedding vocabulary 256 width 16
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 2 head_width 8 rope 1.0e6 qk_norm
    sigma.moe experts 8 top_k 3 width 12 router softmax normalize balance_loss 1.0e-3
  }
  sigma.head untied
}
sigma.job @qwen3_moe_job model @qwen3_moe on @core batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-2 warmup 2 clip 1.0
}

sigma.model @olmoe sequence 16 norm_epsilon 1.0e-5 {
  sigma.embedding vocabulary 256 width 16
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 4 head_width 4 rope 1.0e4 qk_norm full_width
    sigma.moe experts 8 top_k 3 width 12 router softmax balance_loss 0.01 z_loss 1.0e-3
  }
  sigma.head untied
}
sigma.job @olmoe_job model @olmoe on @core batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-2 warmup 2 clip 1.0
}

sigma.model @dbrx sequence 16 norm layer_no_bias {
  sigma.embedding vocabulary 256 width 16
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 2 head_width 8 rope 5.0e5 clip 8.0
    sigma.moe experts 4 top_k 2 width 24 router softmax normalize balance_loss 0.05
  }
  sigma.head untied
}
sigma.job @dbrx_job model @dbrx on @core batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-2 warmup 2 clip 1.0
}

sigma.model @grok_1 sequence 16 norm_placement sandwich norm_epsilon 1.0e-5 {
  sigma.embedding vocabulary 256 width 16 scale 4.0
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 2 head_width 8 rope 1.0e4 scale 0.35 softcap 30.0
    sigma.moe experts 4 top_k 2 width 24 router softmax activation geglu_tanh balance_loss 1.0e-3
  }
  sigma.head tied scale 0.577
}
sigma.job @grok_1_job model @grok_1 on @core batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-2 warmup 2 clip 1.0
}

sigma.model @glm_4_5_air sequence 16 norm_epsilon 1.0e-5 {
  sigma.embedding vocabulary 256 width 16
  sigma.repeat 1 {
    sigma.attention heads 4 kv_heads 2 head_width 8 rope <base = 1.0e6, width = 4> bias [query, key, value]
    sigma.mlp width 40
  }
  sigma.repeat 1 {
    sigma.attention heads 4 kv_heads 2 head_width 8 rope <base = 1.0e6, width = 4> bias [query, key, value]
    sigma.moe experts 8 top_k 3 width 12 router sigmoid normalize selection_bias shared 1 shared_width 12
  }
  sigma.head untied
}
sigma.job @glm_4_5_air_job model @glm_4_5_air on @core batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-2 warmup 2 clip 1.0
}

sigma.model @gpt_oss sequence 16 norm_epsilon 1.0e-5 {
  sigma.embedding vocabulary 256 width 16
  sigma.repeat 1 {
    sigma.attention heads 4 kv_heads 2 head_width 8 rope <base = 1.5e5, yarn = {factor = 32.0, original_positions = 8, truncate = 0}> bias [query, key, value, output] sinks window 4
    sigma.moe experts 8 top_k 3 width 12 router softmax normalize router_bias activation clamped_swiglu limit 7.0 bias balance_loss 0.01
    sigma.attention heads 4 kv_heads 2 head_width 8 rope <base = 1.5e5, yarn = {factor = 32.0, original_positions = 8, truncate = 0}> bias [query, key, value, output] sinks
    sigma.moe experts 8 top_k 3 width 12 router softmax normalize router_bias activation clamped_swiglu limit 7.0 bias balance_loss 0.01
  }
  sigma.head untied
}
sigma.job @gpt_oss_job model @gpt_oss on @core batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-2 warmup 2 clip 1.0
}

sigma.model @llama_4 sequence 16 norm_epsilon 1.0e-5 {
  sigma.embedding vocabulary 256 width 16
  sigma.repeat 1 {
    sigma.attention heads 4 kv_heads 2 head_width 8 rope <base = 5.0e5, llama3 = {factor = 16.0, original_positions = 8, low_freq_factor = 1.0, high_freq_factor = 4.0}> qk_norm l2 chunk 8
    sigma.moe experts 4 top_k 1 width 24 router sigmoid weigh_input shared 1 shared_width 24
    sigma.attention heads 4 kv_heads 2 head_width 8
    sigma.mlp width 40
  }
  sigma.head untied
}
sigma.job @llama_4_job model @llama_4 on @core batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-2 warmup 2 clip 1.0
}

sigma.model @llama_3_1 sequence 16 norm_epsilon 1.0e-5 {
  sigma.embedding vocabulary 256 width 16
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 2 head_width 8 rope <base = 5.0e5, llama3 = {factor = 8.0, original_positions = 8, low_freq_factor = 1.0, high_freq_factor = 4.0}>
    sigma.mlp width 40
  }
  sigma.head untied
}
sigma.job @llama_3_1_job model @llama_3_1 on @core batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-2 warmup 2 clip 1.0
}

sigma.model @gpt2 sequence 16 norm layer norm_epsilon 1.0e-5 {
  sigma.embedding vocabulary 256 width 16 positions 16
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 4 head_width 4 bias [query, key, value, output]
    sigma.mlp width 64 activation gelu_tanh bias
  }
  sigma.head tied
}
sigma.job @gpt2_job model @gpt2 on @core batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-2 warmup 2 clip 1.0
}

sigma.model @ling sequence 16 init_std 0.006 {
  sigma.embedding vocabulary 256 width 16
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 2 head_width 8 rope 6.0e5
    sigma.moe experts 8 top_k 3 width 12 router softmax normalize shared 2 shared_width 12
  }
  sigma.head untied normalize
}
sigma.job @ling_job model @ling on @core batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-2 warmup 2 clip 1.0
}

sigma.model @flex_olmo sequence 16 norm_placement output {
  sigma.embedding vocabulary 256 width 16
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 2 head_width 8 rope 5.0e5 qk_norm full_width
    sigma.moe experts 4 top_k 2 width 24 router softmax balance_loss 0.01
  }
  sigma.head untied
}
sigma.job @flex_olmo_job model @flex_olmo on @core batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-2 warmup 2 clip 1.0
}

sigma.model @granite_moe sequence 16 residual_scale 0.22 {
  sigma.embedding vocabulary 256 width 16 scale 12.0
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 2 head_width 8 rope 1.0e4 scale 0.125
    sigma.moe experts 4 top_k 2 width 24 router softmax normalize balance_loss 1.0e-3
  }
  sigma.head tied scale 0.167
}
sigma.job @granite_moe_job model @granite_moe on @core batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-2 warmup 2 clip 1.0
}
