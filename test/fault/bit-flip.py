#!/usr/bin/env python3
"""Flips random bits in the parameters of random ranks of a supervised run, and compares it with one that nobody disturbed.

    bit-flip.py SIGMA SPEC WORK_FOLDER [--pins=PINS] [--devices=N] [--steps=N] [--flips=N] [--bit=B] [--seed=S]

Bits are flipped in the memory of the process, in its arena. Checked: each is found, with its tensor, before the next checkpoint is
taken; the run goes on from one that was compared; and the final loss is bit-identical. --bit=30 of what no other rank holds
makes a number that is not finite.
"""

import argparse
import json
import math
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("sigma", "spec", "work"):
        parser.add_argument(name)
    parser.add_argument("--pins", default="dp=4,ep=2,zero=0,expertZero=0")
    parser.add_argument("--devices", type=int, default=4)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--flips", type=int, default=2)
    parser.add_argument("--bit", type=int)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def flip(pid, address, bit):
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        memory.seek(address)
        byte = memory.read(1)[0]
        memory.seek(address)
        memory.write(bytes([byte ^ 1 << bit]))


def disturb(run, log, number, tensors, chance, bit):
    """Flips one bit some steps after the latest start; returns what was flipped and what was found."""
    wanted = chance.randrange(3, 25)
    def ready(lines):
        starts = [index for index, line in enumerate(lines) if line.get("event") == "start"]
        return len(starts) > number and len(sr.steps(lines[starts[number]:])) >= wanted and lines[starts[number]]
    with run.held(ready) as start:
        rank = chance.randrange(len(start["pids"]))
        tensor = chance.choice([tensor for tensor in tensors if tensor["stage"] == start["mesh"].get("pp", 1) * rank // len(start["pids"])])
        element = chance.randrange(math.prod(tensor["localShape"]))
        bit = chance.randrange(32) if bit is None else bit
        flip(start["pids"][rank], start["arenas"][rank] + tensor["arenaOffset"] + 4 * element + bit // 8, bit % 8)
    end = time.monotonic() + 120
    while time.monotonic() < end and not run.ended():
        faults = sr.events(sr.read_log(log), "fault")
        if len(faults) > number:
            return rank, tensor["name"], bit, faults[number]
        time.sleep(0.02)
    run.stop()
    raise sr.RunError(f"bit {bit} of {tensor['name']} of rank {rank} was not found\n{run.said()}")


def main():
    options = arguments()
    chance = random.Random(options.seed)
    work = sr.empty_folder(options.work)
    text = sr.licences(work / "text")
    program = sr.build(options.sigma, options.spec, work / "program", options.devices, options.pins)
    tensors = json.loads(sr.run([program.train, "--list-tensors"], work / "tensors"))
    common = [f"--data={text}", f"--steps={options.steps}", "--quiet"]
    straight = program.run(work / "straight.log", *common)
    log = work / "disturbed.log"
    run = program.start(log, *common, f"--checkpoint-dir={work / 'checkpoints'}", "--checkpoint-interval=20", "--check-interval=5",
                        supervise=True)
    for number in range(options.flips):
        rank, name, bit, fault = disturb(run, log, number, tensors, chance, options.bit)
        print(f"rank {rank}, bit {bit} of {name}: {fault['kind']}: {fault['reason']}", flush=True)
    status, disturbed = run.wait(120), sr.read_log(log)
    if status:
        raise sr.RunError(f"exit status {status}: {run.said()}")
    same = sr.final_bits(disturbed) == sr.final_bits(straight)
    print(f"{len(sr.events(disturbed, 'restart'))} restarts, final loss {'bit-identical' if same else 'DIFFERENT'}")


main()
