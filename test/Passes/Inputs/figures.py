"""Plans variants of one specification and compares their steps: figures.py SIGMA FOLDER"""

import json
import pathlib
import subprocess
import sys

SPEC = """
sigma.model @m sequence 512 {{
  sigma.embedding vocabulary 1024 width {width}
  sigma.repeat 4 {{
    sigma.attention heads 8 kv_heads 2 head_width 64 rope 10000.0
    sigma.moe experts 8 top_k 2 width 1024 router softmax
  }}
  sigma.head untied
}}
sigma.cluster @c devices 16 {{
  {accelerator}
  sigma.tier @node devices 8 {node}
  sigma.tier @network devices 16 {network}
  {more}
}}
sigma.job @run model @m on @c batch 64 precision {precision} {job} {{
  sigma.adamw learning_rate 1.0e-3 {adamw}
}}
"""
BASE = {"accelerator": 'sigma.accelerator @gpu preset "h100-sxm"', "node": 'preset "nvlink-4"',
        "network": 'preset "infiniband-ndr"', "more": "", "width": 512, "precision": "bf16",
        "job": "pin {pp = 2, ep = 8, micro_batch = 1}", "adamw": ""}
H100 = BASE["accelerator"]
SPELLED = ("memory_bytes 80000000000 memory_bandwidth_bytes_per_s 3350000000000 "
           "peak_bf16_flops_per_s 989500000000000")


def plan(sigma, folder, changes):
    spec = folder / "spec.mlir"
    spec.write_text(SPEC.format(**{**BASE, **changes}))
    answer = json.loads(subprocess.run([sigma, "plan", spec, "--json"], text=True, check=True, stdout=subprocess.PIPE).stdout)
    return answer["predicted"]


CURVE = "matmul_efficiency_ppm [1000000: 100000, 100000000000: 1000000]"
SLOWER = {
    "slower direction": {"network": BASE["network"] + " receive_bandwidth_bytes_per_s 25000000000"},
    "shared link": {"network": BASE["network"] + " devices_per_link 2"},
    "oversubscription": {"network": BASE["network"] + " oversubscription_ppm 2000000"},
    "tree among few": {"node": BASE["node"] + " algorithm tree", "job": "pin {pp = 2, ep = 1, micro_batch = 1, zero = 0, expert_zero = 0}"},
    "efficiency curve": {"accelerator": f"{H100} {CURVE}"},
    "grouped efficiency": {"accelerator": f"{H100} grouped_matmul_efficiency_ppm 300000"},
    "memory efficiency": {"accelerator": f"{H100} memory_efficiency_ppm 500000"},
    "slow node": {"more": "sigma.slow_node @n1 index 1 slowdown_ppm 100000"},
    "spread of nodes": {"more": "sigma.noise node_slowness_ppm 50000"},
    "time margin": {"job": "time_margin_ppm 100000 " + BASE["job"]},
    "longer sequence": {"job": "sequence 1024 " + BASE["job"]},
    "weaker second kind": {"accelerator": 'sigma.accelerator @gpu devices 8 preset "h100-sxm"\n'
                                          '  sigma.accelerator @old devices 8 preset "a100-sxm-80gb"'},
}


def main(sigma, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    wrong = 0

    def expect(ok, what):
        nonlocal wrong
        wrong += not ok
        if not ok:
            print("wrong:", what)

    base = plan(sigma, folder, {})
    step = base["stepTimeNs"]["objective"]
    for name, changes in SLOWER.items():
        reference = plan(sigma, folder, {"job": changes["job"]}) if name == "tree among few" else base
        slower = plan(sigma, folder, changes)
        expect(slower["stepTimeNs"]["objective"] > reference["stepTimeNs"]["objective"], name)
    expect(plan(sigma, folder, {"accelerator": f"sigma.accelerator @gpu {SPELLED}"}) == base, "preset and its figures")
    large = {"width": 8192, "job": "sequence 8192 " + BASE["job"]} # smaller products cost less than their casts
    bf16, fp8 = plan(sigma, folder, large), plan(sigma, folder, {"precision": "fp8", **large})
    expect(fp8["stepTimeNs"]["objective"] < bf16["stepTimeNs"]["objective"], "fp8 products are faster")
    expect(fp8["peakMemoryBytes"] == bf16["peakMemoryBytes"], "fp8 is a recipe of bf16 values")
    bf16_moments = plan(sigma, folder, {"adamw": "moments bf16"})
    expect(bf16_moments["peakMemoryBytes"] < base["peakMemoryBytes"], "bf16 moments are smaller")
    slow = plan(sigma, folder, SLOWER["slow node"])["stepTimeNs"]["objective"]
    expect(slow < 1.1 * step, "a slow node slows compute, not links")
    print(wrong, "wrong")


main(sys.argv[1], sys.argv[2])
