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

// expected-error @+1 {{'sigma.plan' op etp x ep must divide tp x cp x dp (4), got: 1 x 3}}
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
  // rule: sigma.plan: Each chunk begins where the one before in the schedule's order ends
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
  // rule: sigma.stage: `first_layers` are not negative
  // expected-error @+1 {{'sigma.stage' op first layer must not be negative, got: -1}}
  sigma.stage 0 layers -1 to 0 remat [none]
  sigma.stage 1 layers 2 to 4 remat [none, none]
}

// -----

sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  // rule: sigma.stage: `end_layers` are greater than `first_layers`
  // expected-error @+1 {{'sigma.stage' op must have at least one layer: the end must be greater than 2, got: 2}}
  sigma.stage 0 layers 2 to 2 remat []
  sigma.stage 1 layers 2 to 4 remat [none, none]
}

// -----

sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  // expected-error @+1 {{'sigma.stage' op must have at least one layer: the end must be greater than 2, got: -2}}
  sigma.stage 0 layers 2 to -2 remat []
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
  // rule: sigma.plan: The last chunk ends at the model's number of layers
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
// expected-error @+1 {{'sigma.plan' op tp x cp x dp x pp must be the cluster's number of devices (8), got: 1 x 1 x 2 x 2}}
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
// expected-error @+1 {{'sigma.plan' op tp x cp x dp x pp must be the cluster's number of devices (8), got: 1 x 1 x 16777216 x 2}}
sigma.plan @j pp 2 dp 16777216 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
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
// expected-error @+1 {{'sigma.plan' op dp x micro_batch must divide the batch (8), got: 4 x 16777216}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 16777216 schedule "1f1b" proof unproven {
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
  // expected-error @+1 {{'sigma.stage' op attribute 'remat' failed to satisfy constraint: string array attribute}}
  "sigma.stage"() <{end_layers = array<i64: 1>, first_layers = array<i64: 0>, index = 0 : i64, remat = [#sigma<precision f32>]}> : () -> ()
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

// -----

// expected-error @+1 {{'sigma.plan' op tp must be positive, got: 0}}
sigma.plan @j tp 0 pp 1 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

// expected-error @+1 {{'sigma.plan' op cp must be positive, got: -2}}
sigma.plan @j cp -2 pp 1 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

// expected-error @+1 {{'sigma.plan' op vpp must be positive, got: 0}}
sigma.plan @j pp 1 vpp 0 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

// expected-error @+1 {{'sigma.plan' op etp must be positive, got: 0}}
sigma.plan @j pp 1 dp 4 etp 0 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

// expected-error @+1 {{'sigma.plan' op dp must be at most 16777216, got: 9223372036854775807}}
sigma.plan @j pp 1 dp 9223372036854775807 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

// expected-error @+1 {{'sigma.plan' op tp x cp x dp must be a number of ranks, got: 16777216 x 16777216 x 16777216}}
sigma.plan @j tp 16777216 cp 16777216 pp 1 dp 16777216 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

// expected-error @+1 {{'sigma.plan' op zero must be from 0 to 3, got: 4}}
sigma.plan @j pp 1 dp 4 ep 2 zero 4 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

// expected-error @+1 {{'sigma.plan' op expert_zero must be from 0 to 3, got: -1}}
sigma.plan @j pp 1 dp 4 ep 2 expert_zero -1 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

// rule: sigma.plan: `context` is ring where `cp` is 1
// expected-error @+1 {{'sigma.plan' op context must be ring where cp is 1, got: all-to-all}}
sigma.plan @j context "all-to-all" pp 1 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

// expected-error @+1 {{'sigma.plan' op etp x ep must divide tp x cp x dp (16), got: 8 x 4}}
sigma.plan @j tp 2 cp 2 pp 1 dp 4 etp 8 ep 4 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

// expected-error @+1 {{'sigma.plan' op zero must be 0 where cp x dp is 1, got: 1}}
sigma.plan @j tp 4 pp 1 dp 1 ep 2 zero 1 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

// expected-error @+1 {{'sigma.plan' op expert_zero must be 0 where edp is 1, got: 2}}
sigma.plan @j pp 1 dp 4 ep 4 zero 1 expert_zero 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

// expected-error @+1 {{'sigma.plan' op vpp must be 1 with schedule 1f1b, got: 2}}
sigma.plan @j pp 2 vpp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 1, 2 to 3 remat [none, none]
  sigma.stage 1 layers 1 to 2, 3 to 4 remat [none, full]
}

// -----

// rule: sigma.plan: `vpp` is 1 with `schedule` 1f1b and zb-h1
// expected-error @+1 {{'sigma.plan' op vpp must be 1 with schedule zb-h1, got: 2}}
sigma.plan @j pp 2 vpp 2 dp 4 ep 2 micro_batch 1 schedule "zb-h1" proof unproven {
  sigma.stage 0 layers 0 to 1, 2 to 3 remat [none, none]
  sigma.stage 1 layers 1 to 2, 3 to 4 remat [none, full]
}

// -----

// expected-error @+1 {{'sigma.plan' op vpp must be at least 2 with schedule interleaved, got: 1}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule interleaved proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

// expected-error @+1 {{'sigma.plan' op vpp must be 2 with schedule dualpipev, got: 1}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule dualpipev proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

// rule: sigma.plan: `pp` is at least 2 with every `schedule` but 1f1b
// expected-error @+1 {{'sigma.plan' op pp must be at least 2 with schedule zb-h1, got: 1}}
sigma.plan @j pp 1 dp 4 ep 2 micro_batch 1 schedule "zb-h1" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

// expected-error @+1 {{'sigma.plan' op placement tp-cp-pp-dp needs pp and dp above 1, got: 1 and 4}}
sigma.plan @j pp 1 dp 4 ep 2 micro_batch 1 schedule "1f1b" placement "tp-cp-pp-dp" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

// expected-error @+1 {{'sigma.plan' op with placement tp-cp-pp-dp, etp and tp x cp must divide each other, got: 3 and 2}}
sigma.plan @j tp 2 pp 2 dp 6 etp 3 ep 1 micro_batch 1 schedule "1f1b" placement "tp-cp-pp-dp" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

// expected-error @+1 {{'sigma.plan' op with placement tp-cp-pp-dp, etp x ep and tp x cp must divide each other, got: 3 and 2}}
sigma.plan @j tp 2 pp 2 dp 6 ep 3 micro_batch 1 schedule "1f1b" placement "tp-cp-pp-dp" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

sigma.plan @j pp 2 vpp 2 dp 4 ep 2 micro_batch 1 schedule interleaved proof unproven {
  sigma.stage 0 layers 0 to 1, 2 to 3 remat [none, none]
  // rule: sigma.plan: Each stage has `vpp` chunks
  // expected-error @+1 {{'sigma.stage' op must have vpp (2) chunks, got: 1}}
  sigma.stage 1 layers 1 to 2 remat [none]
}

// -----

sigma.plan @j pp 2 vpp 2 dp 4 ep 2 micro_batch 1 schedule interleaved proof unproven {
  // expected-error @+1 {{'sigma.stage' op chunk 1 must begin at layer 2, where the chunk before ends, got: 3}}
  sigma.stage 0 layers 0 to 1, 3 to 4 remat [none, none]
  // expected-note @+1 {{the chunk before is here}}
  sigma.stage 1 layers 1 to 2, 2 to 3 remat [none, none]
}

// -----

sigma.plan @j pp 2 vpp 2 dp 4 ep 2 micro_batch 1 schedule dualpipev proof unproven {
  sigma.stage 0 layers 0 to 1, 2 to 3 remat [none, none]
  // expected-error @+2 {{'sigma.stage' op chunk 1 must begin at layer 2, where the chunk before ends, got: 3}}
  // expected-note @+1 {{the chunk before is here}}
  sigma.stage 1 layers 1 to 2, 3 to 4 remat [none, none]
}

// -----

sigma.plan @j pp 1 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  // expected-error @+1 {{'sigma.stage' op end layer must be at most 16777216, got: 9223372036854775807}}
  sigma.stage 0 layers 0 to 9223372036854775807 remat []
}

