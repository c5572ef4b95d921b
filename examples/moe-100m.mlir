// A Mixture-of-Experts language model on bytes with 107 million parameters, 31 million of them active: eight layers, grouped
// queries. Four ranks of a workstation hold it and its optimizer in less than 4 GiB.

sigma.model @moe_100m sequence 512 {
  sigma.embedding vocabulary 256 width 512
  sigma.repeat 8 {
    sigma.attention heads 8 kv_heads 4 head_width 64 rope 10000.0
    sigma.moe experts 8 top_k 2 width 1024 router softmax normalize balance_loss 1.0e-2
  }
  sigma.head untied
}

// Estimates per rank, as in byte-moe.mlir.
sigma.cluster @workstation devices 4 {
  sigma.accelerator @cpu
      memory_bytes 4294967296                    // 4 GiB
      memory_bandwidth_bytes_per_s 8000000000
      peak_f32_flops_per_s 60000000000
      peak_f64_flops_per_s 30000000000
      launch_ns 2000
  sigma.tier @node devices 4
      bandwidth_bytes_per_s 2000000000
      latency_ns 20000
}

sigma.job @run model @moe_100m on @workstation batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-3 warmup 20
      beta1 0.9 beta2 0.95 epsilon 1.0e-8 weight_decay 0.1 clip 1.0
}
