#!/usr/bin/env python3
"""Kills random ranks of a supervised run and compares it with one that nobody disturbed.

    campaign.py SIGMA SPEC WORK_FOLDER [--data=FILE] [--plan-args=--pin=pp=2,ep=2,schedule=zb-h1] [--steps=N] [--interval=N]
                [--kills=N] [--seed=S] [--gap=STEPS]

A third of the kills strike while a checkpoint is being written: they wait for its temporary folder. The others come a
random number of steps after the start. Rank 0 is as likely as any. Checked: the final loss is bit-identical; every replayed step has the loss it had
before, and the loss of the undisturbed run; a restart continues from a checkpoint that had been committed, none was
found torn; no rank outlives the run. Exit status 0 only if all of that holds.
"""

import argparse
import os
import pathlib
import random
import shlex
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("sigma", "spec", "work"):
        parser.add_argument(name)
    parser.add_argument("--data", help="the text; the system's licences without it")
    parser.add_argument("--plan-args", default="--pin=pp=2,ep=2,schedule=zb-h1", help="more arguments for sigma build")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--interval", type=int, default=20)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--gap", type=int, default=None, help="at most so many steps after a start; twice --steps / --kills without it")
    parser.add_argument("--timeout", type=float, default=7200)
    return parser.parse_args()


def temporaries(folder):
    """Steps whose checkpoint is being written."""
    try:
        return [int(name[len(".tmp-step-"):]) for name in os.listdir(folder) if name.startswith(".tmp-step-")]
    except FileNotFoundError:
        return []


