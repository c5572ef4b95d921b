// Two models of many small layers, on 16 devices.

sigma.model @thirty sequence 32 {
  sigma.embedding vocabulary 256 width 32
  sigma.repeat 30 {
    sigma.attention heads 4 kv_heads 2 head_width 8 rope 10000.0
    sigma.mlp width 64
  }
  sigma.head untied
}

sigma.model @sixty_one sequence 32 {
  sigma.embedding vocabulary 256 width 32
  sigma.repeat 1 {
    sigma.attention heads 4 kv_heads 2 head_width 8 rope 10000.0
    sigma.mlp width 64
  }
  sigma.repeat 60 {
    sigma.attention heads 4 kv_heads 2 head_width 8 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}

sigma.cluster @sixteen devices 16 {
  sigma.accelerator @cpu
      memory_bytes 1073741824
      memory_bandwidth_bytes_per_s 8000000000
      peak_f32_flops_per_s 60000000000
  sigma.tier @node devices 4
      bandwidth_bytes_per_s 2000000000
      latency_ns 20000
  sigma.tier @network devices 16
      bandwidth_bytes_per_s 1000000000
      latency_ns 50000
}

sigma.job @dense model @thirty on @sixteen batch 64 precision f32 {
  sigma.adamw learning_rate 3.0e-3
}

sigma.job @moe model @sixty_one on @sixteen batch 64 precision f32 {
  sigma.adamw learning_rate 3.0e-3
}
