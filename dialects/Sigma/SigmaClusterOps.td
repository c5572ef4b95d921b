//===- SigmaClusterOps.td - ops that state a cluster -------*- tablegen -*-===//

#ifndef SIGMA_CLUSTER_OPS
#define SIGMA_CLUSTER_OPS

include "dialects/Sigma/SigmaClusterAttrs.td"
include "mlir/IR/SymbolInterfaces.td"

def Sigma_ClusterOp : Sigma_Op<"cluster", [
    Symbol, SymbolTable, NoTerminator, SingleBlock, NoRegionArguments, IsolatedFromAbove]> {
  let summary = "machines, links, noise and failures";
  let description = [{
    `devices` accelerators that run the job, and more that wait to replace a failed one: `spares` of
    them, or `spares_ppm` of the devices, rounded up. The tiers of links are listed from the inside
    out. `node` names the tier whose units fail and slow down as one; it is the innermost if nothing
    else is said. Devices are numbered along the tiers, so node i has the devices from
    i x (devices of a node). Several kinds of accelerators stand in the order of their devices, each
    with its number.

    ```mlir
    sigma.cluster @two_generations devices 48 spares_ppm 30000 {
      sigma.accelerator @new devices 32 preset "h200-sxm" launch_ns 4000
      sigma.accelerator @old devices 16 preset "h100-sxm" launch_ns 4000
      sigma.tier @node devices 8 preset "nvlink-4"
      sigma.tier @network devices 48 preset "infiniband-ndr" oversubscription_ppm 2000000
      sigma.noise compute_jitter_ppm 20000
      sigma.slow_node @n3 index 3 slowdown_ppm 60000
    }
    ```

    **Constraints:**
    - `devices` is positive.
    - `spares` is not negative.
    - `spares_ppm` is from 0 to 1000000.
    - At most one of `spares` and `spares_ppm` is positive.
    - The body holds nothing but `sigma.accelerator`, `sigma.tier`, `sigma.noise`,
      `sigma.slow_node` and `sigma.failures`.
    - There is at least one `sigma.accelerator`.
    - There is at least one `sigma.tier`.
    - There is at most one `sigma.noise`.
    - There is at most one `sigma.failures`.
    - The size of each tier is a proper multiple of the one before.
    - The last tier covers all devices.
    - `node` names one of the tiers.
    - Each of several accelerators states its `devices`.
    - The accelerators' `devices` add up to the cluster's.
    - Each of several accelerators fills whole nodes.
    - A slow node is one of the cluster's.
    - Each node is called slow at most once.
  }];
  let arguments = (ins
    SymbolNameAttr:$sym_name,
    Sigma_I64:$devices,
    Sigma_DefaultI64<"0">:$spares,
    Sigma_DefaultI64<"0">:$spares_ppm,
    OptionalAttr<FlatSymbolRefAttr>:$node
  );
  let regions = (region SizedRegion<1>:$bodyRegion);
  let assemblyFormat = [{
    $sym_name `devices` $devices
    oilist(`spares` $spares | `spares_ppm` $spares_ppm | `node` $node)
    attr-dict-with-keyword $bodyRegion
  }];
  let extraClassDeclaration = [{
    /// In the order of their devices.
    ::llvm::SmallVector<::mlir::sigma::AcceleratorOp, 2> getAccelerators();
    /// How many of the devices are of this kind.
    int64_t getNumDevicesOf(::mlir::sigma::AcceleratorOp accelerator);
    /// From the inside out.
    ::llvm::SmallVector<::mlir::sigma::TierOp, 4> getTiers();
    /// The tier whose units are nodes.
    ::mlir::sigma::TierOp getNodeTier();
    int64_t getNumNodes();
    /// Spare devices, however they are stated.
    int64_t getNumSpares();
    ::llvm::SmallVector<::mlir::sigma::SlowNodeOp, 2> getSlowNodes();
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
    Memory, peaks and efficiencies of a device, and how many `devices` of the cluster are of this
    kind (all, if there is no other). `peak_<format>_flops_per_s` is what the vendor states for dense
    matrix products, 0 where the device is not to be used in that format. The efficiencies say which
    part of a peak (for `memory`: of the memory bandwidth) a class of ops reaches, as one number or
    as a curve over the size of the op (`#sigma.efficiency`), of a grouped product over that of one expert's part;
    unstated, all of it. `launch_ns` is the fixed time of one op, `issue_ns` what the device's host needs to issue a
    kernel: a direction of a layer takes no less than its kernels, one for an op, or of grouped matrix products one
    for each expert. `mtbf_hours`
    replaces the `device_mtbf_hours` of `sigma.failures` for this kind.

    `preset` names a machine of `dialects/Sigma/Presets.cpp`; what is written beside it replaces the
    preset's figure.

    ```mlir
    sigma.accelerator @gpu preset "h100-sxm" memory_bytes 94000000000
        matmul_efficiency_ppm [1000000000: 250000, 100000000000: 700000]
    ```

    **Constraints:**
    - `preset` is a known one.
    - `devices` is positive.
    - `memory_bytes` is stated and positive.
    - `memory_bandwidth_bytes_per_s` is stated and positive.
    - Each `peak_<format>_flops_per_s` is not negative.
    - At least one `peak_<format>_flops_per_s` is positive.
    - `launch_ns` is not negative.
    - `issue_ns` is not negative.
    - Each efficiency is from 1 to 1000000 ppm.
    - The sizes of an efficiency curve are not negative and increase.
    - `mtbf_hours` is not negative.
  }];
  let arguments = (ins
    SymbolNameAttr:$sym_name,
    Sigma_OptionalI64:$devices,
    OptionalAttr<StrAttr>:$preset,
    Sigma_OptionalI64:$memory_bytes,
    Sigma_OptionalI64:$memory_bandwidth_bytes_per_s,
    Sigma_OptionalI64:$peak_fp8_flops_per_s,
    Sigma_OptionalI64:$peak_f16_flops_per_s,
    Sigma_OptionalI64:$peak_bf16_flops_per_s,
    Sigma_OptionalI64:$peak_f32_flops_per_s,
    Sigma_OptionalI64:$peak_f64_flops_per_s,
    Sigma_OptionalI64:$launch_ns,
    Sigma_DefaultI64<"0">:$issue_ns,
    OptionalAttr<Sigma_EfficiencyAttr>:$matmul_efficiency_ppm,
    OptionalAttr<Sigma_EfficiencyAttr>:$grouped_matmul_efficiency_ppm,
    OptionalAttr<Sigma_EfficiencyAttr>:$attention_efficiency_ppm,
    OptionalAttr<Sigma_EfficiencyAttr>:$memory_efficiency_ppm,
    Sigma_OptionalI64:$mtbf_hours
  );
  let assemblyFormat = [{
    $sym_name
    oilist(`devices` $devices
           | `preset` $preset
           | `memory_bytes` $memory_bytes
           | `memory_bandwidth_bytes_per_s` $memory_bandwidth_bytes_per_s
           | `peak_fp8_flops_per_s` $peak_fp8_flops_per_s
           | `peak_f16_flops_per_s` $peak_f16_flops_per_s
           | `peak_f32_flops_per_s` $peak_f32_flops_per_s
           | `peak_bf16_flops_per_s` $peak_bf16_flops_per_s
           | `peak_f64_flops_per_s` $peak_f64_flops_per_s
           | `launch_ns` $launch_ns
           | `issue_ns` $issue_ns
           | `matmul_efficiency_ppm` custom<Efficiency>($matmul_efficiency_ppm)
           | `grouped_matmul_efficiency_ppm` custom<Efficiency>($grouped_matmul_efficiency_ppm)
           | `attention_efficiency_ppm` custom<Efficiency>($attention_efficiency_ppm)
           | `memory_efficiency_ppm` custom<Efficiency>($memory_efficiency_ppm)
           | `mtbf_hours` $mtbf_hours)
    attr-dict
  }];
  let extraClassDeclaration = [{
    /// The preset's figures, where the op does not state its own.
    ::mlir::sigma::AcceleratorFigures getFigures();
  }];
  let hasVerifier = 1;
}

