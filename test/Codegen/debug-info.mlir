// RUN: sigma-opt %s --sigma-rank-to-llvm --sigma-debug-info --mlir-print-debuginfo | mlir-translate --mlir-to-llvmir | FileCheck %s

// Each call points to the line of its op in this file: a crash in a kernel is found in the program's text.

// CHECK:       define void @f32.stage0.forward({{.*}}) !dbg ![[FORWARD:[0-9]+]]
// CHECK:       call void @sigma_embedding({{.*}}), !dbg ![[EMBEDDING:[0-9]+]]
// CHECK:       call void @sigma_rms_norm({{.*}}), !dbg ![[NORM:[0-9]+]]
// CHECK:       distinct !DICompileUnit({{.*}}emissionKind: FullDebug
// CHECK:       ![[FORWARD]] = distinct !DISubprogram(name: "f32.stage0.forward"{{.*}}, scopeLine: [[#FORWARD_LINE:]],
// CHECK:       ![[EMBEDDING]] = !DILocation(line: [[#EMBEDDING_LINE:FORWARD_LINE+2]],
// CHECK:       ![[NORM]] = !DILocation(line: [[#EMBEDDING_LINE+2]],

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32 {beta1 = 9.000000e-01 : f64, beta2 = 9.000000e-01 : f64, epsilon = 1.000000e-01 : f64, gradient_clip = 0.000000e+00 : f64, learning_rate = 1.000000e-01 : f64, predicted_step_ns = 0 : i64, warmup_steps = 0 : i64, weight_decay = 0.000000e+00 : f64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] attributes {arena_bytes = 3392 : i64, transient_offset = 2816 : i64} {
  rank.parameter @table : tensor<16x8xf32> init  normal(2.000000e-02) decay {first_moment_offset = 1152 : i64, gradient_offset = 576 : i64, second_moment_offset = 1728 : i64, value_offset = 0 : i64}
  rank.parameter @scale : tensor<8xf32> init  ones(0.000000e+00) {first_moment_offset = 1664 : i64, gradient_offset = 1088 : i64, second_moment_offset = 2240 : i64, value_offset = 512 : i64}
  rank.func @forward(%arg0: tensor<4xi32>, %arg1: tensor<4xi32>) attributes {slot_bytes = 384 : i64, transient_bytes = 64 : i64} {
    %0 = rank.weight @table : tensor<16x8xf32>
    %1 = rank.embedding %arg0, %0 {places = [#rank.place<slot, 256>]} : (tensor<4xi32>, tensor<16x8xf32>) -> tensor<4x8xf32>
    %2 = rank.weight @scale : tensor<8xf32>
    %result, %rstd = rank.rms_norm %1, %2 {epsilon = 1.000000e-01 : f64, places = [#rank.place<slot, 64>, #rank.place<slot, 192>]} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    %loss, %lse = rank.cross_entropy %result, %arg1 {places = [#rank.place<transient, 0>, #rank.place<slot, 0>]} : (tensor<4x8xf32>, tensor<4xi32>) -> (tensor<1xf32>, tensor<4xf32>)
    rank.objective  loss %loss scale 2.500000e-01 : tensor<1xf32>
    rank.return saves(%lse, %result, %rstd, %1 : tensor<4xf32>, tensor<4x8xf32>, tensor<4xf32>, tensor<4x8xf32>)
  }
  rank.func @backward(%arg0: tensor<4xf32>, %arg1: tensor<4x8xf32>, %arg2: tensor<4xf32>, %arg3: tensor<4x8xf32>, %arg4: tensor<4xi32>, %arg5: tensor<4xi32>) attributes {captured = array<i64: 1, 0>, num_saved = 4 : i64, slot_bytes = 0 : i64, transient_bytes = 320 : i64} {
    %0 = rank.weight @scale : tensor<8xf32>
    %1 = rank.constant 2.500000e-01 {places = [#rank.place<transient, 128>]} : tensor<1xf32>
    %2 = rank.cross_entropy_grad %arg1, %arg4, %arg0, %1 {places = [#rank.place<transient, 0>]} : (tensor<4x8xf32>, tensor<4xi32>, tensor<4xf32>, tensor<1xf32>) -> tensor<4x8xf32>
    %input_gradient, %weight_gradient = rank.rms_norm_grad %arg3, %0, %arg2, %2 {places = [#rank.place<transient, 128>, #rank.place<transient, 256>]} : (tensor<4x8xf32>, tensor<8xf32>, tensor<4xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<8xf32>)
    rank.accumulate @scale, %weight_gradient : tensor<8xf32>
    rank.embedding_grad %arg5, %input_gradient {into = @table} : (tensor<4xi32>, tensor<4x8xf32>) -> ()
    rank.return
  }
  rank.schedule {
    rank.zero_gradients {elements = 144 : i64, offset = 576 : i64}
    %tokens, %targets = rank.load_batch 0 {places = [#rank.place<arena, 2688>, #rank.place<arena, 2752>]} : tensor<4xi32>, tensor<4xi32>
    %0 = rank.call @forward(%tokens, %targets) micro_batch 0 {places = [#rank.place<arena, 2304>]} : (tensor<4xi32>, tensor<4xi32>) -> !rank.residual
    rank.call @backward(%0, %targets, %tokens) micro_batch 0 : (!rank.residual, tensor<4xi32>, tensor<4xi32>) -> ()
    rank.all_reduce_gradients  dp {elements = 144 : i64, offset = 576 : i64, workspace_bytes = 576 : i64}
    rank.gradient_norm  dp {elements = 144 : i64, offset = 576 : i64}
    rank.reduce_step
    rank.adamw @table
    rank.adamw @scale
    rank.checkpoint_hook
  }
}
