"""Compares the peak that the planner predicts with the memory plan of the very program (DESIGN §5).

peak.py SPEC PINS SIGMA_OPT...: replaces the job's pins, plans, compiles, and compares stage by stage. The prediction may be up to
3 % off; what it leaves out (alignment) and what it cannot know (packing) is smaller.
"""

import re
import subprocess
import sys

TOLERANCE = 0.03
RUNNABLE = "tp = 1, cp = 1, etp = 1, vpp = 1, zero = 0, expert_zero = 0, schedule = \"1f1b\""


def run(tool, text, *passes):
    return subprocess.run([*tool, *passes], input=text, capture_output=True, text=True, check=True).stdout


def main():
    path, pins, *tool = sys.argv[1:]
    with open(path) as file:
        spec = re.sub(r"(sigma\.job [^{]*?precision \w+)", rf"\1 pin {{{pins}, {RUNNABLE}}}", file.read(), count=1)
    planned = run(tool, spec, "--sigma-plan-parallelism")
    compiled = run(tool, planned, "--sigma-compile")
    predicted = [int(n) for n in re.findall(r"sigma\.stage .* peak_bytes (\d+)", planned)]
    actual = [int(n) for n in re.findall(r"rank\.program .*arena_bytes = (\d+)", compiled)]
    if not predicted or len(predicted) != len(actual):
        sys.exit(f"{len(predicted)} stages planned, {len(actual)} compiled")
    worst = 0.0
    for stage, (peak, arena) in enumerate(zip(predicted, actual)):
        error = abs(peak - arena) / arena
        worst = max(worst, error)
        print(f"stage {stage}: predicted {peak}, planned arena {arena}, {100 * error:.2f} % off")
    if worst > TOLERANCE:
        sys.exit(f"more than {100 * TOLERANCE:.0f} % off")
    print("AGREE")


main()
