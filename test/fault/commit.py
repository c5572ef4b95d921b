#!/usr/bin/env python3
"""Kills a rank at each call that writes its checkpoints, and lets the disk be full or slow from each of them on.

    commit.py SIGMA SPEC WORK_FOLDER --cxx=COMPILER [--every=N] [--first=N] [--ranks=R,...] [--plan-args=--pin=dp=2]

Disk.cpp is put between the program and the C library. Of every N-th call of each rank: a kill leaves checkpoints that are whole,
the newest one or the one before, and the run that continues has the losses of one that nobody disturbed; a full disk costs
checkpoints, said aloud, and nothing else, or the run is refused before it begins; a slow one costs time.
"""

import argparse
import pathlib
import shlex
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr

STEPS, INTERVAL = 6, 2


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("sigma", "spec", "work"):
        parser.add_argument(name)
    parser.add_argument("--cxx", required=True)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=1, help="the first call that is tried")
    parser.add_argument("--ranks", default="", help="these alone, of all that have calls: 0,1")
    parser.add_argument("--plan-args", default="--pin=dp=2")
    return parser.parse_args()


class Trial:
    def __init__(self, options, program, work, data):
        self.options, self.program, self.work, self.data = options, program, work, data
        self.folder = work / "checkpoints"
        self.layer = work / "disk.so"
        source = pathlib.Path(__file__).resolve().parent / "Disk.cpp"
        sr.run([*shlex.split(options.cxx), "-O1", "-shared", "-fPIC", "-o", self.layer, source, "-ldl"], work / "disk.out")

    def train(self, disk, status=0):
        """The lines of a run of all ranks, one of them with that disk."""
        log = self.work / "train.log"
        log.unlink(missing_ok=True)
        command = self.program.command(f"--log={log}", f"--data={self.data}", f"--steps={STEPS}", "--quiet", f"--checkpoint-dir={self.folder}",
                                       f"--checkpoint-interval={INTERVAL}", "--keep=2", "--resume")
        preload = ["-x", f"LD_PRELOAD={self.layer}", "-x", f"SIGMA_DISK={self.folder} {disk}"] if disk else []
        sr.run([command[0], *preload, *command[1:]], self.work / "train.out", status=status)
        return sr.read_log(log)

    def said(self):
        return (self.work / "train.out").read_text()

    def empty(self):
        sr.empty_folder(self.folder)


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("step-"))


def broken(trial):
    """What is wrong with the checkpoints that are there."""
    found = []
    for name in names(trial.folder):
        said = sr.run([trial.options.sigma, "checkpoint", "verify", trial.folder / name], trial.work / "verify.out", status=None)
        if f"{name}: whole" not in said:
            found.append(f"{name}: {said}")
    return found


def after_kill(trial, wanted, disk):
    trial.empty()
    trial.train(disk, status=None)
    wrong = broken(trial)
    lines = trial.train(None)
    for line in sr.steps(lines):
        if line["lossHex"] != wanted[line["step"]]:
            wrong.append(f"step {line['step']} has another loss")
    refused = [line["reason"] for line in sr.events(lines, "fault")]
    return wrong + refused


def with_full_disk(trial, wanted, disk):
    trial.empty()
    lines = trial.train(disk, status=None)
    if not sr.steps(lines):  # no run begins whose checkpoints cannot be written
        return [] if "error: cannot write to the checkpoint folder" in trial.said() else [f"it did not begin: {trial.said()}"]
    wrong = broken(trial)
    if sr.loss_bits(lines) != wanted:
        wrong.append("a loss is another")
    lost = STEPS // INTERVAL - len(sr.events(lines, "checkpoint"))
    if lost != len([line for line in sr.events(lines, "fault") if line["kind"] == "checkpoint-failed"]):
        wrong.append(f"{lost} checkpoints are missing, and the log says otherwise")
    return wrong


def with_slow_disk(trial, wanted, disk):
    trial.empty()
    lines = trial.train(disk)
    return [] if sr.loss_bits(lines) == wanted and len(sr.events(lines, "checkpoint")) == STEPS // INTERVAL else ["the run suffered"]


KINDS = {"kill": after_kill, "full": with_full_disk, "slow": with_slow_disk}


def main():
    options = arguments()
    work = sr.empty_folder(options.work)
    data = sr.licences(work / "text")
    program = sr.build(options.sigma, options.spec, work / "program", None, "", *shlex.split(options.plan_args))
    trial = Trial(options, program, work, data)
    failures = 0
    for rank in [int(rank) for rank in options.ranks.split(",") if rank] or range(program.ranks):
        trial.empty()
        calls = pathlib.Path(f"{trial.folder}.calls")
        calls.unlink(missing_ok=True)
        wanted = sr.loss_bits(trial.train(f"{rank} 0 count"))
        count = int(calls.read_text().split()[-1])
        for kind, tried in KINDS.items():
            chosen = range(options.first, count + 1, options.every if kind == "kill" else 4 * options.every)
            wrong = {call: reasons for call in chosen if (reasons := tried(trial, wanted, f"{rank} {call} {kind}"))}
            print(f"rank {rank}, {kind}: {len(chosen)} of {count} calls, {len(wrong)} wrong", flush=True)
            for call, reasons in list(wrong.items())[:5]:
                print(f"  call {call}: {'; '.join(reasons)[:300]}", flush=True)
            failures += len(wrong)
    print("FAILED" if failures else "ok")
    sys.exit(bool(failures))


main()
