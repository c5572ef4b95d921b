// RUN: sigma-opt %s --sigma-compile | FileCheck %s --check-prefixes=CHECK,F32
// RUN: sigma-opt %s --sigma-compile=precision=f64 | FileCheck %s --check-prefixes=CHECK,F64
// RUN: sigma-opt %s --sigma-compile --verify-roundtrip -o %t.mlir
// RUN: sigma-opt %t.mlir --emit-bytecode | sigma-opt | diff %t.mlir -

// The whole way: each stage has parameters with places, both functions and a schedule.

// F32:         rank.launch @run_launch mesh<pp = 2, dp = 1> {{.*}} precision f32
// F64:         rank.launch @run_launch mesh<pp = 2, dp = 1> {{.*}} precision f64
// CHECK-LABEL: rank.program @stage0 stage 0 of @run_launch layers 0 to 1 remat ["none"] attributes {arena_bytes = {{[0-9]+}} : i64, transient_offset = {{[0-9]+}} : i64}
// CHECK:       rank.parameter @embedding.table {{.*}} value_offset = 0 : i64
// CHECK:       rank.func @forward
// CHECK:       rank.return {{.*}} saves(
// CHECK:       rank.func @backward
// CHECK:       rank.schedule
// CHECK-LABEL: rank.program @stage1 stage 1 of @run_launch layers 1 to 2 remat ["full"]
// CHECK:       rank.func @forward
// CHECK-NOT:   rank.dispatch
// CHECK:       rank.func @backward
// CHECK:       rank.top_k
// CHECK:       rank.top_k_grad
// CHECK:       rank.schedule

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
