// RUN: sigma-opt %s | FileCheck %s
// RUN: sigma-opt %s | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --mlir-print-op-generic | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --emit-bytecode | sigma-opt | FileCheck %s

sigma.model @moe sequence 8 {
  sigma.embedding vocabulary 256 width 4
  sigma.repeat 3 {
    sigma.attention heads 1 kv_heads 1 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 8 router softmax
  }
  sigma.head untied
}
sigma.cluster @four devices 4 {
  sigma.accelerator @cpu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 4 bandwidth_bytes_per_s 1 latency_ns 0
}
sigma.job @run model @moe on @four batch 8 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}

// CHECK-LABEL: sigma.plan @run pp 2 dp 2 ep 2 micro_batch 4 schedule "1f1b"
// CHECK-SAME:      predicted {p50_ns = 10, p95_ns = 12, mean_ns = 11} proof optimal {
// CHECK-NEXT:    sigma.stage 0 layers 0 to 2 remat [none, full] peak_bytes 123
// CHECK-NEXT:    sigma.stage 1 layers 2 to 3 remat [full] peak_bytes 456
// CHECK-NEXT:  }
sigma.plan @run pp 2 dp 2 ep 2 micro_batch 4 schedule "1f1b"
    predicted {p50_ns = 10, p95_ns = 12, mean_ns = 11} proof optimal {
  sigma.stage 0 layers 0 to 2 remat [none, full] peak_bytes 123
  sigma.stage 1 layers 2 to 3 remat [full] peak_bytes 456
}

// CHECK:       sigma.plan @run pp 1 dp 4 ep 1 micro_batch 1 schedule "1f1b" proof unproven {
// CHECK-NEXT:    sigma.stage 0 layers 0 to 3 remat [none, none, none]{{$}}
// CHECK-NEXT:  }
sigma.plan @run pp 1 dp 4 ep 1 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 3 remat [none, none, none] peak_bytes 0
}

// CHECK:       sigma.plan @run pp 1 dp 4 ep 4 micro_batch 2 schedule "1f1b" proof gap {
sigma.plan @run pp 1 dp 4 ep 4 micro_batch 2 schedule "1f1b" proof gap {
  sigma.stage 0 layers 0 to 3 remat [none, none, none]
}
