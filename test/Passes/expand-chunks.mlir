// RUN: sigma-opt %s --sigma-expand-blocks | FileCheck %s
// RUN: sigma-opt %s --pass-pipeline="builtin.module(sigma-expand-blocks,rank.program(sigma-shard,sigma-autodiff,sigma-remat,sigma-schedule,sigma-plan-memory))" | FileCheck %s --check-prefix=ALL

// A stage with two chunks has a forward function for each; the model goes through stage 0 and 1 twice.

// CHECK:       rank.launch @run_launch mesh<pp = 2, vpp = 2, dp = 2> schedule interleaved
// CHECK:       rank.program @stage0 stage 0 of @run_launch layers 0 to 1, 2 to 3 remat ["full", "none"] {
// CHECK:         rank.parameter @layers.0.
// CHECK:         rank.func @forward(%{{.*}}: tensor<8xi32>) -> tensor<8x8xf32> {
// CHECK:           rank.embedding
// CHECK:         rank.parameter @layers.2.
// CHECK:         rank.func @forward1(%{{.*}}: tensor<8x8xf32>) -> tensor<8x8xf32> {
// CHECK:       rank.program @stage1 stage 1 of @run_launch layers 1 to 2, 3 to 4 remat ["none", "none"] {
// CHECK:         rank.func @forward(%{{.*}}: tensor<8x8xf32>) -> tensor<8x8xf32> {
// CHECK:         rank.func @forward1(%{{.*}}: tensor<8x8xf32>, %{{.*}}: tensor<8xi32>) {
// CHECK:           rank.cross_entropy

// Each chunk has a backward of its own, rematerialized as its layers are.

// ALL:       rank.program @stage0
// ALL:         rank.func @forward(
// ALL:         rank.func @backward(
// ALL:           rank.recomputed
// ALL:         rank.func @forward1(
// ALL:         rank.func @backward1(
// ALL-NOT:       rank.recomputed
// ALL:         rank.schedule
// ALL:           rank.call @forward1(
// ALL:           rank.call @backward1(
// ALL:       rank.program @stage1

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
sigma.plan @run pp 2 vpp 2 dp 2 ep 1 micro_batch 1 schedule interleaved proof unproven {
  sigma.stage 0 layers 0 to 1, 2 to 3 remat [full, none]
  sigma.stage 1 layers 1 to 2, 3 to 4 remat [none, none]
}

