// RUN: sigma-opt %s --sigma-plan-parallelism -split-input-file | FileCheck %s
// RUN: sigma-opt %s --sigma-plan-parallelism=time-limit=5 -split-input-file | FileCheck %s

// The plan stands behind its job, complete with what is predicted.

// CHECK-LABEL: sigma.job @run
// CHECK:       sigma.plan @run {{.*}}pp {{[12]}} dp {{[12]}} ep {{[12]}} {{.*}}micro_batch 1 schedule "1f1b" predicted {p50_ns = {{[1-9][0-9]*}}, p95_ns = {{[1-9][0-9]*}}, mean_ns = {{[1-9][0-9]*}}} proof optimal {
// CHECK-NEXT:  sigma.stage 0 layers 0 to {{.*}} peak_bytes {{[1-9][0-9]*}}

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

// -----

// Pins are kept.

// CHECK-LABEL: sigma.job @run
// CHECK:       sigma.plan @run pp 2 dp 1 ep 1 micro_batch 1 {{.*}} proof optimal {
// CHECK-NEXT:  sigma.stage 0 layers 0 to 1 remat [full]
// CHECK-NEXT:  sigma.stage 1 layers 1 to 2 remat [full]

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
sigma.job @run model @m on @c batch 2 precision f32 pin {pp = 2, remat = full} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// A job that is planned already, even badly, stays as it is.

// CHECK-LABEL: sigma.job @run
// CHECK:       sigma.plan @run pp 2 dp 1 ep 1 micro_batch 1 schedule "1f1b" proof unproven {
// CHECK-NOT:   sigma.plan

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
