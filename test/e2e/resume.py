#!/usr/bin/env python3
"""A run that was stopped and continued has the losses of one that was not, and may change its plan in between.

    resume.py SIGMA SPEC WORK_FOLDER PLAN ...

The first plan is stopped; then a checkpoint goes through all plans, and one rank.
"""

import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr

STEPS, F64 = 20, 1e-9


def same_plan(program, work, common, stop):
    """Stopped after `stop` steps, between or at checkpoints, then continued."""
    straight = program.run(work / "straight.log", *common, f"--steps={STEPS}")
    folder = f"--checkpoint-dir={work / f'stopped-{stop}'}"
    half = program.run(work / "half.log", *common, folder, "--checkpoint-interval=5", f"--steps={stop}")
    rest = program.run(work / "rest.log", *common, folder, "--checkpoint-interval=5", f"--steps={STEPS}", "--resume")
    resumed = sr.events(rest, "start")[0]["resumedFrom"]
    bits = {**sr.loss_bits(half), **sr.loss_bits(rest)}
    same = bits == sr.loss_bits(straight) and sr.final_bits(rest) == sr.final_bits(straight)
    print(f"stopped at {stop}: resumed from {resumed}, final loss {sr.final_bits(rest)}, "
          f"{'identical' if same else 'DIFFERS'}", flush=True)
    again = program.run(work / "again.log", *common, folder, f"--steps={STEPS}", "--resume")
    print(f"  nothing left to do: {len(sr.steps(again))} steps, "
          f"{'identical' if sr.final_bits(again) == sr.final_bits(straight) else 'DIFFERS'}", flush=True)


def other_plans(programs, work, common):
    """One checkpoint folder goes through all plans, a few steps each."""
    wanted = sr.losses(programs[0].run(work / "one.log", *common, "--precision=f64", f"--steps={STEPS}"))
    folder, done = f"--checkpoint-dir={work / 'travels'}", 0
    for program in programs[1:] + programs[:1]:
        begin, done = done, done + STEPS // len(programs)
        lines = program.run(work / f"travels-{done}.log", *common, folder, "--precision=f64", f"--steps={done}", "--resume")
        mine = sr.losses(lines)
        worst = sr.largest_difference(mine, {step: wanted[step] for step in range(begin + 1, done + 1)})
        resumed = sr.events(lines, "start")[0]["resumedFrom"]
        print(f"{program.folder.name}: from step {resumed} to {done}, {'ok' if worst <= F64 else 'FAILED'} ({worst:.1e})",
              flush=True)


def main(sigma, spec, folder, *plans):
    work = sr.empty_folder(folder)
    common = [f"--data={sr.licences(work / 'text')}", "--quiet"]
    programs = [sr.build_plan(sigma, spec, work, name) for name in ("1 rank", *plans)]
    for stop in (10, 13):
        same_plan(programs[1], work, common, stop)
    other_plans(programs, work, common)


main(*sys.argv[1:])
