"""A run and a set of efficiencies, as what sigma reads: a specification and a plan."""

import math

import rows

PPM = 1_000_000


def specification(run, knobs):
    return "\n".join([run.model.text("model"), _cluster(run, knobs), _job(run, knobs)])


def _curve(efficiency, half):
    """Points of F / (F / efficiency + half), which is linear near 0."""
    knee = efficiency * half
    points = [(0, 1)]
    for power in range(-4, 11):
        size = knee * 2.0**power
        value = size / (size / efficiency + half)
        if int(size) > points[-1][0]:
            points.append((int(size), max(1, round(value * PPM))))
    return "[" + ", ".join(f"{size}: {ppm}" for size, ppm in points) + "]"


def _cluster(run, knobs):
    machine, precision = run.machine, run.precision
    get = lambda name: knobs.get(name, precision)  # noqa: E731
    reached = lambda name: min(0.99, get(name) * (get("ultra") if machine.ultra else 1))  # noqa: E731
    peaks = f"peak_bf16_flops_per_s {machine.bf16:.0f}"
    if precision != "bf16":
        # sigma has one 8-bit format: products of weights run at what it is said to reach.
        peaks += f" peak_fp8_flops_per_s {machine.peak(precision):.0f}"
    lines = [
        f"sigma.cluster @cluster devices {run.devices} {{",
        f"  sigma.accelerator @device memory_bytes {machine.memory}",
        f"      memory_bandwidth_bytes_per_s {machine.bandwidth} {peaks}",
        f"      peak_f32_flops_per_s {machine.bf16 / 15:.0f} launch_ns {get('launch_ns'):.0f}",
        f"      issue_ns {0 if run.captured else get('issue_ns'):.0f}",
        f"      matmul_efficiency_ppm {_curve(reached('matmul'), get('matmul_half'))}",
        f"      grouped_matmul_efficiency_ppm {_curve(reached('grouped'), get('grouped_half'))}",
        f"      attention_efficiency_ppm {reached('attention') * PPM:.0f}",
        f"      memory_efficiency_ppm {get('memory') * PPM:.0f}",
    ]
    node = math.gcd(machine.node, run.devices)
    tiers = [("node", node, machine.link * get("link"), get("link_latency_ns"))] if node > 1 else []
    if node < run.devices:
        tiers.append(("network", run.devices, machine.network * get("network"), get("network_latency_ns")))
    for name, devices, bandwidth, latency in tiers or [("node", 1, machine.link, 0)]:
        lines.append(f"  sigma.tier @{name} devices {devices} bandwidth_bytes_per_s {bandwidth:.0f} "
                     f"latency_ns {latency:.0f}")
    return "\n".join(lines + ["}"])


def _job(run, knobs):
    shares = ", ".join(f"{name}_ppm = {knobs.get(name + '_overlap', run.precision) * PPM:.0f}"
                       for name in ("gradient", "parameter", "tensor", "context", "exchange"))
    precision = "bf16" if run.precision == "bf16" else "fp8"
    # Megatron's tuned runs exchange gradients in 16 bits. What trains on Blackwell has Transformer Engine 2.8 or later.
    recipe = " reduce bf16" if run.software == "megatron" else ""
    if run.software == "megatron" and run.machine.generation == "blackwell":
        recipe += " scratch_gradients"
    if run.software == "megatron":
        recipe += " eager_experts"
    if run.software == "pytorch":
        recipe += " f32_logits"
    if run.dispatch == "per_node":
        recipe += " dispatch per_node"
    return (f"sigma.job @run model @model on @cluster batch {run.global_batch} precision {precision}\n"
            f"    quantile_ppm 500000 memory_margin_ppm {knobs.memory_margin * PPM:.0f} "
            f"expert_capacity_ppm 1000000{recipe} step_ns {knobs.get('step_ns', run.precision):.0f}\n"
            f"    overlap {{{shares}}} {{\n  sigma.adamw learning_rate 1.0e-4\n}}")


def plan(run, remat):
    """As planner/proto/plan.proto has it; `remat` for every layer."""
    layout = dict(run.layout)
    stages = [{"chunks": [{"firstLayer": first, "endLayer": end} for first, end in chunks],
               "remat": [remat] * sum(end - first for first, end in chunks)}
              for chunks in rows.split(run.model.layers, layout["pp"], layout["vpp"], run.model.mtp)]
    return {"version": 1, "model": "model", "cluster": "cluster", "job": "run", "layout": layout, "stages": stages}
