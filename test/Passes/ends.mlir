// RUN: sed s/ZERO// %s | sigma-opt --pass-pipeline="builtin.module(sigma-expand-blocks,rank.program(sigma-shard,sigma-autodiff,sigma-remat,sigma-zero,sigma-schedule,sigma-plan-memory))" | FileCheck %s
// RUN: sed "s/ZERO/zero 1/" %s | sigma-opt --pass-pipeline="builtin.module(sigma-expand-blocks,rank.program(sigma-shard,sigma-autodiff,sigma-remat,sigma-zero,sigma-schedule,sigma-plan-memory))" | FileCheck %s --check-prefix=ONE
// RUN: sed "s/ZERO/zero 3/" %s | sigma-opt --pass-pipeline="builtin.module(sigma-expand-blocks,rank.program(sigma-shard,sigma-autodiff,sigma-remat,sigma-zero,sigma-schedule,sigma-plan-memory))" | FileCheck %s --check-prefix=THREE
// RUN: sed s/ZERO// %s | sigma-opt --pass-pipeline="builtin.module(sigma-expand-blocks,rank.program(sigma-shard,sigma-autodiff,sigma-remat,sigma-zero,sigma-schedule,sigma-plan-memory),sigma-rank-to-llvm)" | FileCheck %s --check-prefix=LLVM

// A tied head and the embedding of further tokens read the table of the first stage: the last has it, too, and the one between has not.
// Its gradient is summed over replicas with all others, then over the two stages; its norm counts once.

// CHECK:      rank.program @stage0
// CHECK:        rank.parameter @embedding.table : tensor<16x8xf32> init normal({{.*}}) decay at_ends {
// CHECK:        rank.schedule
// CHECK:          rank.all_reduce_gradients dp {elements = [[ALL:[0-9]+]] : i64, offset = [[BEGIN:[0-9]+]] : i64
// CHECK-NEXT:     rank.all_reduce_gradients ends {elements = 128 : i64, offset = [[BEGIN]] : i64, workspace_bytes = 512 : i64}
// CHECK-NEXT:     rank.gradient_norm ends {elements = 128 : i64, offset = [[BEGIN]] : i64}
// CHECK-NEXT:     rank.gradient_norm dp
// CHECK-NEXT:     rank.reduce_step
// CHECK:      rank.program @stage1
// CHECK-NOT:    ends
// CHECK:      rank.program @stage2
// CHECK:        rank.parameter @head.norm
// CHECK:        rank.parameter @embedding.table : tensor<16x8xf32> init normal({{.*}}) decay at_ends {
// CHECK:        rank.parameter @mtp.0.
// CHECK:        rank.func @forward(%{{.*}}: tensor<8x8xf32>, %[[TARGETS:.*]]: tensor<8xi32>)
// CHECK:          rank.embedding %[[TARGETS]]
// CHECK:        rank.schedule
// CHECK:          rank.all_reduce_gradients dp
// CHECK-NEXT:     rank.all_reduce_gradients ends {elements = 128
// CHECK-NEXT:     rank.gradient_norm ends
// CHECK-NEXT:     rank.gradient_norm dp

// Of ZeRO, a flat of its own, which both stages cut in the same way: no more than a rank's part is summed over them.

// ONE:        rank.program @stage0
// ONE-DAG:      rank.flat @ends.dp over dp elements 128 part 64
// ONE-DAG:      rank.flat @dp over dp
// ONE:          rank.parameter @embedding.table : {{.*}} at_ends in @ends.dp at 0
// ONE:          rank.schedule
// ONE:            rank.reduce_scatter_gradients @ends.dp
// ONE:            rank.all_reduce_gradients ends of @ends.dp {elements = 128 : i64, offset = 0 : i64, workspace_bytes = 512 : i64}
// ONE-DAG:        rank.gradient_norm ends of @ends.dp {elements = 128 : i64, offset = 0 : i64}
// ONE-DAG:        rank.gradient_norm dp of @dp
// ONE:            rank.adamw @embedding.table
// ONE:            rank.all_gather_values @ends.dp
// ONE:        rank.program @stage1
// ONE-NOT:      ends
// ONE:        rank.program @stage2
// ONE:          rank.flat @ends.dp over dp elements 128 part 64

// THREE:      rank.program @stage2
// THREE:        rank.flat @ends.dp over dp elements 128 part 64
// THREE:        rank.func @forward
// THREE:          rank.gather_values @ends.dp
// THREE:        rank.func @backward
// THREE:          rank.flat_gradients @ends.dp
// THREE:          rank.reduce_gradients
// THREE:        rank.schedule
// THREE-NOT:      rank.reduce_scatter_gradients
// THREE:          rank.all_reduce_gradients ends of @ends.dp

// The norm: of two stages (bit 6) and of replicas (bit 4) the first adds.

// LLVM-LABEL: llvm.func @f32.stage0.step
// LLVM:         %[[ENDS:.*]] = llvm.mlir.constant(6 : i64)
// LLVM:         llvm.call @sigma_all_reduce({{.*}}%[[ENDS]]
// LLVM:         %[[COPIES:.*]] = llvm.mlir.constant(80 : i64)
// LLVM:         llvm.call @sigma_square_sum({{.*}}%[[COPIES]])
// LLVM-LABEL: llvm.func @f32.stage1.step

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 3 {
    sigma.attention heads 2 kv_heads 2 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.mtp 1 {
    sigma.attention heads 2 kv_heads 2 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head tied
}
sigma.cluster @c devices 6 {
  sigma.accelerator @cpu memory_bytes 1073741824 memory_bandwidth_bytes_per_s 1000000000 peak_f32_flops_per_s 1000000000
  sigma.tier @node devices 6 bandwidth_bytes_per_s 1000000000 latency_ns 1000
}
sigma.job @run model @m on @c batch 2 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
sigma.plan @run pp 3 dp 2 ep 1 ZERO micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 1 remat [none]
  sigma.stage 1 layers 1 to 2 remat [none]
  sigma.stage 2 layers 2 to 3 remat [none]
}