def Sigma_TierOp : Sigma_Op<"tier", [Symbol, HasParent<"::mlir::sigma::ClusterOp">]> {
  let summary = "one level of links";
  let description = [{
    `devices` devices that reach each other over links of this level. `bandwidth_bytes_per_s` is what
    one link carries away from its devices, `receive_bandwidth_bytes_per_s` (the same, if unstated)
    what it carries towards them. `devices_per_link` devices share a link. `oversubscription_ppm` is
    what all links of the tier could carry, in parts per million of what its switches carry:
    2000000 halves the bandwidth when all devices send at once, as they do in training.
    `algorithm` is that of its all-reduces. `jitter_ppm` is the relative standard deviation of one
    transfer, `jitter_distribution` its distribution. `switch_mtbf_hours` is the mean time between
    failures that cut one unit of the tier off (0: never).

    `preset` names links of `dialects/Sigma/Presets.cpp`; what is written beside it replaces the
    preset's figure.

    **Constraints:**
    - `preset` is a known one.
    - `devices` is positive.
    - `bandwidth_bytes_per_s` is stated and positive.
    - `receive_bandwidth_bytes_per_s` is positive.
    - `latency_ns` is stated and not negative.
    - `devices_per_link` is positive.
    - `devices_per_link` divides `devices`.
    - `oversubscription_ppm` is at least 1000000.
    - `jitter_ppm` is not negative.
    - `switch_mtbf_hours` is not negative.
  }];
  let arguments = (ins
    SymbolNameAttr:$sym_name,
    Sigma_I64:$devices,
    OptionalAttr<StrAttr>:$preset,
    Sigma_OptionalI64:$bandwidth_bytes_per_s,
    Sigma_OptionalI64:$receive_bandwidth_bytes_per_s,
    Sigma_OptionalI64:$latency_ns,
    Sigma_DefaultI64<"1">:$devices_per_link,
    Sigma_DefaultI64<"1000000">:$oversubscription_ppm,
    DefaultValuedAttr<Sigma_CollectiveAlgorithmAttr,
                      "::mlir::sigma::CollectiveAlgorithm::Ring">:$algorithm,
    Sigma_DefaultI64<"0">:$jitter_ppm,
    DefaultValuedAttr<Sigma_DistributionAttr,
                      "::mlir::sigma::Distribution::Normal">:$jitter_distribution,
    Sigma_DefaultI64<"0">:$switch_mtbf_hours
  );
  let assemblyFormat = [{
    $sym_name `devices` $devices
    oilist(`preset` $preset
           | `bandwidth_bytes_per_s` $bandwidth_bytes_per_s
           | `receive_bandwidth_bytes_per_s` $receive_bandwidth_bytes_per_s
           | `latency_ns` $latency_ns
           | `devices_per_link` $devices_per_link
           | `oversubscription_ppm` $oversubscription_ppm
           | `algorithm` custom<Enum>($algorithm)
           | `jitter_ppm` $jitter_ppm
           | `jitter_distribution` custom<Enum>($jitter_distribution)
           | `switch_mtbf_hours` $switch_mtbf_hours)
    attr-dict
  }];
  let extraClassDeclaration = [{
    /// The preset's figures, where the op does not state its own.
    ::mlir::sigma::LinkFigures getFigures();
    /// What one device gets in each direction while all others send and receive as well.
    int64_t getSharedBandwidthBytesPerS();
  }];
  let hasVerifier = 1;
}

