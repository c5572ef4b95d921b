// As DeepSeek-V3: latent attention, a bias that loads move, and the head's stage predicts two tokens more, for which it embeds tokens.

sigma.model @mtp_moe sequence 16 {
  sigma.embedding vocabulary 256 width 16
  sigma.repeat 1 {
    sigma.latent_attention heads 4 q_rank 10 kv_rank 12 nope_width 8 rope_width 4 value_width 6 rope 10000.0
    sigma.mlp width 40
  }
  sigma.repeat 6 {
    sigma.latent_attention heads 4 q_rank 10 kv_rank 12 nope_width 8 rope_width 4 value_width 6 rope 10000.0
    sigma.moe experts 8 top_k 3 width 12 router sigmoid normalize scaling 2.5 selection_bias groups 4 top_groups 2
        shared 1 shared_width 12
  }
  sigma.mtp 2 loss_factor 0.3 {
    sigma.latent_attention heads 4 q_rank 10 kv_rank 12 nope_width 8 rope_width 4 value_width 6 rope 10000.0
    sigma.moe experts 8 top_k 3 width 12 router sigmoid normalize scaling 2.5 selection_bias groups 4 top_groups 2
        shared 1 shared_width 12
  }
  sigma.head untied
}

sigma.cluster @workstation devices 4 {
  sigma.accelerator @cpu
      memory_bytes 1073741824
      memory_bandwidth_bytes_per_s 8000000000
      peak_f32_flops_per_s 60000000000
      peak_f64_flops_per_s 30000000000
      launch_ns 2000
  sigma.tier @node devices 4
      bandwidth_bytes_per_s 2000000000
      latency_ns 20000
}

sigma.job @run model @mtp_moe on @workstation batch 12 precision f32 {
  sigma.adamw learning_rate 3.0e-3 warmup 5 weight_decay 0.1 clip 1.0
}
