// RUN: sigma-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{'sigma.plan' op pp must be positive, got: 0}}
sigma.plan @j pp 0 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

// expected-error @+1 {{'sigma.plan' op dp must be positive, got: -4}}
sigma.plan @j pp 2 dp -4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

// expected-error @+1 {{'sigma.plan' op ep must be positive, got: 0}}
sigma.plan @j pp 2 dp 4 ep 0 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

// expected-error @+1 {{'sigma.plan' op micro_batch must be positive, got: 0}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 0 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

// expected-error @+1 {{'sigma.plan' op ep must divide dp (4), got: 3}}
sigma.plan @j pp 2 dp 4 ep 3 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

// rule: sigma.plan: Predicted times are not negative
// expected-error @+1 {{'sigma.plan' op predicted p50_ns must not be negative, got: -1}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b"
    predicted {p50_ns = -1, p95_ns = 1, mean_ns = 1} proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

// expected-error @+1 {{'sigma.plan' op predicted p95_ns must not be negative, got: -1}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b"
    predicted {p50_ns = 1, p95_ns = -1, mean_ns = 1} proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

// expected-error @+1 {{'sigma.plan' op predicted mean_ns must not be negative, got: -1}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b"
    predicted {p50_ns = 1, p95_ns = 1, mean_ns = -1} proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

// rule: sigma.plan: Predicted times are all positive or all absent
// expected-error @+1 {{'sigma.plan' op predicted times must be all positive or all absent, got: p50_ns = 1, p95_ns = 0, mean_ns = 2}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b"
    predicted {p50_ns = 1, p95_ns = 0, mean_ns = 2} proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

// rule: sigma.plan: `predicted_p95_ns` is at least `predicted_p50_ns`
// expected-error @+1 {{'sigma.plan' op predicted p95_ns must be at least p50_ns (3), got: 2}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b"
    predicted {p50_ns = 3, p95_ns = 2, mean_ns = 2} proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

sigma.plan @j pp 1 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
  // expected-error @+1 {{'sigma.plan' op does not belong into the body of a sigma.plan; allowed: sigma.stage}}
  sigma.plan @j pp 1 dp 4 ep 1 micro_batch 1 schedule "1f1b" proof unproven {
    sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
  }
}

// -----

// expected-error @+1 {{'sigma.plan' op body must have pp (2) stages, got: 1}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

// expected-error @+1 {{'sigma.plan' op body must have pp (1) stages, got: 0}}
sigma.plan @j pp 1 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
}

// -----

sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  // rule: sigma.plan: The index of each stage is its position
  // expected-error @+1 {{'sigma.stage' op index must be the stage's position (1), got: 2}}
  sigma.stage 2 layers 2 to 4 remat [none, none]
}

// -----

sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  // rule: sigma.plan: the first begins at layer 0
  // expected-error @+1 {{'sigma.stage' op must begin at layer 0, got: 1}}
  sigma.stage 0 layers 1 to 2 remat [none]
  sigma.stage 1 layers 2 to 4 remat [none, none]
}

// -----

sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  // expected-note @+1 {{the stage before is here}}
  sigma.stage 0 layers 0 to 2 remat [none, none]
  // rule: sigma.plan: Each stage begins where the one before ends
  // expected-error @+1 {{'sigma.stage' op must begin at layer 2, where the stage before ends, got: 3}}
  sigma.stage 1 layers 3 to 4 remat [none]
}

// -----

sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  // expected-note @+1 {{the stage before is here}}
  sigma.stage 0 layers 0 to 2 remat [none, none]
  // expected-error @+1 {{'sigma.stage' op must begin at layer 2, where the stage before ends, got: 1}}
  sigma.stage 1 layers 1 to 4 remat [none, none, none]
}

// -----

sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  // expected-error @+1 {{'sigma.stage' op index must not be negative, got: -1}}
  sigma.stage -1 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, none]
}

// -----

sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  // rule: sigma.stage: `first_layer` is not negative
  // expected-error @+1 {{'sigma.stage' op first layer must not be negative, got: -1}}
  sigma.stage 0 layers -1 to 0 remat [none]
  sigma.stage 1 layers 2 to 4 remat [none, none]
}

// -----

sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  // rule: sigma.stage: `end_layer` is greater than `first_layer`
  // expected-error @+1 {{'sigma.stage' op must have at least one layer: the end must be greater than 2, got: 2}}
  sigma.stage 0 layers 2 to 2 remat []
  sigma.stage 1 layers 2 to 4 remat [none, none]
}

// -----

sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  // expected-error @+1 {{'sigma.stage' op must have at least one layer: the end must be greater than 2, got: -9223372036854775808}}
  sigma.stage 0 layers 2 to -9223372036854775808 remat []
  sigma.stage 1 layers 2 to 4 remat [none, none]
}

// -----

sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  // expected-error @+1 {{'sigma.stage' op remat must have one mode per layer (2), got: 1}}
  sigma.stage 0 layers 0 to 2 remat [none]
  sigma.stage 1 layers 2 to 4 remat [none, none]
}

// -----

sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  // expected-error @+1 {{'sigma.stage' op peak_bytes must not be negative, got: -1}}
  sigma.stage 0 layers 0 to 2 remat [none, none] peak_bytes -1
  sigma.stage 1 layers 2 to 4 remat [none, none]
}

// -----

// expected-error @+1 {{'sigma.plan' op job @j must name a sigma.job, but there is no such symbol}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

// expected-note @+1 {{the symbol is here}}
sigma.cluster @j devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-error @+1 {{'sigma.plan' op job @j must name a sigma.job, got: sigma.cluster}}
sigma.plan @j pp 1 dp 8 ep 1 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

// expected-note @+1 {{the model is here}}
sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
sigma.job @j model @m on @c batch 8 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  // rule: sigma.plan: The last stage ends at the model's number of layers
  // expected-error @+1 {{'sigma.stage' op must end at the model's number of layers (4), got: 3}}
  sigma.stage 1 layers 2 to 3 remat [none]
}

// -----

// expected-note @+1 {{the model is here}}
sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
sigma.job @j model @m on @c batch 8 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  // expected-error @+1 {{'sigma.stage' op must end at the model's number of layers (4), got: 5}}
  sigma.stage 1 layers 2 to 5 remat [none, none, none]
}

// -----

