#!/usr/bin/env python3
"""Stops one rank of a run two thirds of the time, a few milliseconds each, until the run says that it is slow.

    slow.py SIGMA SPEC WORK_FOLDER [--rank=R] [--devices=N]
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr
import disturb


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("sigma", "spec", "work"):
        parser.add_argument(name)
    parser.add_argument("--devices", type=int, default=4)
    parser.add_argument("--rank", type=int, default=2)
    return parser.parse_args()


def main():
    options = arguments()
    work = sr.empty_folder(options.work)
    text = sr.licences(work / "text")
    program = sr.build(options.sigma, options.spec, work / "program", options.devices, f"dp={options.devices},ep=1,zero=0,expertZero=0")
    log = work / "log"
    run = program.start(log, f"--data={text}", "--steps=100000", "--quiet")
    try:
        run.wait_for(lambda lines: len(sr.steps(lines)) >= 60)
        pid = sr.events(sr.read_log(log), "start")[0]["pids"][options.rank]

        def named():
            return run.ended() or any(event["rank"] == options.rank for event in sr.events(sr.read_log(log), "slow-rank"))
        disturb.throttle(pid, named)
        found = [event for event in sr.events(sr.read_log(log), "slow-rank") if event["rank"] == options.rank]
        print(f"rank {options.rank} {'is slow' if found else 'was not found'}: {found}")
    finally:
        run.stop()


main()
