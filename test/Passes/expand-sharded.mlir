// RUN: sigma-opt %s --pass-pipeline="builtin.module(sigma-expand-blocks,rank.program(sigma-shard,sigma-autodiff))" -split-input-file | FileCheck %s

// Tensor parallelism of two: each rank has half of the heads, of the width and of the vocabulary, and between blocks half of
// the tokens. Backward gathers the normed input again, for the gradient of the weights.

// CHECK:       rank.launch @j_launch mesh<tp = 2, pp = 1, dp = 2> experts<ep = 1>
// CHECK:       rank.parameter @embedding.table : tensor<8x8xf32> {{.*}} decay split 0
// CHECK:       rank.parameter @layers.0.attention.norm : tensor<8xf32>
// CHECK-NEXT:  rank.parameter @layers.0.attention.query : tensor<8x4xf32> {{.*}} decay split 1
// CHECK-NEXT:  rank.parameter @layers.0.attention.key : tensor<8x2xf32> {{.*}} decay split 1
// CHECK-NEXT:  rank.parameter @layers.0.attention.value : tensor<8x2xf32> {{.*}} decay split 1
// CHECK-NEXT:  rank.parameter @layers.0.attention.output : tensor<4x8xf32> {{.*}} decay split 0
// CHECK-NEXT:  rank.parameter @layers.0.attention.output_bias : tensor<8xf32> init zeros(0.000000e+00){{$}}
// CHECK:       rank.parameter @layers.0.mlp.gate : tensor<8x6xf32> {{.*}} decay split 1
// CHECK-NEXT:  rank.parameter @layers.0.mlp.up : tensor<8x6xf32> {{.*}} decay split 1
// CHECK-NEXT:  rank.parameter @layers.0.mlp.down : tensor<6x8xf32> {{.*}} decay split 0
// CHECK:       rank.parameter @head.output : tensor<8x8xf32> {{.*}} decay split 1
// CHECK:       rank.func @forward(%arg0: tensor<8xi32>, %arg1: tensor<8xi32>) {
// CHECK:       [[TABLE:%.+]] = rank.embedding %arg0, {{.*}} {shards = 2 : i64}
// CHECK-NEXT:  [[STREAM:%.+]] = rank.reduce_scatter [[TABLE]] over tensor : tensor<8x8xf32> -> tensor<4x8xf32>
// CHECK:       [[NORMED:%.+]], %rstd = rank.rms_norm [[STREAM]]
// CHECK-NEXT:  [[INPUT:%.+]] = rank.all_gather [[NORMED]] over tensor {{.*}} : tensor<4x8xf32> -> tensor<8x8xf32>
// CHECK:       rank.matmul [[INPUT]], {{.*}} -> tensor<8x4xf32>
// CHECK:       rank.rotary {{.*}}heads = 2 : i64
// CHECK:       rank.matmul [[INPUT]], {{.*}} -> tensor<8x2xf32>
// CHECK:       rank.matmul [[INPUT]], {{.*}} -> tensor<8x2xf32>
// CHECK-NEXT:  [[MIXED:%.+]], %lse = rank.attention {{.*}} {heads = 2 : i64, kv_heads = 1 : i64
// CHECK:       [[OUT:%.+]] = rank.matmul [[MIXED]]
// CHECK-NEXT:  [[SUM:%.+]] = rank.reduce_scatter [[OUT]] over tensor {{.*}} : tensor<8x8xf32> -> tensor<4x8xf32>
// CHECK:       [[BIASED:%.+]] = rank.add_bias [[SUM]]
// CHECK-NEXT:  rank.add [[STREAM]], [[BIASED]]
// CHECK:       rank.all_gather {{.*}} over tensor
// CHECK:       rank.activation {{.*}} -> tensor<8x6xf32>
// CHECK:       [[DOWN:%.+]] = rank.matmul {{.*}} (tensor<8x6xf32>, tensor<6x8xf32>) -> tensor<8x8xf32>
// CHECK-NEXT:  rank.reduce_scatter [[DOWN]] over tensor
// CHECK:       [[LOGITS:%.+]] = rank.matmul {{.*}} : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
// CHECK-NEXT:  rank.cross_entropy [[LOGITS]], %arg1 {shards = 2 : i64}
// CHECK:       rank.return saves({{.*}}[[NORMED]], %rstd, [[STREAM]] :
// CHECK:       rank.func @backward
// CHECK:       rank.cross_entropy_grad {{.*}} {shards = 2 : i64}
// CHECK:       [[DOUT:%.+]] = rank.all_gather {{.*}} over tensor {rank.layer = 0 : i64}
// CHECK-NEXT:  rank.matmul [[DOUT]], {{.*}} {rank.layer = 0 : i64, transpose_rhs} : (tensor<8x8xf32>, tensor<6x8xf32>) -> tensor<8x6xf32>
// CHECK:       [[AGAIN:%.+]] = rank.all_gather %arg{{[0-9]+}} over tensor
// CHECK-NEXT:  rank.matmul [[AGAIN]], {{.*}} {into = @layers.0.mlp.up
// CHECK:       rank.matmul [[AGAIN]], {{.*}} {into = @layers.0.mlp.gate
// CHECK-NEXT:  rank.reduce_scatter {{.*}} over tensor
// CHECK:       rank.all_gather {{.*}} over tensor
// CHECK:       rank.attention_grad {{.*}}heads = 2 : i64
// CHECK:       [[AGAIN:%.+]] = rank.all_gather %arg{{[0-9]+}} over tensor
// CHECK-NEXT:  rank.matmul [[AGAIN]], {{.*}} {into = @layers.0.attention.value
// CHECK:       rank.reduce_scatter {{.*}} over tensor
// CHECK:       [[ROWS:%.+]] = rank.all_gather {{.*}} over tensor : tensor<4x8xf32> -> tensor<8x8xf32>
// CHECK-NEXT:  rank.embedding_grad {{.*}}, [[ROWS]] {into = @embedding.table, shards = 2 : i64}

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 4 kv_heads 2 head_width 2 rope 10000.0 bias [output]
    sigma.mlp width 12
  }
  sigma.head untied
}
sigma.cluster @c devices 4 {
  sigma.accelerator @cpu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 4 bandwidth_bytes_per_s 1 latency_ns 0
}
sigma.job @j model @m on @c batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
sigma.plan @j tp 2 pp 1 dp 2 ep 1 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 1 remat [none]
}

