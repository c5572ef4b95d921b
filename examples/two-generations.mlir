// A cluster that grew: 16 nodes of two accelerator generations behind three tiers of links, with one
// node that is known to be slow and 3 % spares, for Mixtral 8x7B. Sources of the figures: [C] the
// model's published config.json, [V] vendor's data sheet by a preset (dialects/Sigma/Presets.cpp), [A] our
// assumption, to be replaced by what is measured on such a cluster.
//
// Kinds stand in rank order: the stages of a pipeline lie on the old nodes, on the new ones, or across, and a
// stage is as weak in every figure as the weakest device that it has. All devices are taken to be as slow as
// the slowest node, and `sigma plan` says so.

sigma.model @mixtral_8x7b sequence 4096 norm_epsilon 1.0e-5 init_std 0.02 { // [C], sequence [A]
  sigma.embedding vocabulary 32000 width 4096                               // [C]
  sigma.repeat 32 {                                                         // [C]
    sigma.attention heads 32 kv_heads 8 head_width 128 rope 1000000.0       // [C]
    sigma.moe experts 8 top_k 2 width 14336 router softmax normalize        // [C]
        balance_loss 0.02                                                   // [C]
  }
  sigma.head untied                                                         // [C]
}

sigma.cluster @grown devices 128          // the devices that run the job, numbered along the tiers
    spares_ppm 30000                      // 3 % more wait to replace one: 4 devices
    node @node {                          // the tier whose units fail and slow down as one

  // The newer kind: devices 0 to 95, twelve nodes.
  sigma.accelerator @new devices 96
      preset "h200-sxm"                   // [V] memory, its bandwidth, and the peak of each format
      launch_ns 4000                      // [A] no data sheet states it
      matmul_efficiency_ppm [             // part of the peak that a product of so many FLOPs reaches:
          1000000000: 200000,             // [A] 1 GFLOP: 20 %
          100000000000: 700000]           // [A] 100 GFLOP and more: 70 %; in between on a line
      grouped_matmul_efficiency_ppm 600000    // [A] one figure for all sizes
      attention_efficiency_ppm 500000         // [A]
      memory_efficiency_ppm 850000            // [A] of the memory bandwidth

  // The older kind: devices 96 to 127, four nodes, and the last ones that came with 94 GB.
  sigma.accelerator @old devices 32
      preset "h100-sxm"                   // [V]
      memory_bytes 94000000000            // [A] replaces the preset's 80 GB; every other figure stays
      launch_ns 4000                      // [A]
      matmul_efficiency_ppm [1000000000: 200000, 100000000000: 700000] // [A]
      grouped_matmul_efficiency_ppm 600000    // [A]
      attention_efficiency_ppm 500000         // [A]
      memory_efficiency_ppm 850000            // [A]
      mtbf_hours 12000                    // [A] older devices fail more often than sigma.failures says

  // First tier: the eight devices of a node.
  sigma.tier @node devices 8
      preset "nvlink-4"                   // [V] 450 GB/s each way; latency of NCCL's model
      jitter_ppm 10000                    // [A] relative standard deviation of one transfer: 1 %

  // Second tier: the four nodes of a rack.
  sigma.tier @rack devices 32
      preset "infiniband-ndr"             // [V] 400 Gb/s per adapter and direction
      devices_per_link 2                  // [A] two devices share an adapter: 25 GB/s each
      jitter_ppm 50000                    // [A]
      switch_mtbf_hours 90000             // [A] a switch that fails cuts its rack off

  // Third tier: four racks.
  sigma.tier @spine devices 128
      preset "infiniband-ndr"             // [V]
      receive_bandwidth_bytes_per_s 45000000000 // [A] the way down is a little slower
      devices_per_link 2                  // [A]
      oversubscription_ppm 2000000        // [A] the spine carries half of what the racks can send
      algorithm tree                      // [A] its all-reduces go up and down a tree; else rings
      jitter_ppm 100000                   // [A]
      switch_mtbf_hours 90000             // [A]

  sigma.noise
      compute_jitter_ppm 10000            // [A] one layer's compute on one device: 1 %, from time to time
      compute_distribution normal         // how it is distributed; this is the default
      node_slowness_ppm 5000              // [A] nodes differ by 0.5 %, and the same ones stay slow
      routing_jitter_ppm 100000           // [A] one expert's load: 10 %
      spikes_per_million_steps 10         // [A] in every 100,000th step, a device
      spike_ns 200000000                  // [A] stops for 0.2 s,
      spike_length fixed                  // every time as long

  // Node 5 (devices 40 to 47) takes 6 % longer for everything. [A]
  sigma.slow_node @hot_aisle index 5 slowdown_ppm 60000

  sigma.failures
      device_mtbf_hours 20000             // [A] of a device, where its kind says nothing else
      node_mtbf_hours 50000               // [A] of what the devices of a node share
      detection_ns 30000000000            // [A] 30 s until a failure is noticed
      replacement_ns 120000000000         // [A] 2 min until a spare stands in its place
      restart_ns 300000000000             // [A] 5 min until training goes on
}

// The training recipe is not published; this one is ours.
sigma.job @run model @mixtral_8x7b on @grown batch 512 precision bf16
    time_margin_ppm 20000                 // times are taken to be 2 % longer than stated
    memory_margin_ppm 80000               // 8 % of the memory stays free
    expert_capacity_ppm 2000000           // room for twice the even share of rows
    pin {tp = 1} forbid {micro_batch = [8, 16]} {
  sigma.adamw learning_rate 1.0e-4 warmup 1000 weight_decay 0.1 clip 1.0
}
