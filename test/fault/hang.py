#!/usr/bin/env python3
"""Stops random ranks of a supervised run (SIGSTOP) and compares it with one that nobody disturbed.

    hang.py SIGMA SPEC WORK_FOLDER [--devices=N] [--steps=N] [--hangs=N] [--seed=S]

Checked: every stop is found and named, the run goes on from a checkpoint, and the final loss is bit-identical. Prints how long
after the stop the run was found to hang; --hang-after says 4 s.
"""

import argparse
import os
import pathlib
import random
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("sigma", "spec", "work"):
        parser.add_argument(name)
    parser.add_argument("--devices", type=int, default=4)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--hangs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def stop_one(run, log, number, chance):
    """Stops a rank some steps after the latest start; returns it and the seconds until that is found."""
    wanted = chance.randrange(5, 30)

    def started(lines):
        starts = [index for index, line in enumerate(lines) if line.get("event") == "start"]
        return starts[number:] and len(sr.steps(lines[starts[number]:])) >= wanted and lines[starts[number]]

    with run.held(started) as start:
        rank = chance.randrange(len(start["pids"]))
    os.kill(start["pids"][rank], signal.SIGSTOP)
    began = time.monotonic()
    run.wait_for(lambda lines: len(sr.events(lines, "restart")) > number)
    return rank, start["pids"][rank], time.monotonic() - began


def main():
    options = arguments()
    chance = random.Random(options.seed)
    work = sr.empty_folder(options.work)
    text = sr.licences(work / "text")
    program = sr.build(options.sigma, options.spec, work / "program", options.devices)
    common = [f"--data={text}", f"--steps={options.steps}", "--quiet"]
    straight = program.run(work / "straight.log", *common)
    log = work / "disturbed.log"
    run = program.start(log, *common, f"--checkpoint-dir={work / 'checkpoints'}", "--checkpoint-interval=10", "--hang-after=4",
                        supervise=True)
    for number in range(options.hangs):
        rank, pid, seconds = stop_one(run, log, number, chance)
        # Rank 0 writes the log, and cannot when it is the one that is stopped; the supervisor always can.
        fault = sr.events(sr.read_log(log), "fault")[-1]
        named = f"rank {rank} (process {pid}) is stopped" in fault["reason"]
        print(f"rank {rank} of {program.ranks}: {fault['kind']}, {'named' if named else 'not named'}, after {seconds:.1f} s", flush=True)
    status, disturbed = run.wait(120), sr.read_log(log)
    if status:
        raise sr.RunError(f"exit status {status}: {run.said()}")
    same = sr.same_bits(disturbed, straight)
    print(f"final loss {'bit-identical' if same else 'DIFFERENT'}")


main()
