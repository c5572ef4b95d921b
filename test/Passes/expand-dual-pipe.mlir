// RUN: sigma-opt %s --sigma-expand-blocks | FileCheck %s

// Both ends of dualpipev's V are on the first stage: what a tied head reads is the table of the embedding, there once, and
// no other stage has it. The last stage has the bottom, both chunks between.

// CHECK:      rank.program @stage0 stage 0 of @run_launch layers 0 to 1, 3 to 4
// CHECK:        rank.parameter @embedding.table : tensor<16x8xf32> init normal({{.*}}) decay{{$}}
// CHECK-NOT:    at_ends
// CHECK-NOT:    rank.parameter @embedding
// CHECK:        rank.func @forward(%{{.*}}: tensor<8xi32>) -> tensor<8x8xf32>
// CHECK:        rank.func @forward1(%{{.*}}: tensor<8x8xf32>, %{{.*}}: tensor<8xi32>) {
// CHECK:          rank.weight @embedding.table
// CHECK:          rank.cross_entropy
// CHECK:      rank.program @stage1 stage 1 of @run_launch layers 1 to 2, 2 to 3
// CHECK-NOT:    embedding
// CHECK:        rank.func @forward(%{{.*}}: tensor<8x8xf32>) -> tensor<8x8xf32>
// CHECK:        rank.func @forward1(%{{.*}}: tensor<8x8xf32>) -> tensor<8x8xf32>

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 4 kv_heads 2 head_width 2 rope 10000.0
    sigma.moe experts 4 top_k 2 width 8 router softmax
  }
  sigma.head tied
}
sigma.cluster @c devices 4 {
  sigma.accelerator @cpu memory_bytes 1073741824 memory_bandwidth_bytes_per_s 1000000000 peak_f32_flops_per_s 1000000000
  sigma.tier @node devices 4 bandwidth_bytes_per_s 1000000000 latency_ns 1000
}
sigma.job @run model @m on @c batch 8 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
sigma.plan @run pp 2 vpp 2 dp 2 ep 1 micro_batch 1 schedule dualpipev proof unproven {
  sigma.stage 0 layers 0 to 1, 3 to 4 remat [none, none]
  sigma.stage 1 layers 1 to 2, 2 to 3 remat [none, none]
}
