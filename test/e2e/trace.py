#!/usr/bin/env python3
"""The trace of real ranks beside the simulator's of the same plan: trace.py SIGMA SPEC WORK_FOLDER

Both have the same work in the same order on every stage, under the same names.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr

PLANS = {
    "remat": (4, "pp=2,dp=2,ep=2,zero=1,microBatch=1,remat=full"),
    "chunks": (4, "pp=2,vpp=2,tp=2,etp=2,microBatch=2"),
    "split": (4, "pp=4,schedule=zb-h1,microBatch=1"),
    "pairs": (4, "pp=4,schedule=dualpipev,microBatch=1"),
}
WORK = {"forward", "backward", "input gradient", "weight gradient"}


def spans(trace):
    """Of every rank, in order of their begin."""
    ranks = {}
    for event in json.loads(trace.read_text())["traceEvents"]:
        if event["ph"] == "X":
            ranks.setdefault((event["pid"], event["tid"]), []).append(event)
    return {rank: sorted(events, key=lambda event: (event["ts"], -event["dur"])) for rank, events in ranks.items()}


def work(events):
    """The calls in order; what the simulator draws of one layer after the other is one call."""
    all_of_it = [(event["name"], event["args"]["chunk"], event["args"]["microBatch"]) for event in events if event["name"] in WORK]
    return [one for one, before in zip(all_of_it, [None, *all_of_it]) if one != before]


def check_nesting(events):
    """A span lies inside another or beside it."""
    outer = []
    for event in events:
        end = event["ts"] + event["dur"]
        while outer and outer[-1] <= event["ts"]:
            outer.pop()
        if outer and end > outer[-1] + 1e-3:
            raise sr.RunError(f"{event} ends after the span around it")
        outer.append(end)


def main(sigma, spec, folder):
    place = sr.empty_folder(folder)
    data = sr.licences(place / "text")
    for name, (devices, pins) in PLANS.items():
        program = sr.build(sigma, spec, place / name, devices, pins)
        plain = program.run(place / f"{name}.plain.log", f"--data={data}", "--steps=3", "--quiet")
        traced = program.run(place / f"{name}.log", f"--data={data}", "--steps=3", "--quiet",
                             f"--trace={place / name}.real.json", "--trace-step=2")
        assert [line["lossHex"] for line in sr.steps(plain)] == [line["lossHex"] for line in sr.steps(traced)]
        sr.run([sigma, "simulate", spec, f"--devices={devices}", f"--plan={program.folder / 'plan.json'}", "--samples=1",
                f"--trace={place / name}.drawn.json"], place / f"{name}.simulate.out")
        real, drawn = spans(place / f"{name}.real.json"), spans(place / f"{name}.drawn.json")
        expected = {stage: work(events) for (stage, rank), events in drawn.items() if rank == 0}
        for (stage, rank), events in real.items():
            check_nesting(events)
            if work(events) != expected[stage]:
                raise sr.RunError(f"rank {rank} did {work(events)}, the simulator {expected[stage]}")
        print(f"{name}: {len(real)} ranks, {sum(map(len, expected.values()))} calls as simulated,",
              ", ".join(sorted({event["name"] for events in real.values() for event in events})))


main(*sys.argv[1:])
