// A pod whose noise decides the plan: Mixtral 8x7B on 128 accelerators that share their network and their
// hosts with others. Sources of the figures: [C] the model's published config.json, [V] vendor's data
// sheet, [A] our assumption, to be replaced by what is measured on such a pod.
//
// Without noise expert parallelism inside a node is best, for the median a context split in two, for the
// 95th percentile, which a job minimizes unless it says otherwise, whole contexts and twice as many replicas: docs/simulation.md has the figures, and `bench/noise --pairs=0 --margins=0` measures them.

sigma.model @mixtral_8x7b sequence 4096 norm_epsilon 1.0e-5 init_std 0.02 { // [C], sequence [A]
  sigma.embedding vocabulary 32000 width 4096                               // [C]
  sigma.repeat 32 {                                                         // [C]
    sigma.attention heads 32 kv_heads 8 head_width 128 rope 1000000.0       // [C]
    sigma.moe experts 8 top_k 2 width 14336 router softmax normalize        // [C]
        balance_loss 0.02                                                   // [C]
  }
  sigma.head untied                                                         // [C]
}

sigma.cluster @noisy_pod devices 128 {
  sigma.accelerator @h200
      memory_bytes 141000000000                       // [V] 141 GB
      memory_bandwidth_bytes_per_s 4800000000000      // [V] 4.8 TB/s
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
      jitter_ppm 30000                                // [A] 3 %: the relative standard deviation of one transfer
  sigma.tier @network devices 128
      bandwidth_bytes_per_s 50000000000               // [A] one 400 Gb/s adapter per accelerator
      latency_ns 8000                                 // [A]
      jitter_ppm 150000                               // [A] 15 %: other jobs' traffic on the same switches
  sigma.noise
      compute_jitter_ppm 30000                        // [A] 3 % of one layer's time: clocks follow power and heat
      routing_jitter_ppm 400000                       // [A] 40 % of one expert's tokens: the router is young
      spikes_per_million_steps 10000                  // [A] each device stands still once in 100 steps,
      spike_ns 250000000                              // [A] for a quarter of a second: garbage collection, a full log
}

sigma.job @run model @mixtral_8x7b on @noisy_pod batch 256 precision bf16
    quantile_ppm 950000                               // plan for the step time that 95 % of the steps keep
    expert_capacity_ppm 2000000
    pin {schedule = "zb-h1"} {                        // with dualpipev one plan is best for the median, too
  sigma.adamw learning_rate 1.0e-4 warmup 1000 weight_decay 0.1 clip 1.0
}
