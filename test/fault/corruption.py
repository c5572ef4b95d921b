#!/usr/bin/env python3
"""Damages the newest checkpoint in every way: corruption.py SIGMA SPEC WORK_FOLDER [--flips=N] [--seed=S]

The damaged one is refused by name, the older one is used, and the final loss is that of a run without damage. Random
single-bit flips anywhere in a file are refused too, or fall where nothing is stored and change nothing.
"""

import argparse
import pathlib
import random
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr

FIRST, STEPS, INTERVAL = 20, 30, 5
NEWEST, OLDER = f"step-{FIRST:08}", f"step-{FIRST - INTERVAL:08}"


def flip(path, place, bit=0):
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 1 << bit
    path.write_bytes(data)


def truncate(path):
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])


def shard(folder):
    return sorted((folder / NEWEST).glob("rank-*.h5"))[-1]


def manifest(folder):
    return folder / NEWEST / "manifest.h5"


def payload_flip(folder):
    flip(shard(folder), shard(folder).stat().st_size // 2, 3)


def manifest_flip(folder):
    text = manifest(folder).read_bytes()
    flip(manifest(folder), text.index(b'"step":') + len(b'"step":'))


def latest(folder, text):
    (folder / "LATEST").write_text(text)


# What is done to the folder, the step that the run then continues from, and whether it says that it refused one.
CASES = {
    "truncated shard": (lambda f: truncate(shard(f)), FIRST - INTERVAL, True),
    "empty shard": (lambda f: shard(f).write_bytes(b""), FIRST - INTERVAL, True),
    "flipped bit in a shard": (payload_flip, FIRST - INTERVAL, True),
    "missing shard": (lambda f: shard(f).unlink(), FIRST - INTERVAL, True),
    "shard of the older one": (lambda f: shutil.copy(f / OLDER / shard(f).name, shard(f)), FIRST - INTERVAL, True),
    "flipped manifest byte": (manifest_flip, FIRST - INTERVAL, True),
    "truncated manifest": (lambda f: truncate(manifest(f)), FIRST - INTERVAL, True),
    "missing manifest": (lambda f: manifest(f).unlink(), FIRST - INTERVAL, True),
    "empty folder": (lambda f: [path.unlink() for path in (f / NEWEST).iterdir()], FIRST - INTERVAL, True),
    "LATEST names a missing folder": (lambda f: latest(f, "step-00000099\n"), FIRST, True),
    "LATEST is garbage": (lambda f: latest(f, "\0\0\0"), FIRST, True),
    "LATEST is missing": (lambda f: (f / "LATEST").unlink(), FIRST, False),
    "newest folder is missing": (lambda f: shutil.rmtree(f / NEWEST), FIRST - INTERVAL, True),
}


class Bench:
    def __init__(self, program, work):
        self.program, self.work = program, work
        self.common = [f"--data={sr.licences(work / 'text')}", f"--checkpoint-interval={INTERVAL}", "--keep=3", "--quiet"]
        self.straight = program.run(work / "straight.log", *self.common, f"--steps={STEPS}")
        self.whole = work / "whole"
        program.run(work / "first.log", *self.common, f"--steps={FIRST}", f"--checkpoint-dir={self.whole}")

    def resume(self, damage):
        folder = self.work / "damaged"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.whole, folder)
        damage(folder)
        lines = self.program.run(self.work / "resumed.log", *self.common, f"--steps={STEPS}", "--resume",
                                 f"--checkpoint-dir={folder}")
        refused = [line for line in sr.events(lines, "fault") if line["kind"] == "checkpoint-rejected"]
        start = sr.events(lines, "start")[0]["resumedFrom"]
        wanted = {step: bits for step, bits in sr.loss_bits(self.straight).items() if step > start}
        same = sr.loss_bits(lines) == wanted and sr.final_bits(lines) == sr.final_bits(self.straight)
        return start, refused, same


def named(bench):
    for name, (damage, wanted, refusal) in CASES.items():
        start, refused, same = bench.resume(damage)
        right = start == wanted and same and bool(refused) == refusal and all(NEWEST in line["path"] or line["path"].endswith("LATEST") for line in refused)
        print(f"{name:30} from {start}  {'refused' if refused else 'taken':8} {'identical' if same else 'DIFFERENT'}  "
              f"{'ok' if right else 'FAILED'}", flush=True)
        for line in refused[:1]:
            print("    " + line["reason"].replace(str(bench.work / "damaged"), "…"))


def random_flips(bench, count, seed):
    chance, refusals, wrong = random.Random(seed), 0, 0

    def damage(folder):
        victim = chance.choice([shard(folder), manifest(folder)])
        flip(victim, chance.randrange(victim.stat().st_size), chance.randrange(8))

    for _ in range(count):
        start, refused, same = bench.resume(damage)
        refusals += bool(refused)
        wrong += not same or start != (FIRST - INTERVAL if refused else FIRST)
    print(f"{count} random flips (seed {seed}): {refusals} refused, {wrong} wrong  {'FAILED' if wrong else 'ok'}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("sigma", "spec", "work"):
        parser.add_argument(name)
    parser.add_argument("--flips", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    work = sr.empty_folder(options.work)
    named(Bench(sr.build_plan(options.sigma, options.spec, work, "pp2-ep2"), work))
    alone = sr.empty_folder(work / "alone")
    random_flips(Bench(sr.build_plan(options.sigma, options.spec, alone, "1 rank"), alone), options.flips, options.seed)


main()
