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
  // expected-error @+1 {{'sigma.cluster' op does not belong into the body of a sigma.cluster; allowed: sigma.accelerator, sigma.tier, sigma.noise, sigma.slow_node, sigma.failures}}
  sigma.cluster @inner devices 8 {
    sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
    sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  }
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

// expected-error @+1 {{'sigma.cluster' op body must have at least one sigma.accelerator}}
sigma.cluster @c devices 8 {
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
  // rule: sigma.cluster: There is at most one `sigma.noise`
  // expected-error @+1 {{'sigma.noise' op must be the only one of its cluster}}
  sigma.noise
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-note @+1 {{the first is here}}
  sigma.failures
  // rule: sigma.cluster: There is at most one `sigma.failures`
  // expected-error @+1 {{'sigma.failures' op must be the only one of its cluster}}
  sigma.failures
}

// -----

sigma.cluster @c devices 24 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-note @+1 {{the next inner tier is here}}
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // rule: sigma.cluster: The size of each tier is a proper multiple of the one before
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
  // rule: sigma.cluster: The last tier covers all devices
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
  // rule: sigma.accelerator: Each `peak_<format>_flops_per_s` is not negative
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
  // rule: sigma.accelerator: At least one `peak_<format>_flops_per_s` is positive
  // expected-error @+1 {{'sigma.accelerator' op must state at least one of peak_fp8_flops_per_s, peak_f16_flops_per_s, peak_bf16_flops_per_s, peak_f32_flops_per_s, peak_f64_flops_per_s}}
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
  // expected-error @+1 {{'sigma.accelerator' op issue_ns must not be negative, got: -1}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1 issue_ns -1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  // rule: sigma.accelerator: Each efficiency is from 1 to 1000000 ppm
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

// -----

// expected-error @+1 {{'sigma.cluster' op spares_ppm must be from 0 to 1000000, got: 1000001}}
sigma.cluster @c devices 8 spares_ppm 1000001 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

// rule: sigma.cluster: At most one of `spares` and `spares_ppm` is positive
// expected-error @+1 {{'sigma.cluster' op states both spares and spares_ppm; keep one}}
sigma.cluster @c devices 8 spares 1 spares_ppm 30000 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

// expected-error @+1 {{'sigma.cluster' op node must name a sigma.tier of the cluster, got: @npu}}
sigma.cluster @c devices 8 node @npu {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  sigma.accelerator @npu devices 8 memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // rule: sigma.cluster: Each of several accelerators states its `devices`
  // expected-error @+1 {{'sigma.accelerator' op must state its devices, because the cluster has several kinds}}
  sigma.accelerator @old memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
}

// -----

sigma.cluster @c devices 16 {
  // expected-note @+1 {{the nodes are here}}
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  sigma.tier @pod devices 16 bandwidth_bytes_per_s 1 latency_ns 1
  // rule: sigma.cluster: Each of several accelerators fills whole nodes
  // expected-error @+1 {{'sigma.accelerator' op devices must be a multiple of a node's (8), got: 4}}
  sigma.accelerator @npu devices 4 memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.accelerator @old devices 12 memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
}

// -----

// expected-note @+1 {{the cluster is here}}
sigma.cluster @c devices 16 {
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  sigma.tier @pod devices 16 bandwidth_bytes_per_s 1 latency_ns 1
  sigma.accelerator @npu devices 8 memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // rule: sigma.cluster: The accelerators' `devices` add up to the cluster's
  // expected-error @+1 {{'sigma.accelerator' op devices of all kinds must add up to the cluster's (16), got: 24}}
  sigma.accelerator @old devices 16 memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
}

// -----

// expected-note @+1 {{the cluster is here}}
sigma.cluster @c devices 8 {
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.accelerator' op devices of all kinds must add up to the cluster's (8), got: 4}}
  sigma.accelerator @npu devices 4 memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
}

// -----

sigma.cluster @c devices 8 {
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.accelerator' op devices must be positive, got: 0}}
  sigma.accelerator @npu devices 0 memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
}

// -----

sigma.cluster @c devices 8 {
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.accelerator' op preset "h1000" is unknown; known: a100-sxm-40gb, a100-sxm-80gb, h100-sxm, h200-sxm, b200-sxm, gb200, gb300, b300-sxm, mi300x, ascend-910b, ascend-910c, cpu-core-avx512}}
  sigma.accelerator @npu preset "h1000"
}

// -----

sigma.cluster @c devices 8 {
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.accelerator' op memory_bytes must be positive, got: 0}}
  sigma.accelerator @npu memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
}

// -----

sigma.cluster @c devices 8 {
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.accelerator' op memory_bytes must be positive, got: -1}}
  sigma.accelerator @npu preset "h100-sxm" memory_bytes -1
}

// -----

sigma.cluster @c devices 8 {
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.accelerator' op peak_fp8_flops_per_s must not be negative, got: -1}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_fp8_flops_per_s -1
}

// -----

