#!/usr/bin/env python3
"""A second job on a checkpoint folder is refused, and the first goes on: two-jobs.py SIGMA SPEC WORK_FOLDER"""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr


def main(sigma, spec, folder):
    work = sr.empty_folder(folder)
    text = sr.licences(work / "text")
    program = sr.build_plan(sigma, spec, work, "dp2-pp2")
    arguments = [f"--data={text}", "--quiet", f"--checkpoint-dir={work / 'checkpoints'}", "--checkpoint-interval=10"]
    first = program.start(work / "first.log", *arguments, "--steps=100000")
    try:
        first.wait_for(lambda lines: len(sr.steps(lines)) >= 5)
        second = program.start(work / "second.log", *arguments, "--steps=10", "--resume")
        print(f"second job: status {second.wait(60)}: {second.said()}")
        before = len(sr.steps(sr.read_log(work / "first.log")))
        time.sleep(1)
        after = len(sr.steps(sr.read_log(work / "first.log")))
        print("first job goes on" if after > before and not first.ended() else f"first job stopped: {first.said()}")
    finally:
        first.stop()


main(*sys.argv[1:])
