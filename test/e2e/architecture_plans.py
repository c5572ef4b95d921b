#!/usr/bin/env python3
"""Plans of shrunken architectures have the losses of one rank, in f64: architecture_plans.py SIGMA SPEC WORK_FOLDER"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr

# What each has that a plan could break: a bias moved by loads and a shared table, biases of experts and sinks, weighted
# inputs of experts, a gate over shared experts, a tied head, and a bias moved by loads on the second stage.
# Then latent attention and further tokens over a shared table, in parts of both; biases and sinks of heads in parts; positions
# of tokens that two by two ranks share; latent keys and values that go round; experts in halves. Then a table that two stages hold.
PLANS = [("deepseek_v3", 2, "pp=1,dp=2,ep=2"), ("gpt_oss", 2, "pp=1,dp=2,ep=2"), ("llama_4", 2, "pp=1,dp=2,ep=2"),
         ("qwen1_5_moe", 2, "pp=1,dp=2,ep=2"), ("gpt2", 2, "pp=1,dp=2"), ("glm_4_5_air", 2, "pp=2,schedule=1f1b"),
         ("deepseek_v3", 4, "tp=2,dp=2,etp=1,ep=4"), ("gpt_oss", 2, "tp=2,ep=2"), ("gpt2", 4, "tp=2,cp=2"),
         ("deepseek_v2_lite", 4, "tp=2,cp=2,etp=1,ep=2"), ("dbrx", 4, "dp=4,etp=2,ep=2"),
         ("glm_4_5_air", 2, "pp=2,schedule=zb-h1,microBatch=1"), ("deepseek_v2_lite", 2, "pp=2,schedule=zb-h1,microBatch=1"),
         ("gpt2", 4, "pp=2,cp=2"), ("granite_moe", 2, "pp=2"), ("deepseek_v3", 4, "pp=2,dp=2,etp=1,ep=2")]


def main(sigma, spec, folder):
    work = sr.empty_folder(folder)
    text = sr.licences(work / "text")

    def losses(name, devices, pins):
        folder = f"{name}-{pins.replace('=', '').replace(',', '-') or 'alone'}"
        program = sr.build(sigma, spec, work / folder, devices, pins, f"--job={name}_job")
        return sr.losses(program.run(work / f"{folder}.log", f"--data={text}", "--steps=20", "--precision=f64"))

    ones = {name: losses(name, 1, "") for name in sorted({name for name, _, _ in PLANS})}
    for name, devices, pins in PLANS:
        difference = sr.largest_difference(ones[name], losses(name, devices, pins))
        print(f"{name} {pins}: {'equal' if difference < 1e-9 else 'DIFFERENT'} ({difference:.1e})", flush=True)


main(*sys.argv[1:])
