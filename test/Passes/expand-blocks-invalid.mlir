// RUN: not sigma-opt %s --sigma-expand-blocks -split-input-file 2>&1 | FileCheck %s

// The module itself has no line to point to.

sigma.model @m sequence 4 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 2 head_width 2 rope 10000.0 qk_norm
    sigma.moe experts 4 top_k 2 width 6 router sigmoid normalize shared 1 shared_width 4 balance_loss 1.0e-2
  }
  sigma.head untied
}
sigma.cluster @c devices 2 {
  sigma.accelerator @cpu memory_bytes 1073741824 memory_bandwidth_bytes_per_s 1000000000 peak_f32_flops_per_s 1000000000
  sigma.tier @node devices 2 bandwidth_bytes_per_s 1000000000 latency_ns 1000
}
sigma.job @run model @m on @c batch 2 precision f32 {
  sigma.adamw learning_rate 1.0e-3
// CHECK: error: the module has 0 plans; sigma-expand-blocks takes exactly one
}

// -----

sigma.model @m sequence 4 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 2 head_width 2 rope 10000.0 qk_norm
    sigma.moe experts 4 top_k 2 width 6 router sigmoid normalize shared 1 shared_width 4 balance_loss 1.0e-2
  }
  sigma.head untied
}
sigma.cluster @c devices 2 {
  sigma.accelerator @cpu memory_bytes 1073741824 memory_bandwidth_bytes_per_s 1000000000 peak_f32_flops_per_s 1000000000
  sigma.tier @node devices 2 bandwidth_bytes_per_s 1000000000 latency_ns 1000
}
sigma.job @run model @m on @c batch 2 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
sigma.plan @run pp 2 dp 1 ep 1 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 1 remat [none] peak_bytes 0
  sigma.stage 1 layers 1 to 2 remat [full] peak_bytes 0
}
sigma.plan @run pp 1 dp 2 ep 1 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none] peak_bytes 0
// CHECK: error: the module has 2 plans; sigma-expand-blocks takes exactly one
}
