// Mixtral 8x7B, 46.7 billion parameters (12.9 billion active per token), on 64 accelerators of the
// 80 GB class. Sources of the figures: [C] the model's published config.json, [V] vendor's data
// sheet, [A] our assumption.

sigma.model @mixtral_8x7b sequence 4096 norm_epsilon 1.0e-5 init_std 0.02 { // [C], sequence [A]
  sigma.embedding vocabulary 32000 width 4096                               // [C]
  sigma.repeat 32 {                                                         // [C]
    sigma.attention heads 32 kv_heads 8 head_width 128 rope 1000000.0       // [C]
    sigma.moe experts 8 top_k 2 width 14336 router softmax normalize        // [C]
        balance_loss 0.02                                                   // [C]
  }
  sigma.head untied                                                         // [C]
}

sigma.cluster @h100x64 devices 64 {
  sigma.accelerator @h100
      memory_bytes 80000000000                        // [V] 80 GB
      memory_bandwidth_bytes_per_s 3350000000000      // [V] 3.35 TB/s
      peak_f32_flops_per_s 67000000000000             // [V] 67 TFLOP/s
      peak_bf16_flops_per_s 989000000000000           // [V] 989 TFLOP/s, dense
      launch_ns 4000                                  // [A]
      matmul_efficiency_ppm 700000                    // [A]
      grouped_matmul_efficiency_ppm 600000            // [A]
      attention_efficiency_ppm 500000                 // [A]
      memory_efficiency_ppm 850000                    // [A]
  sigma.tier @node devices 8
      bandwidth_bytes_per_s 400000000000              // [V] 450 GB/s, [A] 90 % of it reached
      latency_ns 3000                                 // [A]
      jitter_ppm 10000                                // [A]
  sigma.tier @network devices 64
      bandwidth_bytes_per_s 50000000000               // [A] one 400 Gb/s adapter per accelerator
      latency_ns 8000                                 // [A]
      jitter_ppm 50000                                // [A]
  sigma.noise compute_jitter_ppm 10000 routing_jitter_ppm 100000 // [A]
      spikes_per_million_steps 10 spike_ns 200000000             // [A]
  sigma.failures
      device_mtbf_hours 20000           // [A]
      restart_ns 600000000000           // [A]
}

// The training recipe is not published; this one is ours.
sigma.job @run model @mixtral_8x7b on @h100x64 batch 256 precision bf16
    expert_capacity_ppm 2000000 {
  sigma.adamw learning_rate 1.0e-4 warmup 1000 weight_decay 0.1 clip 1.0
}
