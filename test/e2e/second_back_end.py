#!/usr/bin/env python3
"""Programs that are built as C++ text have the losses of those that are built as objects.

    second_back_end.py SIGMA SPEC WORK_FOLDER COMPILER...

The text is compiled by each of the compilers, with all warnings as errors.
"""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr

STEPS = 5
PLANS = {"pp2-ep2": sr.PLANS["pp2-ep2"], "zero2-tp2": sr.ZERO_PLANS["zero2-tp2"]}


def bits(program, log, precision, data):
    lines = program.run(log, f"--data={data}", f"--steps={STEPS}", f"--precision={precision}", "--quiet")
    found = sr.loss_bits(lines)
    if len(found) != STEPS:
        raise sr.RunError(f"{len(found)} steps instead of {STEPS}")
    return found


def compare(sigma, spec, work, plan, compilers, precisions):
    data = sr.licences(work / "text")
    devices, pins = PLANS[plan]
    os.environ.pop("CXX", None)
    program = sr.build(sigma, spec, work / plan, devices, pins)
    expected = {precision: bits(program, work / f"{plan}.{precision}.log", precision, data) for precision in precisions}
    for compiler in compilers:
        name = f"{plan}-{pathlib.Path(compiler).name}"
        os.environ["CXX"] = f"{compiler} -Wall -Wextra -Werror"
        program = sr.build(sigma, spec, work / name, devices, pins, "--emit=cpp")
        for precision, losses in expected.items():
            same = bits(program, work / f"{name}.{precision}.log", precision, data) == losses
            print(f"{name}: {precision} {STEPS} steps, {'the bits of objects' if same else 'FAILED'}", flush=True)


def main():
    sigma, spec, work, *compilers = sys.argv[1:]
    work = sr.empty_folder(work)
    for plan in PLANS:
        compare(sigma, spec, work, plan, dict.fromkeys(compilers), ("f32", "f64"))
        compare(sigma, sr.in_bf16(spec, work), work, plan, dict.fromkeys(compilers), ("bf16",))


main()
