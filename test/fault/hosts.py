#!/usr/bin/env python3
"""A supervised run on four hosts, each a network namespace, that break: hosts.py SIGMA SPEC WORK_FOLDER [--steps=N]

Two of them hold the ranks. In this order: the link of one is slow before the run; a host dies; the link of another is cut, while the first one
is well again; a link becomes slow in the middle. Checked: who is left out and who returns, and every step has the loss that it has without hosts.
Then ranks of two hosts are killed in a run that takes this for a storm.
"""

import argparse
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import sigma_runs as sr


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("sigma", "spec", "work"):
        parser.add_argument(name)
    parser.add_argument("--steps", type=int, default=240)
    return parser.parse_args()


class Hosts:
    def __init__(self, folder, count, slots):
        self.folder = folder
        self.do("start", count, slots)
        self.names = [line.split()[0] for line in (folder / "hosts").read_text().splitlines()]

    def do(self, what, *words):
        subprocess.run([str(word) for word in (ROOT / "scripts/namespace-hosts", what, self.folder, *words)], check=True)

    def number(self, name):
        return self.names.index(name) + 1

    def arguments(self):
        net = re.sub(r"\d+$", "0/24", self.names[0])
        words = ["plm_rsh_agent", self.folder / "rsh", "oob_tcp_if_include", net, "btl_tcp_if_include", net]
        return [f"--hosts={self.folder / 'hosts'}", *(f"--mpirun-arg={word}" for name, value in zip(words[::2], words[1::2])
                                                      for word in ("--mca", name, value))]


@contextlib.contextmanager
def hosts(folder, count, slots):
    made = Hosts(folder, count, slots)
    try:
        yield made
    finally:
        made.do("stop")


def wait_for(run, ready, seconds=100):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := ready(sr.read_log(run.log)):
            return found
        if run.ended():
            break
        time.sleep(0.02)
    said = run.said()
    run.stop()
    raise sr.RunError(f"it ended, or nothing happened for {seconds} s\n{said[-3000:]}\n"
                      + "\n".join(map(str, sr.events(sr.read_log(run.log))[-12:])))


def reached(run, number, count):
    """The hosts of the start of that number, when it has done so many steps."""
    def ready(lines):
        starts = [index for index, line in enumerate(lines) if line.get("event") == "start"]
        return starts[number:] and len(sr.steps(lines[starts[number]:])) >= count
    wait_for(run, ready)


def used(run, names):
    """The states of the hosts."""
    states = dict(line.split("\t")[:2] for line in (run.log.parent / "checkpoints/nodes").read_text().splitlines()[1:])
    return ", ".join(f"{names.number(name)} {states.get(name, 'unknown')}" for name in names.names)


def break_hosts(run, names, steps):
    one, two, three, four = names.names
    reached(run, 0, steps // 10)
    print(f"slow from the start: {used(run, names)}", flush=True)
    for number, (what, host, mended) in enumerate([("kill", one, None), ("cut", three, two)], 1):
        if mended:
            names.do("mend", mended)
        began = time.monotonic()
        names.do(what, host)
        reached(run, number, steps // 10)
        print(f"{what} {names.number(host)}: {used(run, names)}\n  after {time.monotonic() - began:.1f} s", flush=True)
    names.do("slow", four, "50mbit")
    wait_for(run, lambda lines: sr.events(lines, "end"))


def storm(run):
    """Kills a rank of each host, one after the other."""
    for number, rank in enumerate((0, 2)):
        reached(run, number, 1)
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
