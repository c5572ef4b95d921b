module {
  rank.launch @run_launch mesh<pp = 2, dp = 1> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32 {beta1 = 9.000000e-01 : f64, beta2 = 0.94999999999999996 : f64, epsilon = 1.000000e-08 : f64, gradient_clip = 1.000000e+00 : f64, learning_rate = 1.000000e-03 : f64, predicted_step_ns = 0 : i64, warmup_steps = 0 : i64, weight_decay = 1.000000e-01 : f64}
  rank.program @stage0 stage 0 of @run_launch layers 0 to 1 remat ["none"] attributes {arena_bytes = 26368 : i64, transient_offset = 23808 : i64} {
    rank.parameter @embedding.table : tensor<16x8xf32> init  normal(2.000000e-02) decay {first_moment_offset = 8704 : i64, gradient_offset = 4352 : i64, second_moment_offset = 13056 : i64, value_offset = 0 : i64}
    rank.parameter @layers.0.attention.norm : tensor<8xf32> init  ones(0.000000e+00) {first_moment_offset = 9216 : i64, gradient_offset = 4864 : i64, second_moment_offset = 13568 : i64, value_offset = 512 : i64}
    rank.parameter @layers.0.attention.query : tensor<8x8xf32> init  normal(2.000000e-02) decay {first_moment_offset = 9280 : i64, gradient_offset = 4928 : i64, second_moment_offset = 13632 : i64, value_offset = 576 : i64}
    rank.parameter @layers.0.attention.query_norm : tensor<2xf32> init  ones(0.000000e+00) {first_moment_offset = 9536 : i64, gradient_offset = 5184 : i64, second_moment_offset = 13888 : i64, value_offset = 832 : i64}
    rank.parameter @layers.0.attention.key : tensor<8x4xf32> init  normal(2.000000e-02) decay {first_moment_offset = 9600 : i64, gradient_offset = 5248 : i64, second_moment_offset = 13952 : i64, value_offset = 896 : i64}
    rank.parameter @layers.0.attention.key_norm : tensor<2xf32> init  ones(0.000000e+00) {first_moment_offset = 9728 : i64, gradient_offset = 5376 : i64, second_moment_offset = 14080 : i64, value_offset = 1024 : i64}
    rank.parameter @layers.0.attention.value : tensor<8x4xf32> init  normal(2.000000e-02) decay {first_moment_offset = 9792 : i64, gradient_offset = 5440 : i64, second_moment_offset = 14144 : i64, value_offset = 1088 : i64}
    rank.parameter @layers.0.attention.output : tensor<8x8xf32> init  normal(2.000000e-02) decay {first_moment_offset = 9920 : i64, gradient_offset = 5568 : i64, second_moment_offset = 14272 : i64, value_offset = 1216 : i64}
    rank.parameter @layers.0.moe.norm : tensor<8xf32> init  ones(0.000000e+00) {first_moment_offset = 10176 : i64, gradient_offset = 5824 : i64, second_moment_offset = 14528 : i64, value_offset = 1472 : i64}
    rank.parameter @layers.0.moe.router : tensor<8x4xf32> init  normal(2.000000e-02) decay {first_moment_offset = 10240 : i64, gradient_offset = 5888 : i64, second_moment_offset = 14592 : i64, value_offset = 1536 : i64}
    rank.parameter @layers.0.moe.expert_gate : tensor<4x8x6xf32> init  normal(2.000000e-02) decay expert {first_moment_offset = 10368 : i64, gradient_offset = 6400 : i64, second_moment_offset = 14720 : i64, value_offset = 1664 : i64}
    rank.parameter @layers.0.moe.expert_up : tensor<4x8x6xf32> init  normal(2.000000e-02) decay expert {first_moment_offset = 11136 : i64, gradient_offset = 7168 : i64, second_moment_offset = 15488 : i64, value_offset = 2432 : i64}
    rank.parameter @layers.0.moe.expert_down : tensor<4x6x8xf32> init  normal(2.000000e-02) decay expert {first_moment_offset = 11904 : i64, gradient_offset = 7936 : i64, second_moment_offset = 16256 : i64, value_offset = 3200 : i64}
    rank.parameter @layers.0.moe.shared_0_gate : tensor<8x4xf32> init  normal(2.000000e-02) decay {first_moment_offset = 12672 : i64, gradient_offset = 6016 : i64, second_moment_offset = 17024 : i64, value_offset = 3968 : i64}
    rank.parameter @layers.0.moe.shared_0_up : tensor<8x4xf32> init  normal(2.000000e-02) decay {first_moment_offset = 12800 : i64, gradient_offset = 6144 : i64, second_moment_offset = 17152 : i64, value_offset = 4096 : i64}
    rank.parameter @layers.0.moe.shared_0_down : tensor<4x8xf32> init  normal(2.000000e-02) decay {first_moment_offset = 12928 : i64, gradient_offset = 6272 : i64, second_moment_offset = 17280 : i64, value_offset = 4224 : i64}
    rank.func @forward(%arg0: tensor<4xi32>) -> tensor<4x8xf32> attributes {slot_bytes = 3008 : i64, transient_bytes = 1024 : i64} {
      %0 = rank.weight @embedding.table : tensor<16x8xf32>
      %1 = rank.embedding %arg0, %0 {places = [#rank.place<slot, 2880>]} : (tensor<4xi32>, tensor<16x8xf32>) -> tensor<4x8xf32>
      %2 = rank.weight @layers.0.attention.norm {rank.layer = 0 : i64} : tensor<8xf32>
      %result, %rstd = rank.rms_norm %1, %2 {epsilon = 9.9999999999999995E-7 : f64, places = [#rank.place<slot, 2368>, #rank.place<slot, 2816>], rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
      %3 = rank.weight @layers.0.attention.query {rank.layer = 0 : i64} : tensor<8x8xf32>
      %4 = rank.matmul %result, %3 {places = [#rank.place<slot, 2688>], rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
      %5 = rank.weight @layers.0.attention.query_norm {rank.layer = 0 : i64} : tensor<2xf32>
      %result_0, %rstd_1 = rank.rms_norm %4, %5 {epsilon = 9.9999999999999995E-7 : f64, places = [#rank.place<transient, 0>, #rank.place<slot, 2624>], rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<2xf32>) -> (tensor<4x8xf32>, tensor<16xf32>)
      %6 = rank.rotary %result_0 {frequencies = array<f64: 1.000000e+00>, heads = 4 : i64, places = [#rank.place<slot, 2048>], rank.layer = 0 : i64, sequence = 4 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
      %7 = rank.weight @layers.0.attention.key {rank.layer = 0 : i64} : tensor<8x4xf32>
      %8 = rank.matmul %result, %7 {places = [#rank.place<slot, 2560>], rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
      %9 = rank.weight @layers.0.attention.key_norm {rank.layer = 0 : i64} : tensor<2xf32>
      %result_2, %rstd_3 = rank.rms_norm %8, %9 {epsilon = 9.9999999999999995E-7 : f64, places = [#rank.place<transient, 0>, #rank.place<slot, 2496>], rank.layer = 0 : i64} : (tensor<4x4xf32>, tensor<2xf32>) -> (tensor<4x4xf32>, tensor<8xf32>)
      %10 = rank.rotary %result_2 {frequencies = array<f64: 1.000000e+00>, heads = 2 : i64, places = [#rank.place<slot, 2176>], rank.layer = 0 : i64, sequence = 4 : i64} : (tensor<4x4xf32>) -> tensor<4x4xf32>
      %11 = rank.weight @layers.0.attention.value {rank.layer = 0 : i64} : tensor<8x4xf32>
      %12 = rank.matmul %result, %11 {places = [#rank.place<slot, 2240>], rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
      %result_4, %lse = rank.attention %6, %10, %12 {heads = 4 : i64, kv_heads = 2 : i64, places = [#rank.place<slot, 1920>, #rank.place<slot, 2304>], rank.layer = 0 : i64, sequence = 4 : i64, workspace = #rank.place<transient, 0>} : (tensor<4x8xf32>, tensor<4x4xf32>, tensor<4x4xf32>) -> (tensor<4x8xf32>, tensor<4x4xf32>)
      %13 = rank.weight @layers.0.attention.output {rank.layer = 0 : i64} : tensor<8x8xf32>
      %14 = rank.matmul %result_4, %13 {places = [#rank.place<transient, 0>], rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
      %15 = rank.add %1, %14 {places = [#rank.place<slot, 1792>], rank.layer = 0 : i64} : tensor<4x8xf32>
      %16 = rank.weight @layers.0.moe.norm {rank.layer = 0 : i64} : tensor<8xf32>
      %result_5, %rstd_6 = rank.rms_norm %15, %16 {epsilon = 9.9999999999999995E-7 : f64, places = [#rank.place<slot, 192>, #rank.place<slot, 1728>], rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
      %17 = rank.weight @layers.0.moe.router {rank.layer = 0 : i64} : tensor<8x4xf32>
      %18 = rank.matmul %result_5, %17 {places = [#rank.place<transient, 0>], rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
      %19 = rank.router_scores %18 {places = [#rank.place<slot, 1664>], rank.layer = 0 : i64, score = #rank<score sigmoid>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
      %weights, %chosen = rank.top_k %19 {normalize, places = [#rank.place<slot, 320>, #rank.place<slot, 1600>], rank.layer = 0 : i64} : (tensor<4x4xf32>) -> (tensor<4x2xf32>, tensor<4x2xi32>)
      %20 = rank.balance_loss %19, %chosen {places = [#rank.place<transient, 0>], rank.layer = 0 : i64, sequence = 4 : i64} : (tensor<4x4xf32>, tensor<4x2xi32>) -> tensor<1xf32>
      rank.objective  balance %20 scale 5.000000e-03 {rank.layer = 0 : i64} : tensor<1xf32>
      %position, %sizes = rank.group_tokens %chosen {places = [#rank.place<slot, 384>, #rank.place<slot, 704>], rank.layer = 0 : i64} : (tensor<4x2xi32>) -> (tensor<8xi32>, tensor<4xi32>)
      %21 = rank.gather_rows %result_5, %position {places = [#rank.place<slot, 1344>], rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8xi32>) -> tensor<8x8xf32>
      %22 = rank.weight @layers.0.moe.expert_gate {rank.layer = 0 : i64} : tensor<4x8x6xf32>
      %23 = rank.grouped_matmul %21, %22, %sizes {expected_rows = 8 : i64, places = [#rank.place<slot, 1152>], rank.layer = 0 : i64} : (tensor<8x8xf32>, tensor<4x8x6xf32>, tensor<4xi32>) -> tensor<8x6xf32>
      %24 = rank.weight @layers.0.moe.expert_up {rank.layer = 0 : i64} : tensor<4x8x6xf32>
      %25 = rank.grouped_matmul %21, %24, %sizes {expected_rows = 8 : i64, places = [#rank.place<slot, 960>], rank.layer = 0 : i64} : (tensor<8x8xf32>, tensor<4x8x6xf32>, tensor<4xi32>) -> tensor<8x6xf32>
      %26 = rank.activation %23 up %25 sizes %sizes {expected_rows = 8 : i64, places = [#rank.place<slot, 768>], rank.layer = 0 : i64} : (tensor<8x6xf32>, tensor<8x6xf32>, tensor<4xi32>) -> tensor<8x6xf32>
      %27 = rank.weight @layers.0.moe.expert_down {rank.layer = 0 : i64} : tensor<4x6x8xf32>
      %28 = rank.grouped_matmul %26, %27, %sizes {expected_rows = 8 : i64, places = [#rank.place<slot, 448>], rank.layer = 0 : i64} : (tensor<8x6xf32>, tensor<4x6x8xf32>, tensor<4xi32>) -> tensor<8x8xf32>
      %29 = rank.combine %28, %position, %weights {places = [#rank.place<transient, 0>], rank.layer = 0 : i64} : (tensor<8x8xf32>, tensor<8xi32>, tensor<4x2xf32>) -> tensor<4x8xf32>
      %30 = rank.weight @layers.0.moe.shared_0_gate {rank.layer = 0 : i64} : tensor<8x4xf32>
      %31 = rank.matmul %result_5, %30 {places = [#rank.place<slot, 128>], rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
      %32 = rank.weight @layers.0.moe.shared_0_up {rank.layer = 0 : i64} : tensor<8x4xf32>
      %33 = rank.matmul %result_5, %32 {places = [#rank.place<slot, 64>], rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
      %34 = rank.activation %31 up %33 {places = [#rank.place<slot, 0>], rank.layer = 0 : i64} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
      %35 = rank.weight @layers.0.moe.shared_0_down {rank.layer = 0 : i64} : tensor<4x8xf32>
      %36 = rank.matmul %34, %35 {places = [#rank.place<transient, 128>], rank.layer = 0 : i64} : (tensor<4x4xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
      %37 = rank.add %29, %36 {places = [#rank.place<transient, 256>], rank.layer = 0 : i64} : tensor<4x8xf32>
      %38 = rank.add %15, %37 {places = [#rank.place<result, 0>], rank.layer = 0 : i64} : tensor<4x8xf32>
      rank.return %38 : tensor<4x8xf32> saves(%34, %33, %31, %result_5, %weights, %position, %28, %sizes, %26, %25, %23, %21, %chosen, %19, %rstd_6, %15, %result_4, %6, %10, %12, %lse, %result, %rstd_3, %8, %rstd_1, %4, %rstd, %1 : tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x8xf32>, tensor<4x2xf32>, tensor<8xi32>, tensor<8x8xf32>, tensor<4xi32>, tensor<8x6xf32>, tensor<8x6xf32>, tensor<8x6xf32>, tensor<8x8xf32>, tensor<4x2xi32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x8xf32>, tensor<8xf32>, tensor<4x4xf32>, tensor<16xf32>, tensor<4x8xf32>, tensor<4xf32>, tensor<4x8xf32>)
    }
    rank.func @backward(%arg0: tensor<4x4xf32>, %arg1: tensor<4x4xf32>, %arg2: tensor<4x4xf32>, %arg3: tensor<4x8xf32>, %arg4: tensor<4x2xf32>, %arg5: tensor<8xi32>, %arg6: tensor<8x8xf32>, %arg7: tensor<4xi32>, %arg8: tensor<8x6xf32>, %arg9: tensor<8x6xf32>, %arg10: tensor<8x6xf32>, %arg11: tensor<8x8xf32>, %arg12: tensor<4x2xi32>, %arg13: tensor<4x4xf32>, %arg14: tensor<4xf32>, %arg15: tensor<4x8xf32>, %arg16: tensor<4x8xf32>, %arg17: tensor<4x8xf32>, %arg18: tensor<4x4xf32>, %arg19: tensor<4x4xf32>, %arg20: tensor<4x4xf32>, %arg21: tensor<4x8xf32>, %arg22: tensor<8xf32>, %arg23: tensor<4x4xf32>, %arg24: tensor<16xf32>, %arg25: tensor<4x8xf32>, %arg26: tensor<4xf32>, %arg27: tensor<4x8xf32>, %arg28: tensor<4xi32>, %arg29: tensor<4x8xf32>) attributes {captured = array<i64: 0>, num_saved = 28 : i64, slot_bytes = 0 : i64, transient_bytes = 2560 : i64} {
      %0 = rank.weight @layers.0.attention.norm {rank.layer = 0 : i64} : tensor<8xf32>
      %1 = rank.weight @layers.0.attention.query {rank.layer = 0 : i64} : tensor<8x8xf32>
      %2 = rank.weight @layers.0.attention.query_norm {rank.layer = 0 : i64} : tensor<2xf32>
      %3 = rank.weight @layers.0.attention.key {rank.layer = 0 : i64} : tensor<8x4xf32>
      %4 = rank.weight @layers.0.attention.key_norm {rank.layer = 0 : i64} : tensor<2xf32>
      %5 = rank.weight @layers.0.attention.value {rank.layer = 0 : i64} : tensor<8x4xf32>
      %6 = rank.weight @layers.0.attention.output {rank.layer = 0 : i64} : tensor<8x8xf32>
      %7 = rank.weight @layers.0.moe.norm {rank.layer = 0 : i64} : tensor<8xf32>
      %8 = rank.weight @layers.0.moe.router {rank.layer = 0 : i64} : tensor<8x4xf32>
      %9 = rank.weight @layers.0.moe.expert_gate {rank.layer = 0 : i64} : tensor<4x8x6xf32>
      %10 = rank.weight @layers.0.moe.expert_up {rank.layer = 0 : i64} : tensor<4x8x6xf32>
      %11 = rank.weight @layers.0.moe.expert_down {rank.layer = 0 : i64} : tensor<4x6x8xf32>
      %12 = rank.weight @layers.0.moe.shared_0_gate {rank.layer = 0 : i64} : tensor<8x4xf32>
      %13 = rank.weight @layers.0.moe.shared_0_up {rank.layer = 0 : i64} : tensor<8x4xf32>
      %14 = rank.weight @layers.0.moe.shared_0_down {rank.layer = 0 : i64} : tensor<4x8xf32>
      %15 = rank.matmul %arg29, %14 {places = [#rank.place<transient, 0>], rank.layer = 0 : i64, transpose_rhs} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
      rank.matmul %arg0, %arg29 {into = @layers.0.moe.shared_0_down, rank.layer = 0 : i64, transpose_lhs} : (tensor<4x4xf32>, tensor<4x8xf32>) -> ()
      %gate_gradient, %up_gradient = rank.activation_grad %arg2 up %arg1 gradient %15 {places = [#rank.place<transient, 256>, #rank.place<transient, 128>], rank.layer = 0 : i64} : (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>)
      %16 = rank.matmul %up_gradient, %13 {places = [#rank.place<transient, 0>], rank.layer = 0 : i64, transpose_rhs} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
      rank.matmul %arg3, %up_gradient {into = @layers.0.moe.shared_0_up, rank.layer = 0 : i64, transpose_lhs} : (tensor<4x8xf32>, tensor<4x4xf32>) -> ()
      %17 = rank.matmul %gate_gradient, %12 {places = [#rank.place<transient, 128>], rank.layer = 0 : i64, transpose_rhs} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
      %18 = rank.add %16, %17 {places = [#rank.place<transient, 960>], rank.layer = 0 : i64} : tensor<4x8xf32>
      rank.matmul %arg3, %gate_gradient {into = @layers.0.moe.shared_0_gate, rank.layer = 0 : i64, transpose_lhs} : (tensor<4x8xf32>, tensor<4x4xf32>) -> ()
      %rows_gradient, %weights_gradient = rank.combine_grad %arg6, %arg5, %arg4, %arg29 {places = [#rank.place<transient, 0>, #rank.place<transient, 1088>], rank.layer = 0 : i64} : (tensor<8x8xf32>, tensor<8xi32>, tensor<4x2xf32>, tensor<4x8xf32>) -> (tensor<8x8xf32>, tensor<4x2xf32>)
      %19 = rank.grouped_matmul %rows_gradient, %11, %arg7 {expected_rows = 8 : i64, places = [#rank.place<transient, 256>], rank.layer = 0 : i64, transpose_weights} : (tensor<8x8xf32>, tensor<4x6x8xf32>, tensor<4xi32>) -> tensor<8x6xf32>
      rank.grouped_matmul_grad %arg8, %rows_gradient, %arg7 {expected_rows = 8 : i64, into = @layers.0.moe.expert_down, rank.layer = 0 : i64} : (tensor<8x6xf32>, tensor<8x8xf32>, tensor<4xi32>) -> ()
      %gate_gradient_0, %up_gradient_1 = rank.activation_grad %arg10 up %arg9 gradient %19 sizes %arg7 {expected_rows = 8 : i64, places = [#rank.place<transient, 768>, #rank.place<transient, 448>], rank.layer = 0 : i64} : (tensor<8x6xf32>, tensor<8x6xf32>, tensor<8x6xf32>, tensor<4xi32>) -> (tensor<8x6xf32>, tensor<8x6xf32>)
      %20 = rank.grouped_matmul %up_gradient_1, %10, %arg7 {expected_rows = 8 : i64, places = [#rank.place<transient, 0>], rank.layer = 0 : i64, transpose_weights} : (tensor<8x6xf32>, tensor<4x8x6xf32>, tensor<4xi32>) -> tensor<8x8xf32>
      rank.grouped_matmul_grad %arg11, %up_gradient_1, %arg7 {expected_rows = 8 : i64, into = @layers.0.moe.expert_up, rank.layer = 0 : i64} : (tensor<8x8xf32>, tensor<8x6xf32>, tensor<4xi32>) -> ()
      %21 = rank.grouped_matmul %gate_gradient_0, %9, %arg7 {expected_rows = 8 : i64, places = [#rank.place<transient, 256>], rank.layer = 0 : i64, transpose_weights} : (tensor<8x6xf32>, tensor<4x8x6xf32>, tensor<4xi32>) -> tensor<8x8xf32>
      %22 = rank.add %20, %21 {expected_rows = 8 : i64, places = [#rank.place<transient, 512>], rank.layer = 0 : i64} : tensor<8x8xf32>
      rank.grouped_matmul_grad %arg11, %gate_gradient_0, %arg7 {expected_rows = 8 : i64, into = @layers.0.moe.expert_gate, rank.layer = 0 : i64} : (tensor<8x8xf32>, tensor<8x6xf32>, tensor<4xi32>) -> ()
      %23 = rank.scatter_rows %22, %arg5 {places = [#rank.place<transient, 0>], rank.layer = 0 : i64} : (tensor<8x8xf32>, tensor<8xi32>) -> tensor<4x8xf32>
      %24 = rank.add %18, %23 {places = [#rank.place<transient, 128>], rank.layer = 0 : i64} : tensor<4x8xf32>
      %25 = rank.constant 5.000000e-03 {places = [#rank.place<transient, 0>], rank.layer = 0 : i64} : tensor<1xf32>
      %26 = rank.balance_loss_grad %arg13, %arg12, %25 {places = [#rank.place<transient, 64>], rank.layer = 0 : i64, sequence = 4 : i64} : (tensor<4x4xf32>, tensor<4x2xi32>, tensor<1xf32>) -> tensor<4x4xf32>
      %27 = rank.top_k_grad %arg13, %arg12, %weights_gradient {normalize, places = [#rank.place<transient, 0>], rank.layer = 0 : i64} : (tensor<4x4xf32>, tensor<4x2xi32>, tensor<4x2xf32>) -> tensor<4x4xf32>
      %28 = rank.add %26, %27 {places = [#rank.place<transient, 256>], rank.layer = 0 : i64} : tensor<4x4xf32>
      %29 = rank.router_scores_grad %arg13, %28 {places = [#rank.place<transient, 384>], rank.layer = 0 : i64, score = #rank<score sigmoid>} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
      %30 = rank.matmul %29, %8 {places = [#rank.place<transient, 0>], rank.layer = 0 : i64, transpose_rhs} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
      %31 = rank.add %24, %30 {places = [#rank.place<transient, 256>], rank.layer = 0 : i64} : tensor<4x8xf32>
      rank.matmul %arg3, %29 {into = @layers.0.moe.router, rank.layer = 0 : i64, transpose_lhs} : (tensor<4x8xf32>, tensor<4x4xf32>) -> ()
      %input_gradient, %weight_gradient = rank.rms_norm_grad %arg15, %7, %arg14, %31 {places = [#rank.place<transient, 0>, #rank.place<transient, 128>], rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8xf32>, tensor<4xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<8xf32>)
      %32 = rank.add %arg29, %input_gradient {places = [#rank.place<transient, 2048>], rank.layer = 0 : i64} : tensor<4x8xf32>
      rank.accumulate @layers.0.moe.norm, %weight_gradient {rank.layer = 0 : i64} : tensor<8xf32>
      %33 = rank.matmul %32, %6 {places = [#rank.place<transient, 2176>], rank.layer = 0 : i64, transpose_rhs} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
      rank.matmul %arg16, %32 {into = @layers.0.attention.output, rank.layer = 0 : i64, transpose_lhs} : (tensor<4x8xf32>, tensor<4x8xf32>) -> ()
      %query_gradient, %key_gradient, %value_gradient = rank.attention_grad %arg17, %arg18, %arg19, %arg16, %arg20, %33 {heads = 4 : i64, kv_heads = 2 : i64, places = [#rank.place<transient, 2304>, #rank.place<transient, 2432>, #rank.place<transient, 2496>], rank.layer = 0 : i64, sequence = 4 : i64, workspace = #rank.place<transient, 0>} : (tensor<4x8xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x8xf32>, tensor<4x4xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x4xf32>, tensor<4x4xf32>)
      %34 = rank.matmul %value_gradient, %5 {places = [#rank.place<transient, 0>], rank.layer = 0 : i64, transpose_rhs} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
      rank.matmul %arg21, %value_gradient {into = @layers.0.attention.value, rank.layer = 0 : i64, transpose_lhs} : (tensor<4x8xf32>, tensor<4x4xf32>) -> ()
      %35 = rank.rotary %key_gradient {frequencies = array<f64: 1.000000e+00>, heads = 2 : i64, places = [#rank.place<transient, 128>], rank.layer = 0 : i64, sequence = 4 : i64, transpose} : (tensor<4x4xf32>) -> tensor<4x4xf32>
      %input_gradient_2, %weight_gradient_3 = rank.rms_norm_grad %arg23, %4, %arg22, %35 {places = [#rank.place<transient, 384>, #rank.place<transient, 192>], rank.layer = 0 : i64} : (tensor<4x4xf32>, tensor<2xf32>, tensor<8xf32>, tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<2xf32>)
      rank.accumulate @layers.0.attention.key_norm, %weight_gradient_3 {rank.layer = 0 : i64} : tensor<2xf32>
      %36 = rank.matmul %input_gradient_2, %3 {places = [#rank.place<transient, 128>], rank.layer = 0 : i64, transpose_rhs} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
      %37 = rank.add %34, %36 {places = [#rank.place<transient, 256>], rank.layer = 0 : i64} : tensor<4x8xf32>
      rank.matmul %arg21, %input_gradient_2 {into = @layers.0.attention.key, rank.layer = 0 : i64, transpose_lhs} : (tensor<4x8xf32>, tensor<4x4xf32>) -> ()
      %38 = rank.rotary %query_gradient {frequencies = array<f64: 1.000000e+00>, heads = 4 : i64, places = [#rank.place<transient, 0>], rank.layer = 0 : i64, sequence = 4 : i64, transpose} : (tensor<4x8xf32>) -> tensor<4x8xf32>
      %input_gradient_4, %weight_gradient_5 = rank.rms_norm_grad %arg25, %2, %arg24, %38 {places = [#rank.place<transient, 128>, #rank.place<transient, 384>], rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<2xf32>, tensor<16xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<2xf32>)
      rank.accumulate @layers.0.attention.query_norm, %weight_gradient_5 {rank.layer = 0 : i64} : tensor<2xf32>
      %39 = rank.matmul %input_gradient_4, %1 {places = [#rank.place<transient, 0>], rank.layer = 0 : i64, transpose_rhs} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
      %40 = rank.add %37, %39 {places = [#rank.place<transient, 384>], rank.layer = 0 : i64} : tensor<4x8xf32>
      rank.matmul %arg21, %input_gradient_4 {into = @layers.0.attention.query, rank.layer = 0 : i64, transpose_lhs} : (tensor<4x8xf32>, tensor<4x8xf32>) -> ()
      %input_gradient_6, %weight_gradient_7 = rank.rms_norm_grad %arg27, %0, %arg26, %40 {places = [#rank.place<transient, 0>, #rank.place<transient, 256>], rank.layer = 0 : i64} : (tensor<4x8xf32>, tensor<8xf32>, tensor<4xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<8xf32>)
      %41 = rank.add %32, %input_gradient_6 {places = [#rank.place<transient, 128>], rank.layer = 0 : i64} : tensor<4x8xf32>
      rank.accumulate @layers.0.attention.norm, %weight_gradient_7 {rank.layer = 0 : i64} : tensor<8xf32>
      rank.embedding_grad %arg28, %41 {into = @embedding.table} : (tensor<4xi32>, tensor<4x8xf32>) -> ()
      rank.return
    }
    rank.schedule {
      rank.zero_gradients {elements = 1088 : i64, offset = 4352 : i64}
      %tokens, %targets = rank.load_batch 0 {places = [#rank.place<arena, 23680>, #rank.place<arena, 17408>]} : tensor<4xi32>, tensor<4xi32>
      %0:2 = rank.call @forward(%tokens) micro_batch 0 {places = [#rank.place<arena, 23424>, #rank.place<arena, 17408>]} : (tensor<4xi32>) -> (tensor<4x8xf32>, !rank.residual)
      %1 = rank.send  forward %0#0 to 1 micro_batch 0 : tensor<4x8xf32>
      %tokens_0, %targets_1 = rank.load_batch 1 {places = [#rank.place<arena, 23744>, #rank.place<arena, 20416>]} : tensor<4xi32>, tensor<4xi32>
      %2:2 = rank.call @forward(%tokens_0) micro_batch 1 {places = [#rank.place<arena, 23552>, #rank.place<arena, 20416>]} : (tensor<4xi32>) -> (tensor<4x8xf32>, !rank.residual)
      rank.wait_send  forward %1
      %3 = rank.send  forward %2#0 to 1 micro_batch 1 : tensor<4x8xf32>
      %4 = rank.recv  backward from 1 micro_batch 0 {places = [#rank.place<arena, 23424>]} : tensor<4x8xf32>
      rank.call @backward(%0#1, %tokens, %4) micro_batch 0 : (!rank.residual, tensor<4xi32>, tensor<4x8xf32>) -> ()
      %5 = rank.recv  backward from 1 micro_batch 1 {places = [#rank.place<arena, 17408>]} : tensor<4x8xf32>
      rank.call @backward(%2#1, %tokens_0, %5) micro_batch 1 : (!rank.residual, tensor<4xi32>, tensor<4x8xf32>) -> ()
      rank.wait_send  forward %3
      rank.all_reduce_gradients  dp {elements = 512 : i64, offset = 4352 : i64, workspace_bytes = 2048 : i64}
      rank.all_reduce_gradients  edp {elements = 576 : i64, offset = 6400 : i64, workspace_bytes = 2304 : i64}
      rank.gradient_norm  dp {elements = 512 : i64, offset = 4352 : i64}
      rank.gradient_norm  edp {elements = 576 : i64, offset = 6400 : i64}
      rank.reduce_step
      rank.adamw @embedding.table
      rank.adamw @layers.0.attention.norm
      rank.adamw @layers.0.attention.query
      rank.adamw @layers.0.attention.query_norm
      rank.adamw @layers.0.attention.key
      rank.adamw @layers.0.attention.key_norm
      rank.adamw @layers.0.attention.value
      rank.adamw @layers.0.attention.output
      rank.adamw @layers.0.moe.norm
      rank.adamw @layers.0.moe.router
      rank.adamw @layers.0.moe.expert_gate
      rank.adamw @layers.0.moe.expert_up
      rank.adamw @layers.0.moe.expert_down
      rank.adamw @layers.0.moe.shared_0_gate
      rank.adamw @layers.0.moe.shared_0_up
      rank.adamw @layers.0.moe.shared_0_down
      rank.checkpoint_hook
    }
  }
  rank.program @stage1 stage 1 of @run_launch layers 1 to 2 remat ["full"] attributes {arena_bytes = 22272 : i64, transient_offset = 18752 : i64} {
    rank.parameter @layers.1.attention.norm : tensor<8xf32> init  ones(0.000000e+00) {first_moment_offset = 8832 : i64, gradient_offset = 4416 : i64, second_moment_offset = 13248 : i64, value_offset = 0 : i64}
    rank.parameter @layers.1.attention.query : tensor<8x8xf32> init  normal(2.000000e-02) decay {first_moment_offset = 8896 : i64, gradient_offset = 4480 : i64, second_moment_offset = 13312 : i64, value_offset = 64 : i64}
    rank.parameter @layers.1.attention.query_norm : tensor<2xf32> init  ones(0.000000e+00) {first_moment_offset = 9152 : i64, gradient_offset = 4736 : i64, second_moment_offset = 13568 : i64, value_offset = 320 : i64}
    rank.parameter @layers.1.attention.key : tensor<8x4xf32> init  normal(2.000000e-02) decay {first_moment_offset = 9216 : i64, gradient_offset = 4800 : i64, second_moment_offset = 13632 : i64, value_offset = 384 : i64}
    rank.parameter @layers.1.attention.key_norm : tensor<2xf32> init  ones(0.000000e+00) {first_moment_offset = 9344 : i64, gradient_offset = 4928 : i64, second_moment_offset = 13760 : i64, value_offset = 512 : i64}
    rank.parameter @layers.1.attention.value : tensor<8x4xf32> init  normal(2.000000e-02) decay {first_moment_offset = 9408 : i64, gradient_offset = 4992 : i64, second_moment_offset = 13824 : i64, value_offset = 576 : i64}
    rank.parameter @layers.1.attention.output : tensor<8x8xf32> init  normal(2.000000e-02) decay {first_moment_offset = 9536 : i64, gradient_offset = 5120 : i64, second_moment_offset = 13952 : i64, value_offset = 704 : i64}
    rank.parameter @layers.1.moe.norm : tensor<8xf32> init  ones(0.000000e+00) {first_moment_offset = 9792 : i64, gradient_offset = 5376 : i64, second_moment_offset = 14208 : i64, value_offset = 960 : i64}
    rank.parameter @layers.1.moe.router : tensor<8x4xf32> init  normal(2.000000e-02) decay {first_moment_offset = 9856 : i64, gradient_offset = 5440 : i64, second_moment_offset = 14272 : i64, value_offset = 1024 : i64}
    rank.parameter @layers.1.moe.expert_gate : tensor<4x8x6xf32> init  normal(2.000000e-02) decay expert {first_moment_offset = 9984 : i64, gradient_offset = 6528 : i64, second_moment_offset = 14400 : i64, value_offset = 1152 : i64}
    rank.parameter @layers.1.moe.expert_up : tensor<4x8x6xf32> init  normal(2.000000e-02) decay expert {first_moment_offset = 10752 : i64, gradient_offset = 7296 : i64, second_moment_offset = 15168 : i64, value_offset = 1920 : i64}
    rank.parameter @layers.1.moe.expert_down : tensor<4x6x8xf32> init  normal(2.000000e-02) decay expert {first_moment_offset = 11520 : i64, gradient_offset = 8064 : i64, second_moment_offset = 15936 : i64, value_offset = 2688 : i64}
    rank.parameter @layers.1.moe.shared_0_gate : tensor<8x4xf32> init  normal(2.000000e-02) decay {first_moment_offset = 12288 : i64, gradient_offset = 5568 : i64, second_moment_offset = 16704 : i64, value_offset = 3456 : i64}
    rank.parameter @layers.1.moe.shared_0_up : tensor<8x4xf32> init  normal(2.000000e-02) decay {first_moment_offset = 12416 : i64, gradient_offset = 5696 : i64, second_moment_offset = 16832 : i64, value_offset = 3584 : i64}
    rank.parameter @layers.1.moe.shared_0_down : tensor<4x8xf32> init  normal(2.000000e-02) decay {first_moment_offset = 12544 : i64, gradient_offset = 5824 : i64, second_moment_offset = 16960 : i64, value_offset = 3712 : i64}
    rank.parameter @head.norm : tensor<8xf32> init  ones(0.000000e+00) {first_moment_offset = 12672 : i64, gradient_offset = 5952 : i64, second_moment_offset = 17088 : i64, value_offset = 3840 : i64}
    rank.parameter @head.output : tensor<8x16xf32> init  normal(2.000000e-02) decay {first_moment_offset = 12736 : i64, gradient_offset = 6016 : i64, second_moment_offset = 17152 : i64, value_offset = 3904 : i64}
    rank.func @forward(%arg0: tensor<4x8xf32>, %arg1: tensor<4xi32>) attributes {slot_bytes = 640 : i64, transient_bytes = 1472 : i64} {
      %0 = rank.weight @layers.1.attention.norm {rank.layer = 1 : i64} : tensor<8xf32>
      %result, %rstd = rank.rms_norm %arg0, %0 {epsilon = 9.9999999999999995E-7 : f64, places = [#rank.place<transient, 0>, #rank.place<transient, 128>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
      %1 = rank.weight @layers.1.attention.query {rank.layer = 1 : i64} : tensor<8x8xf32>
      %2 = rank.matmul %result, %1 {places = [#rank.place<transient, 128>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
      %3 = rank.weight @layers.1.attention.query_norm {rank.layer = 1 : i64} : tensor<2xf32>
      %result_0, %rstd_1 = rank.rms_norm %2, %3 {epsilon = 9.9999999999999995E-7 : f64, places = [#rank.place<transient, 256>, #rank.place<transient, 384>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<2xf32>) -> (tensor<4x8xf32>, tensor<16xf32>)
      %4 = rank.rotary %result_0 {frequencies = array<f64: 1.000000e+00>, heads = 4 : i64, places = [#rank.place<transient, 1024>], rank.layer = 1 : i64, sequence = 4 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
      %5 = rank.weight @layers.1.attention.key {rank.layer = 1 : i64} : tensor<8x4xf32>
      %6 = rank.matmul %result, %5 {places = [#rank.place<transient, 128>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
      %7 = rank.weight @layers.1.attention.key_norm {rank.layer = 1 : i64} : tensor<2xf32>
      %result_2, %rstd_3 = rank.rms_norm %6, %7 {epsilon = 9.9999999999999995E-7 : f64, places = [#rank.place<transient, 192>, #rank.place<transient, 256>], rank.layer = 1 : i64} : (tensor<4x4xf32>, tensor<2xf32>) -> (tensor<4x4xf32>, tensor<8xf32>)
      %8 = rank.rotary %result_2 {frequencies = array<f64: 1.000000e+00>, heads = 2 : i64, places = [#rank.place<transient, 1280>], rank.layer = 1 : i64, sequence = 4 : i64} : (tensor<4x4xf32>) -> tensor<4x4xf32>
      %9 = rank.weight @layers.1.attention.value {rank.layer = 1 : i64} : tensor<8x4xf32>
      %10 = rank.matmul %result, %9 {places = [#rank.place<transient, 1344>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
      %result_4, %lse = rank.attention %4, %8, %10 {heads = 4 : i64, kv_heads = 2 : i64, places = [#rank.place<transient, 1152>, #rank.place<transient, 1408>], rank.layer = 1 : i64, sequence = 4 : i64, workspace = #rank.place<transient, 0>} : (tensor<4x8xf32>, tensor<4x4xf32>, tensor<4x4xf32>) -> (tensor<4x8xf32>, tensor<4x4xf32>)
      %11 = rank.weight @layers.1.attention.output {rank.layer = 1 : i64} : tensor<8x8xf32>
      %12 = rank.matmul %result_4, %11 {places = [#rank.place<transient, 0>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
      %13 = rank.add %arg0, %12 {places = [#rank.place<transient, 832>], rank.layer = 1 : i64} : tensor<4x8xf32>
      %14 = rank.weight @layers.1.moe.norm {rank.layer = 1 : i64} : tensor<8xf32>
      %result_5, %rstd_6 = rank.rms_norm %13, %14 {epsilon = 9.9999999999999995E-7 : f64, places = [#rank.place<transient, 960>, #rank.place<transient, 0>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
      %15 = rank.weight @layers.1.moe.router {rank.layer = 1 : i64} : tensor<8x4xf32>
      %16 = rank.matmul %result_5, %15 {places = [#rank.place<transient, 0>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
      %17 = rank.router_scores %16 {places = [#rank.place<transient, 64>], rank.layer = 1 : i64, score = #rank<score sigmoid>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
      %weights, %chosen = rank.top_k %17 {normalize, places = [#rank.place<transient, 1088>, #rank.place<transient, 0>], rank.layer = 1 : i64} : (tensor<4x4xf32>) -> (tensor<4x2xf32>, tensor<4x2xi32>)
      %18 = rank.balance_loss %17, %chosen {places = [#rank.place<transient, 128>], rank.layer = 1 : i64, sequence = 4 : i64} : (tensor<4x4xf32>, tensor<4x2xi32>) -> tensor<1xf32>
      rank.objective  balance %18 scale 5.000000e-03 {rank.layer = 1 : i64} : tensor<1xf32>
      %position, %sizes = rank.group_tokens %chosen {places = [#rank.place<transient, 1152>, #rank.place<transient, 1216>], rank.layer = 1 : i64} : (tensor<4x2xi32>) -> (tensor<8xi32>, tensor<4xi32>)
      %19 = rank.gather_rows %result_5, %position {places = [#rank.place<transient, 0>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8xi32>) -> tensor<8x8xf32>
      %20 = rank.weight @layers.1.moe.expert_gate {rank.layer = 1 : i64} : tensor<4x8x6xf32>
      %21 = rank.grouped_matmul %19, %20, %sizes {expected_rows = 8 : i64, places = [#rank.place<transient, 256>], rank.layer = 1 : i64} : (tensor<8x8xf32>, tensor<4x8x6xf32>, tensor<4xi32>) -> tensor<8x6xf32>
      %22 = rank.weight @layers.1.moe.expert_up {rank.layer = 1 : i64} : tensor<4x8x6xf32>
      %23 = rank.grouped_matmul %19, %22, %sizes {expected_rows = 8 : i64, places = [#rank.place<transient, 448>], rank.layer = 1 : i64} : (tensor<8x8xf32>, tensor<4x8x6xf32>, tensor<4xi32>) -> tensor<8x6xf32>
      %24 = rank.activation %21 up %23 sizes %sizes {expected_rows = 8 : i64, places = [#rank.place<transient, 640>], rank.layer = 1 : i64} : (tensor<8x6xf32>, tensor<8x6xf32>, tensor<4xi32>) -> tensor<8x6xf32>
      %25 = rank.weight @layers.1.moe.expert_down {rank.layer = 1 : i64} : tensor<4x6x8xf32>
      %26 = rank.grouped_matmul %24, %25, %sizes {expected_rows = 8 : i64, places = [#rank.place<transient, 0>], rank.layer = 1 : i64} : (tensor<8x6xf32>, tensor<4x6x8xf32>, tensor<4xi32>) -> tensor<8x8xf32>
      %27 = rank.combine %26, %position, %weights {places = [#rank.place<transient, 256>], rank.layer = 1 : i64} : (tensor<8x8xf32>, tensor<8xi32>, tensor<4x2xf32>) -> tensor<4x8xf32>
      %28 = rank.weight @layers.1.moe.shared_0_gate {rank.layer = 1 : i64} : tensor<8x4xf32>
      %29 = rank.matmul %result_5, %28 {places = [#rank.place<transient, 0>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
      %30 = rank.weight @layers.1.moe.shared_0_up {rank.layer = 1 : i64} : tensor<8x4xf32>
      %31 = rank.matmul %result_5, %30 {places = [#rank.place<transient, 64>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
      %32 = rank.activation %29 up %31 {places = [#rank.place<transient, 128>], rank.layer = 1 : i64} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
      %33 = rank.weight @layers.1.moe.shared_0_down {rank.layer = 1 : i64} : tensor<4x8xf32>
      %34 = rank.matmul %32, %33 {places = [#rank.place<transient, 0>], rank.layer = 1 : i64} : (tensor<4x4xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
      %35 = rank.add %27, %34 {places = [#rank.place<transient, 128>], rank.layer = 1 : i64} : tensor<4x8xf32>
      %36 = rank.add %13, %35 {places = [#rank.place<slot, 512>], rank.layer = 1 : i64} : tensor<4x8xf32>
      %37 = rank.weight @head.norm : tensor<8xf32>
      %result_7, %rstd_8 = rank.rms_norm %36, %37 {epsilon = 9.9999999999999995E-7 : f64, places = [#rank.place<slot, 320>, #rank.place<slot, 448>]} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
      %38 = rank.weight @head.output : tensor<8x16xf32>
      %39 = rank.matmul %result_7, %38 {places = [#rank.place<slot, 64>]} : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
      %loss, %lse_9 = rank.cross_entropy %39, %arg1 {places = [#rank.place<transient, 0>, #rank.place<slot, 0>]} : (tensor<4x16xf32>, tensor<4xi32>) -> (tensor<1xf32>, tensor<4xf32>)
      rank.objective  loss %loss scale 1.250000e-01 : tensor<1xf32>
      rank.return saves(%lse_9, %39, %result_7, %rstd_8, %36 : tensor<4xf32>, tensor<4x16xf32>, tensor<4x8xf32>, tensor<4xf32>, tensor<4x8xf32>)
    }
    rank.func @backward(%arg0: tensor<4xf32>, %arg1: tensor<4x16xf32>, %arg2: tensor<4x8xf32>, %arg3: tensor<4xf32>, %arg4: tensor<4x8xf32>, %arg5: tensor<4xi32>, %arg6: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {captured = array<i64: 1, 0>, num_saved = 5 : i64, slot_bytes = 0 : i64, transient_bytes = 3520 : i64} {
      %0 = rank.weight @layers.1.attention.norm {rank.layer = 1 : i64} : tensor<8xf32>
      %1 = rank.weight @layers.1.attention.query {rank.layer = 1 : i64} : tensor<8x8xf32>
      %2 = rank.weight @layers.1.attention.query_norm {rank.layer = 1 : i64} : tensor<2xf32>
      %3 = rank.weight @layers.1.attention.key {rank.layer = 1 : i64} : tensor<8x4xf32>
      %4 = rank.weight @layers.1.attention.key_norm {rank.layer = 1 : i64} : tensor<2xf32>
      %5 = rank.weight @layers.1.attention.value {rank.layer = 1 : i64} : tensor<8x4xf32>
      %6 = rank.weight @layers.1.attention.output {rank.layer = 1 : i64} : tensor<8x8xf32>
      %7 = rank.weight @layers.1.moe.norm {rank.layer = 1 : i64} : tensor<8xf32>
      %8 = rank.weight @layers.1.moe.router {rank.layer = 1 : i64} : tensor<8x4xf32>
      %9 = rank.weight @layers.1.moe.expert_gate {rank.layer = 1 : i64} : tensor<4x8x6xf32>
      %10 = rank.weight @layers.1.moe.expert_up {rank.layer = 1 : i64} : tensor<4x8x6xf32>
      %11 = rank.weight @layers.1.moe.expert_down {rank.layer = 1 : i64} : tensor<4x6x8xf32>
      %12 = rank.weight @layers.1.moe.shared_0_gate {rank.layer = 1 : i64} : tensor<8x4xf32>
      %13 = rank.weight @layers.1.moe.shared_0_up {rank.layer = 1 : i64} : tensor<8x4xf32>
      %14 = rank.weight @layers.1.moe.shared_0_down {rank.layer = 1 : i64} : tensor<4x8xf32>
      %15 = rank.weight @head.norm : tensor<8xf32>
      %16 = rank.weight @head.output : tensor<8x16xf32>
      %17 = rank.constant 1.250000e-01 {places = [#rank.place<transient, 256>]} : tensor<1xf32>
      %18 = rank.cross_entropy_grad %arg1, %arg5, %arg0, %17 {places = [#rank.place<transient, 0>]} : (tensor<4x16xf32>, tensor<4xi32>, tensor<4xf32>, tensor<1xf32>) -> tensor<4x16xf32>
      %19 = rank.matmul %18, %16 {places = [#rank.place<transient, 256>], transpose_rhs} : (tensor<4x16xf32>, tensor<8x16xf32>) -> tensor<4x8xf32>
      rank.matmul %arg2, %18 {into = @head.output, transpose_lhs} : (tensor<4x8xf32>, tensor<4x16xf32>) -> ()
      %input_gradient, %weight_gradient = rank.rms_norm_grad %arg4, %15, %arg3, %19 {places = [#rank.place<transient, 1344>, #rank.place<transient, 0>]} : (tensor<4x8xf32>, tensor<8xf32>, tensor<4xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<8xf32>)
      rank.accumulate @head.norm, %weight_gradient : tensor<8xf32>
      %20 = rank.matmul %input_gradient, %14 {places = [#rank.place<transient, 1728>], rank.layer = 1 : i64, transpose_rhs} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
      %21 = rank.weight @layers.1.attention.norm {rank.layer = 1 : i64} : tensor<8xf32>
      %result, %rstd = rank.rms_norm %arg6, %21 {epsilon = 9.9999999999999995E-7 : f64, places = [#rank.place<transient, 2048>, #rank.place<transient, 2944>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
      %22 = rank.weight @layers.1.attention.query {rank.layer = 1 : i64} : tensor<8x8xf32>
      %23 = rank.matmul %result, %22 {places = [#rank.place<transient, 2176>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
      %24 = rank.weight @layers.1.attention.query_norm {rank.layer = 1 : i64} : tensor<2xf32>
      %result_0, %rstd_1 = rank.rms_norm %23, %24 {epsilon = 9.9999999999999995E-7 : f64, places = [#rank.place<transient, 0>, #rank.place<transient, 3008>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<2xf32>) -> (tensor<4x8xf32>, tensor<16xf32>)
      %25 = rank.rotary %result_0 {frequencies = array<f64: 1.000000e+00>, heads = 4 : i64, places = [#rank.place<transient, 2304>], rank.layer = 1 : i64, sequence = 4 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
      %26 = rank.weight @layers.1.attention.key {rank.layer = 1 : i64} : tensor<8x4xf32>
      %27 = rank.matmul %result, %26 {places = [#rank.place<transient, 3072>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
      %28 = rank.weight @layers.1.attention.key_norm {rank.layer = 1 : i64} : tensor<2xf32>
      %result_2, %rstd_3 = rank.rms_norm %27, %28 {epsilon = 9.9999999999999995E-7 : f64, places = [#rank.place<transient, 0>, #rank.place<transient, 3136>], rank.layer = 1 : i64} : (tensor<4x4xf32>, tensor<2xf32>) -> (tensor<4x4xf32>, tensor<8xf32>)
      %29 = rank.rotary %result_2 {frequencies = array<f64: 1.000000e+00>, heads = 2 : i64, places = [#rank.place<transient, 3200>], rank.layer = 1 : i64, sequence = 4 : i64} : (tensor<4x4xf32>) -> tensor<4x4xf32>
      %30 = rank.weight @layers.1.attention.value {rank.layer = 1 : i64} : tensor<8x4xf32>
      %31 = rank.matmul %result, %30 {places = [#rank.place<transient, 3264>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
      %result_4, %lse = rank.attention %25, %29, %31 {heads = 4 : i64, kv_heads = 2 : i64, places = [#rank.place<transient, 2432>, #rank.place<transient, 3328>], rank.layer = 1 : i64, sequence = 4 : i64, workspace = #rank.place<transient, 0>} : (tensor<4x8xf32>, tensor<4x4xf32>, tensor<4x4xf32>) -> (tensor<4x8xf32>, tensor<4x4xf32>)
      %32 = rank.weight @layers.1.attention.output {rank.layer = 1 : i64} : tensor<8x8xf32>
      %33 = rank.matmul %result_4, %32 {places = [#rank.place<transient, 0>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
      %34 = rank.add %arg6, %33 {places = [#rank.place<transient, 1472>], rank.layer = 1 : i64} : tensor<4x8xf32>
      %35 = rank.weight @layers.1.moe.norm {rank.layer = 1 : i64} : tensor<8xf32>
      %result_5, %rstd_6 = rank.rms_norm %34, %35 {epsilon = 9.9999999999999995E-7 : f64, places = [#rank.place<transient, 1600>, #rank.place<transient, 1856>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
      %36 = rank.weight @layers.1.moe.router {rank.layer = 1 : i64} : tensor<8x4xf32>
      %37 = rank.matmul %result_5, %36 {places = [#rank.place<transient, 0>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
      %38 = rank.router_scores %37 {places = [#rank.place<transient, 1920>], rank.layer = 1 : i64, score = #rank<score sigmoid>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
      %weights, %chosen = rank.top_k %38 {normalize, places = [#rank.place<transient, 1984>, #rank.place<transient, 2560>], rank.layer = 1 : i64} : (tensor<4x4xf32>) -> (tensor<4x2xf32>, tensor<4x2xi32>)
      %position, %sizes = rank.group_tokens %chosen {places = [#rank.place<transient, 2624>, #rank.place<transient, 2688>], rank.layer = 1 : i64} : (tensor<4x2xi32>) -> (tensor<8xi32>, tensor<4xi32>)
      %39 = rank.gather_rows %result_5, %position {places = [#rank.place<transient, 0>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8xi32>) -> tensor<8x8xf32>
      %40 = rank.weight @layers.1.moe.expert_gate {rank.layer = 1 : i64} : tensor<4x8x6xf32>
      %41 = rank.grouped_matmul %39, %40, %sizes {expected_rows = 8 : i64, places = [#rank.place<transient, 768>], rank.layer = 1 : i64} : (tensor<8x8xf32>, tensor<4x8x6xf32>, tensor<4xi32>) -> tensor<8x6xf32>
      %42 = rank.weight @layers.1.moe.expert_up {rank.layer = 1 : i64} : tensor<4x8x6xf32>
      %43 = rank.grouped_matmul %39, %42, %sizes {expected_rows = 8 : i64, places = [#rank.place<transient, 960>], rank.layer = 1 : i64} : (tensor<8x8xf32>, tensor<4x8x6xf32>, tensor<4xi32>) -> tensor<8x6xf32>
      %44 = rank.activation %41 up %43 sizes %sizes {expected_rows = 8 : i64, places = [#rank.place<transient, 1152>], rank.layer = 1 : i64} : (tensor<8x6xf32>, tensor<8x6xf32>, tensor<4xi32>) -> tensor<8x6xf32>
      %45 = rank.weight @layers.1.moe.expert_down {rank.layer = 1 : i64} : tensor<4x6x8xf32>
      %46 = rank.grouped_matmul %44, %45, %sizes {expected_rows = 8 : i64, places = [#rank.place<transient, 256>], rank.layer = 1 : i64} : (tensor<8x6xf32>, tensor<4x6x8xf32>, tensor<4xi32>) -> tensor<8x8xf32>
      %47 = rank.weight @layers.1.moe.shared_0_gate {rank.layer = 1 : i64} : tensor<8x4xf32>
      %48 = rank.matmul %result_5, %47 {places = [#rank.place<transient, 512>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
      %49 = rank.weight @layers.1.moe.shared_0_up {rank.layer = 1 : i64} : tensor<8x4xf32>
      %50 = rank.matmul %result_5, %49 {places = [#rank.place<transient, 576>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
      %51 = rank.activation %48 up %50 {places = [#rank.place<transient, 640>], rank.layer = 1 : i64} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
      rank.matmul %51, %input_gradient {into = @layers.1.moe.shared_0_down, rank.layer = 1 : i64, transpose_lhs} : (tensor<4x4xf32>, tensor<4x8xf32>) -> ()
      %gate_gradient, %up_gradient = rank.activation_grad %48 up %50 gradient %20 {places = [#rank.place<transient, 2752>, #rank.place<transient, 640>], rank.layer = 1 : i64} : (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>)
      %52 = rank.matmul %up_gradient, %13 {places = [#rank.place<transient, 512>], rank.layer = 1 : i64, transpose_rhs} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
      rank.matmul %result_5, %up_gradient {into = @layers.1.moe.shared_0_up, rank.layer = 1 : i64, transpose_lhs} : (tensor<4x8xf32>, tensor<4x4xf32>) -> ()
      %53 = rank.matmul %gate_gradient, %12 {places = [#rank.place<transient, 640>], rank.layer = 1 : i64, transpose_rhs} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
      %54 = rank.add %52, %53 {places = [#rank.place<transient, 1728>], rank.layer = 1 : i64} : tensor<4x8xf32>
      rank.matmul %result_5, %gate_gradient {into = @layers.1.moe.shared_0_gate, rank.layer = 1 : i64, transpose_lhs} : (tensor<4x8xf32>, tensor<4x4xf32>) -> ()
      %rows_gradient, %weights_gradient = rank.combine_grad %46, %position, %weights, %input_gradient {places = [#rank.place<transient, 512>, #rank.place<transient, 2752>], rank.layer = 1 : i64} : (tensor<8x8xf32>, tensor<8xi32>, tensor<4x2xf32>, tensor<4x8xf32>) -> (tensor<8x8xf32>, tensor<4x2xf32>)
      %55 = rank.grouped_matmul %rows_gradient, %11, %sizes {expected_rows = 8 : i64, places = [#rank.place<transient, 256>], rank.layer = 1 : i64, transpose_weights} : (tensor<8x8xf32>, tensor<4x6x8xf32>, tensor<4xi32>) -> tensor<8x6xf32>
      rank.grouped_matmul_grad %44, %rows_gradient, %sizes {expected_rows = 8 : i64, into = @layers.1.moe.expert_down, rank.layer = 1 : i64} : (tensor<8x6xf32>, tensor<8x8xf32>, tensor<4xi32>) -> ()
      %gate_gradient_7, %up_gradient_8 = rank.activation_grad %41 up %43 gradient %55 sizes %sizes {expected_rows = 8 : i64, places = [#rank.place<transient, 1152>, #rank.place<transient, 512>], rank.layer = 1 : i64} : (tensor<8x6xf32>, tensor<8x6xf32>, tensor<8x6xf32>, tensor<4xi32>) -> (tensor<8x6xf32>, tensor<8x6xf32>)
      %56 = rank.grouped_matmul %up_gradient_8, %10, %sizes {expected_rows = 8 : i64, places = [#rank.place<transient, 256>], rank.layer = 1 : i64, transpose_weights} : (tensor<8x6xf32>, tensor<4x8x6xf32>, tensor<4xi32>) -> tensor<8x8xf32>
      rank.grouped_matmul_grad %39, %up_gradient_8, %sizes {expected_rows = 8 : i64, into = @layers.1.moe.expert_up, rank.layer = 1 : i64} : (tensor<8x8xf32>, tensor<8x6xf32>, tensor<4xi32>) -> ()
      %57 = rank.grouped_matmul %gate_gradient_7, %9, %sizes {expected_rows = 8 : i64, places = [#rank.place<transient, 512>], rank.layer = 1 : i64, transpose_weights} : (tensor<8x6xf32>, tensor<4x8x6xf32>, tensor<4xi32>) -> tensor<8x8xf32>
      %58 = rank.add %56, %57 {expected_rows = 8 : i64, places = [#rank.place<transient, 768>], rank.layer = 1 : i64} : tensor<8x8xf32>
      rank.grouped_matmul_grad %39, %gate_gradient_7, %sizes {expected_rows = 8 : i64, into = @layers.1.moe.expert_gate, rank.layer = 1 : i64} : (tensor<8x8xf32>, tensor<8x6xf32>, tensor<4xi32>) -> ()
      %59 = rank.scatter_rows %58, %position {places = [#rank.place<transient, 0>], rank.layer = 1 : i64} : (tensor<8x8xf32>, tensor<8xi32>) -> tensor<4x8xf32>
      %60 = rank.add %54, %59 {places = [#rank.place<transient, 128>], rank.layer = 1 : i64} : tensor<4x8xf32>
      %61 = rank.constant 5.000000e-03 {places = [#rank.place<transient, 0>], rank.layer = 1 : i64} : tensor<1xf32>
      %62 = rank.balance_loss_grad %38, %chosen, %61 {places = [#rank.place<transient, 64>], rank.layer = 1 : i64, sequence = 4 : i64} : (tensor<4x4xf32>, tensor<4x2xi32>, tensor<1xf32>) -> tensor<4x4xf32>
      %63 = rank.top_k_grad %38, %chosen, %weights_gradient {normalize, places = [#rank.place<transient, 0>], rank.layer = 1 : i64} : (tensor<4x4xf32>, tensor<4x2xi32>, tensor<4x2xf32>) -> tensor<4x4xf32>
      %64 = rank.add %62, %63 {places = [#rank.place<transient, 256>], rank.layer = 1 : i64} : tensor<4x4xf32>
      %65 = rank.router_scores_grad %38, %64 {places = [#rank.place<transient, 384>], rank.layer = 1 : i64, score = #rank<score sigmoid>} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
      %66 = rank.matmul %65, %8 {places = [#rank.place<transient, 0>], rank.layer = 1 : i64, transpose_rhs} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
      %67 = rank.add %60, %66 {places = [#rank.place<transient, 256>], rank.layer = 1 : i64} : tensor<4x8xf32>
      rank.matmul %result_5, %65 {into = @layers.1.moe.router, rank.layer = 1 : i64, transpose_lhs} : (tensor<4x8xf32>, tensor<4x4xf32>) -> ()
      %input_gradient_9, %weight_gradient_10 = rank.rms_norm_grad %34, %7, %rstd_6, %67 {places = [#rank.place<transient, 0>, #rank.place<transient, 128>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8xf32>, tensor<4xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<8xf32>)
      %68 = rank.add %input_gradient, %input_gradient_9 {places = [#rank.place<transient, 2560>], rank.layer = 1 : i64} : tensor<4x8xf32>
      rank.accumulate @layers.1.moe.norm, %weight_gradient_10 {rank.layer = 1 : i64} : tensor<8xf32>
      %69 = rank.matmul %68, %6 {places = [#rank.place<transient, 2688>], rank.layer = 1 : i64, transpose_rhs} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
      rank.matmul %result_4, %68 {into = @layers.1.attention.output, rank.layer = 1 : i64, transpose_lhs} : (tensor<4x8xf32>, tensor<4x8xf32>) -> ()
      %query_gradient, %key_gradient, %value_gradient = rank.attention_grad %25, %29, %31, %result_4, %lse, %69 {heads = 4 : i64, kv_heads = 2 : i64, places = [#rank.place<transient, 2816>, #rank.place<transient, 3392>, #rank.place<transient, 3456>], rank.layer = 1 : i64, sequence = 4 : i64, workspace = #rank.place<transient, 0>} : (tensor<4x8xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x8xf32>, tensor<4x4xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x4xf32>, tensor<4x4xf32>)
      %70 = rank.matmul %value_gradient, %5 {places = [#rank.place<transient, 0>], rank.layer = 1 : i64, transpose_rhs} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
      rank.matmul %result, %value_gradient {into = @layers.1.attention.value, rank.layer = 1 : i64, transpose_lhs} : (tensor<4x8xf32>, tensor<4x4xf32>) -> ()
      %71 = rank.rotary %key_gradient {frequencies = array<f64: 1.000000e+00>, heads = 2 : i64, places = [#rank.place<transient, 128>], rank.layer = 1 : i64, sequence = 4 : i64, transpose} : (tensor<4x4xf32>) -> tensor<4x4xf32>
      %input_gradient_11, %weight_gradient_12 = rank.rms_norm_grad %27, %4, %rstd_3, %71 {places = [#rank.place<transient, 384>, #rank.place<transient, 192>], rank.layer = 1 : i64} : (tensor<4x4xf32>, tensor<2xf32>, tensor<8xf32>, tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<2xf32>)
      rank.accumulate @layers.1.attention.key_norm, %weight_gradient_12 {rank.layer = 1 : i64} : tensor<2xf32>
      %72 = rank.matmul %input_gradient_11, %3 {places = [#rank.place<transient, 128>], rank.layer = 1 : i64, transpose_rhs} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
      %73 = rank.add %70, %72 {places = [#rank.place<transient, 256>], rank.layer = 1 : i64} : tensor<4x8xf32>
      rank.matmul %result, %input_gradient_11 {into = @layers.1.attention.key, rank.layer = 1 : i64, transpose_lhs} : (tensor<4x8xf32>, tensor<4x4xf32>) -> ()
      %74 = rank.rotary %query_gradient {frequencies = array<f64: 1.000000e+00>, heads = 4 : i64, places = [#rank.place<transient, 0>], rank.layer = 1 : i64, sequence = 4 : i64, transpose} : (tensor<4x8xf32>) -> tensor<4x8xf32>
      %input_gradient_13, %weight_gradient_14 = rank.rms_norm_grad %23, %2, %rstd_1, %74 {places = [#rank.place<transient, 128>, #rank.place<transient, 384>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<2xf32>, tensor<16xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<2xf32>)
      rank.accumulate @layers.1.attention.query_norm, %weight_gradient_14 {rank.layer = 1 : i64} : tensor<2xf32>
      %75 = rank.matmul %input_gradient_13, %1 {places = [#rank.place<transient, 0>], rank.layer = 1 : i64, transpose_rhs} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
      %76 = rank.add %73, %75 {places = [#rank.place<transient, 384>], rank.layer = 1 : i64} : tensor<4x8xf32>
      rank.matmul %result, %input_gradient_13 {into = @layers.1.attention.query, rank.layer = 1 : i64, transpose_lhs} : (tensor<4x8xf32>, tensor<4x8xf32>) -> ()
      %input_gradient_15, %weight_gradient_16 = rank.rms_norm_grad %arg6, %0, %rstd, %76 {places = [#rank.place<transient, 0>, #rank.place<transient, 128>], rank.layer = 1 : i64} : (tensor<4x8xf32>, tensor<8xf32>, tensor<4xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<8xf32>)
      %77 = rank.add %68, %input_gradient_15 {places = [#rank.place<result, 0>], rank.layer = 1 : i64} : tensor<4x8xf32>
      rank.accumulate @layers.1.attention.norm, %weight_gradient_16 {rank.layer = 1 : i64} : tensor<8xf32>
      rank.return %77 : tensor<4x8xf32>
    }
    rank.schedule {
      rank.zero_gradients {elements = 1104 : i64, offset = 4416 : i64}
      %tokens, %targets = rank.load_batch 0 {places = [#rank.place<arena, 17664>, #rank.place<arena, 18560>]} : tensor<4xi32>, tensor<4xi32>
      %0 = rank.recv  forward from 0 micro_batch 0 {places = [#rank.place<arena, 18304>]} : tensor<4x8xf32>
      %1 = rank.call @forward(%0, %targets) micro_batch 0 {places = [#rank.place<arena, 17664>]} : (tensor<4x8xf32>, tensor<4xi32>) -> !rank.residual
      %2 = rank.call @backward(%1, %targets, %0) micro_batch 0 {places = [#rank.place<arena, 18432>]} : (!rank.residual, tensor<4xi32>, tensor<4x8xf32>) -> tensor<4x8xf32>
      %3 = rank.send  backward %2 to 0 micro_batch 0 : tensor<4x8xf32>
      %tokens_0, %targets_1 = rank.load_batch 1 {places = [#rank.place<arena, 17664>, #rank.place<arena, 18688>]} : tensor<4xi32>, tensor<4xi32>
      %4 = rank.recv  forward from 0 micro_batch 1 {places = [#rank.place<arena, 18304>]} : tensor<4x8xf32>
      %5 = rank.call @forward(%4, %targets_1) micro_batch 1 {places = [#rank.place<arena, 17664>]} : (tensor<4x8xf32>, tensor<4xi32>) -> !rank.residual
      %6 = rank.call @backward(%5, %targets_1, %4) micro_batch 1 {places = [#rank.place<arena, 18560>]} : (!rank.residual, tensor<4xi32>, tensor<4x8xf32>) -> tensor<4x8xf32>
      rank.wait_send  backward %3
      %7 = rank.send  backward %6 to 0 micro_batch 1 : tensor<4x8xf32>
      rank.wait_send  backward %7
      rank.all_reduce_gradients  dp {elements = 528 : i64, offset = 4416 : i64, workspace_bytes = 2112 : i64}
      rank.all_reduce_gradients  edp {elements = 576 : i64, offset = 6528 : i64, workspace_bytes = 2304 : i64}
      rank.gradient_norm  dp {elements = 528 : i64, offset = 4416 : i64}
      rank.gradient_norm  edp {elements = 576 : i64, offset = 6528 : i64}
      rank.reduce_step
      rank.adamw @layers.1.attention.norm
      rank.adamw @layers.1.attention.query
      rank.adamw @layers.1.attention.query_norm
      rank.adamw @layers.1.attention.key
      rank.adamw @layers.1.attention.key_norm
      rank.adamw @layers.1.attention.value
      rank.adamw @layers.1.attention.output
      rank.adamw @layers.1.moe.norm
      rank.adamw @layers.1.moe.router
      rank.adamw @layers.1.moe.expert_gate
      rank.adamw @layers.1.moe.expert_up
      rank.adamw @layers.1.moe.expert_down
      rank.adamw @layers.1.moe.shared_0_gate
      rank.adamw @layers.1.moe.shared_0_up
      rank.adamw @layers.1.moe.shared_0_down
      rank.adamw @head.norm
      rank.adamw @head.output
      rank.checkpoint_hook
    }
  }
}

