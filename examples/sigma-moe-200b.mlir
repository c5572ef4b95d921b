// SIGMA-MoE, 208.7 billion parameters (22.7 billion active per token without embeddings), on 2,048
// accelerators. Sources of the figures: [P] arXiv 2512.13488, [C] configurations that its team
// published in forks of Megatron-LM and SGLang, [V] vendor's data sheet, [A] our assumption.

sigma.model @sigma_moe_200b sequence 4096 norm_epsilon 1.0e-6 init_std 0.0125 { // [C]
  sigma.embedding vocabulary 200064 width 5120                                  // [C]
  sigma.repeat 63 {                                                             // [C]
    sigma.attention heads 64 kv_heads 8 head_width 128 rope 10000.0 qk_norm     // [C]
    sigma.moe experts 96 top_k 8 width 2160 router sigmoid normalize            // [C]
        balance_loss 1.0e-3                                                     // [C]
  }
  sigma.head untied                                                             // [C]
}

// 256 nodes of 8 fully connected accelerators. The paper calls the accelerators early-life and does
// not name them; an MI300X stands in, because the team's measurements were made on one.
sigma.cluster @early_life devices 2048 spares 72 {    // [P] about 3.4 % spares: 9 nodes of 8
  sigma.accelerator @mi300x
      memory_bytes 192000000000                       // [V] 192 GB
      memory_bandwidth_bytes_per_s 5300000000000      // [V] 5.3 TB/s
      peak_f32_flops_per_s 163400000000000            // [V] 163.4 TFLOP/s, matrix
      peak_bf16_flops_per_s 1307000000000000          // [V] 1,307 TFLOP/s, dense
      launch_ns 5000                                  // [A]
      matmul_efficiency_ppm 550000                    // [A] about half, for large products
      grouped_matmul_efficiency_ppm 400000            // [A] a width of 2160 fills no tile
      attention_efficiency_ppm 350000                 // [A]
      memory_efficiency_ppm 800000                    // [A]
  sigma.tier @node devices 8
      bandwidth_bytes_per_s 400000000000              // [V] 7 x 64 GB/s, [A] 90 % of it reached
      latency_ns 3000                                 // [A]
      jitter_ppm 20000                                // [A]
  sigma.tier @network devices 2048
      bandwidth_bytes_per_s 50000000000               // [A] one 400 Gb/s adapter per accelerator
      latency_ns 10000                                // [A]
      jitter_ppm 100000                               // [A]
  sigma.noise
      compute_jitter_ppm 20000          // [A] a log of one node shows 0.7 % for whole steps
      routing_jitter_ppm 100000         // [A] after the balance loss has settled
      spikes_per_million_steps 10       // [A] 2 % of the steps of 2,048 accelerators meet one
      spike_ns 400000000                // the one outlier in that log: 0.4 s
  sigma.failures
      device_mtbf_hours 6957            // [P] 5.52 disruptions a day with 1,600 accelerators
      restart_ns 600000000000           // [P] "under 10 minutes"
}

// Batch and learning rate are not published; these are ours. The room for received rows is twice
// the even share; the worst case at EP 8 would need eight times.
sigma.job @run model @sigma_moe_200b on @early_life batch 4096 precision bf16
    expert_capacity_ppm 2000000 {
  sigma.adamw learning_rate 2.0e-4 warmup 2000 beta1 0.9 beta2 0.95 epsilon 5.0e-10 // [C], rate [A]
      weight_decay 0.1 clip 1.0                                                     // [C]
}
