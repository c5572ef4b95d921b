#!/usr/bin/env python3
"""What a run says of rows that went to their experts in rounds: rounds.py SIGMA SPEC WORK_FOLDER COMPILER

SPEC has too little room for them. Beside it stands the same job with the capacity that its log asks for.
"""

import os
import pathlib
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr

STEPS, PLAN = 20, "pp2-ep2"
# Of a loss, relative: sums in another order, over the first steps; rounding to 8 bits.
F32, FIRST, BF16 = 1e-5, 5, 2e-2
ERROR = 0.01  # of a predicted peak


def splits(lines):
    return [line for line in sr.events(lines, "fault") if line["kind"] == "rows-split"]


def with_capacity(spec, path, ppm):
    path.write_text(re.sub(r"expert_capacity_ppm \d+", f"expert_capacity_ppm {ppm}", pathlib.Path(spec).read_text()))
    return path


def verdict(difference, most):
    return f"losses to {difference:.1e} {'ok' if difference <= most else 'FAILED'}"


def resumed(program, work, arguments):
    """The second half of a run, from the checkpoint of its first."""
    folder = work / "checkpoints"
    kept = [f"--checkpoint-dir={folder}", f"--checkpoint-interval={STEPS // 2}"]
    program.run(work / "whole.log", *arguments, *kept)
    shutil.rmtree(folder / f"step-{STEPS:08}")
    return program.run(work / "resumed.log", *arguments, *kept, "--resume")


def main(sigma, spec, folder, compiler):
    work = sr.empty_folder(folder)
    arguments = [f"--data={sr.licences(work / 'text')}", f"--steps={STEPS}", "--quiet"]

    def train(spec, name, *more):
        program = sr.build_plan(sigma, spec, work / name, PLAN, *more)
        return program, program.run(work / f"{name}.log", *arguments)

    program, lines = train(spec, "less")
    told = splits(lines)
    print(f"told in {len({line['step'] for line in told})} of {STEPS} steps")
    again = resumed(program, work, arguments)
    bits = sr.loss_bits(lines)
    same = sr.loss_bits(again) == {step: bits[step] for step in range(STEPS // 2 + 1, STEPS + 1)}
    print(f"resumed at step {STEPS // 2}, told in {len({line['step'] for line in splits(again)})} steps: {'same bits' if same else 'FAILED'}")
    enough = with_capacity(spec, work / "enough.mlir", max(line["neededPpm"] for line in told))
    _, others = train(enough, "enough")
    difference = sr.largest_difference(sr.losses(lines), sr.losses(others), FIRST)
    print(f"with the capacity that was needed: told in {len(splits(others))} of {STEPS} steps, f32 {verdict(difference, F32)}")
    _, rounded = train(sr.in_bf16(spec, work), "bf16")
    print(f"bf16 {verdict(sr.largest_difference(sr.losses(rounded), sr.losses(lines)), BF16)}")
    os.environ["CXX"] = f"{compiler} -Wall -Wextra -Werror"
    _, text = train(spec, "cpp", "--emit=cpp")
    print(f"C++ text: {'the bits of objects' if sr.same_bits(text, lines) else 'FAILED'}")
    arenas = [int(found) for found in re.findall(r"arena_bytes = (\d+)", (program.folder / "rank.mlir").read_text())]
    ratios = [stage["peakMemoryBytes"] / arena for stage, arena in zip(program.plan["stages"], arenas)]
    good = all(abs(ratio - 1) <= ERROR for ratio in ratios)
    print(f"predicted / planned {' '.join(f'{ratio:.3f}' for ratio in ratios)} {'ok' if good else 'FAILED'}")


main(*sys.argv[1:])
