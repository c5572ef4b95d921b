// RUN: sigma-opt %s --sigma-rank-to-llvm | FileCheck %s --implicit-check-not=@main
// RUN: sigma-opt %s --sigma-rank-to-llvm=entry-point | FileCheck %s --check-prefixes=CHECK,MAIN
// RUN: sigma-opt %s --sigma-rank-to-llvm=entry-point | mlir-translate --mlir-to-llvmir | FileCheck %s --check-prefix=LLVM

// LLVM: define void @f32.stage0.forward(ptr %0, ptr %1, ptr %2, ptr %3, ptr %4, ptr %5, ptr %6)
// LLVM: define i32 @main(i32 %0, ptr %1)

// Forward in full: scalars are constants, a value is an address in the arena, one of the two parts of the slot, or transient memory.

// CHECK-LABEL: llvm.func @f32.stage0.forward(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr, %arg3: !llvm.ptr, %arg4: !llvm.ptr, %arg5: !llvm.ptr, %arg6: !llvm.ptr) {
// CHECK-NEXT:  %0 = llvm.mlir.constant(0 : i64) : i64
// CHECK-NEXT:  %1 = llvm.mlir.constant(0 : i64) : i64
// CHECK-NEXT:  %2 = llvm.getelementptr %arg1[%1]
// CHECK-NEXT:  %3 = llvm.mlir.constant(64 : i64) : i64
// CHECK-NEXT:  %4 = llvm.getelementptr %arg4[%3]
// CHECK-NEXT:  %5 = llvm.mlir.constant(4 : i64) : i64
// CHECK-NEXT:  %6 = llvm.mlir.constant(8 : i64) : i64
// CHECK-NEXT:  %7 = llvm.mlir.constant(16 : i64) : i64
// CHECK-NEXT:  %8 = llvm.mlir.constant(1 : i64) : i64
// CHECK-NEXT:  llvm.call @sigma_embedding(%arg0, %0, %arg5, %2, %4, %5, %6, %7, %8)
// CHECK-NEXT:  %9 = llvm.mlir.constant(0 : i64) : i64
// CHECK-NEXT:  %10 = llvm.mlir.constant(512 : i64) : i64
// CHECK-NEXT:  %11 = llvm.getelementptr %arg1[%10]
// CHECK-NEXT:  %12 = llvm.mlir.constant(64 : i64) : i64
// CHECK-NEXT:  %13 = llvm.getelementptr %arg3[%12]
// CHECK-NEXT:  %14 = llvm.mlir.constant(192 : i64) : i64
// CHECK-NEXT:  %15 = llvm.getelementptr %arg3[%14]
// CHECK-NEXT:  %16 = llvm.mlir.constant(4 : i64) : i64
// CHECK-NEXT:  %17 = llvm.mlir.constant(8 : i64) : i64
// CHECK-NEXT:  %18 = llvm.mlir.constant(1.000000e-01 : f64) : f64
// CHECK-NEXT:  llvm.call @sigma_rms_norm(%arg0, %9, %4, %11, %13, %15, %16, %17, %18)
// CHECK-NEXT:  %19 = llvm.mlir.constant(0 : i64) : i64
// CHECK-NEXT:  %20 = llvm.mlir.constant(0 : i64) : i64
// CHECK-NEXT:  %21 = llvm.getelementptr %arg4[%20]
// CHECK-NEXT:  %22 = llvm.mlir.constant(0 : i64) : i64
// CHECK-NEXT:  %23 = llvm.getelementptr %arg2[%22]
// CHECK-NEXT:  %24 = llvm.mlir.constant(4 : i64) : i64
// CHECK-NEXT:  %25 = llvm.mlir.constant(8 : i64) : i64
// CHECK-NEXT:  %26 = llvm.mlir.constant(1 : i64) : i64
// CHECK-NEXT:  %27 = llvm.mlir.zero : !llvm.ptr
// CHECK-NEXT:  %28 = llvm.mlir.constant(0 : i64) : i64
// CHECK-NEXT:  llvm.call @sigma_cross_entropy(%arg0, %19, %13, %arg6, %21, %23, %24, %25, %26, %27, %28)
// CHECK-NEXT:  %29 = llvm.mlir.constant(0 : i64) : i64
// CHECK-NEXT:  %30 = llvm.mlir.constant(2.500000e-01 : f64) : f64
// CHECK-NEXT:  %31 = llvm.mlir.constant(0 : i64) : i64
// CHECK-NEXT:  llvm.call @sigma_add_objective(%arg0, %29, %23, %30, %31)
// CHECK-NEXT:  llvm.return
// CHECK-NEXT:  }

// Backward: the calls of its ops in order. Saved values are no arguments; they lie in the slot.

// CHECK-LABEL: llvm.func @f32.stage0.backward(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr, %arg3: !llvm.ptr, %arg4: !llvm.ptr, %arg5: !llvm.ptr, %arg6: !llvm.ptr) {
// CHECK:       llvm.call @sigma_fill(%arg0
// CHECK:       llvm.call @sigma_cross_entropy_grad(%arg0
// CHECK:       llvm.call @sigma_rms_norm_grad(%arg0
// CHECK:       llvm.call @sigma_accumulate(%arg0
// CHECK:       llvm.call @sigma_embedding_grad(%arg0
// CHECK:       llvm.return

