#!/usr/bin/env python3
"""A supervised run loses one of its two hosts, has none to spare, and goes on with a smaller plan that was built ahead, until
the host is back: fallback.py SIGMA SPEC WORK_FOLDER

In f64, so that the losses tell another plan's rounding from a mistake.
"""

import argparse
import signal

from namespace_hosts import hosts, reached, sr


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("sigma", "spec", "work"):
        parser.add_argument(name)
    return parser.parse_args()


def plans(run):
    lines = sr.read_log(run.log)
    return ", ".join([f"started with {start['ranks']}" for start in sr.events(lines, "start")]
                     + [f"took the plan for {plan['ranks']} of {plan['of']}" for plan in sr.events(lines, "plan")])


def main():
    options = arguments()
    work = sr.empty_folder(options.work)
    text = sr.licences(work / "text")
    program = sr.build(options.sigma, options.spec, work / "program", None, "pp=2,ep=2", "--fallback=2")
    words = [f"--data={text}", "--precision=f64", "--quiet"]
    with hosts(work / "hosts", 2, 2) as names:
        run = program.start(work / "disturbed.log", *words, "--steps=100000", f"--checkpoint-dir={work / 'checkpoints'}",
                            "--checkpoint-interval=10", "--slow-factor=8", "--hang-after=4", "--validate-within=8",
                            "--look-for-hosts=2", *names.arguments(), supervise=True)
        try:
            with reached(run, 0, 20):
                names.do("kill", names.names[0])
            with reached(run, 1, 20):
                names.do("mend", names.names[0])
            with reached(run, 2, 20):
                run.process.send_signal(signal.SIGTERM)
            print(f"status {run.wait(60)}")
        finally:
            run.stop()
    print(plans(run))
    disturbed = sr.losses(sr.read_log(run.log))
    straight = sr.losses(program.run(work / "straight.log", *words, f"--steps={len(disturbed)}"))
    # The rounding of the other plan has grown to 1e-8 in 400 steps.
    same = all(abs(disturbed[step] / straight[step] - 1) < (1e-9 if step <= 200 else 1e-6) for step in straight)
    print(f"{len(disturbed) >= 60} and {same}: losses of at least 60 steps are those of a run that kept its hosts")


main()
