// RUN: sigma-opt %s --sigma-plan-parallelism | FileCheck %s
// RUN: sigma-opt %s --sigma-plan-parallelism=runnable=true | FileCheck %s --check-prefix=RUNNABLE

// Asked for plans that programs can run, the pass finds the best of those: ZeRO and stages inside are among them.

// CHECK:     sigma.plan @run {{.*}}placement "tp-cp-pp-dp"
// RUNNABLE:  sigma.plan @run {{.*}}schedule "{{1f1b|interleaved|zb-h1}}"

sigma.model @m sequence 1024 {
  sigma.embedding vocabulary 64 width 64
  sigma.repeat 4 {
    sigma.attention heads 4 kv_heads 2 head_width 16 rope 10000.0
    sigma.moe experts 8 top_k 2 width 64 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @cpu memory_bytes 1073741824 memory_bandwidth_bytes_per_s 1000000000 peak_f32_flops_per_s 1000000000
  sigma.tier @node devices 4 bandwidth_bytes_per_s 1000000000 latency_ns 1000
  sigma.tier @net devices 8 bandwidth_bytes_per_s 1000000 latency_ns 100000
}
sigma.job @run model @m on @c batch 512 precision f32 pin {pp = 4} {
  sigma.adamw learning_rate 1.0e-3
}
