//===- SigmaClusterOps.td - ops that state a cluster -------*- tablegen -*-===//

#ifndef SIGMA_CLUSTER_OPS
#define SIGMA_CLUSTER_OPS

include "dialects/Sigma/SigmaAttrs.td"
include "mlir/IR/SymbolInterfaces.td"

def Sigma_ClusterOp : Sigma_Op<"cluster", [
    Symbol, SymbolTable, NoTerminator, SingleBlock, NoRegionArguments, IsolatedFromAbove]> {
  let summary = "machines, links, noise and failures";
  let description = [{
    `devices` equal accelerators that run the job, and `spares` more that wait to replace a failed
    one. The tiers of links are listed from the inside out.

    ```mlir
    sigma.cluster @workstation devices 4 {
      sigma.accelerator @cpu memory_bytes 4294967296 memory_bandwidth_bytes_per_s 8000000000
          peak_f32_flops_per_s 60000000000 launch_ns 2000
      sigma.tier @node devices 4 bandwidth_bytes_per_s 2000000000 latency_ns 20000
      sigma.noise compute_jitter_ppm 20000
    }
    ```

    **Constraints:**
    - `devices` is positive.
    - `spares` is not negative.
    - The body holds nothing but `sigma.accelerator`, `sigma.tier`, `sigma.noise` and
      `sigma.failures`.
    - There is exactly one `sigma.accelerator`.
    - There is at least one `sigma.tier`.
    - There is at most one `sigma.noise`.
    - There is at most one `sigma.failures`.
    - The size of each tier is a proper multiple of the one before.
    - The last tier covers all devices.
  }];
  let arguments = (ins
    SymbolNameAttr:$sym_name,
    Sigma_I64:$devices,
    Sigma_DefaultI64<"0">:$spares
  );
  let regions = (region SizedRegion<1>:$bodyRegion);
  let assemblyFormat = [{
    $sym_name `devices` $devices (`spares` $spares^)? attr-dict-with-keyword $bodyRegion
  }];
  let extraClassDeclaration = [{
    ::mlir::sigma::AcceleratorOp getAccelerator();
    /// From the inside out.
    ::llvm::SmallVector<::mlir::sigma::TierOp, 4> getTiers();
    /// Null when the cluster states no noise.
    ::mlir::sigma::NoiseOp getNoise();
    /// Null when the cluster states no failures.
    ::mlir::sigma::FailuresOp getFailures();
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Sigma_AcceleratorOp : Sigma_Op<"accelerator", [Symbol, HasParent<"::mlir::sigma::ClusterOp">]> {
  let summary = "one kind of device";
  let description = [{
    Memory, peaks and efficiencies of a device. `peak_<format>_flops_per_s` is what the vendor
    states for matrix products, 0 where the device is not to be used in that format. The
    efficiencies say which part of a peak (for `memory`: of the memory bandwidth) a class of ops
    reaches. `launch_ns` is the fixed time of one op. Memory size and bandwidth come first, the
    other clauses in any order.

    **Constraints:**
    - `memory_bytes` is positive.
    - `memory_bandwidth_bytes_per_s` is positive.
    - Each `peak_<format>_flops_per_s` is not negative.
    - At least one `peak_<format>_flops_per_s` is positive.
    - `launch_ns` is not negative.
    - Each efficiency is from 1 to 1000000 ppm.
  }];
  let arguments = (ins
    SymbolNameAttr:$sym_name,
    Sigma_I64:$memory_bytes,
    Sigma_I64:$memory_bandwidth_bytes_per_s,
    Sigma_DefaultI64<"0">:$peak_f32_flops_per_s,
    Sigma_DefaultI64<"0">:$peak_bf16_flops_per_s,
    Sigma_DefaultI64<"0">:$peak_f64_flops_per_s,
    Sigma_DefaultI64<"0">:$launch_ns,
    Sigma_DefaultI64<"1000000">:$matmul_efficiency_ppm,
    Sigma_DefaultI64<"1000000">:$grouped_matmul_efficiency_ppm,
    Sigma_DefaultI64<"1000000">:$attention_efficiency_ppm,
    Sigma_DefaultI64<"1000000">:$memory_efficiency_ppm
  );
  let assemblyFormat = [{
    $sym_name `memory_bytes` $memory_bytes
    `memory_bandwidth_bytes_per_s` $memory_bandwidth_bytes_per_s
    oilist(`peak_f32_flops_per_s` $peak_f32_flops_per_s
           | `peak_bf16_flops_per_s` $peak_bf16_flops_per_s
           | `peak_f64_flops_per_s` $peak_f64_flops_per_s
           | `launch_ns` $launch_ns
           | `matmul_efficiency_ppm` $matmul_efficiency_ppm
           | `grouped_matmul_efficiency_ppm` $grouped_matmul_efficiency_ppm
           | `attention_efficiency_ppm` $attention_efficiency_ppm
           | `memory_efficiency_ppm` $memory_efficiency_ppm)
    attr-dict
  }];
  let extraClassDeclaration = [{
    /// The stated peak in `precision`; 0 when none is stated.
    int64_t getPeakFlopsPerS(::mlir::sigma::Precision precision);
  }];
  let hasVerifier = 1;
}

def Sigma_TierOp : Sigma_Op<"tier", [Symbol, HasParent<"::mlir::sigma::ClusterOp">]> {
  let summary = "one level of links";
  let description = [{
    `devices` devices that reach each other over links of this level. Bandwidth is per device and
    direction; `jitter_ppm` is the relative standard deviation of one transfer.

    **Constraints:**
    - `devices` is positive.
    - `bandwidth_bytes_per_s` is positive.
    - `latency_ns` is not negative.
    - `jitter_ppm` is not negative.
  }];
  let arguments = (ins
    SymbolNameAttr:$sym_name,
    Sigma_I64:$devices,
    Sigma_I64:$bandwidth_bytes_per_s,
    Sigma_I64:$latency_ns,
    Sigma_DefaultI64<"0">:$jitter_ppm
  );
  let assemblyFormat = [{
    $sym_name `devices` $devices `bandwidth_bytes_per_s` $bandwidth_bytes_per_s
    `latency_ns` $latency_ns (`jitter_ppm` $jitter_ppm^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Sigma_NoiseOp : Sigma_Op<"noise", [HasParent<"::mlir::sigma::ClusterOp">]> {
  let summary = "how far times and loads vary";
  let description = [{
    `compute_jitter_ppm`: relative standard deviation of one layer's compute on one device.
    `routing_jitter_ppm`: relative standard deviation of one expert's load.
    `spikes_per_million_steps`: how often one device stops for `spike_ns`.

    **Constraints:**
    - `compute_jitter_ppm` is not negative.
    - `routing_jitter_ppm` is not negative.
    - `spikes_per_million_steps` is from 0 to 1000000.
    - `spike_ns` is not negative.
    - `spikes_per_million_steps` and `spike_ns` are both zero or both positive.
  }];
  let arguments = (ins
    Sigma_DefaultI64<"0">:$compute_jitter_ppm,
    Sigma_DefaultI64<"0">:$routing_jitter_ppm,
    Sigma_DefaultI64<"0">:$spikes_per_million_steps,
    Sigma_DefaultI64<"0">:$spike_ns
  );
  let assemblyFormat = [{
    oilist(`compute_jitter_ppm` $compute_jitter_ppm
           | `routing_jitter_ppm` $routing_jitter_ppm
           | `spikes_per_million_steps` $spikes_per_million_steps
           | `spike_ns` $spike_ns)
    attr-dict
  }];
  let hasVerifier = 1;
}

def Sigma_FailuresOp : Sigma_Op<"failures", [HasParent<"::mlir::sigma::ClusterOp">]> {
  let summary = "how often things break and what a break costs";
  let description = [{
    Mean hours between failures of one device and of one node, which is one unit of the innermost
    tier (0: never; both kinds add up), and the time to notice a failure and to start again, without
    the lost steps.

    **Constraints:**
    - `device_mtbf_hours` is not negative.
    - `node_mtbf_hours` is not negative.
    - `detection_ns` is not negative.
    - `restart_ns` is not negative.
  }];
  let arguments = (ins
    Sigma_DefaultI64<"0">:$device_mtbf_hours,
    Sigma_DefaultI64<"0">:$node_mtbf_hours,
    Sigma_DefaultI64<"0">:$detection_ns,
    Sigma_DefaultI64<"0">:$restart_ns
  );
  let assemblyFormat = [{
    oilist(`device_mtbf_hours` $device_mtbf_hours
           | `node_mtbf_hours` $node_mtbf_hours
           | `detection_ns` $detection_ns
           | `restart_ns` $restart_ns)
    attr-dict
  }];
  let hasVerifier = 1;
}

#endif // SIGMA_CLUSTER_OPS
