// The models of bench/equivalence: byte-moe of examples/, on shorter sequences; DeepSeek-V3's kind of
// model; and a dense one whose heads share keys and values, and whose ends share a table.

sigma.model @byte_moe sequence 256 {
  sigma.embedding vocabulary 256 width 256
  sigma.repeat 4 {
    sigma.attention heads 8 kv_heads 8 head_width 32 rope 10000.0
    sigma.moe experts 8 top_k 2 width 1024 router softmax normalize balance_loss 1.0e-2
  }
  sigma.head untied
}

sigma.model @deepseek sequence 32 {
  sigma.embedding vocabulary 256 width 32
  sigma.repeat 1 {
    sigma.latent_attention heads 4 q_rank 20 kv_rank 24 nope_width 8 rope_width 4 value_width 8
        rope <base = 1.0e4, yarn = {factor = 40.0, original_positions = 8, mscale = 1.0, mscale_all_dim = 1.0}>
    sigma.mlp width 80
  }
  sigma.repeat 4 {
    sigma.latent_attention heads 4 q_rank 20 kv_rank 24 nope_width 8 rope_width 4 value_width 8
        rope <base = 1.0e4, yarn = {factor = 40.0, original_positions = 8, mscale = 1.0, mscale_all_dim = 1.0}>
    sigma.moe experts 8 top_k 3 width 24 router sigmoid normalize scaling 2.5 selection_bias
        groups 4 top_groups 2 shared 1 shared_width 24
  }
  sigma.head untied
}

sigma.model @dense sequence 32 {
  sigma.embedding vocabulary 256 width 32
  sigma.repeat 5 {
    sigma.attention heads 8 kv_heads 4 head_width 4 rope 5.0e5
    sigma.mlp width 96
  }
  sigma.head tied
}

sigma.cluster @workstation devices 8 {
  sigma.accelerator @cpu
      memory_bytes 4294967296
      memory_bandwidth_bytes_per_s 8000000000
      peak_f32_flops_per_s 60000000000
      peak_f64_flops_per_s 30000000000
      launch_ns 2000
  sigma.tier @node devices 8
      bandwidth_bytes_per_s 2000000000
      latency_ns 20000
}

sigma.job @byte_moe_job model @byte_moe on @workstation batch 8 precision f32 sequence 32 {
  sigma.adamw learning_rate 1.0e-3 warmup 20 weight_decay 0.1 clip 1.0
}

sigma.job @deepseek_job model @deepseek on @workstation batch 8 precision f32 {
  sigma.adamw learning_rate 3.0e-3 warmup 5 weight_decay 0.1 clip 1.0
}

sigma.job @dense_job model @dense on @workstation batch 8 precision f32 {
  sigma.adamw learning_rate 3.0e-3 warmup 5 weight_decay 0.1 clip 1.0
}
