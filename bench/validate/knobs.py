"""What is fitted: efficiencies and overlap, one set for each generation of accelerators and software. What is of the
software alone, its sets share.

Nothing here knows a row or a source. docs/validation.md says what each knob is for.
"""

import dataclasses
import json
import math
from typing import Optional

PRECISIONS = ("bf16", "fp8", "fp4")


@dataclasses.dataclass(frozen=True)
class Knob:
    name: str
    typical: float  # what the fit falls back to where no row speaks
    spread: float  # of its logarithm, around that
    most: float = math.inf
    per_precision: bool = False
    needs: str = ""  # "moe" or "cp": rows that it matters to
    first: Optional[float] = None  # where the fit begins: where it matters, if it does not at the typical value
    of_software: bool = False

    def names(self, precisions):
        return [f"{self.name}.{p}" for p in precisions] if self.per_precision else [self.name]


KNOBS = [
    # Of the peak, for large products; and what makes small ones slow, as FLOPs:
    # time = flops / (efficiency peak) + half / peak.
    Knob("matmul", 0.70, 0.12, 0.90, True),
    Knob("matmul_half", 3e9, 1.0, 1e12, True),
    Knob("grouped", 0.60, 0.4, 0.90, True, "moe"),  # of one expert's part
    Knob("grouped_half", 3e9, 1.0, 1e12, True, "moe"),
    Knob("attention", 0.40, 0.4, 0.90),  # of the bf16 peak
    Knob("memory", 0.60, 0.3, 0.95),  # of its bandwidth
    Knob("ultra", 1.15, 0.1, 1.4, needs="ultra"),  # how much faster the later kind of a generation computes
    Knob("launch_ns", 4e3, 0.7, 1e6),
    Knob("issue_ns", 1e4, 0.7, 1e6, first=4e4, of_software=True),  # of the host, for a kernel; of a grouped product, for each expert
    Knob("link", 0.70, 0.25, 0.98),  # of the fast links' bandwidth
    Knob("network", 0.70, 0.30, 0.98),  # of the adapters'
    Knob("link_latency_ns", 8e3, 0.7, 1e7),
    Knob("network_latency_ns", 2e4, 0.7, 1e7),
    Knob("step_ns", 1e7, 1.0, 1e9),  # of a step, besides
    Knob("gradient_overlap", 0.50, 0.7, 1.0),
    Knob("parameter_overlap", 0.30, 0.7, 1.0),
    Knob("tensor_overlap", 0.20, 0.7, 1.0),
    Knob("context_overlap", 0.50, 0.7, 1.0, needs="cp"),
    Knob("exchange_overlap", 0.10, 1.0, 1.0, needs="moe"),
]


@dataclasses.dataclass
class Set:
    """Values by knob, a knob per precision as name.precision."""

    values: dict
    sources: list  # that it was fitted on
    memory_margin: float = 0.06  # part of a device's memory that a run needs besides; sigma's own default

    def get(self, name, precision):
        knob = next(knob for knob in KNOBS if knob.name == name)
        return self.values.get(f"{name}.{precision}" if knob.per_precision else name, knob.typical)


def typical():
    return Set({}, [])


def load(path):
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    return {name: Set(entry["values"], entry["fitted on"], entry["memory margin"])
            for name, entry in data["sets"].items()}


def save(path, sets, about):
    data = {"about": about, "sets": {}}
    for name, one in sorted(sets.items()):
        values = {key: float(f"{value:.4g}") for key, value in sorted(one.values.items())}
        data["sets"][name] = {"fitted on": one.sources, "memory margin": math.ceil(1000 * one.memory_margin) / 1000, "values": values}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(data, file, indent=2)
        file.write("\n")


NEAREST = {"volta": "a100"}  # of generations that no source is fitted on; of others, Hopper


def find(sets, run):
    """The set of a run: that of its generation and software; else of a like one, and its name as a remark."""
    generation = run.machine.generation
    key = f"{generation}/{run.software}"
    if key in sets:
        return sets[key], None
    for like in (generation, NEAREST.get(generation, "hopper")):
        if f"{like}/megatron" in sets:
            return sets[f"{like}/megatron"], f"efficiencies of {like}/megatron"
    return typical(), "efficiencies not fitted"