// -----

// Experts refold the ranks: two have the same experts, half of each one's width, and see each other's rows. A shared expert
// is split over the tensor group. The router is on every rank and works on the rank's own tokens.

// CHECK:       rank.launch @j_launch mesh<tp = 2, pp = 1, dp = 2> experts<etp = 2, ep = 2>
// CHECK:       rank.parameter @layers.0.moe.router : tensor<8x4xf32> {{.*}} decay{{$}}
// CHECK-NEXT:  rank.parameter @layers.0.moe.expert_gate : tensor<2x8x3xf32> {{.*}} expert split 2
// CHECK-NEXT:  rank.parameter @layers.0.moe.expert_up : tensor<2x8x3xf32> {{.*}} expert split 2
// CHECK-NEXT:  rank.parameter @layers.0.moe.expert_down : tensor<2x3x8xf32> {{.*}} expert split 1
// CHECK-NEXT:  rank.parameter @layers.0.moe.shared_0_gate : tensor<8x2xf32> {{.*}} decay split 1
// CHECK:       rank.func @forward
// CHECK:       rank.top_k {{.*}} : (tensor<4x4xf32>) -> (tensor<4x2xf32>, tensor<4x2xi32>)
// CHECK-NEXT:  rank.balance_loss {{.*}} sequence = 4 : i64, shares = 2 : i64}
// CHECK:       [[SENT:%.+]] = rank.gather_rows {{.*}} -> tensor<8x8xf32>
// CHECK-NEXT:  %table, %local_sizes = rank.exchange_sizes %sizes {capacity = 16 : i64
// CHECK-NEXT:  [[THERE:%.+]] = rank.all_to_all [[SENT]], %sizes, %table {direction = #rank<direction dispatch>, expected_rows = 8 : i64
// CHECK-NEXT:  [[TABLE:%.+]], %all_sizes = rank.gather_sizes %local_sizes {{.*}} : (tensor<2xi32>) -> (tensor<2x2xi32>, tensor<2xi32>)
// CHECK-NEXT:  [[ALL:%.+]] = rank.gather_expert_rows [[THERE]], [[TABLE]] {expected_rows = 16 : i64, {{.*}} -> tensor<32x8xf32>
// CHECK:       rank.grouped_matmul [[ALL]], {{.*}}, %all_sizes {expected_rows = 16 : i64, {{.*}} -> tensor<32x3xf32>
// CHECK:       rank.grouped_matmul [[ALL]], {{.*}}, %all_sizes {expected_rows = 16 : i64, {{.*}} -> tensor<32x3xf32>
// CHECK:       [[SUMMAND:%.+]] = rank.grouped_matmul {{.*}}, %all_sizes {expected_rows = 16 : i64, {{.*}} -> tensor<32x8xf32>
// CHECK-NEXT:  [[SUM:%.+]] = rank.scatter_expert_rows [[SUMMAND]], [[TABLE]] {expected_rows = 16 : i64, {{.*}} -> tensor<16x8xf32>
// CHECK-NEXT:  rank.all_to_all [[SUM]], %sizes, %table {direction = #rank<direction collect>, expected_rows = 8 : i64
// CHECK:       rank.all_gather {{.*}} over tensor
// CHECK:       rank.activation {{.*}} -> tensor<8x2xf32>
// CHECK:       rank.reduce_scatter {{.*}} over tensor
// CHECK:       rank.func @backward
// CHECK:       [[THERE:%.+]] = rank.all_to_all {{.*}} {direction = #rank<direction dispatch>
// CHECK-NEXT:  [[ALL:%.+]] = rank.gather_expert_rows [[THERE]], {{.*}} {expected_rows = 16 : i64
// CHECK:       rank.grouped_matmul_grad {{.*}}, [[ALL]], {{.*}} {expected_rows = 16 : i64, into = @layers.0.moe.expert_down
// CHECK:       [[SUMMAND:%.+]] = rank.add {{.*}} {expected_rows = 16 : i64, {{.*}} : tensor<32x8xf32>
// CHECK:       [[SUM:%.+]] = rank.scatter_expert_rows [[SUMMAND]]
// CHECK-NEXT:  rank.all_to_all [[SUM]], {{.*}} {direction = #rank<direction collect>

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 4 kv_heads 2 head_width 2 rope 10000.0 bias [output]
    sigma.moe experts 4 top_k 2 width 6 router softmax shared 1 shared_width 4 balance_loss 1.0e-2
  }
  sigma.head untied
}
sigma.cluster @c devices 4 {
  sigma.accelerator @cpu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 4 bandwidth_bytes_per_s 1 latency_ns 0
}
sigma.job @j model @m on @c batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
sigma.plan @j tp 2 pp 1 dp 2 etp 2 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 1 remat [none]
}

