// RUN: sigma-opt %s --sigma-expand-blocks -split-input-file -verify-diagnostics | FileCheck %s

// Two stages; grouped-query attention with norms of heads, a sigmoid router, a shared expert and a balance loss. The stream goes
// from stage to stage, the loss and the target ids belong to the last one. The specification is gone.

// CHECK-NOT:   sigma.
// CHECK:       rank.launch @run_launch mesh<pp = 2, dp = 1> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32 {beta1 = 9.000000e-01 : f64, beta2 = 0.94999999999999996 : f64, epsilon = 1.000000e-08 : f64, gradient_clip = 1.000000e+00 : f64, learning_rate = 1.000000e-03 : f64, predicted_step_ns = 0 : i64, warmup_steps = 0 : i64, weight_decay = 1.000000e-01 : f64}
// CHECK-LABEL: rank.program @stage0 stage 0 of @run_launch layers 0 to 1 remat ["none"] {
// CHECK-NEXT:  rank.parameter @embedding.table : tensor<16x8xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.0.attention.norm : tensor<8xf32> init ones(0.000000e+00)
// CHECK-NEXT:  rank.parameter @layers.0.attention.query : tensor<8x8xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.0.attention.query_norm : tensor<2xf32> init ones(0.000000e+00)
// CHECK-NEXT:  rank.parameter @layers.0.attention.key : tensor<8x4xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.0.attention.key_norm : tensor<2xf32> init ones(0.000000e+00)
// CHECK-NEXT:  rank.parameter @layers.0.attention.value : tensor<8x4xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.0.attention.output : tensor<8x8xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.0.moe.norm : tensor<8xf32> init ones(0.000000e+00)
// CHECK-NEXT:  rank.parameter @layers.0.moe.router : tensor<8x4xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.0.moe.expert_gate : tensor<4x8x6xf32> init normal(2.000000e-02) decay expert
// CHECK-NEXT:  rank.parameter @layers.0.moe.expert_up : tensor<4x8x6xf32> init normal(2.000000e-02) decay expert
// CHECK-NEXT:  rank.parameter @layers.0.moe.expert_down : tensor<4x6x8xf32> init normal(2.000000e-02) decay expert
// CHECK-NEXT:  rank.parameter @layers.0.moe.shared_0_gate : tensor<8x4xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.0.moe.shared_0_up : tensor<8x4xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.0.moe.shared_0_down : tensor<4x8xf32> init normal(2.000000e-02) decay
// CHECK:       rank.func @forward(%arg0: tensor<4xi32>) -> tensor<4x8xf32> {
// CHECK-NEXT:  %0 = rank.weight @embedding.table
// CHECK-NEXT:  %1 = rank.embedding %arg0, %0
// CHECK-NEXT:  %2 = rank.weight @layers.0.attention.norm {rank.layer = 0 : i64, rank.module = "layernorm"}
// CHECK-NEXT:  %result, %rstd = rank.rms_norm %1, %2 {epsilon = 9.9999999999999995E-7 : f64, rank.layer = 0 : i64, rank.module = "layernorm"}
// CHECK-NEXT:  %3 = rank.weight @layers.0.attention.query {rank.layer = 0 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %4 = rank.matmul %result, %3 {rank.layer = 0 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %5 = rank.weight @layers.0.attention.query_norm {rank.layer = 0 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %result_0, %rstd_1 = rank.rms_norm %4, %5 {epsilon = 9.9999999999999995E-7 : f64, rank.layer = 0 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %6 = rank.rotary %result_0 {frequencies = array<f64: 1.000000e+00>, heads = 4 : i64, rank.layer = 0 : i64, rank.module = "qkv", sequence = 4 : i64}
// CHECK-NEXT:  %7 = rank.weight @layers.0.attention.key {rank.layer = 0 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %8 = rank.matmul %result, %7 {rank.layer = 0 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %9 = rank.weight @layers.0.attention.key_norm {rank.layer = 0 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %result_2, %rstd_3 = rank.rms_norm %8, %9 {epsilon = 9.9999999999999995E-7 : f64, rank.layer = 0 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %10 = rank.rotary %result_2 {frequencies = array<f64: 1.000000e+00>, heads = 2 : i64, rank.layer = 0 : i64, rank.module = "qkv", sequence = 4 : i64}
// CHECK-NEXT:  %11 = rank.weight @layers.0.attention.value {rank.layer = 0 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %12 = rank.matmul %result, %11 {rank.layer = 0 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %result_4, %lse = rank.attention %6, %10, %12 {heads = 4 : i64, kv_heads = 2 : i64, rank.layer = 0 : i64, rank.module = "core_attn", sequence = 4 : i64}
// CHECK-NEXT:  %13 = rank.weight @layers.0.attention.output {rank.layer = 0 : i64}
// CHECK-NEXT:  %14 = rank.matmul %result_4, %13 {rank.layer = 0 : i64}
// CHECK-NEXT:  %15 = rank.add %1, %14 {rank.layer = 0 : i64}
// CHECK-NEXT:  %16 = rank.weight @layers.0.moe.norm {rank.layer = 0 : i64, rank.module = "layernorm"}
// CHECK-NEXT:  %result_5, %rstd_6 = rank.rms_norm %15, %16 {epsilon = 9.9999999999999995E-7 : f64, rank.layer = 0 : i64, rank.module = "layernorm"}
// CHECK-NEXT:  %17 = rank.weight @layers.0.moe.router {rank.layer = 0 : i64, rank.module = "moe"}
// CHECK-NEXT:  %18 = rank.matmul %result_5, %17 {rank.layer = 0 : i64, rank.module = "moe"}
// CHECK-NEXT:  %19 = rank.router_scores %18 {rank.layer = 0 : i64, rank.module = "moe", score = #rank<score sigmoid>}
// CHECK-NEXT:  %weights, %chosen = rank.top_k %19 {normalize, rank.layer = 0 : i64, rank.module = "moe"}
// CHECK-NEXT:  %20 = rank.balance_loss %19, %chosen {rank.layer = 0 : i64, rank.module = "moe", sequence = 4 : i64}
// CHECK-NEXT:  rank.objective balance %20 scale 5.000000e-03 {rank.layer = 0 : i64, rank.module = "moe"} : tensor<1xf32>
// CHECK-NEXT:  %position, %sizes = rank.group_tokens %chosen {rank.layer = 0 : i64, rank.module = "moe"}
// CHECK-NEXT:  %21 = rank.gather_rows %result_5, %position {rank.layer = 0 : i64, rank.module = "moe.moe_dispatch"}
// CHECK-NEXT:  %22 = rank.dispatch %21, %sizes {rank.layer = 0 : i64, rank.module = "moe.moe_dispatch"}
// CHECK-NEXT:  %23 = rank.weight @layers.0.moe.expert_gate {rank.layer = 0 : i64, rank.module = "moe.experts"}
// CHECK-NEXT:  %24 = rank.grouped_matmul %22, %23, %sizes {expected_rows = 8 : i64, rank.layer = 0 : i64, rank.module = "moe.experts"}
// CHECK-NEXT:  %25 = rank.weight @layers.0.moe.expert_up {rank.layer = 0 : i64, rank.module = "moe.experts"}
// CHECK-NEXT:  %26 = rank.grouped_matmul %22, %25, %sizes {expected_rows = 8 : i64, rank.layer = 0 : i64, rank.module = "moe.experts"}
// CHECK-NEXT:  %27 = rank.activation %24 up %26 sizes %sizes {expected_rows = 8 : i64, rank.layer = 0 : i64, rank.module = "moe.experts.moe_act"}
// CHECK-NEXT:  %28 = rank.weight @layers.0.moe.expert_down {rank.layer = 0 : i64, rank.module = "moe"}
// CHECK-NEXT:  %29 = rank.grouped_matmul %27, %28, %sizes {expected_rows = 8 : i64, rank.layer = 0 : i64, rank.module = "moe"}
// CHECK-NEXT:  %30 = rank.collect %29, %sizes {rank.layer = 0 : i64, rank.module = "moe"}
// CHECK-NEXT:  %31 = rank.combine %30, %position, %weights {rank.layer = 0 : i64, rank.module = "moe"}
// CHECK-NEXT:  %32 = rank.weight @layers.0.moe.shared_0_gate {rank.layer = 0 : i64, rank.module = "moe.shared_experts"}
// CHECK-NEXT:  %33 = rank.matmul %result_5, %32 {rank.layer = 0 : i64, rank.module = "moe.shared_experts"}
// CHECK-NEXT:  %34 = rank.weight @layers.0.moe.shared_0_up {rank.layer = 0 : i64, rank.module = "moe.shared_experts"}
// CHECK-NEXT:  %35 = rank.matmul %result_5, %34 {rank.layer = 0 : i64, rank.module = "moe.shared_experts"}
// CHECK-NEXT:  %36 = rank.activation %33 up %35 {rank.layer = 0 : i64, rank.module = "moe.shared_experts"}
// CHECK-NEXT:  %37 = rank.weight @layers.0.moe.shared_0_down {rank.layer = 0 : i64, rank.module = "moe.shared_experts"}
// CHECK-NEXT:  %38 = rank.matmul %36, %37 {rank.layer = 0 : i64, rank.module = "moe.shared_experts"}
// CHECK-NEXT:  %39 = rank.add %31, %38 {rank.layer = 0 : i64, rank.module = "moe"}
// CHECK-NEXT:  %40 = rank.add %15, %39 {rank.layer = 0 : i64}
// CHECK-NEXT:  rank.return %40 : tensor<4x8xf32>
// CHECK-NEXT:  }
// CHECK-LABEL: rank.program @stage1 stage 1 of @run_launch layers 1 to 2 remat ["full"] {
// CHECK-NEXT:  rank.parameter @layers.1.attention.norm : tensor<8xf32> init ones(0.000000e+00)
// CHECK-NEXT:  rank.parameter @layers.1.attention.query : tensor<8x8xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.1.attention.query_norm : tensor<2xf32> init ones(0.000000e+00)
// CHECK-NEXT:  rank.parameter @layers.1.attention.key : tensor<8x4xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.1.attention.key_norm : tensor<2xf32> init ones(0.000000e+00)
// CHECK-NEXT:  rank.parameter @layers.1.attention.value : tensor<8x4xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.1.attention.output : tensor<8x8xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.1.moe.norm : tensor<8xf32> init ones(0.000000e+00)
// CHECK-NEXT:  rank.parameter @layers.1.moe.router : tensor<8x4xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.1.moe.expert_gate : tensor<4x8x6xf32> init normal(2.000000e-02) decay expert
// CHECK-NEXT:  rank.parameter @layers.1.moe.expert_up : tensor<4x8x6xf32> init normal(2.000000e-02) decay expert
// CHECK-NEXT:  rank.parameter @layers.1.moe.expert_down : tensor<4x6x8xf32> init normal(2.000000e-02) decay expert
// CHECK-NEXT:  rank.parameter @layers.1.moe.shared_0_gate : tensor<8x4xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.1.moe.shared_0_up : tensor<8x4xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.1.moe.shared_0_down : tensor<4x8xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @head.norm : tensor<8xf32> init ones(0.000000e+00)
// CHECK-NEXT:  rank.parameter @head.output : tensor<8x16xf32> init normal(2.000000e-02) decay
// CHECK:       rank.func @forward(%arg0: tensor<4x8xf32>, %arg1: tensor<4xi32>) {
// CHECK-NEXT:  %0 = rank.weight @layers.1.attention.norm {rank.layer = 1 : i64, rank.module = "layernorm"}
// CHECK-NEXT:  %result, %rstd = rank.rms_norm %arg0, %0 {epsilon = 9.9999999999999995E-7 : f64, rank.layer = 1 : i64, rank.module = "layernorm"}
// CHECK-NEXT:  %1 = rank.weight @layers.1.attention.query {rank.layer = 1 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %2 = rank.matmul %result, %1 {rank.layer = 1 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %3 = rank.weight @layers.1.attention.query_norm {rank.layer = 1 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %result_0, %rstd_1 = rank.rms_norm %2, %3 {epsilon = 9.9999999999999995E-7 : f64, rank.layer = 1 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %4 = rank.rotary %result_0 {frequencies = array<f64: 1.000000e+00>, heads = 4 : i64, rank.layer = 1 : i64, rank.module = "qkv", sequence = 4 : i64}
// CHECK-NEXT:  %5 = rank.weight @layers.1.attention.key {rank.layer = 1 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %6 = rank.matmul %result, %5 {rank.layer = 1 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %7 = rank.weight @layers.1.attention.key_norm {rank.layer = 1 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %result_2, %rstd_3 = rank.rms_norm %6, %7 {epsilon = 9.9999999999999995E-7 : f64, rank.layer = 1 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %8 = rank.rotary %result_2 {frequencies = array<f64: 1.000000e+00>, heads = 2 : i64, rank.layer = 1 : i64, rank.module = "qkv", sequence = 4 : i64}
// CHECK-NEXT:  %9 = rank.weight @layers.1.attention.value {rank.layer = 1 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %10 = rank.matmul %result, %9 {rank.layer = 1 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %result_4, %lse = rank.attention %4, %8, %10 {heads = 4 : i64, kv_heads = 2 : i64, rank.layer = 1 : i64, rank.module = "core_attn", sequence = 4 : i64}
// CHECK-NEXT:  %11 = rank.weight @layers.1.attention.output {rank.layer = 1 : i64}
// CHECK-NEXT:  %12 = rank.matmul %result_4, %11 {rank.layer = 1 : i64}
// CHECK-NEXT:  %13 = rank.add %arg0, %12 {rank.layer = 1 : i64}
// CHECK-NEXT:  %14 = rank.weight @layers.1.moe.norm {rank.layer = 1 : i64, rank.module = "layernorm"}
// CHECK-NEXT:  %result_5, %rstd_6 = rank.rms_norm %13, %14 {epsilon = 9.9999999999999995E-7 : f64, rank.layer = 1 : i64, rank.module = "layernorm"}
// CHECK-NEXT:  %15 = rank.weight @layers.1.moe.router {rank.layer = 1 : i64, rank.module = "moe"}
// CHECK-NEXT:  %16 = rank.matmul %result_5, %15 {rank.layer = 1 : i64, rank.module = "moe"}
// CHECK-NEXT:  %17 = rank.router_scores %16 {rank.layer = 1 : i64, rank.module = "moe", score = #rank<score sigmoid>}
// CHECK-NEXT:  %weights, %chosen = rank.top_k %17 {normalize, rank.layer = 1 : i64, rank.module = "moe"}
// CHECK-NEXT:  %18 = rank.balance_loss %17, %chosen {rank.layer = 1 : i64, rank.module = "moe", sequence = 4 : i64}
// CHECK-NEXT:  rank.objective balance %18 scale 5.000000e-03 {rank.layer = 1 : i64, rank.module = "moe"} : tensor<1xf32>
// CHECK-NEXT:  %position, %sizes = rank.group_tokens %chosen {rank.layer = 1 : i64, rank.module = "moe"}
// CHECK-NEXT:  %19 = rank.gather_rows %result_5, %position {rank.layer = 1 : i64, rank.module = "moe.moe_dispatch"}
// CHECK-NEXT:  %20 = rank.dispatch %19, %sizes {rank.layer = 1 : i64, rank.module = "moe.moe_dispatch"}
// CHECK-NEXT:  %21 = rank.weight @layers.1.moe.expert_gate {rank.layer = 1 : i64, rank.module = "moe.experts"}
// CHECK-NEXT:  %22 = rank.grouped_matmul %20, %21, %sizes {expected_rows = 8 : i64, rank.layer = 1 : i64, rank.module = "moe.experts"}
// CHECK-NEXT:  %23 = rank.weight @layers.1.moe.expert_up {rank.layer = 1 : i64, rank.module = "moe.experts"}
// CHECK-NEXT:  %24 = rank.grouped_matmul %20, %23, %sizes {expected_rows = 8 : i64, rank.layer = 1 : i64, rank.module = "moe.experts"}
// CHECK-NEXT:  %25 = rank.activation %22 up %24 sizes %sizes {expected_rows = 8 : i64, rank.layer = 1 : i64, rank.module = "moe.experts.moe_act"}
// CHECK-NEXT:  %26 = rank.weight @layers.1.moe.expert_down {rank.layer = 1 : i64, rank.module = "moe"}
// CHECK-NEXT:  %27 = rank.grouped_matmul %25, %26, %sizes {expected_rows = 8 : i64, rank.layer = 1 : i64, rank.module = "moe"}
// CHECK-NEXT:  %28 = rank.collect %27, %sizes {rank.layer = 1 : i64, rank.module = "moe"}
// CHECK-NEXT:  %29 = rank.combine %28, %position, %weights {rank.layer = 1 : i64, rank.module = "moe"}
// CHECK-NEXT:  %30 = rank.weight @layers.1.moe.shared_0_gate {rank.layer = 1 : i64, rank.module = "moe.shared_experts"}
// CHECK-NEXT:  %31 = rank.matmul %result_5, %30 {rank.layer = 1 : i64, rank.module = "moe.shared_experts"}
// CHECK-NEXT:  %32 = rank.weight @layers.1.moe.shared_0_up {rank.layer = 1 : i64, rank.module = "moe.shared_experts"}
// CHECK-NEXT:  %33 = rank.matmul %result_5, %32 {rank.layer = 1 : i64, rank.module = "moe.shared_experts"}
// CHECK-NEXT:  %34 = rank.activation %31 up %33 {rank.layer = 1 : i64, rank.module = "moe.shared_experts"}
// CHECK-NEXT:  %35 = rank.weight @layers.1.moe.shared_0_down {rank.layer = 1 : i64, rank.module = "moe.shared_experts"}
// CHECK-NEXT:  %36 = rank.matmul %34, %35 {rank.layer = 1 : i64, rank.module = "moe.shared_experts"}
// CHECK-NEXT:  %37 = rank.add %29, %36 {rank.layer = 1 : i64, rank.module = "moe"}
// CHECK-NEXT:  %38 = rank.add %13, %37 {rank.layer = 1 : i64}
// CHECK-NEXT:  %39 = rank.weight @head.norm
// CHECK-NEXT:  %result_7, %rstd_8 = rank.rms_norm %38, %39 {epsilon = 9.9999999999999995E-7 : f64}
// CHECK-NEXT:  %40 = rank.weight @head.output
// CHECK-NEXT:  %41 = rank.matmul %result_7, %40
// CHECK-NEXT:  %loss, %lse_9 = rank.cross_entropy %41, %arg1
// CHECK-NEXT:  rank.objective loss %loss scale 1.250000e-01 : tensor<1xf32>
// CHECK-NEXT:  rank.return
// CHECK-NEXT:  }
// CHECK-NOT:   sigma.

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

