#!/usr/bin/env python3
"""What replicas share changes nothing in the numbers: without clipping, ZeRO has the bits of the same plan without it.

    zero_bits.py SIGMA SPEC WORK_FOLDER

With one micro-batch a step and no tensor parallelism: stage 2 adds ranks before micro-batches and before a tensor group's copies.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr

PLAN = "dp=4,ep=2,microBatch=2"


def main(sigma, spec, folder):
    work = sr.empty_folder(folder)
    unclipped = work / "unclipped.mlir"
    unclipped.write_text(sr.replaced(spec, ("clip 1.0", "clip 0.0")))
    data, wanted = sr.licences(work / "text"), None
    for zero, expert_zero in ((0, 0), (1, 1), (2, 2), (3, 3), (0, 3), (3, 0)):
        program = sr.build(sigma, unclipped, work / f"zero{zero}-{expert_zero}", 4, f"{PLAN},zero={zero},expertZero={expert_zero}")
        bits = sr.loss_bits(program.run(work / f"{zero}-{expert_zero}.log", f"--data={data}", "--steps=10", "--quiet"))
        wanted = wanted or bits
        print(f"zero {zero}, expert zero {expert_zero}: {'the same bits' if bits == wanted else 'OTHER BITS'}", flush=True)


main(*sys.argv[1:])
