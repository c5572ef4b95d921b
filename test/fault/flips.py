#!/usr/bin/env python3
"""Flips single bits of checkpoint files, and cuts files short: flips.py SIGMA SPEC WORK_FOLDER [--flips=N] [--cuts=N] [--seed=S]

Each damage is undone before the next. It is found by `sigma checkpoint verify`, by the checks that a program makes before
it uses a checkpoint, or it lies where nothing is stored: then every tensor is the one that was saved (`sigma checkpoint diff`).
"""

import argparse
import collections
import os
import pathlib
import random
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("sigma", "spec", "work"):
        parser.add_argument(name)
    parser.add_argument("--flips", type=int, default=10000)
    parser.add_argument("--cuts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


class Damage:
    """What is done to a file while this lasts."""

    def __init__(self, path, chance, kind):
        self.path, self.size = path, path.stat().st_size
        self.place = chance.randrange(self.size)
        self.bit = chance.randrange(8)
        self.kind = kind

    def __enter__(self):
        if self.kind == "cut":
            self.tail = self.path.read_bytes()[self.place:]
            os.truncate(self.path, self.place)
        else:
            self.flip()

    def __exit__(self, *_):
        if self.kind == "cut":
            with open(self.path, "ab") as file:
                file.write(self.tail)
        else:
            self.flip()

    def flip(self):
        with open(self.path, "r+b") as file:
            file.seek(self.place)
            byte = file.read(1)[0]
            file.seek(self.place)
            file.write(bytes([byte ^ 1 << self.bit]))

    def __str__(self):
        return f"{self.kind} of {self.path.name} at byte {self.place}, bit {self.bit}"


def succeeds(*command):
    """Whether a command says yes; it may say no, and nothing else."""
    status = subprocess.run([str(word) for word in command], capture_output=True).returncode
    if status not in (0, 1):
        raise sr.RunError(f"exit status {status}: {' '.join(map(str, command))}")
    return status == 0


def main():
    options = arguments()
    chance = random.Random(options.seed)
    work = sr.empty_folder(options.work)
    program = sr.build(options.sigma, options.spec, work / "program", 4)
    program.run(work / "log", f"--data={sr.licences(work / 'text')}", "--steps=2", "--quiet", f"--checkpoint-dir={work / 'checkpoints'}",
                "--checkpoint-interval=2")
    damaged = work / "checkpoints/step-00000002"
    pristine = pathlib.Path(shutil.copytree(damaged, work / "pristine" / damaged.name))
    files = sorted(path for path in damaged.iterdir())
    verify, diff = [options.sigma, "checkpoint", "verify", damaged], [options.sigma, "checkpoint", "diff", damaged, pristine]
    if not succeeds(*verify) or not succeeds(*diff):
        raise sr.RunError("the checkpoint is not whole before it is damaged")
    seen = collections.Counter()
    wrong = []
    for kind, count in (("flip", options.flips), ("cut", options.cuts)):
        for number in range(count):
            # Files in turn, for the manifest is short.
            damage = Damage(files[number % len(files)], chance, kind)
            what = "manifest" if damage.path.name.startswith("manifest") else "shard"
            with damage:
                outcome = "found" if not succeeds(*verify) else "harmless" if succeeds(*diff) else "WRONG"
            seen[kind, what, outcome] += 1
            if outcome == "WRONG":
                wrong.append(str(damage))
    print(f"{'damage':8}{'file':10}{'found':>8}{'harmless':>10}{'wrong':>8}")
    for kind in ("flip", "cut"):
        for what in ("shard", "manifest"):
            print(f"{kind:8}{what:10}{seen[kind, what, 'found']:8}{seen[kind, what, 'harmless']:10}{seen[kind, what, 'WRONG']:8}")
    for each in wrong[:20]:
        print(f"FAILED: {each}")
    print("FAILED" if wrong or not succeeds(*verify) else "ok")
    sys.exit(bool(wrong))


main()
