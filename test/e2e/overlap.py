#!/usr/bin/env python3
"""Collectives that go on beside compute: overlap.py KIND SIGMA SPEC WORK_FOLDER; KIND: gradients, parameters, both

Of each plan, the program with overlap has the bits of the one without, in f32 and in f64; and its trace shows collectives that have
started before the last backward of their rank has ended. Where replicas share state, the norm of all gradients adds up other parts if
their sums go on beside backward, so that there nothing is clipped. The second back end's program does the same.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr

GRADIENTS = {
    "dp2": (2, "dp=2,ep=1,microBatch=2"),
    "dp2-ep2": (4, "dp=4,ep=2,microBatch=1"),
    "dp2 as C++": (2, "dp=2,ep=1,microBatch=2"),
    "pp2-dp2": (4, "pp=2,dp=2,ep=1,schedule=1f1b,microBatch=1"),
    "tp2-dp2": (4, "tp=2,dp=2,etp=1,ep=2,microBatch=2"),
    "vpp2-dp2": (4, "pp=2,vpp=2,dp=2,ep=1,microBatch=1"),
    "zb-h1": (4, "pp=2,dp=2,ep=1,schedule=zb-h1,microBatch=1"),
    "dualpipev": (4, "pp=2,dp=2,ep=2,schedule=dualpipev,microBatch=1"),
    "zero1": (4, "dp=4,ep=2,zero=1,expertZero=1,microBatch=1"),
    "zero1 tp2": (4, "tp=2,dp=2,etp=1,ep=2,zero=1,expertZero=1,microBatch=2"),
    "zero1-0": (4, "pp=2,dp=2,ep=1,zero=1,expertZero=0,microBatch=1"),
    "zero2": (4, "dp=4,ep=2,zero=2,expertZero=2,microBatch=1"),
    "zero2 as C++": (2, "dp=2,ep=1,zero=2,expertZero=2,microBatch=1"),
    "zero2-1 tp2": (4, "tp=2,dp=2,etp=1,ep=2,zero=2,expertZero=1,microBatch=2"),
    "zero3 vpp2": (4, "pp=2,vpp=2,dp=2,ep=1,zero=3,expertZero=3,microBatch=1"),
    "zero3-2 zb-h1": (4, "pp=2,dp=2,ep=1,zero=3,expertZero=2,schedule=zb-h1,microBatch=1"),
    "zero0-2 remat": (2, "dp=2,ep=1,zero=0,expertZero=2,microBatch=1,remat=full"),
}
PARAMETERS = {
    "zero3": (4, "dp=4,ep=2,zero=3,expertZero=3,microBatch=1"),
    "zero3 as C++": (2, "dp=2,ep=1,zero=3,expertZero=3,microBatch=2"),
    "zero3 tp2": (4, "tp=2,dp=2,etp=1,ep=2,zero=3,expertZero=3,microBatch=2"),
    "zero3 vpp2": (4, "pp=2,vpp=2,dp=2,ep=1,zero=3,expertZero=3,microBatch=1"),
    "zero3 zb-h1": (4, "pp=2,dp=2,ep=1,zero=3,expertZero=0,schedule=zb-h1,microBatch=1"),
    "zero3 dualpipev": (4, "pp=2,dp=2,ep=1,zero=3,expertZero=3,schedule=dualpipev,microBatch=1"),
    "zero3 remat": (2, "dp=2,ep=1,zero=0,expertZero=3,microBatch=1,remat=full"),
}
# Kind -> what the job says, what the trace calls it, and plans.
KINDS = {"gradients": ("gradient_ppm", "reduce gradients", GRADIENTS), "parameters": ("parameter_ppm", "gather parameters", PARAMETERS),
         "both": ("gradient_ppm = 500000, parameter_ppm", "reduce gradients",
                  {name: plan for name, plan in PARAMETERS.items() if name in ("zero3", "zero3 zb-h1", "zero3 dualpipev")})}
BACKWARD = {"backward", "input gradient", "weight gradient"}


def specifications(spec, work, attribute):
    """With and without clipping, with and without overlap."""
    paths = {}
    for clips in (True, False):
        for overlaps in (False, True):
            edits = [("precision f32", f"precision f32 overlap {{{attribute} = 500000}}")] if overlaps else []
            edits += [] if clips else [("clip 1.0", "clip 0.0")]
            paths[clips, overlaps] = work / f"clip-{clips}-overlap-{overlaps}.mlir"
            paths[clips, overlaps].write_text(sr.replaced(spec, *edits))
    return paths


def early_starts(trace, collective):
    """How many such collectives there are, and how many started before the last backward of their rank had ended."""
    events = json.loads(trace.read_text())["traceEvents"]
    ends = {}
    for event in events:
        if event["ph"] == "X" and event["name"] in BACKWARD:
            ends[event["tid"]] = max(ends.get(event["tid"], 0), event["ts"] + event["dur"])
    begins, ended = ([event for event in events if event["ph"] == what and event["name"] == collective] for what in "be")
    if len(begins) != len(ended):
        raise sr.RunError(f"{trace}: collectives begin that do not end")
    return len(begins), sum(event["ts"] < ends[event["tid"]] for event in begins)


def main(kind, sigma, spec, folder):
    work = sr.empty_folder(folder)
    attribute, collective, plans = KINDS[kind]
    data, paths = sr.licences(work / "text"), specifications(spec, work, attribute)
    common = [f"--data={data}", "--steps=6", "--quiet"]
    for name, (devices, pins) in plans.items():
        place, clips = work / name.replace(" ", "-"), "ero=1" not in pins
        plain = sr.build(sigma, paths[clips, False], place.with_suffix(".plain"), devices, sr.without_zero(pins))
        overlapping = sr.build(sigma, paths[clips, True], place, devices, sr.without_zero(pins), *(("--emit=cpp",) if "C++" in name else ()))
        same = {}
        for precision in ("f32", "f64"):
            trace = place.with_suffix(f".{precision}.json")
            runs = [program.run(place.with_suffix(f".{precision}.log"), *common, f"--precision={precision}", *more)
                    for program, more in ((plain, ()), (overlapping, (f"--trace={trace}", "--trace-step=3")))]
            same[precision] = sr.same_bits(*runs)
        started, early = early_starts(place.with_suffix(".f32.json"), collective)
        print(f"{name}: {'the same bits' if all(same.values()) else f'OTHER BITS {same}'}, {started} started, "
              f"{'early' if early > started / 2 else 'LATE'}", flush=True)


main(*sys.argv[1:])
