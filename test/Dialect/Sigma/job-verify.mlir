// RUN: sigma-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{'sigma.job' op batch must be positive, got: 0}}
sigma.job @j model @m on @c batch 0 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op quantile_ppm must be from 1 to 999999, got: 1000000}}
sigma.job @j model @m on @c batch 8 precision f32 quantile_ppm 1000000 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op quantile_ppm must be from 1 to 999999, got: 0}}
sigma.job @j model @m on @c batch 8 precision f32 quantile_ppm 0 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op memory_margin_ppm must be from 0 to 999999, got: -1}}
sigma.job @j model @m on @c batch 8 precision f32 memory_margin_ppm -1 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op max_micro_batch must be positive, got: 0}}
sigma.job @j model @m on @c batch 8 precision f32 max_micro_batch 0 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op expert_capacity_ppm must be at least 1000000, the even share, got: 999999}}
sigma.job @j model @m on @c batch 8 precision f32 expert_capacity_ppm 999999 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op reduce must be f32 or bf16, got: fp8}}
sigma.job @j model @m on @c batch 8 precision f32 reduce fp8 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op step_ns must not be negative, got: -1}}
sigma.job @j model @m on @c batch 8 precision f32 step_ns -1 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// rule: sigma.job: Each pinned size is positive
// expected-error @+1 {{'sigma.job' op pin pp must be positive, got: -1}}
sigma.job @j model @m on @c batch 8 precision f32 pin {pp = -1} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op pin dp must be positive, got: -1}}
sigma.job @j model @m on @c batch 8 precision f32 pin {dp = -1} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op pin ep must be positive, got: -1}}
sigma.job @j model @m on @c batch 8 precision f32 pin {ep = -1} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op pin micro_batch must be positive, got: -1}}
sigma.job @j model @m on @c batch 8 precision f32 pin {micro_batch = -1} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op body must be one sigma.adamw, got an empty body}}
sigma.job @j model @m on @c batch 8 precision f32 {
}

// -----

sigma.job @j model @m on @c batch 8 precision f32 {
  // expected-error @+1 {{'builtin.module' op does not belong into the body of a sigma.job; allowed: sigma.adamw}}
  builtin.module {}
}

// -----

sigma.job @j model @m on @c batch 8 precision f32 {
  // expected-note @+1 {{the first is here}}
  sigma.adamw learning_rate 1.0e-3
  // expected-error @+1 {{'sigma.adamw' op must be the only one of its job}}
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op model @m must name a sigma.model, but there is no such symbol}}
sigma.job @j model @m on @c batch 8 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-error @+1 {{'sigma.job' op cluster @nowhere must name a sigma.cluster, but there is no such symbol}}
sigma.job @j model @m on @nowhere batch 8 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}
// expected-note @+1 {{the symbol is here}}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-error @+1 {{'sigma.job' op model @c must name a sigma.model, got: sigma.cluster}}
sigma.job @j model @c on @c batch 8 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-note @+1 {{the symbol is here}}
sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-error @+1 {{'sigma.job' op cluster @m must name a sigma.cluster, got: sigma.model}}
sigma.job @j model @m on @m batch 8 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  // expected-note @+1 {{the accelerator is here}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-error @+1 {{'sigma.job' op precision bf16 needs peak_bf16_flops_per_s, which the accelerator of @c does not state}}
sigma.job @j model @m on @c batch 8 precision bf16 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  // expected-note @+1 {{the accelerator is here}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-error @+1 {{'sigma.job' op precision f64 needs peak_f64_flops_per_s, which the accelerator of @c does not state}}
sigma.job @j model @m on @c batch 8 precision f64 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

sigma.job @j model @m on @c batch 8 precision f32 {
  // expected-error @+1 {{'sigma.adamw' op learning_rate must be positive and finite, got: 0.000000e+00}}
  sigma.adamw learning_rate 0.0
}

// -----

sigma.job @j model @m on @c batch 8 precision f32 {
  // expected-error @+1 {{'sigma.adamw' op warmup must not be negative, got: -1}}
  sigma.adamw learning_rate 0.1 warmup -1
}

// -----

sigma.job @j model @m on @c batch 8 precision f32 {
  // expected-error @+1 {{'sigma.adamw' op beta1 must be at least 0 and below 1, got: 1.000000e+00}}
  sigma.adamw learning_rate 0.1 beta1 1.0
}

