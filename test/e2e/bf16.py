#!/usr/bin/env python3
"""Jobs in bf16 train like those in f32, under every plan, and continue each other's checkpoints.

    bf16.py SIGMA SPEC WORK_FOLDER PLAN ... [--steps=30] [--job=NAME]

SPEC is in f32. Of each plan: the largest difference of a loss from that in f32, and from one rank in bf16; that the loss goes
down; that a second run, and one that was stopped and continued, have the same bits. Then a checkpoint of bf16 continues in f32
and comes back, without a loss that either would not have had.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr

# Of a loss, relative. Rounding to 8 bits is noise in each step's gradient, which training neither adds up nor forgets.
F32, PLANS = 2e-2, 2e-2
DOWN = 0.9  # of the first loss


def check(program, work, data, steps, f32, one):
    name = program.folder.name
    arguments = [f"--data={data}", "--quiet"]
    lines = program.run(work / f"{name}.log", *arguments, f"--steps={steps}")
    again = program.run(work / f"{name}.again.log", *arguments, f"--steps={steps}")
    folder = [f"--checkpoint-dir={work / name}.checkpoints", f"--checkpoint-interval={steps // 3}"]
    half = program.run(work / f"{name}.half.log", *arguments, *folder, f"--steps={steps // 2}")
    rest = program.run(work / f"{name}.rest.log", *arguments, *folder, f"--steps={steps}", "--resume")
    losses = sr.losses(lines)
    from_f32, from_one = (sr.largest_difference(losses, other or losses) for other in (f32, one))
    same = sr.loss_bits(again) == sr.loss_bits(lines)
    resumed = {**sr.loss_bits(half), **sr.loss_bits(rest)} == sr.loss_bits(lines)
    good = from_f32 <= F32 and from_one <= PLANS and same and resumed and losses[steps] < DOWN * losses[1]
    print(f"{name:16} {losses[1]:.4f} to {losses[steps]:.4f}  from f32 {from_f32:.1e}  from one rank {from_one:.1e}  "
          f"repeat {'identical' if same else 'DIFFERS'}  resumed {'identical' if resumed else 'DIFFERS'}  "
          f"{'ok' if good else 'FAILED'}", flush=True)
    return losses


def travel(bf16, f32, work, data, steps, wanted):
    """A third of the steps each: bf16, f32, bf16."""
    arguments = [f"--data={data}", "--quiet", f"--checkpoint-dir={work / 'travels'}", "--resume"]
    found = {}
    for part, program in enumerate((bf16, f32, bf16), 1):
        lines = program.run(work / f"travels-{part}.log", *arguments, f"--steps={steps * part // 3}")
        start = sr.events(lines, "start")[0]
        print(f"{start['precision']} from step {start['resumedFrom']} to {steps * part // 3}")
        found.update(sr.losses(lines))
    difference = sr.largest_difference(found, wanted)
    print(f"bf16, f32 and bf16 again: from f32 {difference:.1e} {'ok' if difference <= F32 else 'FAILED'}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    for name in ("sigma", "spec", "work"):
        parser.add_argument(name)
    parser.add_argument("plans", nargs="*")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--job")
    options = parser.parse_args()
    work = sr.empty_folder(options.work)
    data = sr.licences(work / "text")
    job = [f"--job={options.job}"] if options.job else []
    one_f32 = sr.build_plan(options.sigma, options.spec, work / "f32", "1 rank", *job)
    f32 = sr.losses(one_f32.run(work / "f32.log", f"--data={data}", "--quiet", f"--steps={options.steps}"))
    spec = sr.in_bf16(options.spec, work)
    one, last = None, None
    for name in ("1 rank", *options.plans):
        last = sr.build_plan(options.sigma, spec, work, name, *job)
        losses = check(last, work, data, options.steps, f32, one)
        one = one or losses
    travel(last, one_f32, work, data, options.steps, f32)


main()
