#!/usr/bin/env python3
"""What a plan chose against failures is what its script does, unless its user says otherwise: recovery.py SIGMA SPEC WORK_FOLDER PINS"""

import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr


def checkpoints(lines):
    return [event["step"] for event in sr.events(lines, "checkpoint")]


def killed(program, work, *arguments):
    """A rank is killed when the run has its first checkpoint."""
    run = program.start(work / "killed.log", *arguments, supervise=True)
    deadline = time.monotonic() + 120
    while not run.ended() and time.monotonic() < deadline:
        lines = sr.read_log(run.log)
        if sr.events(lines, "checkpoint"):
            os.kill(sr.events(lines, "start")[0]["pids"][1], signal.SIGKILL)
            break
        time.sleep(0.005)
    if status := run.wait(300):
        raise sr.RunError(f"exit status {status}\n{run.said()}")
    return sr.read_log(run.log)


def main(sigma, spec, folder, pins):
    work = sr.empty_folder(folder)
    program = sr.build(sigma, spec, work / "program", None, pins)
    chosen = program.plan["recovery"]
    interval, snapshot = int(chosen["checkpointIntervalSteps"]), int(chosen["snapshotIntervalSteps"])
    print(f"snapshots divide checkpoints: {interval % snapshot == 0 and interval > snapshot}")
    data = f"--data={sr.licences(work / 'text')}"
    lines = killed(program, work, data, f"--steps={4 * interval}", f"--checkpoint-dir={work / 'chosen'}")
    print(f"as chosen: {sorted(set(checkpoints(lines))) == [interval * i for i in range(1, 5)]}, "
          f"{len(sr.events(lines, 'repair'))} repaired in the job, {len(sr.events(lines, 'restart'))} restarts")
    lines = program.run(work / "own.log", data, "--steps=14", f"--checkpoint-dir={work / 'own'}", "--checkpoint-interval=7",
                        "--snapshot-interval=2", "--spares=0", supervise=True)
    print(f"by the user: {checkpoints(lines)}")


try:
    main(*sys.argv[1:])
except sr.RunError as error:
    sys.exit(f"FAILED: {error}")
