// The head reads the embedding's table. Six layers alike behind one that is not, as an interleaved schedule of three stages cuts them.

sigma.model @tied_moe sequence 16 {
  sigma.embedding vocabulary 256 width 16 positions 16 scale 4.0
  sigma.repeat 1 {
    sigma.attention heads 4 kv_heads 4 head_width 4
    sigma.mlp width 32
  }
  sigma.repeat 6 {
    sigma.attention heads 4 kv_heads 2 head_width 4
    sigma.moe experts 4 top_k 2 width 8 router softmax normalize balance_loss 1.0e-2
  }
  sigma.head tied
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

sigma.job @run model @tied_moe on @workstation batch 12 precision f32 {
  sigma.adamw learning_rate 3.0e-3 warmup 5 weight_decay 0.1 clip 1.0
}