// -----

sigma.plan @j pp 1 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  // rule: sigma.stage: `remat` modes have names
  // expected-error @+1 {{'sigma.stage' op remat must name each layer's mode, got: an empty name}}
  sigma.stage 0 layers 0 to 1 remat [""]
}

// -----

"sigma.plan"() <{dp = 1 : i64, ep = 1 : i64, job = @j, micro_batch = 1 : i64, pp = 1 : i64, proof = #sigma<proof_status optimal>, schedule = #sigma<schedule "1f1b">}> ({
  // rule: sigma.stage: There is a chunk, and `first_layers` and `end_layers` are of one length
  // expected-error @+1 {{'sigma.stage' op first_layers and end_layers must have one entry per chunk, got: 0 and 1}}
  "sigma.stage"() <{end_layers = array<i64: 1>, first_layers = array<i64>, index = 0 : i64, remat = []}> : () -> ()
}) : () -> ()

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    // expected-note @+1 {{the block is here}}
    sigma.attention heads 2 kv_heads 2 head_width 4 rope 10000.0
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
// rule: sigma.plan: `tp` divides what can be split of everything else
// expected-error @+1 {{'sigma.plan' op tp must divide what can be split (2), got: 4}}
sigma.plan @j tp 4 pp 1 dp 2 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    // expected-note @+1 {{the block is here}}
    sigma.attention heads 2 kv_heads 2 head_width 4 rope 10000.0 qk_norm full_width
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
// expected-error @+1 {{'sigma.plan' op tp must divide what can be split (1), got: 2}}
sigma.plan @j tp 2 pp 1 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 2 head_width 4 rope 10000.0
    // expected-note @+1 {{the block is here}}
    sigma.moe experts 4 top_k 2 width 2 router softmax
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
// expected-error @+1 {{'sigma.plan' op etp must divide the width of experts (2), got: 4}}
sigma.plan @j pp 1 dp 8 etp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

