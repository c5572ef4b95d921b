// RUN: sigma-opt %s | FileCheck %s
// RUN: sigma-opt %s | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --mlir-print-op-generic | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --emit-bytecode | sigma-opt | FileCheck %s

// CHECK-LABEL: sigma.cluster @workstation devices 4 {
// CHECK-NEXT:    sigma.accelerator @cpu memory_bytes 4294967296
// CHECK-SAME:        memory_bandwidth_bytes_per_s 8000000000 peak_f32_flops_per_s 60000000000
// CHECK-SAME:        launch_ns 0 memory_efficiency_ppm 1000000{{$}}
// CHECK-NEXT:    sigma.tier @node devices 4 bandwidth_bytes_per_s 2000000000 latency_ns 20000{{$}}
// CHECK-NEXT:  }
sigma.cluster @workstation devices 4 spares 0 {
  sigma.accelerator @cpu memory_bytes 4294967296 memory_bandwidth_bytes_per_s 8000000000
      launch_ns 0 issue_ns 0 memory_efficiency_ppm 1000000 peak_f32_flops_per_s 60000000000
  sigma.tier @node devices 4 bandwidth_bytes_per_s 2000000000 latency_ns 20000 jitter_ppm 0
}

// CHECK-LABEL: sigma.cluster @pod devices 2048 spares 64 {
// CHECK-NEXT:    sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 2
// CHECK-SAME:        peak_f32_flops_per_s 3 peak_bf16_flops_per_s 4 peak_f64_flops_per_s 5
// CHECK-SAME:        launch_ns 6 issue_ns 24 matmul_efficiency_ppm 7 grouped_matmul_efficiency_ppm 8
// CHECK-SAME:        attention_efficiency_ppm 9 memory_efficiency_ppm 10{{$}}
// CHECK-NEXT:    sigma.tier @node devices 8 bandwidth_bytes_per_s 11 latency_ns 12 jitter_ppm 13
// CHECK-NEXT:    sigma.tier @rack devices 64 bandwidth_bytes_per_s 9223372036854775807 latency_ns 0{{$}}
// CHECK-NEXT:    sigma.tier @network devices 2048 bandwidth_bytes_per_s 14 latency_ns 15{{$}}
// CHECK-NEXT:    sigma.noise compute_jitter_ppm 16 routing_jitter_ppm 17
// CHECK-SAME:        spikes_per_million_steps 18 spike_ns 19{{$}}
// CHECK-NEXT:    sigma.failures device_mtbf_hours 20 node_mtbf_hours 21 detection_ns 22
// CHECK-SAME:        restart_ns 23 checkpoint_stall_ns 25 node_repair_hours 26 repairable_ppm 27
// CHECK-SAME:        repair_ns 28 snapshot_stall_ns 29{{$}}
sigma.cluster @pod devices 2048 spares 64 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 2
      memory_efficiency_ppm 10 attention_efficiency_ppm 9 grouped_matmul_efficiency_ppm 8
      matmul_efficiency_ppm 7 issue_ns 24 launch_ns 6 peak_f64_flops_per_s 5 peak_bf16_flops_per_s 4
      peak_f32_flops_per_s 3
  sigma.tier @node devices 8 bandwidth_bytes_per_s 11 latency_ns 12 jitter_ppm 13
  sigma.tier @rack devices 64 bandwidth_bytes_per_s 9223372036854775807 latency_ns 0
  sigma.tier @network devices 2048 bandwidth_bytes_per_s 14 latency_ns 15
  sigma.noise spike_ns 19 spikes_per_million_steps 18 routing_jitter_ppm 17 compute_jitter_ppm 16
  sigma.failures snapshot_stall_ns 29 repair_ns 28 repairable_ppm 27 node_repair_hours 26
      checkpoint_stall_ns 25 restart_ns 23 detection_ns 22 node_mtbf_hours 21 device_mtbf_hours 20
}

// CHECK-LABEL: sigma.cluster @quiet devices 1 {
// CHECK:         sigma.noise{{$}}
// CHECK-NEXT:    sigma.failures{{$}}
sigma.cluster @quiet devices 1 {
  sigma.accelerator @cpu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f64_flops_per_s 1
  sigma.tier @device devices 1 bandwidth_bytes_per_s 1 latency_ns 0
  sigma.noise
  sigma.failures checkpoint_stall_ns 1000000000 node_repair_hours 24 repairable_ppm 0
}

// Presets stay names, with what replaces their figures beside them.
// CHECK-LABEL: sigma.cluster @grown devices 24 spares_ppm 30000 node @node {
// CHECK-NEXT:    sigma.accelerator @new devices 16 preset "h200-sxm" memory_bytes 1 memory_bandwidth_bytes_per_s 2
// CHECK-SAME:        peak_fp8_flops_per_s 3 peak_f16_flops_per_s 4 peak_f32_flops_per_s 0
// CHECK-SAME:        matmul_efficiency_ppm [0: 100000, 1000: 200000] attention_efficiency_ppm [7: 8]
// CHECK-SAME:        mtbf_hours 9{{$}}
// CHECK-NEXT:    sigma.accelerator @old devices 8 preset "mi300x"{{$}}
// CHECK-NEXT:    sigma.tier @package devices 2 preset "ascend-ub" latency_ns 0 devices_per_link 2
// CHECK-SAME:        oversubscription_ppm 1500000 algorithm tree jitter_ppm 1
// CHECK-SAME:        jitter_distribution lognormal switch_mtbf_hours 10{{$}}
// CHECK-NEXT:    sigma.tier @node devices 8 preset "nvlink-4" receive_bandwidth_bytes_per_s 11{{$}}
// CHECK-NEXT:    sigma.tier @rack devices 24 preset "infiniband-ndr"{{$}}
// CHECK-NEXT:    sigma.noise compute_jitter_ppm 1 compute_distribution gamma node_slowness_ppm 2
// CHECK-SAME:        routing_jitter_ppm 3 routing_distribution lognormal
// CHECK-SAME:        spikes_per_million_steps 4 spike_ns 5 spike_length exponential{{$}}
// CHECK-NEXT:    sigma.slow_node @n2 index 2 slowdown_ppm 60000{{$}}
// CHECK-NEXT:    sigma.failures replacement_ns 6{{$}}
sigma.cluster @grown devices 24 spares_ppm 30000 node @node {
  sigma.accelerator @new preset "h200-sxm" devices 16 memory_bytes 1
      memory_bandwidth_bytes_per_s 2 peak_f16_flops_per_s 4 peak_fp8_flops_per_s 3
      peak_f32_flops_per_s 0 matmul_efficiency_ppm [0: 100000, 1000: 200000]
      attention_efficiency_ppm [7: 8] mtbf_hours 9
  sigma.accelerator @old devices 8 preset "mi300x"
  sigma.tier @package devices 2 preset "ascend-ub" latency_ns 0 devices_per_link 2 algorithm tree
      oversubscription_ppm 1500000 jitter_ppm 1 jitter_distribution lognormal switch_mtbf_hours 10
  sigma.tier @node devices 8 preset "nvlink-4" receive_bandwidth_bytes_per_s 11
  sigma.tier @rack devices 24 preset "infiniband-ndr" algorithm ring
  sigma.noise compute_jitter_ppm 1 node_slowness_ppm 2 routing_jitter_ppm 3
      spikes_per_million_steps 4 spike_ns 5 compute_distribution gamma
      routing_distribution lognormal spike_length exponential
  sigma.slow_node @n2 index 2 slowdown_ppm 60000
  sigma.failures replacement_ns 6
}
