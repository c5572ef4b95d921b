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

// What is 1, 0 or usual is not printed.

sigma.cluster @sixteen devices 16 {
  sigma.accelerator @cpu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 16 bandwidth_bytes_per_s 1 latency_ns 0
}
sigma.model @wide sequence 8 {
  sigma.embedding vocabulary 256 width 4
  sigma.repeat 4 {
    sigma.attention heads 4 kv_heads 4 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 8 router softmax
  }
  sigma.head untied
}
sigma.job @large model @wide on @sixteen batch 8 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}

// CHECK:       sigma.plan @large tp 2 cp 2 context "all-to-all" pp 2 vpp 2 dp 2 etp 2 ep 2 zero 1 expert_zero 3
// CHECK-SAME:      micro_batch 1 schedule dualpipev placement "tp-cp-pp-dp" proof unproven {
// CHECK-NEXT:    sigma.stage 0 layers 0 to 1, 3 to 4 remat [none, "moe_act+layernorm"]{{$}}
// CHECK-NEXT:    sigma.stage 1 layers 1 to 2, 2 to 3 remat [full, core_attn] peak_bytes 7
// CHECK-NEXT:  }
sigma.plan @large tp 2 cp 2 context "all-to-all" pp 2 vpp 2 dp 2 etp 2 ep 2 zero 1 expert_zero 3
    micro_batch 1 schedule dualpipev placement "tp-cp-pp-dp" proof unproven {
  sigma.stage 0 layers 0 to 1, 3 to 4 remat [none, "moe_act+layernorm"]
  sigma.stage 1 layers 1 to 2, 2 to 3 remat [full, core_attn] peak_bytes 7
}

// CHECK:       sigma.plan @large cp 2 pp 2 dp 4 ep 1 micro_batch 1 schedule "zb-h1" proof unproven {
sigma.plan @large tp 1 cp 2 context ring pp 2 vpp 1 dp 4 etp 1 ep 1 zero 0 expert_zero 0 micro_batch 1
    schedule "zb-h1" placement "tp-cp-dp-pp" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, none]
}