// -----

sigma.job @j model @m on @c batch 8 precision f32 {
  // expected-error @+1 {{'sigma.adamw' op beta2 must be at least 0 and below 1, got: -5.000000e-01}}
  sigma.adamw learning_rate 0.1 beta2 -0.5
}

// -----

sigma.job @j model @m on @c batch 8 precision f32 {
  // expected-error @+1 {{'sigma.adamw' op beta2 must be at least 0 and below 1, got: nan}}
  sigma.adamw learning_rate 0.1 beta2 0x7FF8000000000000
}

// -----

sigma.job @j model @m on @c batch 8 precision f32 {
  // expected-error @+1 {{'sigma.adamw' op epsilon must be positive and finite, got: 0.000000e+00}}
  sigma.adamw learning_rate 0.1 epsilon 0.0
}

// -----

sigma.job @j model @m on @c batch 8 precision f32 {
  // expected-error @+1 {{'sigma.adamw' op weight_decay must not be negative and must be finite, got: -1.000000e-01}}
  sigma.adamw learning_rate 0.1 weight_decay -0.1
}

// -----

sigma.job @j model @m on @c batch 8 precision f32 {
  // expected-error @+1 {{'sigma.adamw' op clip must not be negative and must be finite, got: INF}}
  sigma.adamw learning_rate 0.1 clip 0x7FF0000000000000
}

// -----

// expected-error @+1 {{'sigma.job' op sequence must be positive, got: 0}}
sigma.job @j model @m on @c batch 8 precision f32 sequence 0 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op sequence must be at most 16777216, got: 16777217}}
sigma.job @j model @m on @c batch 8 precision f32 sequence 16777217 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op time_margin_ppm must be from 0 to 1000000, got: -1}}
sigma.job @j model @m on @c batch 8 precision f32 time_margin_ppm -1 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op max_zero must be from 0 to 3, got: 4}}
sigma.job @j model @m on @c batch 8 precision f32 max_zero 4 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op pin tp must be positive, got: 0}}
sigma.job @j model @m on @c batch 8 precision f32 pin {tp = 0} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op pin zero must be from 0 to 3, got: 4}}
sigma.job @j model @m on @c batch 8 precision f32 pin {zero = 4} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op pin zero must be at most max_zero (1), got: 2}}
sigma.job @j model @m on @c batch 8 precision f32 max_zero 1 pin {zero = 2} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// rule: sigma.job: Each forbidden size is positive
// expected-error @+1 {{'sigma.job' op forbid ep must be positive, got: 0}}
sigma.job @j model @m on @c batch 8 precision f32 forbid {ep = [8, 0]} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op forbid zero must be from 0 to 3, got: 4}}
sigma.job @j model @m on @c batch 8 precision f32 forbid {zero = [4]} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// rule: sigma.job: Each choice that is forbidden names a value
// expected-error @+1 {{'sigma.job' op forbid ep must name at least one value}}
sigma.job @j model @m on @c batch 8 precision f32 forbid {ep = []} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op forbid remat must name at least one value}}
sigma.job @j model @m on @c batch 8 precision f32 forbid {remat = []} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// rule: sigma.job: One schedule and one rematerialization mode are left
// expected-error @+1 {{'sigma.job' op forbid remat must leave one of none, full}}
sigma.job @j model @m on @c batch 8 precision f32 forbid {remat = [full, none]} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op forbid schedule must leave one of 1f1b, interleaved, zb-h1, dualpipev}}
sigma.job @j model @m on @c batch 8 precision f32 forbid {schedule = ["1f1b", "zb-h1", interleaved, dualpipev]} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op pin expert_zero must be from 0 to 3, got: 4}}
sigma.job @j model @m on @c batch 8 precision f32 pin {expert_zero = 4} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op pin expert_zero must be at most max_zero (1), got: 2}}
sigma.job @j model @m on @c batch 8 precision f32 max_zero 1 pin {expert_zero = 2} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// rule: #sigma.overlap: Each share is from 0 to 1000000
// expected-error @+1 {{overlap gradient_ppm must be from 0 to 1000000, got: 1000001}}
sigma.job @j model @m on @c batch 8 precision f32 overlap {gradient_ppm = 1000001} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{overlap exchange_ppm must be from 0 to 1000000, got: 1000001}}
sigma.job @j model @m on @c batch 8 precision f32 overlap {exchange_ppm = 1000001} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{overlap expert_ppm must be from 0 to 1000000, got: -1}}
sigma.job @j model @m on @c batch 8 precision f32 overlap {expert_ppm = -1} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op pins and forbids the same value of schedule}}
sigma.job @j model @m on @c batch 8 precision f32 pin {schedule = interleaved} forbid {schedule = [interleaved]} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// rule: sigma.job: No value is both pinned and forbidden
// expected-error @+1 {{'sigma.job' op pins and forbids the same value of ep}}
sigma.job @j model @m on @c batch 8 precision f32 pin {ep = 8} forbid {ep = [4, 8]} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// expected-error @+1 {{'sigma.job' op pins and forbids the same value of remat}}
sigma.job @j model @m on @c batch 8 precision f32 pin {remat = full} forbid {remat = [full]} {
  sigma.adamw learning_rate 1.0e-3
}

