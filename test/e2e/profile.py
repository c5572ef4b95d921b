"""profile.py holds FILE RANKS PRECISION: what a profile must hold, whatever was measured
profile.py same PLAN ANSWER: fails unless a plan.json and an answer of sigma check have the same times
"""

import itertools
import json
import sys

COLLECTIVES = {"all_gather", "reduce_scatter", "all_reduce", "all_to_all", "ring_shift"}
OPS = {"matmul_nn", "matmul_nt", "matmul_tn", "attention", "attention_grad", "add", "rms_norm", "rms_norm_grad", "activation",
       "activation_grad", "rotary", "gather_rows", "scatter_rows", "combine", "combine_grad", "router_scores", "top_k",
       "cross_entropy", "cross_entropy_grad", "update"}


def require_ordered(time):
    assert 0 < time["lowNs"] <= time["medianNs"] <= time["highNs"], time


def holds(path, ranks, precision):
    ranks = int(ranks)
    with open(path) as file:
        profile = json.load(file)
    assert profile["version"] == 1 and profile["ranks"] == ranks
    (device,) = profile["devices"]
    assert device["kind"] == "cpu" and device["precision"] == precision and device["products"]
    assert device["clock"] in ("processor", "wall")  # the latter where the former is coarse
    assert device["memoryBytes"] > device["processBytes"] > 0, device
    points = {}
    for op in device["ops"]:
        require_ordered(op["time"])
        assert op["amount"] > 0
        points.setdefault(op["op"], set()).add(tuple(op["point"]))
    assert points.keys() == OPS, points.keys() ^ OPS
    for op, there in points.items():
        assert there == set(itertools.product(*map(set, zip(*there)))), op
    if ranks == 1:
        assert profile["levels"] == []
        return "one rank has no links"
    (level,) = profile["levels"]
    for exchange in level["exchanges"]:
        require_ordered(exchange["time"])
    assert {exchange["collective"] for exchange in level["exchanges"]} == COLLECTIVES
    assert {exchange["ranks"] for exchange in level["exchanges"]} == {2}
    return "links of one level"


def same(plan, answer):
    with open(plan) as file:
        planned = json.load(file)["predicted"]["stepTimeNs"]
    with open(answer) as file:
        checked = json.load(file)["stepTimeNs"]
    if any(planned[name] != value for name, value in checked.items()):
        sys.exit(f"{planned} and {checked}")
    return "the same times"


print({"holds": holds, "same": same}[sys.argv[1]](*sys.argv[2:]))
