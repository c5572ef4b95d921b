#!/usr/bin/env python3
"""The two runs of scripts/demo, and what became of them: demo.py WORK_FOLDER --steps=N --seed=S [--fresh]"""

import argparse
import hashlib
import os
import pathlib
import random
import shutil
import signal
import sys
import time

import sigma_runs as sr

INTERVAL = 20
TIMEOUT = 3600


def progress(run, steps, label):
    """Follows a run to its end, a line now and then; yields its log."""
    shown, begin = 0, time.monotonic()
    while not run.ended():
        if time.monotonic() - begin > TIMEOUT:
            run.stop()
            raise sr.RunError(f"still running after {TIMEOUT} s: {run}\n{run.said()}")
        time.sleep(0.02)
        lines = sr.read_log(run.log)
        done = sr.steps(lines)[-1:] if sr.steps(lines) else []
        if done and done[0]["step"] >= shown + 50:
            shown = done[0]["step"] // 50 * 50
            print(f"  {label}: step {done[0]['step']}/{steps}, loss {done[0]['loss']:.4f}, "
                  f"{done[0]['tokensPerSecond']:.0f} tokens/s", flush=True)
        yield lines
    if run.wait(10) != 0:
        raise sr.RunError(f"exit status {run.wait(1)}: {run}\n{run.said()}")


def fingerprint(program, data, steps):
    digest = hashlib.sha256(str(steps).encode())
    for path in (program.train, data):
        digest.update(pathlib.Path(path).read_bytes())
    return digest.hexdigest()


def undisturbed(program, work, data, options):
    """The log of the run that nobody disturbs: a new one, or that of an earlier demo of the very same program."""
    log, mark = work / "undisturbed.log", work / "undisturbed.sha256"
    wanted = fingerprint(program, data, options.steps)
    if not options.fresh and mark.exists() and mark.read_text() == wanted:
        lines = sr.read_log(log)
        print(f"  undisturbed: the run of {sr.events(lines, 'end')[0]['time']}, same program and text; --fresh repeats it")
        return lines
    mark.unlink(missing_ok=True)
    run = program.start(log, f"--data={data}", f"--steps={options.steps}")
    for _ in progress(run, options.steps, "undisturbed"):
        pass
    lines = sr.read_log(log)
    sr.final_bits(lines)
    mark.write_text(wanted)
    return lines


def disturbed(program, work, data, options):
    """Started by launch/mpirun.sh, whose supervisor starts all ranks again after the kill."""
    chance = random.Random(options.seed)
    rank = chance.randrange(program.ranks)
    at = chance.randint(max(1, options.steps // 10), max(1, options.steps * 9 // 10))
    print(f"  seed {options.seed}: rank {rank} gets SIGKILL when step {at} is done", flush=True)
    folder = work / "checkpoints"
    shutil.rmtree(folder, ignore_errors=True)
    run = program.start(work / "disturbed.log", f"--data={data}", f"--steps={options.steps}", f"--checkpoint-dir={folder}",
                        f"--checkpoint-interval={INTERVAL}", supervise=True)
    killed = None
    for lines in progress(run, options.steps, "disturbed"):
        if killed is None and sr.steps(lines) and sr.steps(lines)[-1]["step"] >= at:
            pid = sr.events(lines, "start")[0]["pids"][rank]
            if sr.is_program(pid, program.train):
                os.kill(pid, signal.SIGKILL)
                killed = sr.steps(lines)[-1]["step"]
                print(f"  killed: rank {rank}, process {pid}, after step {killed}", flush=True)
    lines = sr.read_log(run.log)
    if killed is None or not sr.events(lines, "restart"):
        raise sr.RunError("the run ended before a rank could be killed; give it more steps")
    return lines


def show_losses(one, other):
    first, second = sr.losses(one), sr.losses(other)
    bits, others = sr.loss_bits(one), sr.loss_bits(other)
    last = max(first)
    print("\n  step   undisturbed     disturbed   equal bits")
    for step in sorted({1, last, *range(INTERVAL, last + 1, INTERVAL)}):
        print(f"{step:6}  {first[step]:12.8f}  {second[step]:12.8f}   {'yes' if bits[step] == others[step] else 'NO'}")
    unequal = [step for step in bits if others.get(step) != bits[step]]
    print(f"{last - len(unequal)} of {last} steps have the same bits")
    return not unequal


def show_events(lines):
    print("\nevents of the disturbed run")
    for line in sr.events(lines):
        about = {key: line[key] for key in ("kind", "reason", "attempt", "checkpoint", "resumedFrom", "step", "lossHex")
                 if key in line}
        print(f"  {line['time']}  {line['event']:10}  " + ", ".join(f"{key} {value}" for key, value in about.items()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--fresh", action="store_true")
    options = parser.parse_args()
    program, data = sr.Program(options.work / "byte-moe"), options.work / "kjv.txt"
    straight = undisturbed(program, options.work, data, options)
    survived = disturbed(program, options.work, data, options)
    equal = show_losses(straight, survived)
    show_events(survived)
    one, other = sr.final_bits(straight), sr.final_bits(survived)
    print(f"\nfinal loss  undisturbed {one}  disturbed {other}")
    print("bit-identical" if equal and one == other else "NOT bit-identical")
    return 0 if equal and one == other else 1


try:
    sys.exit(main())
except sr.RunError as error:
    sys.exit(f"demo: error: {error}")
