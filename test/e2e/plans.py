#!/usr/bin/env python3
"""Every plan of a model trains to the same losses.

    plans.py SIGMA SPEC WORK_FOLDER [--steps=20] [--plans=split]

In f64 all plans agree with one rank; in f32 over the first steps; two runs of one plan agree bit for bit. The first step's
gradients agree by tensor. --plans=split: those that split tensors and sequences; =chunked: several chunks a stage; =zero:
replicas that share state; =zero-bubble: a split backward; =dual-pipe: stages with both ends of a V; =ends: the first and the
last stage hold one table; =rounds: experts that are sent more rows than the plan has room for.
"""

import argparse
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr

WHOLE = {
    **sr.PLANS,
    "uneven pp3": (3, "pp=3,schedule=1f1b"),
    "remat full": (4, "pp=2,dp=2,ep=2,remat=full,schedule=1f1b"),
    "micro-batch 1": (4, "dp=4,ep=4,microBatch=1"),
    "micro-batch 2": (4, "pp=2,dp=2,ep=1,microBatch=2,schedule=1f1b"),
}
SPLIT = {
    "1 rank": sr.PLANS["1 rank"],
    **sr.SPLIT_PLANS,
    "tp2 remat": (4, "tp=2,dp=2,etp=1,ep=4,remat=full,microBatch=1"),
    "cp2 remat": (4, "cp=2,dp=2,etp=2,ep=2,remat=full,microBatch=2"),
}
CHUNKED = {
    "1 rank": sr.PLANS["1 rank"],
    "vpp2": (2, "pp=2,vpp=2"),
    "vpp3 remat": (2, "pp=2,vpp=3,microBatch=1,remat=full"),
    "pp4-vpp2": (4, "pp=4,vpp=2,microBatch=2"),
    "vpp2-dp2-ep2": (4, "pp=2,vpp=2,dp=2,ep=2,microBatch=1"),
    "vpp2-tp2": (4, "pp=2,vpp=2,tp=2,microBatch=2"),
    "vpp2-cp2": (4, "pp=2,vpp=2,cp=2,microBatch=1"),
    "vpp2-zero3": (4, "pp=2,vpp=2,dp=2,ep=1,zero=3,expertZero=2,microBatch=1"),
    "pp2 inside": (4, "pp=2,dp=2,ep=2,microBatch=1,placement=tp-cp-pp-dp"),
    "vpp2 inside": (8, "pp=2,vpp=2,tp=2,dp=2,etp=1,ep=2,microBatch=1,placement=tp-cp-pp-dp"),
}
ZERO = {
    "1 rank": sr.PLANS["1 rank"],
    **sr.ZERO_PLANS,
    "zero1 tp2": (4, "tp=2,dp=2,etp=2,ep=1,zero=1,expertZero=1,microBatch=1"),
    "zero3 tp2-cp2": (4, "tp=2,cp=2,etp=2,ep=1,zero=3,expertZero=3"),
    "zero1-3": (2, "dp=2,ep=1,zero=1,expertZero=3,microBatch=1"),
}
ENDS = {
    "1 rank": sr.PLANS["1 rank"],
    "pp2-ep2": sr.PLANS["pp2-ep2"],
    "tp2-pp2": sr.SPLIT_PLANS["tp2-pp2"],
    **sr.ENDS_PLANS,
}
ZERO_BUBBLE = {
    "1 rank": sr.PLANS["1 rank"],
    "pp2": (2, "pp=2,schedule=1f1b,microBatch=1"),
    **sr.ZERO_BUBBLE_PLANS,
    "zb pp3 remat": (3, "pp=3,schedule=zb-h1,microBatch=2,remat=full"),
    "zb uneven pp3": (3, "pp=3,schedule=zb-h1,microBatch=1"),
    "zb zero3 remat": (4, "pp=2,tp=2,etp=1,ep=1,expertZero=3,schedule=zb-h1,microBatch=2,remat=full"),
    "zb inside": (4, "pp=2,dp=2,ep=2,zero=3,expertZero=0,schedule=zb-h1,microBatch=1,placement=tp-cp-pp-dp"),
}
DUAL_PIPE = {
    "1 rank": sr.PLANS["1 rank"],
    **sr.DUAL_PIPE_PLANS,
    "v pp3 remat": (3, "pp=3,schedule=dualpipev,microBatch=1,remat=full"),
    "v zero3 remat": (4, "pp=2,tp=2,etp=1,ep=1,expertZero=3,schedule=dualpipev,microBatch=2,remat=full"),
    "v inside": (4, "pp=2,dp=2,ep=2,zero=3,expertZero=0,schedule=dualpipev,microBatch=1,placement=tp-cp-pp-dp"),
}
ROUNDS = {
    "1 rank": sr.PLANS["1 rank"],
    "ep4": sr.PLANS["ep4"],
    "ep4 one": (4, "dp=4,ep=4,microBatch=1"),
    "ep2 remat": (4, "pp=2,dp=2,ep=2,remat=full,schedule=1f1b"),
    "tp2-ep4": sr.SPLIT_PLANS["tp2-ep4"],
    "etp2-ep2": sr.SPLIT_PLANS["etp2-ep2"],
    "zero2-tp2": sr.ZERO_PLANS["zero2-tp2"],
    "zero3-ep2": (4, "dp=4,ep=2,zero=3,expertZero=3,microBatch=1"),
    "vpp2-dp2-ep2": CHUNKED["vpp2-dp2-ep2"],
    "zb pp2-ep2": sr.ZERO_BUBBLE_PLANS["zb pp2-dp2-ep2"],
    "zb zero3-ep2": (8, "pp=2,dp=4,ep=2,zero=3,expertZero=3,schedule=zb-h1,microBatch=1"),
    "v pp2-ep2": sr.DUAL_PIPE_PLANS["v pp2-dp2-ep2"],
}
SETS = {"whole": WHOLE, "split": SPLIT, "chunked": CHUNKED, "zero": ZERO, "zero-bubble": ZERO_BUBBLE, "dual-pipe": DUAL_PIPE,
        "ends": ENDS, "rounds": ROUNDS}