def Sigma_NoiseOp : Sigma_Op<"noise", [HasParent<"::mlir::sigma::ClusterOp">]> {
  let summary = "how far times and loads vary";
  let description = [{
    `compute_jitter_ppm`: relative standard deviation of one layer's compute on one device, from
    micro-batch to micro-batch; `compute_distribution` its distribution.
    `node_slowness_ppm`: relative standard deviation, from node to node, of what stays: the same node
    is slow in every step. Nodes that are known to be slow are `sigma.slow_node`s.
    `routing_jitter_ppm`: relative standard deviation of one expert's load;
    `routing_distribution` its distribution.
    `spikes_per_million_steps`: how often one device stops for `spike_ns`; `spike_length` says
    whether every time as long.

    **Constraints:**
    - `compute_jitter_ppm` is not negative.
    - `node_slowness_ppm` is from 0 to 1000000.
    - `routing_jitter_ppm` is not negative.
    - `spikes_per_million_steps` is from 0 to 1000000.
    - `spike_ns` is not negative.
    - `spikes_per_million_steps` and `spike_ns` are both zero or both positive.
  }];
  let arguments = (ins
    Sigma_DefaultI64<"0">:$compute_jitter_ppm,
    DefaultValuedAttr<Sigma_DistributionAttr,
                      "::mlir::sigma::Distribution::Normal">:$compute_distribution,
    Sigma_DefaultI64<"0">:$node_slowness_ppm,
    Sigma_DefaultI64<"0">:$routing_jitter_ppm,
    DefaultValuedAttr<Sigma_DistributionAttr,
                      "::mlir::sigma::Distribution::Normal">:$routing_distribution,
    Sigma_DefaultI64<"0">:$spikes_per_million_steps,
    Sigma_DefaultI64<"0">:$spike_ns,
    DefaultValuedAttr<Sigma_SpikeLengthAttr, "::mlir::sigma::SpikeLength::Fixed">:$spike_length
  );
  let assemblyFormat = [{
    oilist(`compute_jitter_ppm` $compute_jitter_ppm
           | `compute_distribution` custom<Enum>($compute_distribution)
           | `node_slowness_ppm` $node_slowness_ppm
           | `routing_jitter_ppm` $routing_jitter_ppm
           | `routing_distribution` custom<Enum>($routing_distribution)
           | `spikes_per_million_steps` $spikes_per_million_steps
           | `spike_ns` $spike_ns
           | `spike_length` custom<Enum>($spike_length))
    attr-dict
  }];
  let hasVerifier = 1;
}

