// RUN: sigma-opt %s --pass-pipeline="builtin.module(rank.program(sigma-autodiff,sigma-zero,sigma-schedule,sigma-overlap-parameters,sigma-plan-memory))" | FileCheck %s
// RUN: sigma-opt %s --pass-pipeline="builtin.module(rank.program(sigma-autodiff,sigma-zero,sigma-schedule,sigma-overlap-parameters,sigma-plan-memory),sigma-rank-to-llvm)" | FileCheck %s --check-prefix=LLVM
// RUN: sed 's/, overlaps_parameters//' %s | sigma-opt --pass-pipeline="builtin.module(rank.program(sigma-autodiff,sigma-zero,sigma-schedule,sigma-overlap-parameters))" | FileCheck %s --check-prefix=PLAIN

// Each piece of a function but the first starts with the one before, and is waited for where it is needed. Its memory is its own
// from the start.

// CHECK:      rank.func @forward
// CHECK:        rank.gather_values @embedding.dp {places = [#rank.place<transient, [[TABLE:[0-9]+]]>]}
// CHECK-NEXT:   %[[A:.*]] = rank.start_gather @layers.0.dp {places = [#rank.place<transient, [[FIRST:[0-9]+]]>]}
// CHECK:        rank.embedding
// CHECK:        rank.wait_gather %[[A]]
// CHECK-NEXT:   %[[B:.*]] = rank.start_gather @layers.1.dp
// CHECK-NEXT:   %[[E:.*]] = rank.start_gather @layers.1.edp
// CHECK-NEXT:   rank.weight @a in %[[A]]
// CHECK:        rank.rms_norm {{.*}}rank.layer = 0
// CHECK:        rank.wait_gather %[[B]]
// CHECK:        rank.rms_norm {{.*}}rank.layer = 1
// CHECK:        rank.wait_gather %[[E]]
// CHECK:        rank.rms_norm
// CHECK-NOT:    rank.start_gather
// CHECK:      rank.func @backward
// CHECK:        rank.gather_values @layers.1.edp
// CHECK-NEXT:   %[[A2:.*]] = rank.start_gather @layers.0.dp
// CHECK:        rank.gather_values @layers.1.dp
// CHECK:        rank.wait_gather %[[A2]]

// What starts gathers looks at them before each op.

// LLVM-LABEL: llvm.func @f32.stage0.forward
// LLVM:         llvm.call @sigma_gather_flat
// LLVM:         llvm.call @sigma_start_gather
// LLVM:         llvm.call @sigma_progress
// LLVM:         llvm.call @sigma_embedding
// LLVM:         llvm.call @sigma_wait_gather

// PLAIN-NOT: start_gather

rank.launch @launch mesh<pp = 1, dp = 2, zero = 3> experts<ep = 1, zero = 3> batch 4 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64, overlaps_parameters}
rank.program @stage0 stage 0 of @launch layers 0 to 2 remat ["none", "none"] {
  rank.parameter @table : tensor<16x8xf32> init normal(0.1)
  rank.parameter @a : tensor<8xf32> init ones(0.0)
  rank.parameter @b : tensor<8xf32> init ones(0.0)
  rank.parameter @e : tensor<8xf32> init ones(0.0) expert
  rank.func @forward(%tokens: tensor<4xi32>, %targets: tensor<4xi32>) {
    %table = rank.weight @table : tensor<16x8xf32>
    %x = rank.embedding %tokens, %table : (tensor<4xi32>, tensor<16x8xf32>) -> tensor<4x8xf32>
    %a = rank.weight @a : tensor<8xf32>
    %n, %r = rank.rms_norm %x, %a {epsilon = 0.1 : f64, rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    %b = rank.weight @b : tensor<8xf32>
    %m, %s = rank.rms_norm %n, %b {epsilon = 0.1 : f64, rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    %e = rank.weight @e : tensor<8xf32>
    %y, %t = rank.rms_norm %m, %e {epsilon = 0.1 : f64, rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    %loss, %l = rank.cross_entropy %y, %targets : (tensor<4x8xf32>, tensor<4xi32>) -> (tensor<1xf32>, tensor<4xf32>)
    rank.objective loss %loss scale 1.0 : tensor<1xf32>
    rank.return
  }
}
