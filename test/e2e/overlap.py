#!/usr/bin/env python3
"""Collectives that go on beside compute: overlap.py KIND SIGMA SPEC WORK_FOLDER; KIND: gradients, parameters, both,
tensor, exchanges, all

Of each plan, the program with overlap has the bits of the one without, in f32 and in f64; and its trace shows collectives on their way
while their rank does not communicate. Where replicas share state, the norm of all gradients adds up other parts if
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
    "zero1": (4, "dp=4,ep=2,zero=1,expertZero=1,microBatch=1"),
    "zero1 as C++": (2, "dp=2,ep=1,zero=1,expertZero=1,microBatch=2"),
    "zero1 tp2": (4, "tp=2,dp=2,etp=1,ep=2,zero=1,expertZero=1,microBatch=2"),
    "zero1 vpp2": (4, "pp=2,vpp=2,dp=2,ep=1,zero=1,expertZero=1,microBatch=1"),
    "zero2 zb-h1": (4, "pp=2,dp=2,ep=1,zero=2,expertZero=1,schedule=zb-h1,microBatch=1"),
    "zero2 dualpipev": (4, "pp=2,dp=2,ep=1,zero=2,expertZero=2,schedule=dualpipev,microBatch=1"),
    "zero2-3": (2, "dp=2,ep=1,zero=2,expertZero=3,microBatch=1"),
}
TENSOR = {
    "tp2": (2, "tp=2,dp=1,ep=1,microBatch=2"),
    "tp2 as C++": (2, "tp=2,dp=1,ep=1,microBatch=2"),
    "tp2-ep2": (4, "tp=2,dp=2,etp=1,ep=2,microBatch=2"),
    "etp2": (4, "tp=2,dp=2,etp=2,ep=1,microBatch=2"),
    "tp2-cp2": (4, "tp=2,cp=2,dp=1,ep=1,microBatch=2"),
    "tp2-pp2": (4, "tp=2,pp=2,dp=1,ep=1,schedule=1f1b,microBatch=2"),
    "tp2-vpp2": (4, "tp=2,pp=2,vpp=2,dp=1,ep=1,microBatch=2"),
    "zb-h1": (4, "tp=2,pp=2,dp=1,ep=1,schedule=zb-h1,microBatch=2"),
    "dualpipev": (4, "tp=2,pp=2,dp=1,ep=1,schedule=dualpipev,microBatch=2"),
    "zero3": (4, "tp=2,dp=2,etp=1,ep=2,zero=3,expertZero=3,microBatch=2"),
    "remat": (4, "tp=2,dp=2,etp=2,ep=1,microBatch=2,remat=full"),
}
EXCHANGES = {
    "ep2": (2, "dp=2,ep=2,microBatch=2"),
    "ep4": (4, "dp=4,ep=4,microBatch=2"),
    "ep2 as C++": (2, "dp=2,ep=2,microBatch=2"),
    "ep2-pp2": (4, "pp=2,dp=2,ep=2,schedule=1f1b,microBatch=1"),
    "zb-h1": (4, "pp=2,dp=2,ep=2,schedule=zb-h1,microBatch=1"),
    "dualpipev": (4, "pp=2,dp=2,ep=2,schedule=dualpipev,microBatch=1"),
    "zero3": (4, "dp=4,ep=2,zero=3,expertZero=3,microBatch=1"),
    "remat": (2, "dp=2,ep=2,microBatch=2,remat=full"),
}
ALL = {
    "tp2-ep2": (4, "tp=2,dp=2,etp=1,ep=2,zero=3,expertZero=3,microBatch=2"),
    "etp2": (4, "tp=2,dp=2,etp=2,ep=1,zero=2,expertZero=2,microBatch=2,remat=full"),
    "zb-h1": (4, "tp=2,pp=2,dp=1,etp=1,ep=2,schedule=zb-h1,microBatch=2"),
}
# Kind -> what the job says, what the trace calls it, and plans.
KINDS = {"gradients": ("gradient_ppm", "reduce gradients", GRADIENTS), "parameters": ("parameter_ppm", "gather parameters", PARAMETERS),
         "both": ("gradient_ppm = 500000, parameter_ppm", "reduce gradients",
                  {name: plan for name, plan in PARAMETERS.items() if name in ("zero3", "zero3 zb-h1", "zero3 dualpipev", "zero1 tp2", "zero2 dualpipev")}),
         "tensor": ("tensor_ppm", "tensor collective", TENSOR),
         "exchanges": ("exchange_ppm", "all-to-all", EXCHANGES),
         "all": ("gradient_ppm = 500000, tensor_ppm = 500000, exchange_ppm", "tensor collective", ALL)}
COMMUNICATION = {"tensor collective", "context exchange", "all-to-all", "gather parameters", "reduce gradients", "exchange of scalars", "send",
                 "receive", "wait"}


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


def covered_us(begin, end, spans):
    """How much of an interval lies in one of the spans."""
    us = 0
    for first, last in sorted(spans):
        first = max(first, begin)
        us += max(min(last, end) - first, 0)
        begin = max(begin, min(last, end))
    return us


def beside_compute(trace, collective):
    """How many such collectives were started, and how many were on their way while their rank did not communicate."""
    communication, begins, ends = {}, {}, {}
    for event in json.loads(trace.read_text())["traceEvents"]:
        if event["ph"] == "X" and event["name"] in COMMUNICATION:
            communication.setdefault(event["tid"], []).append((event["ts"], event["ts"] + event["dur"]))
        elif event["ph"] in "be" and event["name"] == collective:
            (begins if event["ph"] == "b" else ends)[event["id"]] = event
    if begins.keys() != ends.keys():
        raise sr.RunError(f"{trace}: collectives begin that do not end")
    intervals = [(begin["tid"], begin["ts"], ends[id]["ts"]) for id, begin in begins.items()]
    return len(intervals), sum(covered_us(begin, end, communication.get(rank, [])) < end - begin - 1 for rank, begin, end in intervals)


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
        started, beside = beside_compute(place.with_suffix(".f32.json"), collective)
        print(f"{name}: {'the same bits' if all(same.values()) else f'OTHER BITS {same}'}, {started} started, "
              f"{'most' if beside > started / 2 else 'some' if beside else 'NONE'} beside compute", flush=True)


main(*sys.argv[1:])