// -----

// Two ranks share each sequence, and keys and values go round.

// CHECK:       rank.launch @j_launch mesh<cp = 2, pp = 1, dp = 2>
// CHECK:       rank.func @forward(%arg0: tensor<4xi32>, %arg1: tensor<4xi32>) {
// CHECK:       rank.rotary {{.*}}heads = 4 : i64, {{.*}} sequence = 4 : i64, shares = 2 : i64}
// CHECK:       rank.attention {{.*}} {heads = 4 : i64, kv_heads = 2 : i64, rank.layer = 0 : i64, rank.module = "core_attn", ring = 2 : i64, sequence = 4 : i64}
// CHECK:       rank.attention_grad {{.*}} {heads = 4 : i64, kv_heads = 2 : i64, rank.layer = 0 : i64, rank.module = "core_attn", ring = 2 : i64, sequence = 4 : i64}

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 4 kv_heads 2 head_width 2 rope 10000.0 bias [output]
    sigma.mlp width 12
  }
  sigma.head untied
}
sigma.cluster @c devices 4 {
  sigma.accelerator @cpu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 4 bandwidth_bytes_per_s 1 latency_ns 0
}
sigma.job @j model @m on @c batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
sigma.plan @j cp 2 pp 1 dp 2 ep 1 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 1 remat [none]
}