// -----

// rule: sigma.job: Nothing else is pinned but a schedule and a rematerialization mode
// expected-error @+1 {{'sigma.job' op pin schedule = 1 : i64 must be one of 1f1b, interleaved, zb-h1, dualpipev}}
"sigma.job"() <{sym_name = "j", model = @m, cluster = @c, batch = 8 : i64, precision = #sigma<precision f32>, pin = {schedule = 1 : i64}}> ({
  "sigma.adamw"() <{learning_rate = 1.0e-3 : f64}> : () -> ()
}) : () -> ()

// -----

// expected-error @+1 {{'sigma.job' op pin ep = 8 : i32 must be an i64 of tp, pp, vpp, dp, ep, etp, cp, zero, expert_zero, micro_batch}}
"sigma.job"() <{sym_name = "j", model = @m, cluster = @c, batch = 8 : i64, precision = #sigma<precision f32>, pin = {ep = 8 : i32}}> ({
  "sigma.adamw"() <{learning_rate = 1.0e-3 : f64}> : () -> ()
}) : () -> ()

// -----

// rule: sigma.job: Nothing else is forbidden but schedules and rematerialization modes
// expected-error @+1 {{'sigma.job' op forbid ep = 8 : i64 must be an array of i64 of tp, pp, vpp, dp, ep, etp, cp, zero, expert_zero, micro_batch}}
"sigma.job"() <{sym_name = "j", model = @m, cluster = @c, batch = 8 : i64, precision = #sigma<precision f32>, forbid = {ep = 8 : i64}}> ({
  "sigma.adamw"() <{learning_rate = 1.0e-3 : f64}> : () -> ()
}) : () -> ()

// -----

// expected-error @+1 {{'sigma.job' op forbid remat = ["full"] must be an array of none, full}}
"sigma.job"() <{sym_name = "j", model = @m, cluster = @c, batch = 8 : i64, precision = #sigma<precision f32>, forbid = {remat = ["full"]}}> ({
  "sigma.adamw"() <{learning_rate = 1.0e-3 : f64}> : () -> ()
}) : () -> ()

// -----

sigma.model @m sequence 8 {
  // expected-note @+1 {{the positions are here}}
  sigma.embedding vocabulary 16 width 8 positions 16
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-error @+1 {{'sigma.job' op sequence must be at most the model's learned positions (16), got: 32}}
sigma.job @j model @m on @c batch 8 precision f32 sequence 32 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  sigma.head untied
}
sigma.cluster @c devices 16 {
  sigma.accelerator @new devices 8 preset "h100-sxm"
  // expected-note @+1 {{the accelerator is here}}
  sigma.accelerator @old devices 8 preset "a100-sxm-80gb"
  sigma.tier @node devices 8 preset "nvlink-3"
  sigma.tier @network devices 16 preset "infiniband-ndr"
}
// expected-error @+1 {{'sigma.job' op precision fp8 needs peak_fp8_flops_per_s, which the accelerator of @c does not state}}
sigma.job @j model @m on @c batch 16 precision fp8 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

sigma.job @j model @m on @c batch 8 precision f32 {
  // expected-error @+1 {{'sigma.adamw' op moments must be f32 or bf16, got: fp8}}
  sigma.adamw learning_rate 0.1 moments fp8
}
