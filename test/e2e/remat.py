#!/usr/bin/env python3
"""What a layer makes again does not change the losses: remat.py SIGMA SPEC WORK_FOLDER"""

import json
import re
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr

# Of the layers of tiny-moe: a dense one, two with a shared expert, one without.
PLANS = {
    "one module each": ["mlp_act", "moe_act", "moe_dispatch", "qkv"],
    "several modules": ["layernorm+mlp", "layernorm+core_attn+experts", "shared_experts+qkv", "layernorm+moe"],
    "mixed": ["full", "none", "selective", "moe+moe_act+layernorm"],
}


def arenas(program):
    return [int(found) for found in re.findall(r"arena_bytes = (\d+)", (program.folder / "rank.mlir").read_text())]


def main(sigma, spec, folder):
    work = sr.empty_folder(folder)
    arguments = [f"--data={sr.licences(work / 'text')}", "--steps=8", "--quiet"]
    plain = sr.build_plan(sigma, spec, work, "pp2-ep2")

    def bits(program, name):
        return [sr.loss_bits(program.run(work / f"{name}.{precision}.log", f"--precision={precision}", *arguments))
                for precision in ("f32", "f64")]

    expected = bits(plain, "none")
    for name, modes in PLANS.items():
        plan = json.loads((plain.folder / "plan.json").read_text())
        first = 0
        for stage in plan["stages"]:
            stage["remat"] = modes[first:first + stage["layers"]]
            first += stage["layers"]
        path = work / f"{name}.json"
        path.write_text(json.dumps(plan))
        program = sr.build(sigma, spec, work / name.replace(" ", "-"), 4, "", f"--plan={path}")
        same = bits(program, name) == expected
        ratios = [stage["peakMemoryBytes"] / arena for stage, arena in zip(program.plan["stages"], arenas(program))]
        less = all(arena < other for arena, other in zip(arenas(program), arenas(plain)))
        print(f"{name}: losses {'identical' if same else 'DIFFER'}, arena {'smaller' if less else 'NOT SMALLER'}, "
              f"planned {'enough' if all(ratio >= 1 for ratio in ratios) else 'TOO LITTLE'} "
              f"{' '.join(f'{ratio:.3f}' for ratio in ratios)}", flush=True)


main(*sys.argv[1:])
