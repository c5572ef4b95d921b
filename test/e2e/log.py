#!/usr/bin/env python3
"""What programs may rely on in the log of train (docs/log.md): log.py SIGMA SPEC WORK_FOLDER"""

import math
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr

STEP = {"step": int, "loss": float, "lossHex": str, "balanceLoss": float, "gradNorm": float, "learningRate": float,
        "stepTimeNs": int, "processorTimeNs": int, "tokens": int, "tokensPerSecond": float, "compute": float, "communication": float,
        "wait": float, "processor": float, "loadDeviation": float, "arenaBytes": int, "plannedPeakBytes": int}
EVENT = {"event": str, "time": str}
START = {**EVENT, "program": str, "programHash": str, "precision": str, "ranks": int, "mesh": dict, "seed": int,
         "steps": int, "resumedFrom": int, "pids": list, "hosts": list}
CHECKPOINT = {**EVENT, "step": int, "path": str, "bytes": int, "stallNs": int}
END = {**EVENT, "steps": int, "lossHex": str, "arenaBytes": int, "measuredArenaBytes": int}


def holds(line, fields):
    for name, kind in fields.items():
        if not isinstance(line.get(name), (int, float) if kind is float else kind):
            raise sr.RunError(f"{name} is missing or no {kind.__name__} in {line}")


def main(sigma, spec, folder):
    work = sr.empty_folder(folder)
    for name in ("1 rank", "dp4", "pp2-ep2"):
        program = sr.build_plan(sigma, spec, work, name)
        for precision in ("f32", "f64"):
            log = work / f"{name}.{precision}.log"
            lines = program.run(log, f"--data={sr.licences(work / 'text')}", "--steps=8", f"--precision={precision}",
                                f"--checkpoint-dir={work / log.stem}", "--checkpoint-interval=4")
            check(program, lines)
            start, end = lines[0], lines[-1]
            print(f"{name} {precision}: arena planned {end['arenaBytes']}, measured {end['measuredArenaBytes']}, "
                  f"{'equal' if end['arenaBytes'] == end['measuredArenaBytes'] else 'DIFFERENT'}", flush=True)
            if precision == "f32":
                predicted = program.plan["predicted"]["peakMemoryBytes"]
                print(f"  planner predicted {predicted}, {predicted / start['arenaBytes']:.3f} of it")


def check(program, lines):
    steps = sr.steps(lines)
    assert lines[0]["event"] == "start" and lines[-1]["event"] == "end"
    holds(lines[0], START)
    holds(lines[-1], END)
    assert len(lines[0]["pids"]) == lines[0]["ranks"] == program.ranks
    layout = program.plan["layout"]
    assert lines[0]["mesh"] == {"context": "ring", **{key: layout[key] for key in ("pp", "tp", "cp", "dp", "etp", "ep")}}
    assert [line["step"] for line in steps] == list(range(1, 9))
    for line in steps:
        holds(line, STEP)
        assert float.fromhex(line["lossHex"]) == line["loss"]
        assert line["tokens"] == 8 * 32
        assert line["processor"] >= 0 and 0 < line["loadDeviation"] < 3
        assert math.isclose(line["compute"] + line["communication"] + line["wait"], 1, rel_tol=1e-6)
    checkpoints = sr.events(lines, "checkpoint")
    assert [line["step"] for line in checkpoints] == [4, 8]
    for line in checkpoints:
        holds(line, CHECKPOINT)
    assert lines[-1]["lossHex"] == steps[-1]["lossHex"]


main(*sys.argv[1:])