// -----

// Two ranks share each sequence, and exchange it for half of the heads.

// CHECK:       rank.launch @j_launch mesh<cp = 2, pp = 1, dp = 2> context all_to_all
// CHECK:       rank.func @forward(%arg0: tensor<4xi32>, %arg1: tensor<4xi32>) {
// CHECK:       [[Q:%.+]] = rank.gather_sequence {{.*}} : (tensor<4x8xf32>) -> tensor<8x4xf32>
// CHECK-NEXT:  [[K:%.+]] = rank.gather_sequence {{.*}} : (tensor<4x4xf32>) -> tensor<8x2xf32>
// CHECK-NEXT:  [[V:%.+]] = rank.gather_sequence {{.*}} : (tensor<4x4xf32>) -> tensor<8x2xf32>
// CHECK-NEXT:  [[MIXED:%.+]], %lse = rank.attention [[Q]], [[K]], [[V]] {heads = 2 : i64, kv_heads = 1 : i64, rank.layer = 0 : i64, rank.module = "core_attn", sequence = 8 : i64}
// CHECK-NEXT:  rank.split_sequence [[MIXED]] {{.*}} : (tensor<8x4xf32>) -> tensor<4x8xf32>
// CHECK:       rank.func @backward
// CHECK:       rank.gather_sequence {{.*}} : (tensor<4x8xf32>) -> tensor<8x4xf32>
// CHECK-NEXT:  %query_gradient, %key_gradient, %value_gradient = rank.attention_grad
// CHECK-DAG:   rank.split_sequence %query_gradient
// CHECK-DAG:   rank.split_sequence %key_gradient
// CHECK-DAG:   rank.split_sequence %value_gradient

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 4 kv_heads 2 head_width 2 rope 10000.0 bias [output]
    sigma.mlp width 12
  }
  sigma.head untied
}
sigma.cluster @c devices 4 {
  sigma.accelerator @cpu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 4 bandwidth_bytes_per_s 1 latency_ns 0
}
sigma.job @j model @m on @c batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
sigma.plan @j cp 2 context "all-to-all" pp 1 dp 2 ep 1 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 1 remat [none]
}

// -----

// Latent vectors are made of the rank's own tokens and gathered before each rank makes its heads of them.

// CHECK-DAG:   rank.parameter @layers.0.attention.query_down : tensor<8x6xf32>
// CHECK-DAG:   rank.parameter @layers.0.attention.query_norm : tensor<6xf32>
// CHECK-DAG:   rank.parameter @layers.0.attention.query_up : tensor<6x8xf32>
// CHECK:       rank.parameter @layers.0.attention.key_up : tensor<4x4xf32>
// CHECK-NEXT:  rank.parameter @layers.0.attention.value_up : tensor<4x4xf32>
// CHECK:       rank.func @forward
// CHECK:       rank.all_gather {{.*}} over tensor {{.*}} : tensor<4x6xf32> -> tensor<8x6xf32>
// CHECK:       rank.all_gather {{.*}} over tensor {{.*}} : tensor<4x4xf32> -> tensor<8x4xf32>
// CHECK:       rank.all_gather {{.*}} over tensor {{.*}} : tensor<4x2xf32> -> tensor<8x2xf32>
// CHECK:       rank.join_heads {{.*}} -> tensor<8x8xf32>
// CHECK:       rank.attention {{.*}} {heads = 2 : i64, kv_heads = 2 : i64

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.latent_attention heads 4 q_rank 6 kv_rank 4 nope_width 2 rope_width 2 value_width 2 rope 10000.0
    sigma.mlp width 12
  }
  sigma.head untied
}
sigma.cluster @c devices 4 {
  sigma.accelerator @cpu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 4 bandwidth_bytes_per_s 1 latency_ns 0
}
sigma.job @j model @m on @c batch 4 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
sigma.plan @j tp 2 pp 1 dp 2 ep 1 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 1 remat [none]
}