def Sigma_SlowNodeOp : Sigma_Op<"slow_node", [Symbol, HasParent<"::mlir::sigma::ClusterOp">]> {
  let summary = "a node that is known to be slow";
  let description = [{
    Everything that the devices of node `index` compute takes longer, by `slowdown_ppm` of what it
    takes elsewhere.

    **Constraints:**
    - `index` is not negative.
    - `slowdown_ppm` is from 1 to 1000000000.
  }];
  let arguments = (ins
    SymbolNameAttr:$sym_name,
    Sigma_I64:$index,
    Sigma_I64:$slowdown_ppm
  );
  let assemblyFormat = "$sym_name `index` $index `slowdown_ppm` $slowdown_ppm attr-dict";
  let hasVerifier = 1;
}

def Sigma_FailuresOp : Sigma_Op<"failures", [HasParent<"::mlir::sigma::ClusterOp">]> {
  let summary = "how often things break and what a break costs";
  let description = [{
    Mean hours between failures of one device and of one node (0: never; both kinds add up, and the
    tiers' switches to them). What a failure costs beside the lost steps: `detection_ns` to notice
    it, `replacement_ns` to put a spare in the place of what broke, `restart_ns` to start again from
    a checkpoint. Training stands still for `checkpoint_stall_ns` at each checkpoint; a node that
    broke is away for `node_repair_hours`.

    `repairable_ppm` of the failures, such as the loss of a process or a device, are repaired in the
    running job where a spare is free: `repair_ns` after the loss, detection included, all go on from
    the newest snapshot. Training stands still for `snapshot_stall_ns` at each snapshot; 0 ppm: none
    are taken.

    ```mlir
    sigma.failures device_mtbf_hours 6957 detection_ns 60000000000 restart_ns 120000000000
        repairable_ppm 900000 repair_ns 5000000000 snapshot_stall_ns 100000000
    ```

    **Constraints:**
    - `device_mtbf_hours` is not negative.
    - `node_mtbf_hours` is not negative.
    - `detection_ns` is not negative.
    - `replacement_ns` is not negative.
    - `restart_ns` is not negative.
    - `checkpoint_stall_ns` is positive.
    - `node_repair_hours` is not negative.
    - `repairable_ppm` is from 0 to 1000000.
    - `repair_ns` is not negative.
    - `snapshot_stall_ns` is not negative.
    - `snapshot_stall_ns` is positive where `repairable_ppm` is.
  }];
  let arguments = (ins
    Sigma_DefaultI64<"0">:$device_mtbf_hours,
    Sigma_DefaultI64<"0">:$node_mtbf_hours,
    Sigma_DefaultI64<"0">:$detection_ns,
    Sigma_DefaultI64<"0">:$replacement_ns,
    Sigma_DefaultI64<"0">:$restart_ns,
    Sigma_DefaultI64<"1000000000">:$checkpoint_stall_ns,
    Sigma_DefaultI64<"24">:$node_repair_hours,
    Sigma_DefaultI64<"0">:$repairable_ppm,
    Sigma_DefaultI64<"0">:$repair_ns,
    Sigma_DefaultI64<"0">:$snapshot_stall_ns
  );
  let assemblyFormat = [{
    oilist(`device_mtbf_hours` $device_mtbf_hours
           | `node_mtbf_hours` $node_mtbf_hours
           | `detection_ns` $detection_ns
           | `replacement_ns` $replacement_ns
           | `restart_ns` $restart_ns
           | `checkpoint_stall_ns` $checkpoint_stall_ns
           | `node_repair_hours` $node_repair_hours
           | `repairable_ppm` $repairable_ppm
           | `repair_ns` $repair_ns
           | `snapshot_stall_ns` $snapshot_stall_ns)
    attr-dict
  }];
  let hasVerifier = 1;
}

#endif // SIGMA_CLUSTER_OPS