class Killer:
    """Strikes once after every start of the ranks, as long as kills are left."""

    def __init__(self, run, checkpoints, options, step_seconds):
        self.run, self.checkpoints, self.step_seconds = run, checkpoints, step_seconds
        self.longest = options.gap or 2 * options.steps // max(options.kills, 1)
        self.chance = random.Random(options.seed)
        self.left, self.kills, self.deadline = options.kills, [], time.monotonic() + options.timeout

    def wait(self):
        starts = 0
        while not self.run.ended():
            if time.monotonic() > self.deadline:
                self.run.stop()
                raise sr.RunError(f"still running after the time limit\n{self.run.said()}")
            lines = sr.read_log(self.run.log)
            if self.left and len(sr.events(lines, "start")) > starts:
                starts = len(sr.events(lines, "start"))
                self.strike(sr.events(lines, "start")[-1])
            time.sleep(0.02)

    def strike(self, start):
        inside = len(self.kills) % 3 == 2
        rank = self.chance.randrange(len(start["pids"]))
        steps, rest = self.chance.randrange(self.longest + 1), self.chance.uniform(0, self.step_seconds)
        writing = None
        if inside:
            writing = self.wait_for_write()
        else:
            self.wait_for_steps(start["resumedFrom"], steps)
            self.pause(rest)
        pid = start["pids"][rank]
        if self.run.ended() or not sr.is_program(pid, self.run.train):
            return
        writing = writing or max(temporaries(self.checkpoints), default=None)
        os.kill(pid, signal.SIGKILL)
        reached = max((line["step"] for line in sr.steps(sr.read_log(self.run.log))), default=0)
        self.kills.append({"rank": rank, "step": reached, "writing": writing})
        self.left -= 1

    def pause(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.run.ended():
            time.sleep(0.01)

    def wait_for_steps(self, first, count):
        """In steps, not in seconds: so the load of the machine does not decide whether a checkpoint is reached."""
        while not self.run.ended() and time.monotonic() < self.deadline:
            lines = sr.read_log(self.run.log)
            last = max(index for index, line in enumerate(lines) if line.get("event") == "start")
            if max((line["step"] for line in sr.steps(lines[last:])), default=first) >= first + count:
                return
            time.sleep(0.05)

    def wait_for_write(self):
        """The step whose checkpoint has just begun, none if the run ends first."""
        while not self.run.ended() and time.monotonic() < self.deadline:
            found = temporaries(self.checkpoints)
            if found:
                time.sleep(self.chance.uniform(0, 0.01))
                return max(found)
            time.sleep(0.0005)
        return None


def resumes(lines):
    """For every restart: the step it continued from and the one of the newest checkpoint that the log knew."""
    committed, found = 0, []
    for line in lines:
        if line.get("event") == "checkpoint":
            committed = line["step"]
        elif line.get("event") == "start":
            found.append((line["resumedFrom"], committed))
    return found[1:]


def judge(straight, disturbed, killer, interval):
    """What is wrong, if anything."""
    wrong, wanted, seen = [], sr.loss_bits(straight), set()
    for line in sr.steps(disturbed):
        if line["lossHex"] != wanted.get(line["step"]):
            wrong.append(f"step {line['step']} has {line['lossHex']}, undisturbed {wanted.get(line['step'])}")
        seen.add(line["step"])
    if seen != set(wanted):
        wrong.append(f"{len(set(wanted) - seen)} steps are missing")
    if sr.final_bits(disturbed) != sr.final_bits(straight):
        wrong.append("the final loss differs")
    for line in sr.events(disturbed, "fault"):
        if line["kind"] != "rank-lost":
            wrong.append(f"{line['kind']}: {line['reason']}")
    for number, (resumed, committed) in enumerate(resumes(disturbed), 1):
        # A rank may die between the rename that commits and the line that says so.
        if resumed % interval or resumed not in (committed, committed + interval):
            wrong.append(f"restart {number} continued from {resumed}, the newest checkpoint was {committed}")
    if len(sr.events(disturbed, "restart")) != len(killer.kills):
        wrong.append(f"{len(sr.events(disturbed, 'restart'))} restarts after {len(killer.kills)} kills")
    for line in sr.events(disturbed, "start"):
        wrong += [f"rank {pid} outlived the run" for pid in line["pids"] if sr.is_program(pid, killer.run.train)]
    return wrong


def table(disturbed, kills):
    print("kill  rank  at step  checkpoint being written  continued from  lost steps")
    torn = 0
    for number, (kill, (resumed, _)) in enumerate(zip(kills, resumes(disturbed)), 1):
        writing = "-"
        if kill["writing"]:
            lost = resumed < kill["writing"]
            torn += lost
            writing = f"{kill['writing']}, {'never committed' if lost else 'committed'}"
        print(f"{number:4}  {kill['rank']:4}  {kill['step']:7}  {writing:24}  {resumed:14}  {kill['step'] - resumed:10}")
    return torn


def main():
    options = arguments()
    options.seed = random.SystemRandom().randrange(1 << 31) if options.seed is None else options.seed
    work = sr.empty_folder(options.work)
    data = options.data or sr.licences(work / "text")
    program = sr.build(options.sigma, options.spec, work / "program", None, "", *shlex.split(options.plan_args))
    print(f"seed {options.seed}, {program.ranks} ranks, {options.steps} steps, a checkpoint every {options.interval}", flush=True)
    common = [f"--data={data}", f"--steps={options.steps}", "--quiet"]
    straight = program.run(work / "straight.log", *common, timeout=options.timeout)
    step_seconds = sum(line["stepTimeNs"] for line in sr.steps(straight)) / 1e9 / options.steps
    checkpoints = work / "checkpoints"
    run = program.start(work / "disturbed.log", *common, f"--checkpoint-dir={checkpoints}",
                        f"--checkpoint-interval={options.interval}", supervise=True)
    killer = Killer(run, checkpoints, options, step_seconds)
    killer.wait()
    status, disturbed = run.wait(10), sr.read_log(work / "disturbed.log")
    torn = table(disturbed, killer.kills)
    wrong = [f"exit status {status}: {run.said()[-2000:]}"] if status else judge(straight, disturbed, killer, options.interval)
    if len(killer.kills) < options.kills:
        wrong.append(f"the run ended after {len(killer.kills)} of {options.kills} kills: give it more steps")
    print(f"{len(killer.kills)} kills, {torn} of them tore a checkpoint, none of those was loaded")
    same = bool(disturbed) and disturbed[-1].get("lossHex") == straight[-1]["lossHex"]
    print(f"final loss undisturbed {straight[-1]['lossHex']}, disturbed {disturbed[-1].get('lossHex')}: "
          f"{'bit-identical' if same else 'DIFFERENT'}")
    for reason in wrong[:20]:
        print(f"FAILED: {reason}")
    print("FAILED" if wrong else "ok")
    sys.exit(bool(wrong))


main()
