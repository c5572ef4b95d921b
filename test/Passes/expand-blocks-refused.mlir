// RUN: sigma-opt %s --sigma-expand-blocks -split-input-file -verify-diagnostics

// What a plan can say and no program does yet, by name.

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 4 kv_heads 2 head_width 2 rope 10000.0
    sigma.moe experts 4 top_k 2 width 8 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 4 {
  sigma.accelerator @cpu memory_bytes 1073741824 memory_bandwidth_bytes_per_s 1000000000 peak_f32_flops_per_s 1000000000
  sigma.tier @node devices 4 bandwidth_bytes_per_s 1000000000 latency_ns 1000
}
sigma.job @run model @m on @c batch 8 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
// expected-error @+1 {{schedule dualpipev can be planned, but not run; pin schedule = "1f1b", "interleaved" or "zb-h1"}}
sigma.plan @run pp 2 vpp 2 dp 2 ep 1 micro_batch 1 schedule dualpipev proof unproven {
  sigma.stage 0 layers 0 to 1, 3 to 4 remat [none, none]
  sigma.stage 1 layers 1 to 2, 2 to 3 remat [none, none]
}
