// RUN: sigma-opt %s --sigma-plan-parallelism -split-input-file | FileCheck %s

// Every axis of a layout is planned, and what is pinned or forbidden is kept.

// CHECK-LABEL: sigma.job @run
// CHECK:       sigma.plan @run tp 2 {{.*}}zero 1 {{.*}} proof optimal {
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
sigma.job @run model @m on @c batch 8 precision f32 pin {tp = 2, zero = 1} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// CHECK-LABEL: sigma.job @run
// CHECK:       sigma.plan @run {{(tp [0-9]+ )?}}cp 2 {{.*}} proof optimal {
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
sigma.job @run model @m on @c batch 8 precision f32 pin {cp = 2} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// CHECK-LABEL: sigma.job @run
// CHECK:       sigma.plan @run {{.*}}etp 2 {{.*}} proof optimal {
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
sigma.job @run model @m on @c batch 8 precision f32 pin {etp = 2} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// CHECK-LABEL: sigma.job @run
// CHECK:       sigma.plan @run {{.*}}pp 2 vpp 2 {{.*}} schedule interleaved {{.*}} proof optimal {
// CHECK-NEXT:    sigma.stage 0 layers 0 to 1, 2 to 3 remat [{{.*}}, {{.*}}] peak_bytes
// CHECK-NEXT:    sigma.stage 1 layers 1 to 2, 3 to 4 remat [{{.*}}, {{.*}}] peak_bytes
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
sigma.job @run model @m on @c batch 8 precision f32 pin {vpp = 2, schedule = interleaved} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// CHECK-LABEL: sigma.job @run
// CHECK:       sigma.plan @run tp {{[248]}} {{.*}} proof optimal {
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
sigma.job @run model @m on @c batch 8 precision f32 forbid {tp = [1]} {
  sigma.adamw learning_rate 1.0e-3
}
