#!/usr/bin/env python3
"""A supervised run on four hosts, each a network namespace, that break: hosts.py SIGMA SPEC WORK_FOLDER [--steps=N]

Two of them hold the ranks. In this order: the link of one is slow before the run; a host dies; the link of another is cut, while the first one
is well again; a link becomes slow in the middle. Checked: who is left out and who returns, and every step has the loss that it has without hosts.
Then ranks of two hosts are killed in a run that takes this for a storm.
"""

import argparse
import os
import signal
import time

from namespace_hosts import hosts, reached, sr


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("sigma", "spec", "work"):
        parser.add_argument(name)
    parser.add_argument("--steps", type=int, default=240)
    return parser.parse_args()


def used(run, names):
    """The states of the hosts."""
    states = dict(line.split("\t")[:2] for line in (run.log.parent / "checkpoints/nodes").read_text().splitlines()[1:])
    return ", ".join(f"{names.number(name)} {states.get(name, 'unknown')}" for name in names.names)


def break_hosts(run, names, steps):
    one, two, three, four = names.names
    done, began = "slow from the start", time.monotonic()
    for number, harms in enumerate([[("kill", one)], [("mend", two), ("cut", three)], [("slow", four, "50mbit")]]):
        with reached(run, number, steps // 10):
            print(f"{done}: {used(run, names)}\n  after {time.monotonic() - began:.1f} s", flush=True)
            began = time.monotonic()
            for what, host, *more in harms:
                names.do(what, host, *more)
            done = f"{what} {names.number(host)}"
    run.wait_for(lambda lines: sr.events(lines, "end"))


def storm(run):
    """Kills a rank of each host, one after the other."""
    for number, rank in enumerate((0, 2)):
        with reached(run, number, 1):
            os.kill(sr.events(sr.read_log(run.log), "start")[number]["pids"][rank], signal.SIGKILL)
    status = run.wait(60)
    print(f"storm: status {status},", ", ".join(event["kind"] for event in sr.events(sr.read_log(run.log), "fault")), flush=True)


def main():
    options = arguments()
    work = sr.empty_folder(options.work)
    text = sr.licences(work / "text")
    program = sr.build(options.sigma, options.spec, work / "program", None, "pp=2,ep=2")
    words = [f"--data={text}", f"--steps={options.steps}", "--quiet"]
    straight = program.run(work / "straight.log", *words)
    with hosts(work / "hosts", 4, 2) as names:
        storm(program.start(work / "storm.log", *words, f"--checkpoint-dir={work / 'storm'}", "--slow-factor=8", "--storm-nodes=2",
                            *names.arguments(), supervise=True))
        names.do("slow", names.names[1], "10mbit")
        run = program.start(work / "disturbed.log", *words, f"--checkpoint-dir={work / 'checkpoints'}", "--checkpoint-interval=10",
                            "--slow-factor=8", "--hang-after=4", "--validate-within=10", *names.arguments(), supervise=True)
        break_hosts(run, names, options.steps)
        status, disturbed = run.wait(60), sr.read_log(work / "disturbed.log")
    if status:
        raise sr.RunError(f"exit status {status}: {run.said()}")
    print("faults:", ", ".join(event["kind"] + (f" {names.number(event['node'])}" if "node" in event else "")
                               for event in sr.events(disturbed, "fault")))
    same = sr.same_bits(disturbed, straight)
    print(f"final loss {'bit-identical' if same else 'DIFFERENT'}")


main()