# Plans that add up in the same order.
TWINS = {"zero-bubble": ("pp2", "zb pp2")}
F64, F32, FIRST, GRADIENTS = 1e-9, 1e-5, 5, 1e-10


def most_rounds(lines):
    """In how many rounds rows went to their experts, in some step of a run."""
    return max((line["rounds"] for line in sr.events(lines, "fault") if line["kind"] == "rows-split"), default=1)


def main():
    parser = argparse.ArgumentParser()
    for name in ("sigma", "spec", "work"):
        parser.add_argument(name)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--plans", choices=SETS, default="whole")
    options = parser.parse_args()
    work = sr.empty_folder(options.work)
    data = sr.licences(work / "text")
    arguments = [f"--data={data}", f"--steps={options.steps}", "--quiet"]
    reference, one, bits = None, None, {}
    for name, (devices, pins) in SETS[options.plans].items():
        program = sr.build(options.sigma, options.spec, work / name.replace(" ", "-"), devices, sr.without_zero(pins))
        runs = {precision: program.run(work / f"{name}.{precision}.log", f"--precision={precision}", *arguments)
                for precision in ("f64", "f32")}
        again = program.run(work / f"{name}.again.log", *arguments)
        reference, one = reference or runs, one or program
        gradients = sr.gradient_difference(options.sigma, program, one, work, f"--data={data}", "--quiet")
        f64 = sr.largest_difference(sr.losses(runs["f64"]), sr.losses(reference["f64"]))
        f32 = sr.largest_difference(sr.losses(runs["f32"]), sr.losses(reference["f32"]), FIRST)
        bits[name] = sr.loss_bits(runs["f32"])
        same = sr.loss_bits(again) == sr.loss_bits(runs["f32"])
        count = len(sr.steps(runs["f64"]))
        good = f64 <= F64 and f32 <= F32 and gradients <= GRADIENTS and same and count == options.steps
        rounds = f"  {most} rounds" if (most := most_rounds(runs["f64"])) > 1 else ""
        print(f"{name:14} {count} steps  f64 {f64:.1e}  gradients {gradients:.1e}  f32 {f32:.1e}  repeat {'identical' if same else 'DIFFERS'}  "
              f"{'ok' if good else 'FAILED'}{rounds}", flush=True)
        stages = [stage["layers"] for stage in program.plan["stages"]]
        if name == "uneven pp3" and sorted(stages) != [1, 1, 2]:
            raise sr.RunError(f"stages of {stages} layers are not uneven")
    if twins := TWINS.get(options.plans):
        print(f"{' and '.join(twins)}: {'same' if len({str(bits[name]) for name in twins}) == 1 else 'DIFFERENT'} bits")


main()
