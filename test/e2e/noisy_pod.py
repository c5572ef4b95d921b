#!/usr/bin/env python3
"""What planning for a quantile gains on examples/noisy-pod.mlir.

    noisy_pod.py SIGMA SPEC FOLDER [SAMPLES]

Plans for the p95, for the median, and as if there were no noise; simulates the three plans under the noise, and prints how long
their steps are, quantiles with their 95 % confidence intervals.
"""

import json
import pathlib
import re
import subprocess
import sys


def variants(spec):
    assert "quantile_ppm 950000" in spec
    quiet = re.sub(r"(jitter_ppm|spikes_per_million_steps|spike_ns) \d+", r"\1 0", spec)
    return {"p95": spec, "p50": spec.replace("quantile_ppm 950000", "quantile_ppm 500000"), "no noise": quiet}


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main(sigma, spec, folder, samples="1000"):
    spec, folder = pathlib.Path(spec), pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    steps = {}
    print(f"{'planned for':12}{'mean':>8}{'p95':>8}{'95 % confidence':>20}{'p99':>8}{'95 % confidence':>20}   predicted p95   layout")
    for name, text in variants(spec.read_text()).items():
        variant, plan = folder / f"{name.replace(' ', '-')}.mlir", folder / f"{name.replace(' ', '-')}.json"
        variant.write_text(text)
        layout = re.search(r"^ *layout +(.*)$", output(sigma, "plan", variant, "-o", plan), re.MULTILINE)[1]
        steps[name] = step = json.loads(output(sigma, "simulate", spec, f"--plan={plan}", f"--samples={samples}", "--json"))["stepTime"]
        s = lambda ns: f"{ns / 1e9:.3f}"
        interval = lambda at: "{} to {} s".format(*map(s, step[at]["confidence95Ns"]))
        time = lambda at: s(step[at]["simulatedNs"])
        print(f"{name:12}{time('mean'):>8}{time('p95'):>8}{interval('p95'):>20}{time('p99'):>8}{interval('p99'):>20}"
              f"   {s(step['p95']['predictedNs']):>13}   {layout}", flush=True)
    for at in ("p95", "p99"):
        for other in ("p50", "no noise"):
            apart = steps["p95"][at]["confidence95Ns"][1] < steps[other][at]["confidence95Ns"][0]
            print(f"at {at} the first is {'better' if apart else 'not better'} than for {other}, beyond the intervals")


main(*sys.argv[1:])
