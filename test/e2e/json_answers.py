#!/usr/bin/env python3
"""Reads sigma's JSON answers: json_answers.py FOLDER [infeasible -- COMMAND...]"""

import json
import os
import pathlib
import subprocess
import sys

LAYOUT = ["tp", "pp", "vpp", "ep", "etp", "cp", "dp", "zero", "microBatch", "schedule"]


def read(name):
    return json.loads((pathlib.Path(sys.argv[1]) / name).read_text())


def without_times(plan):
    proof = {key: value for key, value in plan["proof"].items() if key not in ("wallMs", "z3Ms")}
    return {**plan, "proof": proof, "runnersUp": None}


def feasible():
    plan = read("stdout.json")
    assert all(key in plan["layout"] for key in LAYOUT)
    assert all(plan["predicted"]["stepTimeNs"][key] > 0 for key in ("mean", "p50", "p95"))
    assert plan["predicted"]["peakMemoryBytes"] > 0 and plan["predicted"]["tokensPerSecond"] > 0
    assert 0 < plan["predicted"]["mfu"] < 1
    assert sum(stage["layers"] for stage in plan["stages"]) == 4
    assert plan["proof"]["gap"] == 0 and plan["proof"]["wallMs"] >= 0
    ranks = plan["layout"]["pp"] * plan["layout"]["dp"]
    print(f"plan: {plan['proof']['status']}, {ranks} ranks")
    assert without_times(plan) == without_times(read("file.json")) == without_times(read("out/plan.json"))
    print("the same from stdout, file and build")
    check = read("check.json")
    assert check["legal"] and not check["violations"]
    assert check["stepTimeNs"]["p95"] == plan["predicted"]["stepTimeNs"]["p95"]
    assert max(check["peakMemoryBytes"]) == plan["predicted"]["peakMemoryBytes"]
    print("check: legal")
    built = read("build.json")
    assert built["ranks"] == ranks and os.access(built["train"], os.X_OK) and os.access(built["launch"], os.X_OK)
    print("build: train and launch script exist")


def infeasible(command):
    ended = subprocess.run(command, stdout=subprocess.PIPE, timeout=60)
    answer = json.loads(ended.stdout)
    conflict = answer["conflict"]
    assert conflict and all(limit for limit in conflict)
    print(f"status {ended.returncode}, {answer['proof']['status']}, conflict with {json.dumps(conflict)}")


if len(sys.argv) > 2:
    infeasible(sys.argv[4:])
else:
    feasible()
