// RUN: sigma-opt %s --sigma-expand-blocks=precision=f16 -verify-diagnostics

sigma.model @m sequence 4 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 3 kv_heads 2 head_width 2 rope 10000.0
    sigma.mlp width 6
  }
  sigma.head untied
}
sigma.cluster @c devices 2 {
  sigma.accelerator @cpu memory_bytes 1073741824 memory_bandwidth_bytes_per_s 1000000000 peak_f32_flops_per_s 1000000000
  sigma.tier @node devices 2 bandwidth_bytes_per_s 1000000000 latency_ns 1000
}
// expected-error @+1 {{precision 'f16' is unknown; use f32, f64 or bf16}}
sigma.job @run model @m on @c batch 2 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
sigma.plan @run pp 1 dp 2 ep 1 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 1 remat [none] peak_bytes 0
}
