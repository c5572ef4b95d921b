// RUN: sigma-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{'sigma.cluster' op devices must be positive, got: 0}}
sigma.cluster @c devices 0 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

// expected-error @+1 {{'sigma.cluster' op devices must be positive, got: -8}}
sigma.cluster @c devices -8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

// expected-error @+1 {{'sigma.cluster' op spares must not be negative, got: -1}}
sigma.cluster @c devices 8 spares -1 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-error @+1 {{'sigma.cluster' op does not belong into the body of a sigma.cluster; allowed: sigma.accelerator, sigma.tier, sigma.noise, sigma.failures}}
  sigma.cluster @inner devices 8 {
    sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
    sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  }
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

// expected-error @+1 {{'sigma.cluster' op body must have exactly one sigma.accelerator, got none}}
sigma.cluster @c devices 8 {
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  // expected-note @+1 {{the first is here}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-error @+1 {{'sigma.accelerator' op must be the only one of its cluster}}
  sigma.accelerator @gpu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

// expected-error @+1 {{'sigma.cluster' op body must have at least one sigma.tier}}
sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-note @+1 {{the first is here}}
  sigma.noise
  // expected-error @+1 {{'sigma.noise' op must be the only one of its cluster}}
  sigma.noise
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-note @+1 {{the first is here}}
  sigma.failures
  // expected-error @+1 {{'sigma.failures' op must be the only one of its cluster}}
  sigma.failures
}

// -----

sigma.cluster @c devices 24 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-note @+1 {{the next inner tier is here}}
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.tier' op devices must be a proper multiple of the next inner tier's (8), got: 12}}
  sigma.tier @rack devices 12 bandwidth_bytes_per_s 1 latency_ns 1
  sigma.tier @network devices 24 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

sigma.cluster @c devices 24 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-note @+1 {{the next inner tier is here}}
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.tier' op devices must be a proper multiple of the next inner tier's (8), got: 8}}
  sigma.tier @rack devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  sigma.tier @network devices 24 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

// expected-note @+1 {{the cluster is here}}
sigma.cluster @c devices 24 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-error @+1 {{'sigma.tier' op devices of the last tier must cover the cluster (24), got: 8}}
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-note @+1 {{see existing symbol definition here}}
  sigma.tier @node devices 4 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{redefinition of symbol named 'node'}}
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  // expected-error @+1 {{'sigma.accelerator' op memory_bytes must be positive, got: 0}}
  sigma.accelerator @npu memory_bytes 0 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  // expected-error @+1 {{'sigma.accelerator' op memory_bandwidth_bytes_per_s must be positive, got: -1}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s -1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  // expected-error @+1 {{'sigma.accelerator' op peak_f32_flops_per_s must not be negative, got: -1}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s -1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  // expected-error @+1 {{'sigma.accelerator' op peak_bf16_flops_per_s must not be negative, got: -1}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_bf16_flops_per_s -1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  // expected-error @+1 {{'sigma.accelerator' op peak_f64_flops_per_s must not be negative, got: -1}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f64_flops_per_s -1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  // expected-error @+1 {{'sigma.accelerator' op must state at least one of peak_f32_flops_per_s, peak_bf16_flops_per_s, peak_f64_flops_per_s}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  // expected-error @+1 {{'sigma.accelerator' op launch_ns must not be negative, got: -5}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1 launch_ns -5
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  // expected-error @+1 {{'sigma.accelerator' op matmul_efficiency_ppm must be from 1 to 1000000, got: 0}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
      matmul_efficiency_ppm 0
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  // expected-error @+1 {{'sigma.accelerator' op grouped_matmul_efficiency_ppm must be from 1 to 1000000, got: 1000001}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
      grouped_matmul_efficiency_ppm 1000001
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  // expected-error @+1 {{'sigma.accelerator' op attention_efficiency_ppm must be from 1 to 1000000, got: -1}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
      attention_efficiency_ppm -1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  // expected-error @+1 {{'sigma.accelerator' op memory_efficiency_ppm must be from 1 to 1000000, got: 0}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
      memory_efficiency_ppm 0
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-error @+1 {{'sigma.tier' op devices must be positive, got: 0}}
  sigma.tier @node devices 0 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-error @+1 {{'sigma.tier' op bandwidth_bytes_per_s must be positive, got: 0}}
  sigma.tier @node devices 8 bandwidth_bytes_per_s 0 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-error @+1 {{'sigma.tier' op latency_ns must not be negative, got: -1}}
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns -1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-error @+1 {{'sigma.tier' op jitter_ppm must not be negative, got: -1}}
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1 jitter_ppm -1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.noise' op compute_jitter_ppm must not be negative, got: -1}}
  sigma.noise compute_jitter_ppm -1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.noise' op routing_jitter_ppm must not be negative, got: -1}}
  sigma.noise routing_jitter_ppm -1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.noise' op spikes_per_million_steps must be from 0 to 1000000, got: 1000001}}
  sigma.noise spikes_per_million_steps 1000001 spike_ns 1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.noise' op spike_ns must not be negative, got: -1}}
  sigma.noise spikes_per_million_steps 1 spike_ns -1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.noise' op spikes_per_million_steps and spike_ns must be both zero or both positive, got: 5 and 0}}
  sigma.noise spikes_per_million_steps 5
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.failures' op device_mtbf_hours must not be negative, got: -1}}
  sigma.failures device_mtbf_hours -1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.failures' op node_mtbf_hours must not be negative, got: -1}}
  sigma.failures node_mtbf_hours -1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.failures' op detection_ns must not be negative, got: -1}}
  sigma.failures detection_ns -1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.failures' op restart_ns must not be negative, got: -1}}
  sigma.failures restart_ns -1
}

// -----

// expected-error @+1 {{'sigma.tier' op expects parent op 'sigma.cluster'}}
sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{`spike_ns` clause can appear at most once in the expansion of the oilist directive}}
  sigma.noise spike_ns 1 spike_ns 2
}