// -----

// One stage has everything.

// CHECK-LABEL: rank.program @stage0 stage 0 of @run_launch layers 0 to 1 remat ["none"] {
// CHECK-NEXT:  rank.parameter @embedding.table : tensor<16x8xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.0.attention.norm : tensor<8xf32> init ones(0.000000e+00)
// CHECK-NEXT:  rank.parameter @layers.0.attention.query : tensor<8x8xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.0.attention.key : tensor<8x4xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.0.attention.value : tensor<8x4xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.0.attention.output : tensor<8x8xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.0.mlp.norm : tensor<8xf32> init ones(0.000000e+00)
// CHECK-NEXT:  rank.parameter @layers.0.mlp.gate : tensor<8x6xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.0.mlp.up : tensor<8x6xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @layers.0.mlp.down : tensor<6x8xf32> init normal(2.000000e-02) decay
// CHECK-NEXT:  rank.parameter @head.norm : tensor<8xf32> init ones(0.000000e+00)
// CHECK-NEXT:  rank.parameter @head.output : tensor<8x16xf32> init normal(2.000000e-02) decay
// CHECK:       rank.func @forward(%arg0: tensor<4xi32>, %arg1: tensor<4xi32>) {
// CHECK-NEXT:  %0 = rank.weight @embedding.table
// CHECK-NEXT:  %1 = rank.embedding %arg0, %0
// CHECK-NEXT:  %2 = rank.weight @layers.0.attention.norm {rank.layer = 0 : i64, rank.module = "layernorm"}
// CHECK-NEXT:  %result, %rstd = rank.rms_norm %1, %2 {epsilon = 9.9999999999999995E-7 : f64, rank.layer = 0 : i64, rank.module = "layernorm"}
// CHECK-NEXT:  %3 = rank.weight @layers.0.attention.query {rank.layer = 0 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %4 = rank.matmul %result, %3 {rank.layer = 0 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %5 = rank.rotary %4 {frequencies = array<f64: 1.000000e+00>, heads = 4 : i64, rank.layer = 0 : i64, rank.module = "qkv", sequence = 4 : i64}
// CHECK-NEXT:  %6 = rank.weight @layers.0.attention.key {rank.layer = 0 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %7 = rank.matmul %result, %6 {rank.layer = 0 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %8 = rank.rotary %7 {frequencies = array<f64: 1.000000e+00>, heads = 2 : i64, rank.layer = 0 : i64, rank.module = "qkv", sequence = 4 : i64}
// CHECK-NEXT:  %9 = rank.weight @layers.0.attention.value {rank.layer = 0 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %10 = rank.matmul %result, %9 {rank.layer = 0 : i64, rank.module = "qkv"}
// CHECK-NEXT:  %result_0, %lse = rank.attention %5, %8, %10 {heads = 4 : i64, kv_heads = 2 : i64, rank.layer = 0 : i64, rank.module = "core_attn", sequence = 4 : i64}
// CHECK-NEXT:  %11 = rank.weight @layers.0.attention.output {rank.layer = 0 : i64}
// CHECK-NEXT:  %12 = rank.matmul %result_0, %11 {rank.layer = 0 : i64}
// CHECK-NEXT:  %13 = rank.add %1, %12 {rank.layer = 0 : i64}
// CHECK-NEXT:  %14 = rank.weight @layers.0.mlp.norm {rank.layer = 0 : i64, rank.module = "layernorm"}
// CHECK-NEXT:  %result_1, %rstd_2 = rank.rms_norm %13, %14 {epsilon = 9.9999999999999995E-7 : f64, rank.layer = 0 : i64, rank.module = "layernorm"}
// CHECK-NEXT:  %15 = rank.weight @layers.0.mlp.gate {rank.layer = 0 : i64, rank.module = "mlp"}
// CHECK-NEXT:  %16 = rank.matmul %result_1, %15 {rank.layer = 0 : i64, rank.module = "mlp"}
// CHECK-NEXT:  %17 = rank.weight @layers.0.mlp.up {rank.layer = 0 : i64, rank.module = "mlp"}
// CHECK-NEXT:  %18 = rank.matmul %result_1, %17 {rank.layer = 0 : i64, rank.module = "mlp"}
// CHECK-NEXT:  %19 = rank.activation %16 up %18 {rank.layer = 0 : i64, rank.module = "mlp.mlp_act"}
// CHECK-NEXT:  %20 = rank.weight @layers.0.mlp.down {rank.layer = 0 : i64, rank.module = "mlp"}
// CHECK-NEXT:  %21 = rank.matmul %19, %20 {rank.layer = 0 : i64, rank.module = "mlp"}
// CHECK-NEXT:  %22 = rank.add %13, %21 {rank.layer = 0 : i64}
// CHECK-NEXT:  %23 = rank.weight @head.norm
// CHECK-NEXT:  %result_3, %rstd_4 = rank.rms_norm %22, %23 {epsilon = 9.9999999999999995E-7 : f64}
// CHECK-NEXT:  %24 = rank.weight @head.output
// CHECK-NEXT:  %25 = rank.matmul %result_3, %24
// CHECK-NEXT:  %loss, %lse_5 = rank.cross_entropy %25, %arg1
// CHECK-NEXT:  rank.objective loss %loss scale 1.250000e-01 : tensor<1xf32>
// CHECK-NEXT:  rank.return
// CHECK-NEXT:  }

sigma.model @m sequence 4 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 4 kv_heads 2 head_width 2 rope 10000.0
    sigma.mlp width 6
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
sigma.plan @run pp 1 dp 2 ep 1 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 1 remat [none] peak_bytes 0
}
