// RUN: sigma-opt %s | FileCheck %s
// RUN: sigma-opt %s | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --mlir-print-op-generic | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --emit-bytecode | sigma-opt | FileCheck %s

// CHECK: rank.launch @heads mesh<cp = 3, pp = 1, dp = 1> context all_to_all experts<ep = 1>
rank.launch @heads mesh<cp = 3, pp = 1, dp = 1> context all_to_all experts<ep = 1> batch 2 micro_batch 2 sequence 15 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}

// CHECK-LABEL: rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2
rank.launch @launch mesh<tp = 2, cp = 2, pp = 1, dp = 1> experts<etp = 2, ep = 2> batch 2 micro_batch 2 sequence 16 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  // CHECK-LABEL: rank.func @tensor
  rank.func @tensor(%x: tensor<8x4xf32>) -> tensor<8x4xf32> {
    // CHECK-NEXT: %0 = rank.all_gather %arg0 over tensor {blocks = 2 : i64} : tensor<8x4xf32> -> tensor<16x4xf32>
    // CHECK-NEXT: %1 = rank.reduce_scatter %0 over tensor : tensor<16x4xf32> -> tensor<8x4xf32>
    %0 = rank.all_gather %x over tensor {blocks = 2} : tensor<8x4xf32> -> tensor<16x4xf32>
    %1 = rank.reduce_scatter %0 over tensor {blocks = 1} : tensor<16x4xf32> -> tensor<8x4xf32>
    rank.return %1 : tensor<8x4xf32>
  }
  // CHECK-LABEL: rank.func @started
  rank.func @started(%x: tensor<8x4xf32>) {
    // CHECK-NEXT: %0 = rank.all_gather %arg0 over tensor {started} : tensor<8x4xf32> -> tensor<16x4xf32>
    // CHECK-NEXT: rank.wait %0 : tensor<16x4xf32>
    %0 = rank.all_gather %x over tensor {started} : tensor<8x4xf32> -> tensor<16x4xf32>
    rank.wait %0 : tensor<16x4xf32>
    rank.return
  }
  // CHECK-LABEL: rank.func @context
  rank.func @context(%q: tensor<16x8xf32>, %k: tensor<16x4xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>) {
    // CHECK-NEXT: rank.gather_sequence %arg0 {blocks = 2 : i64} : (tensor<16x8xf32>) -> tensor<32x4xf32>
    // CHECK-NEXT: rank.split_sequence %0 {blocks = 2 : i64} : (tensor<32x4xf32>) -> tensor<16x8xf32>
    // CHECK-NEXT: rank.rotary %1 {frequencies = array<f64: 1.000000e+00>, heads = 2 : i64, sequence = 8 : i64, shares = 2 : i64}
    // CHECK-NEXT: rank.attention %2, %arg1, %arg1 {heads = 2 : i64, kv_heads = 1 : i64, ring = 2 : i64, sequence = 8 : i64}
    %0 = rank.gather_sequence %q {blocks = 2 : i64} : (tensor<16x8xf32>) -> tensor<32x4xf32>
    %1 = rank.split_sequence %0 {blocks = 2 : i64} : (tensor<32x4xf32>) -> tensor<16x8xf32>
    %2 = rank.rotary %1 {frequencies = array<f64: 1.0>, heads = 2 : i64, sequence = 8 : i64, shares = 2 : i64} : (tensor<16x8xf32>) -> tensor<16x8xf32>
    %3, %lse = rank.attention %2, %k, %k {heads = 2 : i64, kv_heads = 1 : i64, sequence = 8 : i64, ring = 2 : i64}
        : (tensor<16x8xf32>, tensor<16x4xf32>, tensor<16x4xf32>) -> (tensor<16x8xf32>, tensor<16x2xf32>)
    rank.return %1, %3 : tensor<16x8xf32>, tensor<16x8xf32>
  }
  // CHECK-LABEL: rank.func @vocabulary
  rank.func @vocabulary(%ids: tensor<16xi32>, %table: tensor<8x4xf32>, %logits: tensor<16x8xf32>) {
    // CHECK-NEXT: rank.embedding %arg0, %arg1 {shards = 2 : i64}
    // CHECK-NEXT: rank.cross_entropy %arg2, %arg0 {shards = 2 : i64}
    // CHECK-NEXT: rank.positions {sequence = 4 : i64, shares = 4 : i64}
    %0 = rank.embedding %ids, %table {shards = 2 : i64} : (tensor<16xi32>, tensor<8x4xf32>) -> tensor<16x4xf32>
    %1, %lse = rank.cross_entropy %logits, %ids {shards = 2 : i64} : (tensor<16x8xf32>, tensor<16xi32>) -> (tensor<1xf32>, tensor<16xf32>)
    %2 = rank.positions {sequence = 4 : i64, shares = 4 : i64} : () -> tensor<8xi32>
    rank.return
  }
  // CHECK-LABEL: rank.func @experts
  rank.func @experts(%rows: tensor<8x4xf32>, %sizes: tensor<3xi32>, %scores: tensor<8x4xf32>, %chosen: tensor<8x2xi32>) -> tensor<8x4xf32> {
    // CHECK-NEXT: %table, %all_sizes = rank.gather_sizes %arg1 : (tensor<3xi32>) -> (tensor<2x3xi32>, tensor<3xi32>)
    // CHECK-NEXT: %0 = rank.gather_expert_rows %arg0, %table {expected_rows = 8 : i64} : (tensor<8x4xf32>, tensor<2x3xi32>) -> tensor<16x4xf32>
    // CHECK-NEXT: %1 = rank.add %0, %0 {expected_rows = 8 : i64} : tensor<16x4xf32>
    // CHECK-NEXT: %2 = rank.scatter_expert_rows %1, %table {expected_rows = 8 : i64} : (tensor<16x4xf32>, tensor<2x3xi32>) -> tensor<8x4xf32>
    // CHECK-NEXT: rank.balance_loss %arg2, %arg3 {sequence = 4 : i64, shares = 4 : i64}
    %table, %all = rank.gather_sizes %sizes : (tensor<3xi32>) -> (tensor<2x3xi32>, tensor<3xi32>)
    %0 = rank.gather_expert_rows %rows, %table {expected_rows = 8 : i64} : (tensor<8x4xf32>, tensor<2x3xi32>) -> tensor<16x4xf32>
    %1 = rank.add %0, %0 {expected_rows = 8 : i64} : tensor<16x4xf32>
    %2 = rank.scatter_expert_rows %1, %table {expected_rows = 8 : i64} : (tensor<16x4xf32>, tensor<2x3xi32>) -> tensor<8x4xf32>
    %3 = rank.balance_loss %scores, %chosen {sequence = 4 : i64, shares = 4 : i64} : (tensor<8x4xf32>, tensor<8x2xi32>) -> tensor<1xf32>
    rank.return %2 : tensor<8x4xf32>
  }
}
