// RUN: sigma-opt %s | FileCheck %s
// RUN: sigma-opt %s | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --mlir-print-op-generic | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --emit-bytecode | sigma-opt | FileCheck %s

// CHECK-LABEL: sigma.cluster @workstation devices 4 {
// CHECK-NEXT:    sigma.accelerator @cpu memory_bytes 4294967296
// CHECK-SAME:        memory_bandwidth_bytes_per_s 8000000000 peak_f32_flops_per_s 60000000000{{$}}
// CHECK-NEXT:    sigma.tier @node devices 4 bandwidth_bytes_per_s 2000000000 latency_ns 20000{{$}}
// CHECK-NEXT:  }
sigma.cluster @workstation devices 4 spares 0 {
  sigma.accelerator @cpu memory_bytes 4294967296 memory_bandwidth_bytes_per_s 8000000000
      launch_ns 0 memory_efficiency_ppm 1000000 peak_f32_flops_per_s 60000000000
  sigma.tier @node devices 4 bandwidth_bytes_per_s 2000000000 latency_ns 20000 jitter_ppm 0
}

// CHECK-LABEL: sigma.cluster @pod devices 2048 spares 64 {
// CHECK-NEXT:    sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 2
// CHECK-SAME:        peak_f32_flops_per_s 3 peak_bf16_flops_per_s 4 peak_f64_flops_per_s 5
// CHECK-SAME:        launch_ns 6 matmul_efficiency_ppm 7 grouped_matmul_efficiency_ppm 8
// CHECK-SAME:        attention_efficiency_ppm 9 memory_efficiency_ppm 10{{$}}
// CHECK-NEXT:    sigma.tier @node devices 8 bandwidth_bytes_per_s 11 latency_ns 12 jitter_ppm 13
// CHECK-NEXT:    sigma.tier @rack devices 64 bandwidth_bytes_per_s 9223372036854775807 latency_ns 0{{$}}
// CHECK-NEXT:    sigma.tier @network devices 2048 bandwidth_bytes_per_s 14 latency_ns 15{{$}}
// CHECK-NEXT:    sigma.noise compute_jitter_ppm 16 routing_jitter_ppm 17
// CHECK-SAME:        spikes_per_million_steps 18 spike_ns 19{{$}}
// CHECK-NEXT:    sigma.failures device_mtbf_hours 20 node_mtbf_hours 21 detection_ns 22
// CHECK-SAME:        restart_ns 23{{$}}
sigma.cluster @pod devices 2048 spares 64 {
  sigma.accelerator @npu memory_bytes 1 memory_bandwidth_bytes_per_s 2
      memory_efficiency_ppm 10 attention_efficiency_ppm 9 grouped_matmul_efficiency_ppm 8
      matmul_efficiency_ppm 7 launch_ns 6 peak_f64_flops_per_s 5 peak_bf16_flops_per_s 4
      peak_f32_flops_per_s 3
  sigma.tier @node devices 8 bandwidth_bytes_per_s 11 latency_ns 12 jitter_ppm 13
  sigma.tier @rack devices 64 bandwidth_bytes_per_s 9223372036854775807 latency_ns 0
  sigma.tier @network devices 2048 bandwidth_bytes_per_s 14 latency_ns 15
  sigma.noise spike_ns 19 spikes_per_million_steps 18 routing_jitter_ppm 17 compute_jitter_ppm 16
  sigma.failures restart_ns 23 detection_ns 22 node_mtbf_hours 21 device_mtbf_hours 20
}

// CHECK-LABEL: sigma.cluster @quiet devices 1 {
// CHECK:         sigma.noise{{$}}
// CHECK-NEXT:    sigma.failures{{$}}
sigma.cluster @quiet devices 1 {
  sigma.accelerator @cpu memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_f64_flops_per_s 1
  sigma.tier @device devices 1 bandwidth_bytes_per_s 1 latency_ns 0
  sigma.noise
  sigma.failures
}
