#!/usr/bin/env python3
"""A rank that dies of itself, and a launcher that fails, are tried again so many times and no more: classes.py SIGMA SPEC WORK_FOLDER"""

import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr


def strike(run, number):
    """SIGSEGV to a rank of the start of that number."""
    end = time.monotonic() + 60
    while time.monotonic() < end and not run.ended():
        starts = sr.events(sr.read_log(run.log), "start")
        if len(starts) > number:
            return os.kill(starts[number]["pids"][1], signal.SIGSEGV)
        time.sleep(0.01)
    raise sr.RunError(f"it did not start\n{run.said()}")


def report(name, status, lines):
    faults = [(event["kind"], event.get("rank")) for event in sr.events(lines, "fault")]
    print(f"{name}: status {status}, {len(sr.events(lines, 'restart'))} restarts, {faults}", flush=True)


def main(sigma, spec, folder):
    work = sr.empty_folder(folder)
    text = sr.licences(work / "text")
    program = sr.build_plan(sigma, spec, work, "pp2-ep2")
    words = [f"--data={text}", "--quiet"]
    run = program.start(work / "crashed.log", *words, "--steps=100000", f"--checkpoint-dir={work / 'ck'}", "--checkpoint-interval=100000",
                        "--max-restarts=2", supervise=True)
    for number in range(3):
        strike(run, number)
    report("crashed", run.wait(60), sr.read_log(run.log))
    run = program.start(work / "launcher.log", *words, "--steps=10", "--max-restarts=1", "--mpirun-arg=--no-such-option", supervise=True)
    report("launcher", run.wait(60), sr.read_log(run.log))


main(*sys.argv[1:])
