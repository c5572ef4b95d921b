#!/usr/bin/env python3
"""Programs train on a second device, which shares nothing with the CPU's, to the CPU's losses.

    naive_device.py SIGMA INPUTS WORK_FOLDER COMPILER

The program's C++ text is linked with NaiveDevice.cpp and without the libraries below the CPU device: what called the CPU
device or one of them beside the table could not be linked.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr

STEPS = 10
LIMITS = {"f64": (1e-9, STEPS), "f32": (1e-5, 5), "bf16": (1e-3, 5)}
PROGRAMS = [("tiny-moe.mlir", "pp2-ep2"), ("split-moe.mlir", "tp2-cp2")]
CPU_LIBRARIES = ("openblas", "dnnl")


def flags(sigma, name):
    return (pathlib.Path(sigma).parents[1] / "runtime" / name).read_text().split()


def link(sigma, compiler, folder):
    """train of the folder's text, anew, on the naive device."""
    texts = [folder / "program.cpp", folder / "program.f64.cpp", pathlib.Path(__file__).with_name("NaiveDevice.cpp")]
    others = [flag for flag in flags(sigma, "link.flags") if not any(name in flag for name in CPU_LIBRARIES)]
    command = [compiler, *flags(sigma, "compile.flags"), "-Wall", "-Wextra", "-Werror", *texts, *others, "-o", folder / "train"]
    sr.run(command, folder.with_name(folder.name + ".link"))


def compare(sigma, spec, work, plan, compiler, data, precisions):
    program = sr.build(sigma, spec, work / plan, *{**sr.PLANS, **sr.SPLIT_PLANS}[plan], "--emit=cpp")
    arguments = {precision: (f"--data={data}", f"--steps={STEPS}", "--quiet", f"--precision={precision}") for precision in precisions}
    expected = {precision: sr.losses(program.run(work / f"{plan}.{precision}.log", *words)) for precision, words in arguments.items()}
    link(sigma, compiler, program.folder)
    for precision in precisions:
        limit, first = LIMITS[precision]
        lines = program.run(work / f"{plan}.{precision}.naive.log", *arguments[precision])
        found = sr.events(lines, "start")[0]
        difference = sr.largest_difference(sr.losses(lines), expected[precision], first)
        good = difference <= limit and len(sr.steps(lines)) == STEPS
        print(f"{plan} {precision} on {found['kernels']['device']}, products by {found['products']}: {len(sr.steps(lines))} steps, "
              f"{difference:.1e} {'ok' if good else 'FAILED'}", flush=True)


def main():
    sigma, inputs, work, compiler = sys.argv[1:]
    work = sr.empty_folder(work)
    data = sr.licences(work / "text")
    for name, plan in PROGRAMS:
        spec = f"{inputs}/{name}"
        compare(sigma, spec, work, plan, compiler, data, ("f64", "f32"))
        compare(sigma, sr.in_bf16(spec, work), work, plan, compiler, data, ("bf16",))


main()