// expected-note @+1 {{the model is here}}
sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
sigma.job @j model @m on @c batch 8 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
// expected-error @+1 {{'sigma.plan' op ep must be 1 for a model without MoE layers, got: 2}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    // expected-note @+1 {{the experts are here}}
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
sigma.job @j model @m on @c batch 8 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
// expected-error @+1 {{'sigma.plan' op ep must divide the number of experts (4), got: 8}}
sigma.plan @j pp 1 dp 8 ep 8 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
// expected-note @+1 {{the cluster is here}}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
sigma.job @j model @m on @c batch 8 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
// expected-error @+1 {{'sigma.plan' op pp x dp must be the cluster's number of devices (8), got: 2 x 2}}
sigma.plan @j pp 2 dp 2 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
// expected-note @+1 {{the cluster is here}}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
sigma.job @j model @m on @c batch 8 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
// expected-error @+1 {{'sigma.plan' op pp x dp must be the cluster's number of devices (8), got: 2 x 9223372036854775806}}
sigma.plan @j pp 2 dp 9223372036854775806 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-note @+1 {{the job is here}}
sigma.job @j model @m on @c batch 8 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
// expected-error @+1 {{'sigma.plan' op dp x micro_batch must divide the batch (8), got: 4 x 3}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 3 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-note @+1 {{the job is here}}
sigma.job @j model @m on @c batch 8 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
// expected-error @+1 {{'sigma.plan' op dp x micro_batch must divide the batch (8), got: 4 x 4}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 4 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-note @+1 {{the job is here}}
sigma.job @j model @m on @c batch 8 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
// expected-error @+1 {{'sigma.plan' op dp x micro_batch must divide the batch (8), got: 4 x 9223372036854775807}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 9223372036854775807 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-note @+1 {{the job pins it here}}
sigma.job @j model @m on @c batch 8 precision f32 pin {pp = 1} {
  sigma.adamw learning_rate 1.0e-3
}
// rule: sigma.plan: Each choice that the job pins is the pinned one
// expected-error @+1 {{'sigma.plan' op pp must be the pinned 1, got: 2}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-note @+1 {{the job pins it here}}
sigma.job @j model @m on @c batch 8 precision f32 pin {dp = 8} {
  sigma.adamw learning_rate 1.0e-3
}
// expected-error @+1 {{'sigma.plan' op dp must be the pinned 8, got: 4}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-note @+1 {{the job pins it here}}
sigma.job @j model @m on @c batch 8 precision f32 pin {ep = 4} {
  sigma.adamw learning_rate 1.0e-3
}
// expected-error @+1 {{'sigma.plan' op ep must be the pinned 4, got: 2}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-note @+1 {{the job pins it here}}
sigma.job @j model @m on @c batch 8 precision f32 pin {micro_batch = 2} {
  sigma.adamw learning_rate 1.0e-3
}
// expected-error @+1 {{'sigma.plan' op micro_batch must be the pinned 2, got: 1}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-note @+1 {{the job pins it here}}
sigma.job @j model @m on @c batch 8 precision f32 pin {remat = none} {
  sigma.adamw learning_rate 1.0e-3
}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  // expected-error @+1 {{'sigma.stage' op remat of layer 3 must be the pinned none, got: full}}
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

sigma.plan @j pp 1 dp 8 ep 1 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}
// expected-error @+1 {{'sigma.job' op model @gone must name a sigma.model, but there is no such symbol}}
sigma.job @j model @gone on @c batch 8 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

"sigma.plan"() <{dp = 1 : i64, ep = 1 : i64, job = @j, micro_batch = 1 : i64, pp = 1 : i64, proof = #sigma<proof_status optimal>, schedule = #sigma<schedule "1f1b">}> ({
  // expected-error @+1 {{'sigma.stage' op attribute 'remat' failed to satisfy constraint: one rematerialization mode per layer}}
  "sigma.stage"() <{end_layer = 1 : i64, first_layer = 0 : i64, index = 0 : i64, remat = [#sigma<precision f32>]}> : () -> ()
}) : () -> ()

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-note @+1 {{the job pins it here}}
sigma.job @j model @m on @c batch 8 precision f32 pin {tp = 2} {
  sigma.adamw learning_rate 1.0e-3
}
// expected-error @+1 {{'sigma.plan' op tp must be the pinned 2, got: 1}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-note @+1 {{the job pins it here}}
sigma.job @j model @m on @c batch 8 precision f32 pin {zero = 1} {
  sigma.adamw learning_rate 1.0e-3
}
// expected-error @+1 {{'sigma.plan' op zero must be the pinned 1, got: 0}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-note @+1 {{the job forbids it here}}
sigma.job @j model @m on @c batch 8 precision f32 forbid {ep = [1, 2]} {
  sigma.adamw learning_rate 1.0e-3
}
// rule: sigma.plan: No choice is one that the job forbids
// expected-error @+1 {{'sigma.plan' op ep must not be 2, which the job forbids}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-note @+1 {{the job forbids it here}}
sigma.job @j model @m on @c batch 8 precision f32 forbid {remat = [full]} {
  sigma.adamw learning_rate 1.0e-3
}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  // expected-error @+1 {{'sigma.stage' op remat of layer 3 must not be full, which the job forbids}}
  sigma.stage 1 layers 2 to 4 remat [none, full]
}
