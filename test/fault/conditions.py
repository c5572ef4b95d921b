#!/usr/bin/env python3
"""What a machine may do to a run without killing it: conditions.py SIGMA SPEC WORK_FOLDER CONDITION...

    memory   a rank gets no more memory
    stop     the supervisor gets SIGTERM, and the run is continued
    spike    the values of the head become three hundred times as large
    collapse the values of the experts of a layer in the middle become a quarter

Checked: what the log says, and that every step has the loss of a run that nobody disturbed; but for the last two, which say what was found.
"""

import json
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr
import disturb


class Case:
    def __init__(self, sigma, spec, work):
        self.work = work
        self.program = sr.build_plan(sigma, spec, work, "pp2-ep2")
        self.words = [f"--data={sr.licences(work / 'text')}", "--steps=200", "--quiet"]
        self.straight = self.program.run(work / "straight.log", *self.words)

    def start(self, name, *more):
        return self.program.start(self.work / f"{name}.log", *self.words, *more, supervise=True)

    def tensors(self):
        return json.loads(sr.run([self.program.train, "--list-tensors"], self.work / "tensors"))

    def checkpoints(self, name):
        return [f"--checkpoint-dir={self.work / f'checkpoints-{name}'}", "--checkpoint-interval=20"]

    def report(self, name, run, extra=""):
        status, lines = run.wait(120), sr.read_log(run.log)
        kinds = sorted({event["kind"] for event in sr.events(lines, "fault")})
        same = status == 0 and sr.loss_bits(lines) == sr.loss_bits(self.straight)
        print(f"{name}: {', '.join(kinds) or 'no fault'}; {len(sr.events(lines, 'restart'))} restarts; {extra}"
              f"losses {'bit-identical' if same else f'DIFFERENT, status {status}: {run.said()[-2000:]}'}", flush=True)


def reached(run, step):
    return run.held(lambda lines: any(line["step"] >= step for line in sr.steps(lines)))


def memory(case):
    run = case.start("memory", *case.checkpoints("memory"))
    with reached(run, 30):
        disturb.leave_no_memory(sr.events(sr.read_log(run.log), "start")[0]["pids"][2])
    run.wait_for(lambda lines: sr.events(lines, "end"))
    case.report("memory", run)


def stop(case):
    run = case.start("stop", *case.checkpoints("stop"))
    with reached(run, 50):
        pass
    run.process.send_signal(signal.SIGTERM)
    began, status = time.monotonic(), run.wait(30)
    lines = sr.read_log(run.log)
    stopped = [event for event in sr.events(lines, "fault") if event["kind"] == "stop-requested"][0]
    saved = sr.events(lines, "checkpoint")[-1]["step"]
    again = sr.Run(case.program.command(f"--log={run.log}", *case.words, *case.checkpoints("stop"), "--resume", supervise=True),
                   case.work / "again.out", train=case.program.train, log=run.log)
    case.report("stop", again, f"status {status}, saved the step it stopped at: {saved == stopped['step']}, "
                f"{'soon' if time.monotonic() - began < 60 else 'LATE'}; ")


def spike(case):
    run = case.start("spike", "--check-interval=0")
    with reached(run, 60):
        disturb.multiply(run, case.tensors(), "head.output", 300)
    status, lines = run.wait(120), sr.read_log(run.log)
    print(f"spike: status {status}, {sorted({event['kind'] for event in sr.events(lines, 'fault')})}")


def collapse(case):
    run = case.start("collapse", "--check-interval=10")
    with reached(run, 60):
        disturb.multiply(run, case.tensors(), "layers.2.moe.expert_", 0.25)  # of which there are no replicas that would differ
    status, lines = run.wait(120), sr.read_log(run.log)
    faults = [event["kind"] + event["reason"].split("values")[-1] for event in sr.events(lines, "fault")]
    first = sr.events(lines, "layer-norms")[0]["ofFirst"]
    print(f"collapse: status {status}, {faults}; the first norms {[round(norm, 1) for norm in first]}")


def main(sigma, spec, folder, *conditions):
    case = Case(sigma, spec, sr.empty_folder(folder))
    for condition in conditions:
        {"memory": memory, "stop": stop, "spike": spike, "collapse": collapse}[condition](case)


main(*sys.argv[1:])