sigma.cluster @c devices 8 {
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.accelerator' op peak_f16_flops_per_s must not be negative, got: -1}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f16_flops_per_s -1
}

// -----

sigma.cluster @c devices 8 {
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.accelerator' op matmul_efficiency_ppm must be from 1 to 1000000, got: 0}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1 matmul_efficiency_ppm [1: 500000, 2: 0]
}

// -----

sigma.cluster @c devices 8 {
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // rule: sigma.accelerator: The sizes of an efficiency curve are not negative and increase
  // expected-error @+1 {{'sigma.accelerator' op attention_efficiency_ppm must have sizes that are not negative and increase, got: 1000}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1 attention_efficiency_ppm [1000: 500000, 1000: 600000]
}

// -----

sigma.cluster @c devices 8 {
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.accelerator' op memory_efficiency_ppm must have sizes that are not negative and increase, got: -1}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1 memory_efficiency_ppm [-1: 500000]
}

// -----

sigma.cluster @c devices 8 {
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.accelerator' op mtbf_hours must not be negative, got: -1}}
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1 mtbf_hours -1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-error @+1 {{'sigma.tier' op preset "nvlink-9" is unknown; known: nvlink-3, nvlink-4, nvlink-5, infinity-fabric-mi300x, ascend-ub, infiniband-hdr, infiniband-ndr, infiniband-xdr}}
  sigma.tier @node devices 8 preset "nvlink-9"
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-error @+1 {{'sigma.tier' op bandwidth_bytes_per_s must be positive, got: 0}}
  sigma.tier @node devices 8 latency_ns 1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-error @+1 {{'sigma.tier' op receive_bandwidth_bytes_per_s must be positive, got: 0}}
  sigma.tier @node devices 8 preset "nvlink-4" receive_bandwidth_bytes_per_s 0
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-error @+1 {{'sigma.tier' op must state latency_ns}}
  sigma.tier @node devices 8 preset "ascend-ub"
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-error @+1 {{'sigma.tier' op devices_per_link must be positive, got: 0}}
  sigma.tier @node devices 8 preset "nvlink-4" devices_per_link 0
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-error @+1 {{'sigma.tier' op devices_per_link must divide devices (8), got: 3}}
  sigma.tier @node devices 8 preset "nvlink-4" devices_per_link 3
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-error @+1 {{'sigma.tier' op oversubscription_ppm must be at least 1000000, no oversubscription, got: 500000}}
  sigma.tier @node devices 8 preset "nvlink-4" oversubscription_ppm 500000
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-error @+1 {{'sigma.tier' op switch_mtbf_hours must not be negative, got: -1}}
  sigma.tier @node devices 8 preset "nvlink-4" switch_mtbf_hours -1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.noise' op node_slowness_ppm must be from 0 to 1000000, got: -1}}
  sigma.noise node_slowness_ppm -1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.slow_node' op index must not be negative, got: -1}}
  sigma.slow_node @n index -1 slowdown_ppm 1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.slow_node' op slowdown_ppm must be from 1 to 1000000000, got: 0}}
  sigma.slow_node @n index 0 slowdown_ppm 0
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  // expected-note @+1 {{the nodes are here}}
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // rule: sigma.cluster: A slow node is one of the cluster's
  // expected-error @+1 {{'sigma.slow_node' op index must be below the number of nodes (1), got: 1}}
  sigma.slow_node @n index 1 slowdown_ppm 1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-note @+1 {{the first is here}}
  sigma.slow_node @n index 0 slowdown_ppm 1
  // rule: sigma.cluster: Each node is called slow at most once
  // expected-error @+1 {{'sigma.slow_node' op node 0 is called slow twice}}
  sigma.slow_node @m index 0 slowdown_ppm 2
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.failures' op replacement_ns must not be negative, got: -1}}
  sigma.failures replacement_ns -1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.failures' op checkpoint_stall_ns must be positive, got: 0}}
  sigma.failures checkpoint_stall_ns 0
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.failures' op node_repair_hours must not be negative, got: -1}}
  sigma.failures node_repair_hours -1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.failures' op repairable_ppm must be from 0 to 1000000, got: 1000001}}
  sigma.failures repairable_ppm 1000001
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.failures' op repair_ns must not be negative, got: -1}}
  sigma.failures repair_ns -1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // expected-error @+1 {{'sigma.failures' op snapshot_stall_ns must not be negative, got: -1}}
  sigma.failures snapshot_stall_ns -1
}

// -----

sigma.cluster @c devices 8 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f32_flops_per_s 1
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1
  // rule: sigma.failures: `snapshot_stall_ns` is positive where `repairable_ppm` is
  // expected-error @+1 {{'sigma.failures' op snapshot_stall_ns must be positive where repairable_ppm is}}
  sigma.failures repairable_ppm 1
}

// -----

// expected-error @+1 {{'sigma.slow_node' op expects parent op 'sigma.cluster'}}
sigma.slow_node @n index 0 slowdown_ppm 1
