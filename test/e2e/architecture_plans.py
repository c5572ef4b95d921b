#!/usr/bin/env python3
"""Plans of shrunken architectures have the losses of one rank, in f64: architecture_plans.py SIGMA SPEC WORK_FOLDER"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr

# What each has that a plan could break: a bias moved by loads and a shared table, biases of experts and sinks, weighted
# inputs of experts, a gate over shared experts, a tied head, and a bias moved by loads on the second stage.
PLANS = {"deepseek_v3": "pp=1,dp=2,ep=2", "gpt_oss": "pp=1,dp=2,ep=2", "llama_4": "pp=1,dp=2,ep=2",
         "qwen1_5_moe": "pp=1,dp=2,ep=2", "gpt2": "pp=1,dp=2", "glm_4_5_air": "pp=2"}


def main(sigma, spec, folder):
    work = sr.empty_folder(folder)
    text = sr.licences(work / "text")

    def losses(name, devices, pins):
        program = sr.build(sigma, spec, work / f"{name}-{devices}", devices, pins, f"--job={name}_job")
        return sr.losses(program.run(work / f"{name}-{devices}.log", f"--data={text}", "--steps=20", "--precision=f64"))

    for name, pins in PLANS.items():
        difference = sr.largest_difference(losses(name, 1, ""), losses(name, 2, pins))
        print(f"{name} {pins}: {'equal' if difference < 1e-9 else 'DIFFERENT'} ({difference:.1e})", flush=True)


main(*sys.argv[1:])
