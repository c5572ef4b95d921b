// A Mixture-of-Experts language model on bytes, small enough to train on one machine: 4 layers,
// 26.4 million parameters. The cluster is a workstation that runs four ranks on its CPU cores.

sigma.model @byte_moe sequence 256 {
  sigma.embedding vocabulary 256 width 256
  sigma.repeat 4 {
    sigma.attention heads 8 kv_heads 8 head_width 32 rope 10000.0
    sigma.moe experts 8 top_k 2 width 1024 router softmax normalize balance_loss 1.0e-2
  }
  sigma.head untied
}

// Figures per rank, when four ranks share two cores of a current x86 server. They are estimates, to
// be replaced by what `sigma profile` measures.
sigma.cluster @workstation devices 4 {
  sigma.accelerator @cpu
      memory_bytes 4294967296                    // 4 GiB
      memory_bandwidth_bytes_per_s 8000000000
      peak_f32_flops_per_s 60000000000
      peak_f64_flops_per_s 30000000000
      launch_ns 2000                             // one call of a kernel
  sigma.tier @node devices 4
      bandwidth_bytes_per_s 2000000000           // MPI over shared memory
      latency_ns 20000
}

sigma.job @run model @byte_moe on @workstation batch 8 precision f32 {
  sigma.adamw learning_rate 1.0e-3 warmup 20
      beta1 0.9 beta2 0.95 epsilon 1.0e-8 weight_decay 0.1 clip 1.0
}
