#!/usr/bin/env python3
"""Imports configurations and checks what must not change: roundtrip.py SIGMA SIGMA_OPT CONFIG...

Print, parse, print; the same through bytecode; export, import.
"""

import pathlib
import subprocess
import sys

sigma, sigma_opt, *configs = sys.argv[1:]


def run(command, text):
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}")
    return done.stdout


for config in map(pathlib.Path, configs):
    name = config.stem.replace("-", "_").replace(".", "_")
    model = run([sigma, "import", config, f"--name={name}"], b"")
    printed = run([sigma_opt, "-"], model)
    if run([sigma_opt, "-"], printed) != printed:
        sys.exit(f"{config.name}: printing and parsing changes the model")
    if run([sigma_opt, "-"], run([sigma_opt, "--emit-bytecode", "-"], model)) != printed:
        sys.exit(f"{config.name}: bytecode changes the model")
    exported = run([sigma, "export", "--to=config", "-"], model)
    if run([sigma, "import", "-", f"--name={name}"], exported) != model:
        sys.exit(f"{config.name}: export and import change the model")
print(f"{len(configs)} configurations unchanged")