// The step: the schedule in order.

// CHECK-LABEL: llvm.func @f32.stage0.step(%arg0: !llvm.ptr, %arg1: !llvm.ptr) {
// CHECK:       llvm.call @sigma_fill(%arg0
// CHECK:       llvm.call @sigma_load_batch(%arg0
// CHECK:       llvm.call @f32.stage0.forward(%arg0
// CHECK:       llvm.call @f32.stage0.backward(%arg0
// CHECK:       llvm.call @sigma_all_reduce(%arg0
// CHECK:       llvm.call @sigma_square_sum(%arg0
// CHECK:       llvm.call @sigma_reduce_step(%arg0
// CHECK:       llvm.call @sigma_adamw(%arg0
// CHECK:       llvm.call @sigma_adamw(%arg0
// CHECK:       llvm.call @sigma_checkpoint_hook(%arg0
// CHECK:       llvm.return

// What the runtime is told: the job, the optimizer, each stage and each of its tensors.

// CHECK-LABEL: llvm.func @sigma_describe_f32(%arg0: !llvm.ptr) {
// CHECK:       llvm.call @sigma_describe_program(%arg0
// CHECK:       llvm.call @sigma_describe_mesh(%arg0
// CHECK:       llvm.call @sigma_describe_optimizer(%arg0
// CHECK:       llvm.call @sigma_describe_stage(%arg0
// CHECK:       llvm.call @sigma_describe_tensor(%arg0
// CHECK:       llvm.call @sigma_describe_tensor(%arg0
// CHECK:       llvm.return

// main hands over to the runtime. The f64 twin of the program may come from another object.

// MAIN-LABEL:  llvm.func @main(%arg0: i32, %arg1: !llvm.ptr) -> i32 {
// MAIN:        %[[F32:.*]] = llvm.mlir.addressof @sigma_describe_f32
// MAIN:        %[[F64:.*]] = llvm.mlir.addressof @sigma_describe_f64
// MAIN:        llvm.call @sigma_main(%{{.*}}, %arg1, %{{.*}}, %[[F32]], %[[F64]])
// MAIN:        llvm.func @sigma_describe_f64(!llvm.ptr)
// CHECK-NOT:   rank.

rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence 4 vocabulary 16 precision f32 {beta1 = 9.000000e-01 : f64, beta2 = 9.000000e-01 : f64, epsilon = 1.000000e-01 : f64, gradient_clip = 0.000000e+00 : f64, learning_rate = 1.000000e-01 : f64, predicted_step_ns = 0 : i64, warmup_steps = 0 : i64, weight_decay = 0.000000e+00 : f64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] attributes {arena_bytes = 3392 : i64, transient_offset = 2816 : i64} {
  rank.parameter @table : tensor<16x8xf32> init  normal(2.000000e-02) decay {first_moment_offset = 1152 : i64, gradient_offset = 576 : i64, second_moment_offset = 1728 : i64, value_offset = 0 : i64}
  rank.parameter @scale : tensor<8xf32> init  ones(0.000000e+00) {first_moment_offset = 1664 : i64, gradient_offset = 1088 : i64, second_moment_offset = 2240 : i64, value_offset = 512 : i64}
  rank.func @forward(%arg0: tensor<4xi32>, %arg1: tensor<4xi32>) attributes {ends_bytes = 192 : i64, slot_bytes = 384 : i64, transient_bytes = 64 : i64} {
    %0 = rank.weight @table : tensor<16x8xf32>
    %1 = rank.embedding %arg0, %0 {places = [#rank.place<ends, 64>]} : (tensor<4xi32>, tensor<16x8xf32>) -> tensor<4x8xf32>
    %2 = rank.weight @scale : tensor<8xf32>
    %result, %rstd = rank.rms_norm %1, %2 {epsilon = 1.000000e-01 : f64, places = [#rank.place<slot, 64>, #rank.place<slot, 192>]} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    %loss, %lse = rank.cross_entropy %result, %arg1 {places = [#rank.place<transient, 0>, #rank.place<ends, 0>]} : (tensor<4x8xf32>, tensor<4xi32>) -> (tensor<1xf32>, tensor<4xf32>)
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
    %0 = rank.call @forward(%tokens, %targets) micro_batch 0 {ends = #rank.place<arena, 0>, places = [#rank.place<arena, 2304>]} : (tensor<4xi32>, tensor<4xi32>) -> !rank.residual
    rank.call @backward(%0, %targets, %tokens) micro_batch 0 : (!rank.residual, tensor<4xi32>, tensor<4xi32>) -> ()
    rank.all_reduce_gradients  dp {elements = 144 : i64, offset = 576 : i64, workspace_bytes = 576 : i64}
    rank.gradient_norm  dp {elements = 144 : i64, offset = 576 : i64}
    rank.reduce_step
    rank.adamw @table
    rank.adamw @scale
    rank.checkpoint_hook
  }
}
