#!/usr/bin/env python3
"""A site hears of a fault, and sees what it cost: site.py SIGMA SPEC WORK_FOLDER"""

import json
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr


def samples(path):
    lines = [line for line in pathlib.Path(path).read_text().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def main(sigma, spec, folder):
    work = sr.empty_folder(folder)
    text = sr.licences(work / "text")
    program = sr.build_plan(sigma, spec, work, "pp2-ep2")
    log = work / "log"
    run = program.start(log, f"--data={text}", "--steps=120", "--quiet", f"--checkpoint-dir={work / 'checkpoints'}",
                        "--checkpoint-interval=20", f"--metrics={work / 'metrics'}",
                        f"--on-fault=cat >> {work / 'heard'}; echo $SIGMA_FAULT >> {work / 'kinds'}", supervise=True)
    with run.held(lambda lines: len(sr.steps(lines)) >= 50):
        os.kill(sr.events(sr.read_log(log), "start")[0]["pids"][3], signal.SIGKILL)
    if status := run.wait(120):
        raise sr.RunError(f"exit status {status}: {run.said()}")
    heard = [json.loads(line) for line in (work / "heard").read_text().splitlines()]
    kinds = (work / "kinds").read_text().split()
    # On a machine that does something else, ranks are slow.
    print("heard of", [line["kind"] for line in heard if line["event"] == "fault"], [kind for kind in kinds if kind != "slow-rank"])
    found = samples(work / "metrics")
    for name in ("sigma_step", "sigma_steps_wanted", "sigma_checkpoint_step", "sigma_restarts_total", 'sigma_faults_total{kind="rank-lost"}'):
        print(name, found[name])
    parts = {name: found[f'sigma_seconds_total{{part="{name}"}}'] for name in ("kept", "replayed", "checkpoint", "down")}
    log_seconds = sum(line["stepTimeNs"] for line in sr.steps(sr.read_log(log))) / 1e9
    whole = abs(parts["kept"] + parts["replayed"] + parts["checkpoint"] - log_seconds) < 1e-6
    print("time in steps is that of the log" if whole else f"time in steps {parts}, of the log {log_seconds}")
    print("goodput is kept time over all" if abs(found["sigma_goodput_ratio"] - parts["kept"] / sum(parts.values())) < 1e-6 else "DIFFERENT")
    replayed = len(sr.steps(sr.read_log(log))) - 120
    print(f"steps done again: {'yes' if (replayed > 0) == (parts['replayed'] > 0) else 'WRONG'}, repaired in {found['sigma_mttr_seconds'] > 0}")


main(*sys.argv[1:])
