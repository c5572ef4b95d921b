#!/usr/bin/env python3
"""Prints the parameter counts of all configurations of a folder: counts.py SIGMA FOLDER"""

import json
import pathlib
import subprocess
import sys

KEYS = ["totalParameters", "activeParameters", "activeParametersWithoutEmbedding",
        "activeParametersWithoutEmbeddingAndHead"]

for config in sorted(pathlib.Path(sys.argv[2]).glob("*.json")):
    done = subprocess.run([sys.argv[1], "import", config, "--summary", "--json"], capture_output=True)
    if done.returncode != 0:
        print(f"{config.stem:<20}    refused")
        continue
    summary = json.loads(done.stdout)
    print(f"{config.stem:<19}" + "".join(f"{summary[key]:>16}" for key in KEYS))
