#!/usr/bin/env python3
"""Runs an exported script in a Slurm of four nodes and disturbs it: slurm.py SIGMA SPEC WORK_FOLDER [--steps=N]

One job, which is to survive in this order: a rank that gets SIGKILL, and its successors on the same node, until that is retired; a request to
stop as before the end of the time limit; and a node that falls silent, with its slurmd and all that runs there. Checked: the first are repaired
inside the allocation, the others by a requeue, without the retired and without the lost node; every step has the loss that it has in a run that
nobody disturbed.
"""

import argparse
import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr

NODES = 4


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("sigma", "spec", "work"):
        parser.add_argument(name)
    parser.add_argument("--steps", type=int, default=600)
    return parser.parse_args()


def output_of(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout


@contextlib.contextmanager
def cluster():
    script = pathlib.Path(__file__).resolve().parents[2] / "scripts/slurm-cluster"
    # A socket's path is short.
    with tempfile.TemporaryDirectory(prefix="sigma-slurm-") as folder:
        try:
            output_of(script, "start", folder, NODES)
            os.environ["SLURM_CONF"] = f"{folder}/slurm.conf"
            yield pathlib.Path(folder)
        finally:
            output_of(script, "stop", folder)


def processes_of(slurmd):
    """A node is what has its host name."""
    def host(pid):
        with contextlib.suppress(OSError):
            return os.readlink(f"/proc/{pid}/ns/uts")
        return None
    return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if host(pid) == host(slurmd)]


def each(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


class Job(sr.Training):
    def __init__(self, script, train, log, *words):
        super().__init__(train, log)
        self.id = output_of("sbatch", "--parsable", f"--chdir={log.parent}", "--output=job.out", script, f"--log={log}", *words).strip()

    def state(self):
        words = output_of("scontrol", "--oneliner", "show", "job", self.id).split()
        return dict(word.split("=", 1) for word in words if "=" in word)

    def ended(self):
        return False

    def said(self):
        return (self.log.parent / "job.out").read_text()

    def stop(self):
        """Its cluster does."""

    def __str__(self):
        return str(self.state())


def started(number, step):
    """Looks for the event of the start of that number, when its run has reached the step."""
    def ready(lines):
        starts = [index for index, line in enumerate(lines) if line.get("event") == "start"]
        return starts[number:] and any(line["step"] >= step for line in sr.steps(lines[starts[number]:])) and lines[starts[number]]
    return ready


def retire(job, node):
    """Kills a rank there after each start, until a start is elsewhere; returns the number of that."""
    for number in range(20):
        with job.held(started(number, 0)) as start:
            if node not in start["hosts"]:
                return number
            os.kill(start["pids"][start["hosts"].index(node)], signal.SIGKILL)
    raise sr.RunError(f"{node} is still used after {number} kills")


def disturb(job, folder, steps):
    number = retire(job, "n1")
    with job.held(started(number, steps // 3)) as start:
        print(f"killed: started again inside the job {'yes' if number > 2 else 'NO'}; n1 retired: on {' '.join(start['hosts'])}, "
              f"requeued {job.state()['Restarts']} times", flush=True)
        output_of("scancel", "--signal=TERM", "--batch", job.id)
    with job.held(started(number + 1, steps // 2)) as start:
        saved = [event["step"] for event in sr.events(sr.read_log(job.log), "fault") if event["kind"] == "stop-requested"]
        print(f"asked to stop: saved {'and went on there' if saved == [start['resumedFrom']] else f'{saved}, WENT ON AT'}"
              f", requeued {job.state()['Restarts']} times", flush=True)
        lost = start["hosts"][-1]
        began, pids = time.monotonic(), processes_of(int((folder / f"{lost}.pid").read_text()))
    each(pids, signal.SIGSTOP)
    start = job.wait_for(started(number + 2, 0))
    each(pids, signal.SIGKILL)
    print(f"lost {lost}: {'left out' if lost not in start['hosts'] else 'USED AGAIN'}, requeued {job.state()['Restarts']} times")
    print(f"  on {' '.join(start['hosts'])} after {time.monotonic() - began:.1f} s", flush=True)
    job.wait_for(lambda lines: sr.events(lines, "end"))


def main():
    options = arguments()
    work = sr.empty_folder(options.work)
    text = sr.licences(work / "text")
    program = sr.build(options.sigma, options.spec, work / "program", None, "pp=2,ep=2")
    words = [f"--data={text}", f"--steps={options.steps}", "--quiet"]
    straight = program.run(work / "straight.log", *words)
    script = work / "job.sh"
    sr.run([options.sigma, "export", "--to=slurm", program.folder / "plan.json", "-o", script], work / "export.out")
    with cluster() as folder:
        job = Job(script, program.train, work / "disturbed.log", *words, f"--checkpoint-dir={work / 'checkpoints'}", "--checkpoint-interval=25", "--slow-factor=8", "--validate-within=10")
        disturb(job, folder, options.steps)
    disturbed = sr.read_log(work / "disturbed.log")
    same = sr.same_bits(disturbed, straight)
    print(f"final loss {'bit-identical' if same else 'DIFFERENT'}")


main()
