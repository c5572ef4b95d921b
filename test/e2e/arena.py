#!/usr/bin/env python3
"""Predicted peak beside the arena of the generated program, per stage: arena.py SIGMA SPEC WORK_FOLDER ERROR"""

import re
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr

sigma, spec, folder, error = sys.argv[1:]
work = sr.empty_folder(folder)
for name in sr.PLANS:
    program = sr.build_plan(sigma, spec, work, name)
    arenas = [int(found) for found in re.findall(r"arena_bytes = (\d+)", (program.folder / "rank.mlir").read_text())]
    peaks = [stage["peakMemoryBytes"] for stage in program.plan["stages"]]
    ratios = [peak / arena for peak, arena in zip(peaks, arenas)]
    good = len(arenas) == len(peaks) and all(abs(ratio - 1) <= float(error) for ratio in ratios)
    print(f"{name}: predicted / planned {' '.join(f'{ratio:.3f}' for ratio in ratios)} {'ok' if good else 'FAILED'}", flush=True)
