#!/usr/bin/env python3
"""Kills random ranks of runs with spares, which repair themselves, and compares them with one that nobody disturbed.

    repair.py SIGMA SPEC WORK_FOLDER [--plan-args=--pin=pp=2,ep=2] [--steps=N] [--spares=N] [--kills=N] [--seed=S] [--stop]

Every rank is as likely as any, rank 0 too. A third of the kills strike while a checkpoint is being written, a third while
the kill before is being repaired, the others come at random times. Runs follow each other until there were enough kills. Checked: exit
status 0, the bits of every step and of the final loss. Printed: from the kill to the log's line that a rank is lost, and to
the one that all ranks have their state again. With --stop, ranks are stopped (SIGSTOP) instead of killed.
"""

import argparse
import os
import pathlib
import random
import shlex
import signal
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("sigma", "spec", "work"):
        parser.add_argument(name)
    parser.add_argument("--plan-args", default="--pin=pp=2,ep=2,schedule=zb-h1", help="more arguments for sigma build")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--spares", type=int, default=4)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--interval", type=int, default=5, help="steps between snapshots; checkpoints are four times as rare")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stop", action="store_true")
    parser.add_argument("--timeout", type=float, default=600, help="seconds of one run")
    return parser.parse_args()


class Killer:
    """Strikes after a start of the ranks, as long as spares and kills are left."""

    def __init__(self, run, checkpoints, options, chance, left):
        self.run, self.checkpoints, self.options, self.chance, self.left = run, checkpoints, options, chance, left
        self.deadline = time.monotonic() + options.timeout
        self.kills = []  # (time, rank, in a repair)

    def lines(self):
        return sr.read_log(self.run.log)

    def over(self):
        if time.monotonic() > self.deadline:
            self.run.stop()
            raise sr.RunError(f"still running after the time limit\n{self.run.said()}")
        return self.run.ended()

    def wait_for(self, ready):
        while not self.over():
            found = ready(self.lines())
            if found:
                return found
            time.sleep(0.005)
        return None

    def work(self):
        starts = 0
        while self.left > 0 and not self.over():
            events = self.wait_for(lambda lines: len(sr.events(lines, "start")) > starts and sr.events(lines, "start"))
            if not events:
                return
            starts = len(events)
            self.strike(events[-1])
        self.wait_for(lambda lines: False)

    def strike(self, start):
        kind = self.chance.randrange(3)
        if kind == 2 and self.left >= 2:
            self.hit(start, self.chance.uniform(0, 0.2))
            self.hit(start, self.chance.uniform(0, 0.05), repairing=True)
        elif kind == 1:
            self.wait_for(lambda lines: any(name.startswith(".tmp-step-") for name in os.listdir(self.checkpoints)))
            self.hit(start, self.chance.uniform(0, 0.02))
        else:
            self.hit(start, self.chance.uniform(0, 0.5))

    def hit(self, start, wait, repairing=False):
        time.sleep(wait)
        alive = [rank for rank, pid in enumerate(start["pids"]) if sr.is_program(pid, self.run.train)]
        if not alive or self.run.ended() or sr.events(self.lines(), "end"):
            return
        rank = self.chance.choice(alive)
        self.kills.append((time.time(), rank, repairing))
        os.kill(start["pids"][rank], signal.SIGSTOP if self.options.stop else signal.SIGKILL)
        self.left -= 1


def delays(kills, lines, found):
    """Seconds from each kill to the first line after it that is `found`, if that came before the next restart."""
    times = [sr.seconds_of(line) for line in lines if line.get("event") and found(line)]
    return [min(later) - when for when, _, _ in kills if (later := [each for each in times if each >= when - 0.002])]


def quantiles(values):
    values = sorted(values)
    return f"median {1000 * statistics.median(values):4.0f} ms, p95 {1000 * values[int(0.95 * (len(values) - 1))]:4.0f} ms, most {1000 * values[-1]:4.0f} ms"


def judge(straight, lines, status, said, train):
    wrong = [] if status == 0 else [f"exit status {status}: {said[-1500:]}"]
    wanted = sr.loss_bits(straight)
    wrong += [f"step {line['step']} has {line['lossHex']}, undisturbed {wanted.get(line['step'])}" for line in sr.steps(lines)
              if line["lossHex"] != wanted.get(line["step"])]
    if {line["step"] for line in sr.steps(lines)} != set(wanted):
        wrong.append("steps are missing")
    if sr.final_bits(lines) != sr.final_bits(straight):
        wrong.append("the final loss differs")
    for line in sr.events(lines, "start"):
        wrong += [f"process {pid} outlived the run" for pid in line["pids"] if sr.is_program(pid, train)]
    return wrong


def main():
    options = arguments()
    chance = random.Random(options.seed)
    work = sr.empty_folder(options.work)
    data = sr.licences(work / "text")
    program = sr.build(options.sigma, options.spec, work / "program", None, "", *shlex.split(options.plan_args))
    common = [f"--data={data}", f"--steps={options.steps}", "--quiet"]
    straight = program.run(work / "straight.log", *common, timeout=options.timeout)
    print(f"seed {options.seed}, {program.ranks} ranks, {options.spares} spares, {options.steps} steps, snapshots every {options.interval}", flush=True)
    detected, repaired, wrong, kills, restarts, replayed = [], [], [], 0, 0, 0
    number = 0
    while kills < options.kills:
        number += 1
        log, checkpoints = work / f"run-{number}.log", work / f"checkpoints-{number}"
        checkpoints.mkdir()
        run = program.start(log, *common, f"--checkpoint-dir={checkpoints}", f"--checkpoint-interval={4 * options.interval}",
                            f"--snapshot-interval={options.interval}", f"--spares={options.spares}", "--hang-after=2", supervise=True)
        killer = Killer(run, checkpoints, options, chance, min(options.spares, options.kills - kills))
        killer.work()
        status, lines = run.wait(30), sr.read_log(log)
        wrong += [f"run {number}: {reason}" for reason in judge(straight, lines, status, run.said(), run.train)]
        kills += len(killer.kills)
        restarts += len(sr.events(lines, "restart"))
        replayed += len(sr.steps(lines)) - options.steps
        detected += delays(killer.kills, lines, lambda line: line["event"] == "fault" and line["kind"] == "rank-lost")
        repaired += delays([kill for kill in killer.kills], lines, lambda line: line["event"] == "repair")
        print(f"run {number}: {len(killer.kills)} kills, {len(sr.events(lines, 'repair'))} repairs, {len(sr.events(lines, 'restart'))} restarts", flush=True)
        if not killer.kills or wrong:
            break
    print(f"{kills} kills, {restarts} restarts of all ranks, {replayed} steps done again")
    if repaired:
        print(f"detected:   {quantiles(detected)}\nstate back: {quantiles(repaired)}")
    for reason in wrong[:20]:
        print(f"FAILED: {reason}")
    print("FAILED" if wrong or kills < options.kills else "bit-identical\nok")
    sys.exit(bool(wrong) or kills < options.kills)


main()