// expected-note @+1 {{the model is here}}
sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 2 head_width 4 rope 10000.0
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
// rule: sigma.plan: `etp` divides what can be split of experts, and is 1 for a model without MoE layers
// expected-error @+1 {{'sigma.plan' op etp must be 1 for a model without MoE layers, got: 2}}
sigma.plan @j pp 1 dp 8 etp 2 ep 1 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    // expected-note @+1 {{the block is here}}
    sigma.attention heads 2 kv_heads 2 head_width 4 rope 10000.0 window 4
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
// rule: sigma.plan: `cp` is 1 where attention allows no other
// expected-error @+1 {{'sigma.plan' op cp must be 1 with a block that needs whole sequences, got: 2}}
sigma.plan @j cp 2 pp 1 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    // expected-note @+1 {{the block is here}}
    sigma.attention heads 2 kv_heads 2 head_width 4 rope 10000.0 sinks
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
// expected-error @+1 {{'sigma.plan' op cp must be 1 with a block that needs whole sequences, got: 2}}
sigma.plan @j cp 2 context "all-to-all" pp 1 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    // expected-note @+1 {{the block is here}}
    sigma.attention heads 2 kv_heads 2 head_width 4 rope 10000.0
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
// rule: sigma.plan: With all-to-all `context`, `tp` x `cp` divides the heads
// expected-error @+1 {{'sigma.plan' op with context all-to-all, tp x cp must divide the heads (2), got: 2 x 2}}
sigma.plan @j tp 2 cp 2 context "all-to-all" pp 1 dp 2 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

sigma.model @m sequence 9 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 2 head_width 4 rope 10000.0
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
// expected-error @+1 {{'sigma.plan' op tp x cp must divide the sequence (9), got: 2 x 1}}
sigma.plan @j tp 2 pp 1 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

sigma.model @m sequence 6 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 2 head_width 4 rope 10000.0
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
// rule: sigma.plan: `tp` x `cp`, and with ring also 2 x `cp`, divides the job's sequence
// expected-error @+1 {{'sigma.plan' op with context ring, 2 x cp must divide the sequence (6), got: 2 x 2}}
sigma.plan @j cp 2 pp 1 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 2 head_width 4 rope 10000.0
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
// rule: sigma.plan: With `schedule` interleaved, `pp` divides the number of micro-batches
// expected-error @+1 {{'sigma.plan' op pp must divide the micro-batches (1) with schedule interleaved, got: 2}}
sigma.plan @j pp 2 vpp 2 dp 4 ep 2 micro_batch 2 schedule interleaved proof unproven {
  sigma.stage 0 layers 0 to 1, 2 to 3 remat [none, none]
  sigma.stage 1 layers 1 to 2, 3 to 4 remat [none, full]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 2 head_width 4 rope 10000.0
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
// rule: sigma.plan: With `schedule` dualpipev, the micro-batches are at least 2 x `pp`
// expected-error @+1 {{'sigma.plan' op micro-batches must be at least 2 x pp (4) with schedule dualpipev, got: 2}}
sigma.plan @j pp 2 vpp 2 dp 4 ep 2 micro_batch 1 schedule dualpipev proof unproven {
  sigma.stage 0 layers 0 to 1, 3 to 4 remat [none, none]
  sigma.stage 1 layers 1 to 2, 2 to 3 remat [none, full]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 2 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-note @+1 {{the job is here}}
sigma.job @j model @m on @c batch 8 precision f32 max_zero 1 {
  sigma.adamw learning_rate 1.0e-3
}
// expected-error @+1 {{'sigma.plan' op zero must be at most the job's max_zero (1), got: 2}}
sigma.plan @j pp 1 dp 8 ep 2 zero 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 2 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-note @+1 {{the job is here}}
sigma.job @j model @m on @c batch 8 precision f32 max_zero 1 {
  sigma.adamw learning_rate 1.0e-3
}
// expected-error @+1 {{'sigma.plan' op expert_zero must be at most the job's max_zero (1), got: 2}}
sigma.plan @j pp 1 dp 8 ep 2 expert_zero 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 4 remat [none, none, none, none]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 2 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-note @+1 {{the job pins it here}}
sigma.job @j model @m on @c batch 8 precision f32 pin {schedule = interleaved} {
  sigma.adamw learning_rate 1.0e-3
}
// expected-error @+1 {{'sigma.plan' op schedule must be the pinned interleaved, got: 1f1b}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4 {
    sigma.attention heads 2 kv_heads 2 head_width 4 rope 10000.0
    sigma.moe experts 4 top_k 2 width 16 router softmax
  }
  sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}
// expected-note @+1 {{the job forbids it here}}
sigma.job @j model @m on @c batch 8 precision f32 forbid {schedule = ["1f1b"]} {
  sigma.adamw learning_rate 1.0e-3
}
// expected-error @+1 {{'sigma.plan' op schedule must not be 1f1b, which the job forbids}}
sigma.plan @j pp 2 dp 4 ep 2 micro_batch 1 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to 2 remat [none, none]
  sigma.stage 1 layers 2 to 4 remat [none, full]
}
