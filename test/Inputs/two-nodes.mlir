// tiny-moe on two nodes of two devices.

sigma.model @tiny_moe sequence 32 {
  sigma.embedding vocabulary 256 width 32
  sigma.repeat 1 {
    sigma.attention heads 4 kv_heads 2 head_width 8 rope 10000.0 qk_norm
    sigma.mlp width 64
  }
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 2 head_width 8 rope 10000.0
    sigma.moe experts 4 top_k 2 width 48 router softmax normalize shared 1 shared_width 32
        balance_loss 1.0e-2
  }
  sigma.repeat 1 {
    sigma.attention heads 4 kv_heads 1 head_width 8 rope 500.0
    sigma.moe experts 8 top_k 3 width 24 router sigmoid balance_loss 1.0e-3
  }
  sigma.head untied
}

sigma.cluster @pair devices 4 {
  sigma.accelerator @cpu
      memory_bytes 1073741824
      memory_bandwidth_bytes_per_s 8000000000
      peak_f32_flops_per_s 60000000000
      peak_f64_flops_per_s 30000000000
      launch_ns 2000
  sigma.tier @node devices 2
      bandwidth_bytes_per_s 2000000000
      latency_ns 20000
  sigma.tier @network devices 4
      bandwidth_bytes_per_s 2000000000
      latency_ns 20000
}

sigma.job @run model @tiny_moe on @pair batch 8 precision f32 {
  sigma.adamw learning_rate 3.0e-3 warmup 5 weight_decay 0.1 clip 1.0
}
