// RUN: sigma-opt %s | FileCheck %s
// RUN: sigma-opt %s | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --mlir-print-op-generic | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --emit-bytecode | sigma-opt | FileCheck %s

sigma.model @tiny sequence 8 {
  sigma.embedding vocabulary 256 width 4
  sigma.repeat 1 {
    sigma.attention heads 1 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 8
  }
  sigma.head untied
}
sigma.cluster @pair devices 2 {
  sigma.accelerator @cpu memory_bytes 1 memory_bandwidth_bytes_per_s 1
      peak_f32_flops_per_s 1 peak_bf16_flops_per_s 1 peak_f64_flops_per_s 1
  sigma.tier @node devices 2 bandwidth_bytes_per_s 1 latency_ns 0
}

// CHECK-LABEL: sigma.job @defaults model @tiny on @pair batch 8 precision f32 {
// CHECK-NEXT:    sigma.adamw learning_rate 1.000000e-03{{$}}
// CHECK-NEXT:  }
sigma.job @defaults model @tiny on @pair batch 8 precision f32
    max_micro_batch 16 quantile_ppm 950000 memory_margin_ppm 60000 dispatch per_choice {
  sigma.adamw learning_rate 1.0e-3 clip 1.0 weight_decay 0.1 epsilon 1.0e-8 beta2 0.95 beta1 0.9
      warmup 0
}

// CHECK-LABEL: sigma.job @everything model @tiny on @pair batch 8 precision bf16
// CHECK-SAME:      quantile_ppm 500000 memory_margin_ppm 0 max_micro_batch 4
// CHECK-SAME:      expert_capacity_ppm 2000000 reduce bf16 dispatch per_node step_ns 1000
// CHECK-SAME:      scratch_gradients f32_logits eager_experts
// CHECK-SAME:      pin {pp = 1, dp = 2, ep = 1, micro_batch = 4, remat = full} {
// CHECK-NEXT:    sigma.adamw learning_rate 1.000000e-03 warmup 20 beta1 8.000000e-01
// CHECK-SAME:        beta2 9.375000e-01 epsilon 5.000000e-10 weight_decay 0.000000e+00
// CHECK-SAME:        clip 0.000000e+00{{$}}
sigma.job @everything model @tiny on @pair batch 8 precision bf16
    f32_logits eager_experts scratch_gradients step_ns 1000 dispatch per_node reduce bf16
    expert_capacity_ppm 2000000 max_micro_batch 4 memory_margin_ppm 0 quantile_ppm 500000
    pin {remat = full, micro_batch = 4, ep = 1, dp = 2, pp = 1} {
  sigma.adamw learning_rate 1.0e-3 warmup 20 beta1 0.8 beta2 0.9375 epsilon 5.0e-10 weight_decay 0.0
      clip 0.0
}

// CHECK-LABEL: sigma.job @one_pin model @tiny on @pair batch 8 precision f64 pin {remat = none} {
sigma.job @one_pin model @tiny on @pair batch 8 precision f64 pin {remat = none} {
  sigma.adamw learning_rate 1.0e-3
}

// CHECK-LABEL: sigma.job @choices model @tiny on @pair batch 8 precision bf16 sequence 4
// CHECK-SAME:      time_margin_ppm 20000 max_zero 1
// CHECK-SAME:      pin {tp = 1, vpp = 2, cp = 1, zero = 1}
// CHECK-SAME:      forbid {pp = [2], ep = [4, 8], remat = [full]} {
// CHECK-NEXT:    sigma.adamw learning_rate 1.000000e-03 moments bf16{{$}}
sigma.job @choices model @tiny on @pair batch 8 precision bf16 max_zero 1 time_margin_ppm 20000
    sequence 4 pin {zero = 1, cp = 1, vpp = 2, tp = 1}
    forbid {remat = [full], ep = [4, 8], pp = [2]} {
  sigma.adamw learning_rate 1.0e-3 moments bf16
}

// CHECK-LABEL: sigma.job @wide_choices model @tiny on @pair batch 8 precision f32
// CHECK-SAME:      overlap {gradient_ppm = 800000, exchange_ppm = 3, expert_ppm = 500000}
// CHECK-SAME:      pin {tp = 2, expert_zero = 1, schedule = interleaved}
// CHECK-SAME:      forbid {vpp = [4, 8], schedule = ["1f1b", "zb-h1"]} {
sigma.job @wide_choices model @tiny on @pair batch 8 precision f32
    overlap {expert_ppm = 500000, exchange_ppm = 3, tensor_ppm = 0, gradient_ppm = 800000}
    pin {schedule = interleaved, expert_zero = 1, tp = 2}
    forbid {schedule = ["1f1b", "zb-h1"], vpp = [4, 8]} {
  sigma.adamw learning_rate 1.0e-3
}
