#!/usr/bin/env python3
"""Each shrunken architecture builds, and 20 steps make its loss fall: architectures.py SIGMA SPEC WORK_FOLDER"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr


def main(sigma, spec, folder):
    work = sr.empty_folder(folder)
    text = sr.licences(work / "text")
    for job in re.findall(r"sigma\.job @(\w+)", pathlib.Path(spec).read_text()):
        program = sr.build(sigma, spec, work / job, None, "", f"--job={job}")
        losses = list(sr.losses(program.run(work / f"{job}.log", f"--data={text}", "--steps=20")).values())
        first, last = losses[0], sum(losses[-3:]) / 3
        print(f"{job.removesuffix('_job')}: {len(losses)} steps, loss {first:.3f} to {last:.3f}, "
              f"{'falls' if last < 0.95 * first else 'DOES NOT FALL'}", flush=True)


main(*sys.argv[1:])
